"""Series without gaps."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import SERIES_COLUMN, TIME_COLUMN, regular, together


def rows(name, times, y, **more):
    return pd.DataFrame(
        {SERIES_COLUMN: name, TIME_COLUMN: pd.DatetimeIndex(times), "y": y, **more}
    )


def test_a_regular_table_stays_as_it_is():
    table = pd.concat(
        [
            rows("a", pd.date_range("2020-01-01", periods=5, freq="MS"), np.arange(5.0)),
            rows("b", pd.date_range("2020-03-01", periods=4, freq="MS"), np.arange(4.0)),
        ],
        ignore_index=True,
    )
    made = regular(table, "MS")
    pd.testing.assert_frame_equal(made.table, table)
    assert len(made.off_grid) == 0
    assert made.source.tolist() == list(range(9))


def test_missing_rows_are_as_those_before_them():
    table = rows("a", ["2020-01-01", "2020-01-04", "2020-01-05"], [1.0, 2.0, 3.0], x=[5.0, 6, 7])
    made = regular(table, "D")
    assert made.table["y"].tolist() == [1, 1, 1, 2, 3]
    assert made.table["x"].tolist() == [5, 5, 5, 6, 7]
    assert made.table[TIME_COLUMN].dt.day.tolist() == [1, 2, 3, 4, 5]
    assert made.source.tolist() == [0, -1, -1, 1, 2]


def test_nothing_is_filled_from_one_series_into_another():
    table = pd.concat(
        [
            rows("a", pd.date_range("2020-01-01", periods=2), [1.0, 2.0], x=[np.nan, np.nan]),
            rows("b", pd.date_range("2020-01-01", periods=2), [3.0, 4.0], x=[np.nan, 8.0]),
        ],
        ignore_index=True,
    )
    made = regular(table, "D").table
    assert made["x"].isna().tolist() == [True, True, False, False]
    assert made["x"].tolist()[2:] == [8, 8]


def test_rows_between_the_steps_are_left_out():
    times = ["2020-01-01", "2020-01-15", "2020-02-01", "2020-03-01"]
    made = regular(rows("a", times, [1.0, 9.0, 2.0, 3.0]), "MS")
    assert made.table["y"].tolist() == [1, 2, 3]
    assert made.off_grid.tolist() == [1]


def test_each_series_keeps_its_own_time_of_day():
    months = pd.date_range("2020-01-01", periods=4, freq="MS")
    hour = pd.Timedelta("9h")
    table = pd.concat(
        [
            rows("a", months.delete(2), [1.0, 2.0, 3.0]),
            rows("b", (months + hour).delete(1), [4.0, 5.0, 6.0]),
        ],
        ignore_index=True,
    )
    made = regular(table, "MS")
    assert made.table[TIME_COLUMN].tolist() == [*months, *(months + hour)]
    assert made.table["y"].tolist() == [1, 2, 2, 3, 4, 4, 5, 6]
    assert len(made.off_grid) == 0


def test_every_step_is_there_once_in_each_series():
    draw = np.random.default_rng(0)
    parts = []
    for i in range(20):
        grid = pd.date_range("2020-01-01", periods=60, freq="W-WED")[i:]
        kept = np.sort(draw.choice(len(grid), 30, replace=False))
        parts.append(rows(f"s{i:02}", grid[kept], draw.normal(size=30)))
    table = pd.concat(parts, ignore_index=True)
    made = regular(table, "W-WED").table
    for name, own in made.groupby(SERIES_COLUMN):
        given = table.loc[table[SERIES_COLUMN] == name, TIME_COLUMN]
        grid = pd.date_range(given.min(), given.max(), freq="W-WED")
        assert own[TIME_COLUMN].tolist() == grid.tolist()
    both = table.merge(made, on=[SERIES_COLUMN, TIME_COLUMN])
    assert len(both) == len(table)
    assert (both["y_x"] == both["y_y"]).all()


@pytest.mark.parametrize(
    ("how", "expected"), [("sum", 3.0), ("mean", 1.5), ("min", 1.0), ("max", 2.0)]
)
def test_rows_of_one_time_are_put_together(how, expected):
    table = rows("a", ["2020-01-01"] * 3 + ["2020-01-02"], [1.0, 2.0, np.nan, 5.0])
    table["kind"] = ["x", "z", "z", None]
    table["open"] = [True, False, True, True]
    table["price"] = [2.0, 3.0, 7.0, 1.0]
    made = together(table, "y", how)
    assert made["y"].tolist() == [expected, 5.0]
    assert made["kind"].tolist()[0] == "z"
    assert made["kind"].isna().tolist() == [False, True]
    # Whatever is asked of the target: a price of a step is no sum of prices.
    assert made["open"].tolist() == [pytest.approx(2 / 3), 1.0]
    assert made["price"].tolist() == [4.0, 1.0]
    assert list(made.columns) == list(table.columns)


def test_of_categories_as_frequent_the_first_in_order_counts():
    table = rows("a", ["2020-01-01"] * 2, [1.0, 2.0]).assign(kind=["z", "b"])
    assert together(table, "y", "sum")["kind"].tolist() == ["b"]


def test_a_sum_of_nothing_known_is_not_zero():
    table = rows("a", ["2020-01-01"] * 2, [np.nan, np.nan])
    assert together(table, "y", "sum")["y"].isna().all()
