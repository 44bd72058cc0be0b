"""Rows on the steps of a frequency, and the steps that times in between belong to."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import bins_of, read_frequency, steps_of


def bins(times, alias):
    found = bins_of(pd.DatetimeIndex(times).to_numpy(), read_frequency(alias))
    return [str(time)[:16].replace("T00:00", "") for time in found]


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("MS", ["2024-01-01", "2024-02-01", "2024-03-01"]),
        ("ME", ["2024-01-31", "2024-02-29", "2024-03-31"]),
        ("QS", ["2024-01-01", "2024-01-01", "2024-01-01"]),
        ("YE", ["2024-12-31", "2024-12-31", "2024-12-31"]),
        ("W", ["2024-01-07", "2024-02-18", "2024-03-31"]),
        ("D", ["2024-01-01", "2024-02-15", "2024-03-31"]),
        ("12h", ["2024-01-01", "2024-02-15T12:00", "2024-03-31"]),
        ("2MS", ["2024-01-01", "2024-01-01", "2024-03-01"]),
    ],
)
def test_a_time_belongs_to_one_step(alias, expected):
    assert bins(["2024-01-01", "2024-02-15 13:30", "2024-03-31 08:00"], alias) == expected


@pytest.mark.parametrize("alias", ["D", "h", "6h", "W-SUN", "W-WED", "MS", "ME", "QS", "QE", "YS"])
def test_steps_are_those_of_resampling(alias):
    draw = np.random.default_rng(1)
    seconds = np.sort(draw.integers(0, 400 * 86_400, 500))
    times = pd.Timestamp("2021-02-03 04:05") + pd.to_timedelta(seconds, "s")
    ours = pd.Series(1, index=bins_of(times.to_numpy(), read_frequency(alias))).groupby(level=0)
    theirs = pd.Series(1, index=times).resample(alias).sum()
    expected = theirs[theirs > 0]
    assert ours.sum().tolist() == expected.tolist()
    assert ours.sum().index.tolist() == expected.index.tolist()


@pytest.mark.parametrize("alias", ["2W", "3D", "5h", "2MS", "2ME", "3QS", "6MS", "5W"])
def test_steps_of_several_units_are_counted_from_one_that_is_given(alias):
    offset = read_frequency(alias)
    times = pd.date_range("2021-02-03", periods=900, freq="7h").to_numpy()
    whole = bins_of(times, offset)
    for origin in map(pd.Timestamp, whole[[0, 500, -1]]):
        for start, end in ((0, 900), (301, 302), (450, 900)):
            assert (bins_of(times[start:end], offset, origin) == whole[start:end]).all()


def test_most_rows_of_a_series_say_where_its_steps_begin():
    times = pd.DatetimeIndex(
        ["2024-01-01 00:30", "2024-01-01 01:30", "2024-01-01 02:00", "2024-01-01 02:30"]
    )
    steps = steps_of(np.full(4, "a"), times.to_numpy(), read_frequency("h"))
    assert steps.on_grid.tolist() == [True, True, False, True]
    kept = steps.on_grid
    back = steps.times(steps.position[kept], np.flatnonzero(kept))
    assert (back == times[kept].to_numpy()).all()
