"""The step from row to row: told from rows, read from aliases, and its season."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import (
    canonical,
    infer_frequency,
    is_daily_or_finer,
    read_frequency,
    season_of,
    step_name,
    usual_horizon,
)
from trialbook.data.series._frequency import rows_to_coarser
from trialbook.errors import DataError, OptionError


def inferred(*series):
    names = np.concatenate([np.full(len(times), f"s{i}") for i, times in enumerate(series)])
    return infer_frequency(names, np.concatenate([times.to_numpy() for times in series]))


@pytest.mark.parametrize(
    "alias",
    [
        *("YS-JAN", "YE-DEC", "YS-APR", "QS-JAN", "QE-DEC", "QE-NOV", "MS", "ME", "BME", "BMS"),
        *("W-SUN", "W-WED", "B", "D", "h", "15min", "30min", "2h", "s", "2MS", "6MS", "2YS-JAN"),
    ],
)
def test_a_frequency_is_told_from_its_rows(alias):
    assert inferred(pd.date_range("2010-01-01", periods=60, freq=alias)) == alias


def test_gaps_and_two_rows_between_the_steps_do_not_hide_it():
    days = pd.date_range("2020-01-01", periods=100, freq="D")
    odd = days.delete([3, 4, 50]).append(
        pd.DatetimeIndex(["2020-02-01 07:13", "2020-03-01 05:00"])
    )
    assert inferred(odd.sort_values()) == "D"


def test_series_may_begin_between_the_steps_of_another():
    whole = pd.date_range("2020-01-01 00:00", periods=50, freq="h")
    half = pd.date_range("2020-01-01 00:30", periods=50, freq="h")
    assert inferred(whole, half) == "h"


def test_quarters_that_begin_in_other_months_have_one_name():
    assert inferred(pd.date_range("2000-04-01", periods=3, freq="QS-APR")) == "QS-JAN"
    assert {canonical(f"QS-{month}") for month in ("JAN", "APR", "JUL", "OCT")} == {"QS-JAN"}
    assert {canonical(f"QE-{month}") for month in ("MAR", "JUN", "SEP", "DEC")} == {"QE-DEC"}
    assert canonical("QS-AUG") == "QS-FEB"
    assert canonical("QE-JAN") == "QE-OCT"


def test_a_canonical_quarter_has_the_steps_of_the_one_that_was_asked_for():
    for month in ("JAN", "FEB", "MAR", "APR", "MAY", "NOV", "DEC"):
        for kind in ("QS", "QE", "BQS", "BQE"):
            asked = pd.date_range("2001-01-01", "2009-12-31", freq=f"{kind}-{month}")
            found = pd.date_range("2001-01-01", "2009-12-31", freq=canonical(f"{kind}-{month}"))
            assert asked.equals(found)


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        *(("M", "ME"), ("H", "h"), ("T", "min"), ("15T", "15min"), ("A-JUN", "YE-JUN")),
        *(("60min", "h"), ("24h", "D"), ("weekly", "W-SUN"), ("days", "D"), ("Month", "MS")),
    ],
)
def test_older_names_words_and_other_units_are_read(asked, read):
    assert canonical(asked) == read


@pytest.mark.parametrize("asked", ["fortnight", "", "0D", "-1D", "D2"])
def test_what_is_no_frequency_is_refused(asked):
    with pytest.raises(OptionError, match="is no frequency") as caught:
        read_frequency(asked)
    assert caught.value.place == "option frequency"


def test_irregular_rows_are_refused_with_what_to_do():
    draw = np.random.default_rng(0)
    times = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 10**7, 80)), "s")
    with pytest.raises(DataError, match="keep to no frequency") as caught:
        inferred(times)
    assert "--aggregate" in caught.value.remedy


def test_days_of_a_zone_with_summer_time_are_refused_with_the_reason():
    local = pd.date_range("2020-01-01", periods=300, freq="D", tz="Europe/Berlin")
    with pytest.raises(DataError, match="winter and in summer") as caught:
        inferred(local.tz_convert("UTC").tz_localize(None))
    assert "without a zone" in caught.value.remedy


def test_series_of_one_row_tell_nothing():
    with pytest.raises(DataError, match="no series has two rows"):
        inferred(pd.DatetimeIndex(["2020-01-01"]), pd.DatetimeIndex(["2020-01-02"]))


@pytest.mark.parametrize(
    ("alias", "rows"),
    [
        *(("YS", 1), ("QS", 4), ("BQE", 4), ("MS", 12), ("BME", 12), ("2MS", 6), ("SMS", 24)),
        *(("W", 1), ("B", 5), ("D", 7), ("h", 24), ("15min", 96), ("min", 1440), ("s", 3600)),
        *(("5h", 1), ("ms", 1)),
    ],
)
def test_the_season_follows_from_the_frequency(alias, rows):
    assert season_of(alias) == rows


@pytest.mark.parametrize(
    ("alias", "rows"),
    [
        *(("s", 60), ("min", 60), ("15min", 4), ("h", 24), ("2h", 12), ("D", 7), ("B", 5)),
        *(("W-SUN", 4), ("MS", 12), ("BME", 12), ("QS", 4), ("2MS", 6), ("YS", 4), ("6h", 4)),
    ],
)
def test_rows_to_the_next_coarser_unit(alias, rows):
    assert rows_to_coarser(alias) == rows


@pytest.mark.parametrize(
    ("alias", "season", "size", "rows"),
    [
        ("MS", 12, 200, 12),  # a season
        ("QS", 4, 200, 4),
        ("15min", 96, 2000, 96),
        ("D", 30, 200, 30),  # as it was given
        ("W-SUN", 1, 200, 13),  # what is usual
        ("YS", 1, 200, 6),
        ("min", 1440, 20000, 60),  # a season that is too long
        ("MS", 12, 40, 8),  # a fifth of the usual series
        ("YS", 1, 4, 1),
    ],
)
def test_a_horizon_that_nobody_named(alias, season, size, rows):
    assert usual_horizon(alias, season, np.array([size // 2, size, size * 3])) == rows


def test_holidays_are_of_days_and_finer_steps():
    assert [is_daily_or_finer(one) for one in ("D", "B", "h", "15min")] == [True] * 4
    assert [is_daily_or_finer(one) for one in ("W", "2D", "MS", "QS", "YS")] == [False] * 5


def test_a_frequency_has_a_name():
    assert step_name("MS") == "months (MS)"
    assert step_name("15min") == "15 minutes each (15min)"
