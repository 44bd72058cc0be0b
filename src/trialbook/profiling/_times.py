"""Figures of a column of dates or times: coverage, steps and gaps. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook.data.checks import FIRST_DAY, LAST_DAY
from trialbook.profiling._describe import EXAMPLES, shown_range
from trialbook.profiling._figures import Cell, Gap, Periods, Times

# As many bars as a chart over time can show.
MOST_PERIODS = 60
PERIODS = {"hour": "h", "day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
# A series is regular when this share of its steps are alike; a longer step is then a gap ...
REGULAR = 0.5
LONGER = 1.5
# ... and otherwise only one that takes this part of the whole span, among enough different times.
LONG_PART, LONG_TIMES = 0.05, 20

_UNITS = (
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)
# The mean month and year of the Gregorian calendar, for saying how long something is.
_MONTH_S, _YEAR_S = 2_629_746.0, 31_556_952.0


def times(column: pd.Series, rows: np.ndarray, unread: int) -> Times | None:
    """Figures of a column of dates or times.

    Parameters
    ----------
    column : Series of datetime64[ns]
        NaT where missing.
    rows : ndarray of int, shape (n_rows,)
        Which row of the table each one is, from 0.
    unread : int
        Cells that were text and no date.

    Returns
    -------
    Times or None
        ``None`` when all are missing.
    """
    present = column.notna().to_numpy()
    found, rows = column[present], rows[present]
    if found.empty:
        return None
    first, last = found.min(), found.max()
    steps = _steps(found)
    odd = ((found <= FIRST_DAY) | (found >= LAST_DAY)).to_numpy()
    where = np.flatnonzero(odd)[:EXAMPLES]
    timed = bool((found != found.dt.normalize()).any())
    return Times(
        first=moment(first),
        last=moment(last),
        span=duration((last - first).total_seconds()),
        step=steps.usual,
        step_share=steps.share,
        gap_count=steps.gap_count,
        gaps=steps.gaps,
        periods=periods(found),
        weekdays=() if steps.monthly else _counts(found.dt.weekday, 7),
        hours=_counts(found.dt.hour, 24) if timed else (),
        out_of_range=int(odd.sum()),
        out_of_range_examples=tuple(Cell(int(rows[i]) + 1, moment(found.iloc[i])) for i in where),
        unread=unread,
    )


def _counts(values: pd.Series, n_values: int) -> tuple[int, ...]:
    return tuple(np.bincount(values.to_numpy(), minlength=n_values).tolist())


def moment(time: pd.Timestamp) -> str:
    """A time in ISO 8601, as short as it is exact."""
    if time == time.normalize():
        return f"{time:%Y-%m-%d}"
    return str(time.isoformat(sep=" ", timespec="seconds" if time.microsecond == 0 else "auto"))


def duration(seconds: float) -> str:
    """How long something is, in the unit that suits it."""
    if seconds >= 2 * _YEAR_S:
        return f"{seconds / _YEAR_S:.1f} years"
    if seconds >= 2 * _MONTH_S:
        return f"{seconds / _MONTH_S:.1f} months"
    for unit, length in _UNITS:
        if seconds >= length:
            return _several(seconds / length, unit)
    return f"{seconds:g} seconds"


def _several(number: float, unit: str) -> str:
    text = f"{number:.1f}".removesuffix(".0")
    return f"{text} {unit}" + ("" if text == "1" else "s")


# -- by period ----------------------------------------------------------------------------------


def periods(found: pd.Series) -> Periods:
    """Count rows by the shortest period that gives a chart of not too many bars.

    Parameters
    ----------
    found : Series of datetime64[ns]
        None missing, at least one.

    Returns
    -------
    Periods
    """
    name, ordinals, starts = grouped(found)
    inside = (ordinals >= 0) & (ordinals < len(starts))
    counts = np.bincount(ordinals[inside], minlength=len(starts))
    return Periods(
        name,
        starts,
        tuple(counts.tolist()),
        below=int((ordinals < 0).sum()),
        above=int((ordinals >= len(starts)).sum()),
    )


def grouped(found: pd.Series) -> tuple[str, np.ndarray, tuple[str, ...]]:
    """The period of each time, counted from the first that is shown.

    Parameters
    ----------
    found : Series of datetime64[ns]
        None missing, at least one.

    Returns
    -------
    name : str
        Which kind of period.
    ordinals : ndarray of int, shape (n_times,)
        Below 0 and above the last where a time is not shown.
    starts : tuple of str
        When each period begins.
    """
    # Whole seconds, which a float holds exactly.
    seconds = found.to_numpy().astype("datetime64[s]").astype(np.int64)
    low, high = (pd.Timestamp(int(end), unit="s") for end in shown_range(seconds))
    for name, code in PERIODS.items():
        first = low.to_period(code)
        n_periods = high.to_period(code).ordinal - first.ordinal + 1
        if n_periods <= MOST_PERIODS:
            ordinals = _ordinals(found, code) - first.ordinal
            starts = [moment((first + i).start_time) for i in range(n_periods)]
            return name, ordinals, tuple(starts)
    decade = low.year // 10
    decades = range(decade, high.year // 10 + 1)
    ordinals = found.dt.year.to_numpy() // 10 - decade
    return "decade", ordinals, tuple(f"{10 * one}-01-01" for one in decades)


def _ordinals(found: pd.Series, code: str) -> np.ndarray:
    return np.asarray(found.dt.to_period(code).array.asi8)


# -- steps and gaps ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Steps:
    """The most frequent step between different times, its share, and what is too long."""

    monthly: bool = False
    usual: str | None = None
    share: float | None = None
    gap_count: int = 0
    gaps: tuple[Gap, ...] = ()


def _steps(found: pd.Series) -> _Steps:
    different = np.sort(found.unique())
    if len(different) < 2:
        return _Steps()
    index = pd.DatetimeIndex(different)
    by_month = bool((index.day == 1).all() and (index == index.normalize()).all())
    ticks = index.year * 12 + index.month if by_month else index.asi8
    steps = np.diff(np.asarray(ticks))
    lengths, counts = np.unique(steps, return_counts=True)
    usual, share = int(lengths[counts.argmax()]), float(counts.max() / len(steps))
    if share >= REGULAR:
        longest = LONGER * usual
    elif len(different) >= LONG_TIMES:
        longest = LONG_PART * float(steps.sum())
    else:
        longest = np.inf
    beyond = np.flatnonzero(steps > longest)
    furthest = beyond[np.argsort(-steps[beyond], kind="stable")[:EXAMPLES]]
    gaps = tuple(
        Gap(
            moment(index[i]),
            moment(index[i + 1]),
            duration((index[i + 1] - index[i]).total_seconds()),
        )
        for i in furthest
    )
    step = _months(usual) if by_month else duration(usual / 1e9)
    return _Steps(by_month, step, share, len(beyond), gaps)


def _months(number: int) -> str:
    return _several(number / 12, "year") if number % 12 == 0 else _several(number, "month")
