"""Series too short to validate."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import (
    LEAST_ROWS,
    SERIES_COLUMN,
    TIME_COLUMN,
    fate,
    padded,
    planned_windows,
    rows_of_all_windows,
    rows_to_validate,
    windows,
)


def test_a_series_as_long_as_needed_is_in_one_window_and_a_shorter_one_is_not():
    least = rows_to_validate(6)
    assert windows(np.array([least]), 6, 1, 6, LEAST_ROWS).shape == (least, 1)
    assert windows(np.array([least - 1]), 6, 1, 6, LEAST_ROWS).shape == (least - 1, 0)


@pytest.mark.parametrize(
    ("horizon", "count", "step"), [(6, 3, 6), (6, 5, 2), (1, 5, 1), (12, 2, 1)]
)
def test_a_series_of_the_length_of_all_windows_is_in_all_of_them(horizon, count, step):
    rows = rows_of_all_windows(horizon, count, step)
    assert rows >= 2 * horizon + (count - 1) * step + 1
    assert windows(np.array([rows]), horizon, count, step, LEAST_ROWS).shape == (rows, count)


@pytest.mark.parametrize(
    ("horizon", "count", "step", "back", "one", "all_of_them"),
    [
        # Azure ML: H + back + 1, and 2 H + (count - 1) step + back + 1.
        (6, 3, 6, 12, 19, 37),
        (6, 3, 2, 12, 19, 29),
        (1, 2, 1, 24, 26, 28),
        (6, 3, 6, 1, 10, 26),  # a few rows in any case
    ],
)
def test_lags_that_were_given_count(horizon, count, step, back, one, all_of_them):
    assert rows_to_validate(horizon, back) == one
    assert rows_of_all_windows(horizon, count, step, back) == all_of_them


@pytest.mark.parametrize(
    ("short", "how", "done"),
    [
        ([False, False], "auto", "none"),
        ([True, False], "auto", "drop"),
        ([True, True], "auto", "pad"),
        ([True, False], "pad", "pad"),
        ([True, True], "pad", "pad"),
        ([True, False], "drop", "drop"),
        ([True, True], "drop", "drop"),
        ([True, False], "none", "none"),
        ([True, True], "none", "none"),
        ([False, False], "drop", "none"),
    ],
)
def test_what_becomes_of_short_series(short, how, done):
    assert fate(np.array(short), how) == done


@pytest.mark.parametrize("alias", ["MS", "QE-DEC", "W-WED", "h", "2D"])
def test_rows_are_put_before_the_first_one(alias):
    times = pd.date_range("2020-01-01", periods=3, freq=alias)
    table = pd.DataFrame(
        {SERIES_COLUMN: "a", TIME_COLUMN: times, "x": [7.0, 8, 9], "y": [1.0, 2.0, 4.0]}
    )
    made = padded(table, "y", alias, 8, seed=0)
    assert (
        made[TIME_COLUMN].tolist() == pd.date_range(end=times[-1], periods=8, freq=alias).tolist()
    )
    assert made["y"].tolist()[-3:] == [1, 2, 4]
    assert set(made["y"][:5]) <= {1.0, 2.0, 4.0}
    assert made["x"].tolist() == [7.0] * 6 + [8.0, 9.0]
    pd.testing.assert_frame_equal(made, padded(table, "y", alias, 8, seed=0))
    pd.testing.assert_frame_equal(padded(table, "y", alias, 3, seed=0), table)


def test_fewer_windows_validate_many_series():
    counts = [planned_windows(np.full(n, 200), 6, 12)[0] for n in (1, 19, 20, 499, 500, 3000)]
    assert counts == [5, 5, 3, 3, 2, 2]


@pytest.mark.parametrize(
    ("rows", "horizon", "season", "plan"),
    [
        (200, 12, 12, (5, 12)),
        (120, 24, 12, (3, 18)),  # half of the rows stay before the earliest
        (100, 24, 12, (2, 24)),
        (90, 24, 12, (2, 21)),  # two that overlap
        (60, 24, 12, (1, 24)),  # three seasons stay before it, and no more
        (40, 6, 12, (3, 5)),  # two stay, for even one window would not leave three
        (2000, 30, 1440, (5, 30)),  # no window leaves two
        (22, 6, 1, (2, 5)),
        (13, 6, 1, (1, 6)),
        (40, 1, 1, (20, 1)),
        (200, 3, 1, (8, 3)),
        (200, 4, 1, (6, 4)),
        (200, 5, 1, (5, 5)),
    ],
)
def test_windows_leave_something_to_learn_from(rows, horizon, season, plan):
    assert planned_windows(np.array([rows]), horizon, season) == plan


def test_windows_are_counted_back_from_the_end_of_each_series():
    matrix = windows(np.array([8, 6]), horizon=2, count=2, step=2, least=3)
    assert matrix[:8].T.tolist() == [[1, 1, 1, 1, 0, 0, -1, -1], [1, 1, 1, 1, 1, 1, 0, 0]]
    assert matrix[8:].T.tolist() == [[-1] * 6, [1, 1, 1, 1, 0, 0]]


def test_windows_may_overlap():
    matrix = windows(np.array([8]), horizon=2, count=2, step=1, least=3)
    assert matrix.T.tolist() == [[1, 1, 1, 1, 1, 0, 0, -1], [1, 1, 1, 1, 1, 1, 0, 0]]
