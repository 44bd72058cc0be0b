"""Dates: what they cover, their steps and their gaps."""

import numpy as np
import pandas as pd

from trialbook.profiling import _times


def times(values, unread=0):
    column = pd.Series(pd.to_datetime(values)).astype("datetime64[ns]")
    return _times.times(column, np.arange(len(column)), unread)


def test_days_have_a_step_a_span_and_no_hours():
    found = times(["2024-01-01", "2024-01-02", "2024-01-03", None, "2024-01-04"])
    assert (found.first, found.last, found.span) == ("2024-01-01", "2024-01-04", "3 days")
    assert (found.step, found.step_share, found.gap_count) == ("1 day", 1.0, 0)
    assert found.hours == ()
    assert found.weekdays == (1, 1, 1, 1, 0, 0, 0)


def test_months_are_steps_whatever_their_length():
    found = times(pd.date_range("2023-01-01", periods=24, freq="MS"))
    assert (found.step, found.step_share, found.gap_count) == ("1 month", 1.0, 0)
    assert found.weekdays == ()
    assert times(pd.date_range("2000-01-01", periods=9, freq="YS")).step == "1 year"


def test_a_day_that_is_not_there_is_a_gap_of_a_daily_series():
    found = times(pd.date_range("2024-01-01", periods=30).delete([10, 11]))
    assert found.gap_count == 1
    assert (found.gaps[0].start, found.gaps[0].end) == ("2024-01-10", "2024-01-13")
    assert found.gaps[0].length == "3 days"


def test_irregular_times_have_a_gap_only_where_a_long_part_is_empty():
    seconds = np.cumsum(np.random.default_rng(0).exponential(3600, 300))
    start = pd.Timestamp("2024-01-01")
    assert times(start + pd.to_timedelta(seconds, unit="s")).gap_count == 0
    seconds[150:] += seconds[-1]
    assert times(start + pd.to_timedelta(seconds, unit="s")).gap_count == 1


def test_hours_are_counted_where_times_have_them():
    found = times(["2024-01-01 05:30", "2024-01-01 05:45", "2024-01-01 17:00"])
    assert (found.hours[5], found.hours[17]) == (2, 1)
    assert found.periods.period == "hour"
    assert len(found.periods.starts) == 13
    assert sum(found.periods.counts) == 3
    assert found.first == "2024-01-01 05:30:00"


def test_the_period_suits_the_span():
    def period(days):
        return times(pd.date_range("2000-01-01", periods=2, freq=f"{days}D")).periods.period

    assert [period(days) for days in (1, 30, 200, 1000, 4000, 9000, 30000)] == [
        *("hour", "day", "week", "month", "quarter", "year", "decade")
    ]


def test_periods_without_rows_are_counted_as_empty():
    found = times(["2024-01-01", "2024-01-04"] * 30).periods
    assert sum(found.counts) == 60
    assert 0 in found.counts


def test_a_placeholder_is_out_of_range_and_does_not_squeeze_the_chart():
    days = pd.date_range("2024-01-01", periods=400).tolist()
    found = times([*days, pd.Timestamp("1900-01-01")])
    assert found.out_of_range == 1
    example = found.out_of_range_examples[0]
    assert (example.row, example.value) == (401, "1900-01-01")
    assert found.periods.below >= 1
    assert found.periods.period == "week"
    assert sum(found.periods.counts) + found.periods.below == 401


def test_times_that_are_all_missing_have_no_figures():
    assert times([None, None]) is None


def test_cells_that_were_no_dates_are_told():
    assert times(["2024-01-01"], unread=2).unread == 2
