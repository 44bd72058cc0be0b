"""What makes rows series: in words, as JSON, and as numbers."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import (
    LEVELS,
    UNKNOWN,
    LookBack,
    SeriesSpec,
    levels_of,
    season_of,
    step_name,
)


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
    auto = SeriesSpec("day", (), "D", 7, 7, auto_horizon=True)
    assert auto.told(1) == "1 series of days (D), horizon 7 (auto), season 7"


def test_the_parts_of_a_name_are_found_again():
    spec = SeriesSpec("day", ("shop", "item"), "D", 7, 8)
    table = pd.DataFrame({"shop": [1, 2], "item": ["a/b", "c"]}, index=[5, 3])
    names = spec.name_of(table)
    assert names.tolist() == ["1/a\\/b", "2/c"]
    found = spec.ids_of(names)
    assert found.to_dict("list") == {"shop": ["1", "2"], "item": ["a/b", "c"]}
    assert found.index.tolist() == [5, 3]
    shops = SeriesSpec("day", ("item",), "D", 7, 8)
    assert shops.ids_of(shops.name_of(table)).to_dict("list") == {"item": ["a/b", "c"]}
    alone = SeriesSpec("day", (), "D", 7, 8)
    assert alone.ids_of(alone.name_of(table)).shape == (2, 0)


def test_no_two_series_have_one_name():
    parts = ["", "/", "\\", "a", "a/b", "a\\", "\\/", "/\n", "//", "\\\\"]
    rows = list(itertools.product(parts, parts, parts))
    table = pd.DataFrame(rows, columns=["state", "shop", "item"])
    spec = SeriesSpec("day", ("state", "shop", "item"), "D", 7, 8)
    names = spec.name_of(table)
    assert names.is_unique
    pd.testing.assert_frame_equal(spec.ids_of(names), table)


def spec(**more):
    return SeriesSpec("day", ("shop", "item"), "D", 7, 14, **more)


def test_a_specification_survives_json():
    told = spec(
        covariates=("price", "weather"),
        static=("city",),
        aggregate="sum",
        past_only=("visitors",),
        codes={"weather": ("rain", "sun")},
        short_series="pad",
        holidays="DE",
        time_form="%Y%m%d",
        look_back=LookBack((1, 7), 14, columns=False, stl="season", found_lags=2),
        auto_horizon=True,
    )
    assert SeriesSpec.from_dict(json.loads(json.dumps(told.to_dict()))) == told


def test_a_specification_without_later_fields_is_read():
    old = {"time": "day", "ids": [], "frequency": "D", "season": 7, "horizon": 3}
    found = SeriesSpec.from_dict(old)
    assert found.levels == LEVELS
    assert found.short_series == "auto"
    assert found.codes == {}
    assert found.look_back == LookBack()


def test_a_series_is_called_by_its_parts():
    table = pd.DataFrame({"shop": [1.0, np.nan], "item": ["a", "b"]})
    assert spec().name_of(table).tolist() == ["1/a", "/b"]
    assert spec().name_of(table.assign(shop=[1e300, np.nan])).tolist() == ["1e+300/a", "/b"]
    assert SeriesSpec("day", (), "D", 7, 14).name_of(table).tolist() == ["all", "all"]


def test_categories_become_codes_and_later_ones_too():
    train = pd.Series(["sun", "rain", None, "sun"], name="weather", dtype=object)
    told = spec(covariates=("open",), past_only=("weather",), codes={"weather": levels_of(train)})
    table = pd.DataFrame(
        {"weather": ["sun", "hail", None, "rain"], "open": [True, False, True, 1]}
    )
    coded = told.coded(table)
    assert coded["weather"].tolist() == [1.0, UNKNOWN, UNKNOWN, 0.0]
    assert coded["open"].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert table["weather"].tolist()[0] == "sun"


@pytest.mark.parametrize("cells", [[3, 1, 2], [3.0, 1.0, np.nan, 2.0]])
def test_numbers_that_are_categories_have_the_same_levels_however_they_are_stored(cells):
    assert levels_of(pd.Series(cells)) == ("1", "2", "3")
