"""Dates written as text: which format they follow, by evidence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection
from functools import lru_cache

import numpy as np
import pandas as pd

# A sample of distinct values is enough to tell text from dates; ties between formats are then
# settled on more of them.
_SAMPLE = 200
_TIE_SAMPLE = 20_000

# A date column may hold a few typing errors; below this share it is text.
PARSED_SHARE = 0.95

# A column filled from several places may have dates in several formats. Each of them has at least
# this share of the cells; what is rarer is a typing error.
_MOST_FORMATS = 4
_FORMAT_SHARE = 0.02

_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%m/%d/%Y",  # before day-first, and so the choice when no day above 12 tells: pandas' habit
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%Y-%b-%d",
)
_TIMES = (
    " %H:%M:%S",
    " %H:%M",
    "T%H:%M:%S",
    " %H:%M:%S.%f",
    "T%H:%M:%S.%f",
    "T%H:%M",
    " %I:%M:%S %p",
    " %I:%M %p",
)
_ZONED = (
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M%z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
    "%d/%b/%Y:%H:%M:%S %z",
)
# Month and day may share one slash form with two meanings: these are compared by how many
# values each one reads.
FORMATS = (
    *_DATES,
    *(date + time for date in _DATES for time in _TIMES),
    *_ZONED,
    "%Y-%m",
    "ISO8601",
)

# Cheap test that spares nearly every text column the parsing: digits on one side, and a
# separator between two parts. Plain numbers and times of day are no dates.
_DATE_LIKE = re.compile(r"\s*\w+,?[-/. ]\s*\w+.*")
_DIGIT = re.compile(r"\d")
_DIGITS, _LETTERS, _BLANKS = (re.compile(one) for one in (r"\d+", r"[^\W\d_]+", r"\s+"))


def _shape(text: str) -> str:
    """Where digits, letters and other signs stand: what a date and its format have in common."""
    return _BLANKS.sub(" ", _LETTERS.sub("A", _DIGITS.sub("9", text)))


def _format_shape(form: str) -> str | None:
    """The shape of what a format reads; ``None`` where that may have several."""
    if form == "ISO8601" or "%z" in form:
        return None
    return _shape(re.sub("%[bBap]", "A", re.sub("%[YymdHIMSf]", "9", form)))


_SHAPES = {form: _format_shape(form) for form in FORMATS}


def detect_format(values: np.ndarray, *, share: float = PARSED_SHARE) -> str | None:
    """The format that nearly all of some strings follow.

    Parameters
    ----------
    values : ndarray of str
        Distinct values, none missing.
    share : float, optional
        Part of the values that must parse.

    Returns
    -------
    str or None
        A strptime format, or ``"ISO8601"`` when ISO dates of several precisions are mixed;
        ``None`` when the strings are no dates.

    Notes
    -----
    Where both ``%m/%d/%Y`` and ``%d/%m/%Y`` are possible, the one that reads more values wins;
    if no day is above 12 the month goes first, as in pandas.
    """
    sample = _spread(values, _SAMPLE)
    if not _look_like_dates(sample, share):
        return None
    shares = _shares(tuple(sample))
    fitting = [form for form, found in zip(FORMATS, shares, strict=True) if found >= share]
    if not fitting:
        return None
    candidates = [form for form in fitting if form != "ISO8601"] or ["ISO8601"]
    if len(candidates) > 1:
        more = _spread(values, _TIE_SAMPLE)
        return max(candidates, key=lambda form: parsed_share(more, form))
    return candidates[0]


def mixed_formats(values: np.ndarray) -> tuple[str, ...]:
    """The formats of strings that are dates, but not all in one format.

    Parameters
    ----------
    values : ndarray of str
        Distinct values, none missing.

    Returns
    -------
    tuple of str
        Those that read most first; empty where one format is enough, or the strings are no dates.
    """
    sample = _spread(values, _SAMPLE)
    if not _look_like_dates(sample, PARSED_SHARE) or detect_format(values) is not None:
        return ()
    found: list[str] = []
    rest = sample
    while len(rest) and len(found) < _MOST_FORMATS:
        shares = _shares(tuple(rest))
        best = FORMATS[shares.index(max(shares))]
        read = parse(pd.Series(rest, dtype=object), best).notna().to_numpy()
        if read.sum() < max(1, _FORMAT_SHARE * len(sample)):
            break
        found.append(best)
        rest = rest[~read]
    enough = len(rest) <= (1 - PARSED_SHARE) * len(sample)
    return tuple(found) if enough and len(found) > 1 else ()


def turned(form: str) -> str:
    """The format with month and day the other way round, or the same if nobody writes so."""
    other = form.replace("%m", "%%").replace("%d", "%m").replace("%%", "%d")
    return other if other in FORMATS else form


def contradicting(formats: Collection[str]) -> bool:
    """Whether some formats differ by the order of month and day alone: 03/04 is then two days."""
    return any(turned(form) != form and turned(form) in formats for form in formats)


def in_one_format(values: np.ndarray, formats: Collection[str]) -> np.ndarray:
    """Dates of several formats, written anew in ISO's.

    Parameters
    ----------
    values : ndarray of str
        None missing.
    formats : collection of str
        Tried in this order.

    Returns
    -------
    ndarray of str
        What follows none of them is as it was.
    """
    texts = pd.Series(values, dtype=object)
    times = parse(texts, next(iter(formats)))
    for form in formats:
        times = times.fillna(parse(texts[times.isna()], form))
    timed = any(form == "ISO8601" or "%H" in form or "%I" in form for form in formats)
    written = times.dt.strftime("%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d").astype(object)
    return np.asarray(written.where(times.notna(), texts), dtype=object)


@lru_cache(maxsize=64)  # reader and detection look at the same columns
def _shares(sample: tuple[str, ...]) -> tuple[float, ...]:
    """The part of a sample that each format reads."""
    values = np.array(sample, dtype=object)
    shapes = {_shape(value) for value in sample}
    return tuple(
        parsed_share(values, form) if shape is None or shape in shapes else 0.0
        for form, shape in _SHAPES.items()
    )


def parsed_share(values: np.ndarray, form: str) -> float:
    """The part of some strings that a format reads."""
    return float(parse(pd.Series(values, dtype=object), form).notna().mean())


def parse(column: pd.Series, form: str) -> pd.Series:
    """Read strings as times.

    Parameters
    ----------
    column : Series of str
        Strings; missing ones stay missing.
    form : str
        A format that `detect_format` returned.

    Returns
    -------
    Series of datetime64[ns]
        UTC without a zone; what does not follow the format is missing.
    """
    with warnings.catch_warnings():
        # Mixed time zones are read as UTC on purpose.
        warnings.simplefilter("ignore", FutureWarning)
        times = pd.to_datetime(column, format=form, errors="coerce", utc=True)
    return times.dt.tz_localize(None).astype("datetime64[ns]")


def _look_like_dates(sample: np.ndarray, share: float) -> bool:
    looks = sum(_looks_like_date(value) for value in sample[:20])
    return looks > 0 and looks >= share * min(len(sample), 20)


def _looks_like_date(value: str) -> bool:
    return bool(
        6 <= len(value) <= 40 and _DIGIT.search(value) is not None and _DATE_LIKE.match(value)
    )


def _spread(values: np.ndarray, size: int) -> np.ndarray:
    if len(values) <= size:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, size).astype(int)])
