"""Times in many ways of writing, and what is no time."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import read_times, time_form
from trialbook.errors import DataError


@pytest.mark.parametrize(
    ("cells", "form", "second"),
    [
        (["2024-01-01", "2024-01-02"], "%Y-%m-%d", "2024-01-02"),
        (["31.12.2023", "01.01.2024"], "%d.%m.%Y", "2024-01-01"),
        (["2024-01", "2024-02"], "%Y-%m", "2024-02-01"),
        (["Jan 2001", "Feb 2001"], "%b %Y", "2001-02-01"),
        (["01/2001", "02/2001"], "%m/%Y", "2001-02-01"),
        (["2001M01", "2001M02"], "%YM%m", "2001-02-01"),
        (["2001Q1", "2001Q2"], "quarter", "2001-04-01"),
        (["Q1 2001", "Q2 2001"], "quarter", "2001-04-01"),
        (["2001-Q1", "2001-Q2"], "quarter", "2001-04-01"),
        (["2024-W01", "2024-W02"], "week", "2024-01-08"),
        ([2001, 2002], "%Y", "2002-01-01"),
        ([2001.0, 2002.0], "%Y", "2002-01-01"),
        ([202401, 202402], "%Y%m", "2024-02-01"),
        ([20240131, 20240229], "%Y%m%d", "2024-02-29"),
    ],
)
def test_times_are_read_as_they_are_written(cells, form, second):
    column = pd.Series(cells, name="when")
    assert time_form(column) == form
    assert read_times(column, form).iloc[1] == pd.Timestamp(second)


def test_times_that_are_times_need_no_form_and_keep_their_hours():
    column = pd.Series(pd.date_range("2024-01-01", periods=3, freq="h"), name="when")
    assert time_form(column) is None
    assert read_times(column, None).tolist() == column.tolist()


def test_of_day_and_month_the_even_steps_tell_which_comes_first():
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    for written in ("%d/%m/%Y", "%m/%d/%Y"):
        column = pd.Series(months.strftime(written), name="when", dtype=object)
        assert time_form(column) == written


@pytest.mark.parametrize(
    ("first", "second", "n"), [("%d", "%m", 12), ("%m", "%d", 12), ("%d", "%m", 8)]
)
def test_the_months_of_a_year_are_no_days(first, second, n):
    form = f"{first}/{second}/%Y"
    months = pd.date_range("2023-01-01", periods=n, freq="MS").strftime(form)
    assert time_form(pd.Series(months, name="when", dtype=object)) == form
    quarters = pd.date_range("2023-01-01", periods=4, freq="QS").strftime(form)
    assert time_form(pd.Series(quarters, name="when", dtype=object)) == form
    # But what is asked for has the last word.
    days = pd.date_range("2023-01-01", periods=n).strftime(form)
    for frequency, cells in {"D": days, "MS": months}.items():
        assert time_form(pd.Series(cells, name="when", dtype=object), frequency) == form


def test_a_time_that_cannot_be_read_is_missing_and_keeps_its_place():
    days = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d")
    column = pd.Series([*days, "soon", None], name="when", dtype=object)
    found = read_times(column, time_form(column))
    assert np.flatnonzero(found.isna()).tolist() == [40, 41]
    assert read_times(pd.Series([2001.0, np.nan]), "%Y").isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("cells", "held"),
    [
        ([1, 2, 3], "1, which is no year and no date"),
        ([1700000000, 1700003600], "1700000000"),
        ([0.5, 1.5], "0.5"),
        ([202413, 202414], "202413"),
        (["north", "south"], "'north', which is not read as a date"),
        ([True, False], "True"),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(cells, held):
    with pytest.raises(DataError, match="time column 'when'") as caught:
        time_form(pd.Series(cells, name="when"))
    assert held in caught.value.cause
    assert caught.value.place == "row 1"
    assert "2024-12-31" in caught.value.remedy


def test_a_column_without_times_is_refused():
    with pytest.raises(DataError, match="has no times"):
        time_form(pd.Series([np.nan, np.nan], name="when"))
