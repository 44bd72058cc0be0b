"""Times of series, in whatever way they are written: which way that is, and what they are."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from trialbook.data.series._frequency import read_frequency
from trialbook.data.series._steps import steps_of
from trialbook.errors import DataError
from trialbook.tables.plain import Storage, example, shown, storage_of
from trialbook.tables.text import detect_format, parse, turned

# A few cells may be typing errors (as in other columns of dates).
_SHARE = 0.95
# Beside what strptime knows: 2001Q3 and Q3 2001, and 2001-W05.
QUARTER, WEEK = "quarter", "week"
_QUARTER = re.compile(r"\s*(?:(\d{4})[\s\-/]*[Qq]([1-4])|[Qq]([1-4])[\s\-/]*(\d{4}))\s*")
_WEEK = re.compile(r"\s*(\d{4})[\s\-]*[Ww](\d{1,2})\s*")
# Months without a day, and dates without anything between their parts.
_PERIODS = (
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%m/%Y",
    "%Y/%m",
    "%YM%m",
    "%Y-M%m",
    "%Y%m%d",
    "%Y%m",
    "%Y",
)
# Whole numbers that are dates: how many digits they have.
_DIGITS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d"}
# The years that pandas' times can hold.
_YEARS = (1678, 2261)


def time_form(column: pd.Series, frequency: str | None = None) -> str | None:
    """How the times of a column are written.

    Parameters
    ----------
    column : Series
        Of a normalised table.
    frequency : str, optional
        From row to row, if it is known.

    Returns
    -------
    str or None
        ``None`` for times, else a format of strptime, ``"ISO8601"``, ``"quarter"`` or ``"week"``.
        Where no day above 12 tells whether the month or the day comes first, it is the reading of
        which more rows follow one another at the frequency; without one, or of two as good ones,
        that with the more even steps, of which those from one day of a month to the same of
        another count in months; and of as even ones that with the longer steps, since a table of
        twelve months is likelier than one of the first twelve days of a year.

    Raises
    ------
    DataError
        If it holds no times.
    """
    storage = storage_of(column)
    values = column.dropna().unique()
    if not len(values):
        raise DataError(
            f"the time column '{column.name}' has no times", remedy="Name another column."
        )
    if storage is Storage.DATETIME:
        return None
    found = None
    if storage is Storage.STRING:
        found = _form_of_texts(values, frequency)
    elif storage is Storage.NUMBER:
        found = _form_of_numbers(values)
    if found is None:
        value, row = example(column, column.notna().to_numpy())
        number = storage is Storage.NUMBER
        raise DataError(
            f"the time column '{column.name}' holds {shown(value)},"
            f" which is {'no year and no date' if number else 'not read as a date'}",
            place=f"row {row}",
            remedy="Write dates like 2024-12-31, or name another column."
            + (" Steps that are only counted need dates as far apart." if number else ""),
        )
    return found


def _form_of_numbers(values: np.ndarray) -> str | None:
    if (values != np.floor(values)).any() or (values < 0).any():
        return None
    form = _DIGITS.get(len(str(int(values.max()))))
    if form is None or len(str(int(values.min()))) != len(str(int(values.max()))):
        return None
    years = values // 10 ** (len(str(int(values.max()))) - 4)
    if years.min() < _YEARS[0] or years.max() > _YEARS[1]:
        return None
    return form if read_times(pd.Series(values), form).notna().all() else None


def _form_of_texts(values: np.ndarray, frequency: str | None) -> str | None:
    form = detect_format(values)
    texts = pd.Series(values, dtype=object)
    if form is not None:
        other = turned(form)
        if other == form or read_times(texts, other).isna().any():
            return form
        # Day and month could be either way: series have steps of about one length.
        return min((form, other), key=lambda one: _unlikeliness(read_times(texts, one), frequency))
    for form in (QUARTER, WEEK, *_PERIODS):
        if read_times(texts, form).notna().mean() >= _SHARE:
            return form
    return None


def _unlikeliness(times: pd.Series, frequency: str | None) -> tuple[int, float, float]:
    """The less, the rather the times are those of series; see `time_form`."""
    known = times.dropna().sort_values().drop_duplicates()
    following = 0
    if frequency is not None:
        alone = np.zeros(len(known), dtype=int)
        steps = steps_of(alone, known.to_numpy(), read_frequency(frequency))
        following = int((np.diff(steps.position[steps.on_grid]) == 1).sum())
    length = np.diff(known.to_numpy().astype(np.int64)).astype(float)
    counted = length
    if known.dt.day.nunique() == 1:
        counted = np.diff(12 * known.dt.year + known.dt.month).astype(float)
    if not len(length) or counted.mean() == 0:
        return -following, 0.0, 0.0
    return -following, round(float(counted.std() / counted.mean()), 6), -float(length.mean())


def read_times(column: pd.Series, form: str | None) -> pd.Series:
    """Times, from the way in which they are written.

    Parameters
    ----------
    column : Series
        Of a normalised table.
    form : str or None
        Of `time_form`. A quarter, month, week or year is the time at which it begins.

    Returns
    -------
    Series of datetime64[ns]
        Without a zone; what cannot be read is missing.
    """
    if form is None:
        return pd.to_datetime(column).astype("datetime64[ns]")
    codes, values = pd.factorize(column)
    texts = pd.Series(values, dtype=object)
    if column.dtype.kind in "iuf":
        texts = pd.Series(values).astype("int64").astype(str)
    times = _parsed(texts.astype(object), form).to_numpy(dtype="datetime64[ns]")
    told = np.append(times, np.datetime64("NaT", "ns"))[codes]
    return pd.Series(told, index=column.index, name=column.name)


def write_times(times: pd.Series, form: str | None) -> list[str]:
    """Times as they were written; `read_times` reads them.

    Parameters
    ----------
    times : Series of datetime64[ns]
    form : str or None
        Of `time_form`.

    Returns
    -------
    list of str
    """
    if form is None or form == "ISO8601":
        return [time.isoformat() for time in times]
    if form == QUARTER:
        return [f"{time.year}Q{time.quarter}" for time in times]
    zoned = times.dt.tz_localize("UTC") if "%z" in form else times
    return [time.strftime("%G-W%V" if form == WEEK else form) for time in zoned]


def _parsed(texts: pd.Series, form: str) -> pd.Series:
    if form == QUARTER:
        months = [_first_month(str(text)) for text in texts]
        return parse(pd.Series(months, dtype=object), "%Y-%m")
    if form == WEEK:
        days = [_monday(str(text)) for text in texts]
        return parse(pd.Series(days, dtype=object), "%G-W%V-%u")
    return parse(texts, form)


def _first_month(text: str) -> str | None:
    found = _QUARTER.fullmatch(text)
    return f"{found[1] or found[4]}-{3 * int(found[2] or found[3]) - 2:02}" if found else None


def _monday(text: str) -> str | None:
    found = _WEEK.fullmatch(text)
    return f"{found[1]}-W{int(found[2]):02}-1" if found else None
