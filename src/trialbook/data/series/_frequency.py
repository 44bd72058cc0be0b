"""How far apart the rows of series are, and how long a season is."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd

from trialbook.data.series._steps import steps_of
from trialbook.errors import DataError, OptionError, TrialbookError

# Rows of a season by the unit of the frequency: what Nixtla, GluonTS and AutoGluon take, but for
# weeks, of which they take 1 or 52: a year of weeks is rarely seen twice before the windows begin.
_SEASONS = {
    "Y": 1,
    "Q": 4,
    "M": 12,
    "SM": 24,
    "W": 1,
    "B": 5,
    "C": 5,
    "D": 7,
    "h": 24,
    "min": 1440,
    "s": 3600,
}
# Rows to the next coarser unit of a calendar; none is coarser than a year, nor as regular.
_COARSER = {"s": 60, "min": 60, "h": 24, "D": 7, "B": 5, "C": 5, "W": 4, "SM": 2, "M": 12, "Q": 4}
_LEAST_COARSER = 4
# Rows that are forecast where a season says nothing: what the M4 competition asked for.
_HORIZONS = {"Y": 6, "W": 13}
# Longer seasons are those of minutes and seconds; there it is the next coarser unit.
_LONGEST_HORIZON = 100
# A horizon is this part of the usual series at most, so that windows and training have room.
_HORIZON_SHARE = 5
_NAMES = {
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
# This share of the rows of series must be at steps of the frequency.
ON_GRID = 0.9
_DAY = pd.Timedelta("1D")
_MONTH_DAYS = 30.4375
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# Rows on workdays alone prove nothing within two weeks.
_WORKDAYS = 10

# Aliases of pandas before version 2.2, and words.
_OLDER = {
    **{"M": "ME", "Q": "QE", "A": "YE", "Y": "YE", "BM": "BME", "BQ": "BQE", "BA": "BYE"},
    **{"BY": "BYE", "AS": "YS", "BAS": "BYS", "SM": "SME", "H": "h", "T": "min", "S": "s"},
    "L": "ms",
}
_SPOKEN = {
    **dict.fromkeys(("yearly", "year", "years", "annual"), "YS"),
    **dict.fromkeys(("quarterly", "quarter", "quarters"), "QS"),
    **dict.fromkeys(("monthly", "month", "months"), "MS"),
    **dict.fromkeys(("weekly", "week", "weeks"), "W"),
    **dict.fromkeys(("daily", "day", "days"), "D"),
    **dict.fromkeys(("hourly", "hour", "hours", "hr"), "h"),
    **dict.fromkeys(("minute", "minutes"), "min"),
    **dict.fromkeys(("second", "seconds"), "s"),
}


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
    time = np.asarray(time, dtype="datetime64[ns]")
    usual = _usual_step(name, time)
    if usual is None:
        raise DataError(
            "no series has two rows, so that nothing tells how far apart they are",
            remedy="Name the columns that tell series apart (--series), or set the frequency.",
        )
    times = pd.DatetimeIndex(time)
    shares = {
        alias: on_grid(name, time, alias)
        for alias in dict.fromkeys((*_calendar(usual, times), _fixed(usual)))
    }
    found = max(shares, key=lambda alias: shares[alias])
    if shares[found] < ON_GRID:
        raise _no_frequency(usual, times, shares[found], found)
    return canonical(found)


def _usual_step(name: np.ndarray, time: np.ndarray) -> pd.Timedelta | None:
    within = name[1:] == name[:-1]
    steps, counts = np.unique(np.diff(time)[within], return_counts=True)
    return pd.Timedelta(steps[counts.argmax()]) if len(steps) else None


def _calendar(usual: pd.Timedelta, times: pd.DatetimeIndex) -> Iterable[str]:
    """Aliases that a step of days, weeks, months, quarters or years may have."""
    days = usual / _DAY
    months = round(days / _MONTH_DAYS)
    if months and abs(days - months * _MONTH_DAYS) <= 2.6:
        month = _MONTHS[int(times.month.to_series().mode().iloc[0]) - 1]
        unit, many, anchor = "M", months, ""
        if months % 12 == 0:
            unit, many, anchor = "Y", months // 12, f"-{month}"
        elif months == 3:
            unit, many, anchor = "Q", 1, f"-{month}"
        number = str(many) if many > 1 else ""
        return [f"{number}{kind}{anchor}" for kind in _edges(unit)]
    if days == 7:
        return [f"W-{times.day_name().str[:3].str.upper().to_series().mode().iloc[0]}"]
    workdays = bool((times.dayofweek < 5).all()) and len(times) > _WORKDAYS
    return ["B"] if days == 1 and workdays else []


def _edges(unit: str) -> list[str]:
    """A month, quarter or year by its first or last day, or by its first or last workday."""
    return [f"{unit}S", f"{unit}E", f"B{unit}S", f"B{unit}E"]


def _fixed(usual: pd.Timedelta) -> str:
    """The alias of a step of always the same length."""
    return str(pd.tseries.frequencies.to_offset(usual).freqstr)


def _no_frequency(
    usual: pd.Timedelta, times: pd.DatetimeIndex, share: float, nearest: str
) -> TrialbookError:
    """Why rows keep to no frequency, as far as that can be told."""
    if usual >= _DAY:
        check_summer_time(times)
    how = _unit(nearest) if _unit(nearest) in ("Y", "Q", "M", "W", "D") else "D"
    alias = {"Y": "YS", "Q": "QS", "M": "MS"}.get(how, how)
    return DataError(
        f"the rows keep to no frequency: the most common step is {_spoken(usual)}, and"
        f" {share:.0%} of the rows are at such steps",
        place="option frequency",
        remedy="Set a frequency and how rows are put together"
        f" (--frequency {alias} --aggregate mean).",
    )


def check_summer_time(times: pd.DatetimeIndex) -> None:
    """Refuse days and longer steps of a zone with summer time, which is lost in UTC.

    Parameters
    ----------
    times : DatetimeIndex
        That keep to no frequency of a day or longer.

    Raises
    ------
    DataError
        If they are at two times of day, an hour apart.
    """
    of_day = np.unique((times - times.normalize()).to_numpy())
    if len(of_day) == 2 and np.diff(of_day)[0] == np.timedelta64(1, "h"):
        raise DataError(
            "the times of days lie an hour apart in winter and in summer, since those with a zone"
            " are read as UTC",
            place="option time_column",
            remedy="Give local times without a zone.",
        )


def _spoken(step: pd.Timedelta) -> str:
    days = step / _DAY
    return f"{days:g} days" if days >= 2 else str(step).removeprefix("0 days ")


def on_grid(name: np.ndarray, time: np.ndarray, frequency: str) -> float:
    """The share of rows at steps of a frequency, counted from the start of their series.

    Parameters
    ----------
    name : ndarray of shape (n_rows,)
        Series of each row.
    time : ndarray of datetime64[ns], shape (n_rows,)
    frequency : str
    """
    return float(steps_of(name, time, read_frequency(frequency)).on_grid.mean())


def read_frequency(frequency: str) -> pd.DateOffset:
    """The offset of an alias.

    Parameters
    ----------
    frequency : str
        Of pandas, also those before version 2.2 (``M``, ``H``, ``T``), or a word such as
        ``weekly`` or ``days``.

    Returns
    -------
    DateOffset
        Of two names for the same steps always the same: QS-APR is QS-JAN, 60min is h.

    Raises
    ------
    OptionError
        If there is none.
    """
    text = frequency.strip()
    found = re.fullmatch(r"(\d*)([A-Za-z]+)(-\w+)?", text)
    if found:
        text = f"{found[1]}{_OLDER.get(found[2], found[2])}{found[3] or ''}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of names that pandas gives up
            offset = pd.tseries.frequencies.to_offset(_SPOKEN.get(frequency.strip().lower(), text))
    except ValueError:
        offset = None
    if offset is None or offset.n < 1:
        raise OptionError(
            f"'{frequency}' is no frequency",
            place="option frequency",
            remedy="Write it like D, W, MS, QS, YS, h or 15min.",
        )
    return _same_steps(offset)


def _same_steps(offset: pd.DateOffset) -> pd.DateOffset:
    """The offset by which one of all that have these steps is called."""
    if isinstance(offset, pd.offsets.Tick):
        return pd.tseries.frequencies.to_offset(pd.Timedelta(offset))
    if _unit_of(offset) != "Q" or offset.n > 1:
        return offset
    prefix, month = offset.name.split("-")
    # The first quarter of a year begins in its first three months, the last one ends in its last.
    turn = _MONTHS.index(month) % 3
    month = _MONTHS[turn] if prefix.endswith("S") else _MONTHS[9 + turn]
    return pd.tseries.frequencies.to_offset(f"{prefix}-{month}")


def canonical(frequency: str) -> str:
    """The one alias of all that name the same steps; `OptionError` if it is no frequency."""
    return str(read_frequency(frequency).freqstr)


def is_daily_or_coarser(frequency: str) -> bool:
    """Whether steps are a day at least, so that it matters where a day begins."""
    offset = read_frequency(frequency)
    return not isinstance(offset, pd.offsets.Tick) or bool(pd.Timedelta(offset) >= _DAY)


def is_daily_or_finer(frequency: str) -> bool:
    """Whether a row is a day at most, so that it may be a holiday."""
    offset = read_frequency(frequency)
    if isinstance(offset, pd.offsets.Tick):
        return bool(pd.Timedelta(offset) <= _DAY)
    return _unit_of(offset) in ("B", "C") and offset.n == 1


def _unit_of(offset: pd.DateOffset) -> str:
    """Y, Q, M, W, B, D, h, min or s, whatever it is anchored at."""
    unit = offset.name.split("-")[0]
    if unit in _SEASONS:
        return str(unit)
    unit = unit.rstrip("SE")
    return str({"BM": "M", "BQ": "Q", "BY": "Y"}.get(unit, unit))


def _unit(frequency: str) -> str:
    return _unit_of(read_frequency(frequency))


def same_unit(one: str, other: str) -> bool:
    """Whether two frequencies are as long, and differ by where their steps begin at most."""
    return _unit(one) == _unit(other) and read_frequency(one).n == read_frequency(other).n


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
    rows = _SEASONS.get(_unit_of(offset), 1)
    season = rows // offset.n if rows % offset.n == 0 else 1
    return season if 1 < season <= _MOST else 1


def rows_to_coarser(frequency: str) -> int:
    """Rows to the next coarser unit: 7 of days, 4 of weeks, 12 of months; 4 at least.

    Parameters
    ----------
    frequency : str
    """
    offset = read_frequency(frequency)
    return max(_LEAST_COARSER, _COARSER.get(_unit_of(offset), 0) // int(offset.n))


def usual_horizon(frequency: str, season: int, sizes: np.ndarray) -> int:
    """Rows to forecast where nobody says how many.

    Parameters
    ----------
    frequency : str
    season : int
        Rows of a season; 1 if there is none.
    sizes : ndarray of int, shape (n_series,)
        Rows of each series.

    Returns
    -------
    int
        A season, or what suits the frequency; a fifth of the usual series at most.
    """
    offset = read_frequency(frequency)
    wanted = season
    if not 1 < season <= _LONGEST_HORIZON:
        wanted = _HORIZONS.get(_unit_of(offset), rows_to_coarser(frequency))
    return max(1, min(wanted, int(np.median(sizes)) // _HORIZON_SHARE))


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
    word = _NAMES.get(_unit_of(offset))
    if word is None:
        return frequency
    return f"{word} ({frequency})" if offset.n == 1 else f"{offset.n} {word} each ({frequency})"
