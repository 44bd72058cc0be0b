"""What is forecast, in words."""

import pandas as pd
import pytest

from trialbook.data.series import SeriesSpec, season_of, step_name


def told(frequency, n_series=1):
    spec = SeriesSpec("day", (), frequency, season_of(frequency), 8)
    return spec.told(n_series)


@pytest.mark.parametrize(
    ("frequency", "words"),
    [
        ("MS", "months (MS)"),
        ("QS-OCT", "quarters (QS-OCT)"),
        ("YE-DEC", "years (YE-DEC)"),
        ("W-SUN", "weeks (W-SUN)"),
        ("B", "business days (B)"),
        ("BME", "months (BME)"),
        ("D", "days (D)"),
        ("h", "hours (h)"),
        ("15min", "15 minutes each (15min)"),
        ("s", "seconds (s)"),
        ("SME-15", "SME-15"),
    ],
)
def test_a_frequency_has_a_name(frequency, words):
    assert step_name(frequency) == words


def test_series_are_told_with_horizon_and_season():
    assert told("QS-OCT", 304) == "304 series of quarters (QS-OCT), horizon 8, season 4"
    assert told("YS") == "1 series of years (YS), horizon 8, no season"


def test_the_parts_of_a_name_are_found_again():
    spec = SeriesSpec("day", ("shop", "item"), "D", 7, 8)
    table = pd.DataFrame({"shop": [1, 2], "item": ["a/b", "c"]})
    names = spec.name_of(table)
    assert names.tolist() == ["1/a/b", "2/c"]
    assert spec.ids_of(names).to_dict("list") == {"shop": ["1", "2"], "item": ["a/b", "c"]}
    alone = SeriesSpec("day", (), "D", 7, 8)
    assert alone.ids_of(alone.name_of(table)).shape == (2, 0)
