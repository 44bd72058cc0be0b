"""Rows in groups by what stands in a column, with names that people can read."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING = "missing"
OTHERS = "others"
# More values than these are a scale, which is cut into parts of equal size.
MOST_VALUES = 6


@dataclass(frozen=True)
class Groups:
    """The groups of a column.

    Parameters
    ----------
    column : str
    codes : ndarray of int, shape (n_rows,)
        Position in `labels` of each row's group.
    labels : tuple of str
        Such as ``30 to 45``; missing cells come last.
    """

    column: str
    codes: np.ndarray
    labels: tuple[str, ...]

    @property
    def counts(self) -> np.ndarray:
        """Rows of each group."""
        return np.bincount(self.codes, minlength=len(self.labels))


def groups_of(column: pd.Series, most: int = 10, parts: int = 4, least: int = 1) -> Groups:
    """Cut a column into groups.

    Parameters
    ----------
    column : Series
        Numbers, dates (``datetime64``) or texts (``object``, NaN where missing).
    most : int
        Groups of texts: the most frequent ones, and all others together.
    parts : int
        Groups of numbers and dates, of about equal size, unless there are few values.
    least : int
        Rows of a group of texts; those of fewer go to the others.

    Returns
    -------
    Groups
        Without groups that have no rows.
    """
    is_text = column.dtype == object
    codes, labels = _texts(column, most, least) if is_text else _scale(column, parts)
    missing = column.isna().to_numpy()
    if missing.any():
        codes = np.where(missing, len(labels), codes)
        labels = [*labels, MISSING]
    kept, codes = np.unique(codes, return_inverse=True)
    return Groups(str(column.name), codes, tuple(labels[place] for place in kept))


def crossed(one: Groups, other: Groups) -> Groups:
    """The groups that two columns make together, without empty ones."""
    codes = one.codes * len(other.labels) + other.codes
    kept, codes = np.unique(codes, return_inverse=True)
    labels = [
        f"{one.column} {first}, {other.column} {second}"
        for first in one.labels
        for second in other.labels
    ]
    name = f"{one.column}, {other.column}"
    return Groups(name, codes, tuple(labels[place] for place in kept))


def between(low: float, high: float) -> float:
    """The shortest number from `low` up to, but not with, `high`: a cut that reads well.

    Examples
    --------
    >>> between(59.0, 61.0), between(0.12345, 0.13), between(3.0, 3.0000001)
    (60.0, 0.125, 3.0)
    """
    if low <= 0 < high:
        return 0.0
    middle = low + (high - low) / 2
    for digits in range(1, 17):
        for value in (middle, low, high):
            rounded = float(f"{value:.{digits}g}")
            if low <= rounded < high:
                return rounded
    return low


def cut_between(low: float, high: float, *, dated: bool) -> float:
    """A cut from `low` up to, but not with, `high` that reads well; of dates the end of a day."""
    if not dated:
        return between(low, high)
    day = float(pd.Timestamp(int(low)).ceil("D").value)
    return day if day < high else low


def number(value: float) -> str:
    """A number with all of its digits and no more.

    Examples
    --------
    >>> number(60.0), number(0.125), number(1250000.0)
    ('60', '0.125', '1,250,000')
    """
    if value == math.floor(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.12g}" if abs(value) >= 1000 else f"{value:.12g}"


def moment(value: float) -> str:
    """Nanoseconds since 1970 as a date, with the time if it is not midnight."""
    time = pd.Timestamp(int(value))
    return str(time.date()) if time == time.normalize() else str(time.floor("s"))


def as_numbers(column: pd.Series) -> np.ndarray:
    """A column of numbers or dates as floats; dates are nanoseconds since 1970."""
    if column.dtype.kind == "M":
        values = column.to_numpy("datetime64[ns]").astype(np.int64).astype(float)
        return np.asarray(np.where(column.isna().to_numpy(), math.nan, values))
    return np.asarray(column.to_numpy(dtype=float, na_value=math.nan))


def _texts(column: pd.Series, most: int, least: int) -> tuple[np.ndarray, list[str]]:
    counts = column.value_counts()
    large = counts[counts >= least]
    kept = list(large.index[: most if len(counts) <= most else most - 1])
    places = {text: place for place, text in enumerate(kept)}
    codes = column.map(places).fillna(len(kept)).to_numpy(dtype=int)
    return codes, [*map(str, kept), OTHERS]


def _scale(column: pd.Series, parts: int) -> tuple[np.ndarray, list[str]]:
    values = as_numbers(column)
    dated = column.dtype.kind == "M"
    known = np.unique(values[~np.isnan(values)])
    if len(known) <= MOST_VALUES:
        codes = np.searchsorted(known, values)
        return codes, [moment(one) if dated else number(one) for one in known]
    wanted = np.nanquantile(values, np.arange(1, parts) / parts)
    edges = np.unique([_cut(known, edge, dated) for edge in wanted])
    names = [moment(one) if dated else number(one) for one in edges]
    labels = [f"up to {names[0]}"]
    labels += [f"{low} to {high}" for low, high in itertools.pairwise(names)]
    return np.searchsorted(edges, values), [*labels, f"above {names[-1]}"]


def _cut(known: np.ndarray, edge: float, dated: bool) -> float:
    """A cut near an edge that parts the values alike."""
    place = min(max(1, int(np.searchsorted(known, edge, side="right"))), len(known) - 1)
    return cut_between(float(known[place - 1]), float(known[place]), dated=dated)
