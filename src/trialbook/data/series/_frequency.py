"""How far apart the rows of series are, and how long a season is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.errors import DataError, OptionError

# Rows of a season by the unit of the frequency: what Nixtla, GluonTS and AutoGluon take, but for
# weeks, of which they take 1 or 52: a year of weeks is rarely seen twice before the windows begin.
_SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 1, "B": 5, "D": 7, "h": 24, "min": 1440, "s": 3600}
_WORDS = {
    "Y": "years",
    "Q": "quarters",
    "M": "months",
    "W": "weeks",
    "B": "business days",
    "D": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
}
# A season of more rows is longer than most models can take.
_MOST = 3600
# This share of the steps of series must be of the frequency, or of a multiple of it.
ON_GRID = 0.9
_DAY = pd.Timedelta("1D")


def infer_frequency(name: np.ndarray, time: np.ndarray) -> str:
    """Find the step from row to row that is the most common one.

    Parameters
    ----------
    name : ndarray of shape (n_rows,)
        Series of each row.
    time : ndarray of datetime64, shape (n_rows,)
        Rows are ordered by series and time, and no time of a series occurs twice.

    Returns
    -------
    str
        An offset alias of pandas, such as ``MS``, ``W-SUN``, ``D`` or ``15min``.

    Raises
    ------
    DataError
        If there is no series of two rows, or rows do not keep to any step.
    """
    within = name[1:] == name[:-1]
    steps = pd.Series(np.diff(time)[within])
    if steps.empty:
        raise DataError(
            "no series has two rows, so that nothing tells how far apart they are",
            remedy="Name the columns that tell series apart, or set the frequency.",
        )
    usual = pd.Timedelta(steps.mode().iloc[0])
    times = pd.DatetimeIndex(time)
    found = _calendar(usual, times) or _fixed(usual)
    if _on_grid(times, found) < ON_GRID:
        raise DataError(
            f"the rows keep to no frequency; the most common step is {usual}",
            remedy="Set the frequency, with an aggregation if rows are to be put together.",
        )
    return found


def _calendar(usual: pd.Timedelta, times: pd.DatetimeIndex) -> str | None:
    """The alias of a step in days, weeks, months, quarters or years."""
    days = usual / _DAY
    start, end = (times.day == 1).mean(), (times.days_in_month == times.day).mean()
    edge = "S" if start >= end else "E"
    month = times.month_name().str[:3].str.upper()
    if max(start, end) >= ON_GRID and 28 <= days <= 31:
        return f"M{edge}"
    if max(start, end) >= ON_GRID and 89 <= days <= 92:
        return f"Q{edge}-{pd.Series(month).mode().iloc[0]}"
    if 365 <= days <= 366 and max(start, end) >= ON_GRID:
        return f"Y{edge}-{pd.Series(month).mode().iloc[0]}"
    if days == 7:
        return f"W-{times.day_name().str[:3].str.upper().to_series().mode().iloc[0]}"
    if days == 1 and (times == times.normalize()).all():
        return "B" if (times.dayofweek < 5).all() and len(times) > 10 else "D"
    return None


def _fixed(usual: pd.Timedelta) -> str:
    """The alias of a step of always the same length."""
    return str(pd.tseries.frequencies.to_offset(usual).freqstr)


def _on_grid(times: pd.DatetimeIndex, frequency: str) -> float:
    """The share of times that the frequency, counted from the first of them, meets."""
    offset = read_frequency(frequency)
    grid = pd.date_range(times.min(), times.max(), freq=offset)
    return float(times.isin(grid).mean())


def read_frequency(frequency: str) -> pd.DateOffset:
    """The offset of an alias.

    Parameters
    ----------
    frequency : str
        Of pandas, also those before version 2.2 (``M``, ``H``, ``T``).

    Returns
    -------
    DateOffset

    Raises
    ------
    OptionError
        If there is none.
    """
    older = {"M": "ME", "Q": "QE", "A": "YE", "Y": "YE", "H": "h", "T": "min", "S": "s"}
    try:
        return pd.tseries.frequencies.to_offset(older.get(frequency, frequency))
    except ValueError as error:
        raise OptionError(
            f"'{frequency}' is no frequency",
            place="option frequency",
            remedy="Write it like D, W, MS, QS, YS, h or 15min.",
        ) from error


def season_of(frequency: str) -> int:
    """Rows of a season, by the frequency alone.

    Parameters
    ----------
    frequency : str

    Returns
    -------
    int
        Such as 12 for months, 7 for days, 24 for hours and 96 for quarters of an hour; 1 if there
        is none.
    """
    offset = read_frequency(frequency)
    rows = _SEASONS.get(_unit(offset), 1)
    season = rows // offset.n if rows % max(1, offset.n) == 0 else 1
    return season if 1 < season <= _MOST else 1


def step_name(frequency: str) -> str:
    """What a row of a series is, in words.

    Parameters
    ----------
    frequency : str

    Returns
    -------
    str
        Such as ``months (MS)``, ``business days (B)`` or ``15 minutes each (15min)``; the alias
        alone where there is no word for it.
    """
    offset = read_frequency(frequency)
    word = _WORDS.get(_unit(offset))
    if word is None:
        return frequency
    return f"{word} ({frequency})" if offset.n == 1 else f"{offset.n} {word} each ({frequency})"


def _unit(offset: pd.DateOffset) -> str:
    """The letters of an offset that do not say where in a month or week it falls."""
    unit = str(offset.name).split("-")[0].rstrip("SE")
    return {"BM": "M", "BQ": "Q", "BY": "Y", "": "s"}.get(unit, unit)
