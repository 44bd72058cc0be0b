"""Where rows lie on the steps of a frequency, and to which step a time between them belongs.

Models put new rows into steps by `bins_of`: it is pickled by value with them, and uses nothing but
pandas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Steps:
    """Rows on a grid of times.

    Parameters
    ----------
    position : ndarray of int64, shape (n_rows,)
        Steps from the start of the grid; those of two series may be counted from other starts.
    on_grid : ndarray of bool, shape (n_rows,)
        Whether the time of a row is one of the grid; its position means nothing if not.
    phase : ndarray of int64, shape (n_rows,)
        Where the steps of the row's series begin.
    stride : int
        Units of `ticks` from step to step.
    ticks : DatetimeIndex or Timestamp
        Days by unit, or the first one of units of a nanosecond.
    of_day : ndarray of timedelta64[ns], shape (n_rows,)
        The time of day at which the steps of the row's series are, if units are days.
    """

    position: np.ndarray
    on_grid: np.ndarray
    phase: np.ndarray
    stride: int
    ticks: pd.DatetimeIndex | pd.Timestamp
    of_day: np.ndarray

    def times(self, position: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Times of positions on the grids of the series of some rows, as datetime64[ns]."""
        unit = position * self.stride + self.phase[row]
        if isinstance(self.ticks, pd.DatetimeIndex):
            return np.asarray(self.ticks.to_numpy()[unit] + self.of_day[row])
        return np.asarray(self.ticks.to_datetime64() + unit.astype("timedelta64[ns]"))


def steps_of(name: np.ndarray, time: np.ndarray, offset: pd.DateOffset) -> Steps:
    """Find the steps of rows.

    Parameters
    ----------
    name : ndarray of shape (n_rows,)
        Series of each row.
    time : ndarray of datetime64[ns], shape (n_rows,)
    offset : DateOffset

    Returns
    -------
    Steps
        Every series has a grid of its own, on which most of its rows lie: hours may begin at
        half past, pairs of months with any month, and months at any time of day. Weeks and the
        like are on the same days in all series, as the frequency says.
    """
    times = pd.DatetimeIndex(time)
    of_day = np.zeros(len(times), dtype="timedelta64[ns]")
    if isinstance(offset, pd.offsets.Tick):
        ticks: pd.DatetimeIndex | pd.Timestamp = times.min().normalize()
        unit = (times - ticks).to_numpy().astype(np.int64)
        stride, known = int(pd.Timedelta(offset).value), np.ones(len(unit), dtype=bool)
    else:
        since = (times - times.normalize()).to_numpy().astype(np.int64)
        of_day = _usual(name, since).astype("timedelta64[ns]")
        days = times - of_day
        first, last = days.min().normalize(), days.max().normalize()
        ticks = pd.date_range(first, last, freq=offset.base)
        unit = ticks.get_indexer(days).astype(np.int64)
        stride, known = int(offset.n), unit >= 0
    own = np.where(known, unit % stride, -1)
    phase = _usual(name, own)
    on_grid = known & (own == phase)
    return Steps((unit - phase) // stride, on_grid, phase, stride, ticks, of_day)


def _usual(name: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """The most common phase of each row's series."""
    known = phase >= 0
    if not known.any() or (phase[known] == phase[known][0]).all():
        return np.full(len(phase), phase[known][0] if known.any() else 0)
    codes, _ = pd.factorize(name)
    counts = pd.DataFrame({"code": codes[known], "phase": phase[known]}).value_counts()
    # From the most common one on; of as common ones, the first.
    ordered = counts.reset_index().sort_values(
        ["count", "phase"], ascending=[False, True], kind="stable"
    )
    usual = ordered.drop_duplicates("code").set_index("code")["phase"]
    found = pd.Series(codes).map(usual).fillna(0)
    return np.asarray(found, dtype=np.int64)


def bins_of(
    time: np.ndarray, offset: pd.DateOffset, origin: pd.Timestamp | None = None
) -> np.ndarray:
    """The time of the step that each row belongs to, when rows are put together.

    Parameters
    ----------
    time : ndarray of datetime64[ns], shape (n_rows,)
    offset : DateOffset
    origin : Timestamp, optional
        A step from which those of several units (2W, 5h) are counted; by default they begin with
        the first row. Steps of later rows are those of earlier ones only if one of these is given.

    Returns
    -------
    ndarray of datetime64[ns], shape (n_rows,)
        A step that is named by its first day begins there; one that is named by its last day (of
        a week, a month, a quarter, a year) ends there.
    """
    times = pd.DatetimeIndex(time)
    first = times.min().normalize()
    if isinstance(offset, pd.offsets.Tick):
        step, first = int(pd.Timedelta(offset).value), first if origin is None else origin
        since = (times - first).to_numpy().astype(np.int64) // step * step
        return np.asarray(first.to_datetime64() + since.astype("timedelta64[ns]"))
    days = times.normalize().to_numpy()
    ends = offset.name.split("-")[0].endswith(("E", "W"))
    base = offset.base
    last = times.max().normalize()
    if origin is not None:
        first, last = min(first, origin), max(last, origin)
    marks = pd.date_range(
        first - (offset.n + 2) * base, last + (offset.n + 2) * base, freq=base
    ).to_numpy()
    found = np.searchsorted(marks, days, "left" if ends else "right") - (0 if ends else 1)
    start = found.min() if origin is None else np.searchsorted(marks, np.datetime64(origin))
    since = found - start
    found = found + -since % offset.n if ends else found - since % offset.n
    return np.asarray(marks[found], dtype="datetime64[ns]")
