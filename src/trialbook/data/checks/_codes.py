"""Columns as small whole numbers.

What one column says about another, or what two tables have in common, is then a matter of
counting.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.data._sampling import some_rows
from trialbook.tables.plain import Storage
from trialbook.tables.text import parse

# Of tens of thousands of columns, fewer rows would tell nothing.
FEWEST = 200


def sampled_rows(n_rows: int, n_columns: int, *, rows: int, cells: int) -> np.ndarray:
    """Positions of rows that stand for all, in order; the same ones at each call.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the table.
    rows, cells : int
        How many may be looked at; `FEWEST` rows in any case.

    Returns
    -------
    ndarray of int
    """
    return some_rows(n_rows, max(FEWEST, min(rows, cells // max(1, n_columns))))


def times_of(values: pd.Series, column: Column) -> pd.Series:
    """The cells of a datetime column as datetime64[ns], each different text read once."""
    if values.dtype.kind == "M":
        return values
    codes, texts = pd.factorize(values)
    read = parse(pd.Series(texts, dtype=object), str(column.datetime_format)).to_numpy()
    times = np.append(read, np.datetime64("NaT", "ns"))[codes]
    return pd.Series(times, index=values.index)


def measures(values: pd.Series, column: Column) -> np.ndarray | None:
    """Numbers, or times as numbers, as float64 with NaN; ``None`` for other columns."""
    if column.semantic is Semantic.DATETIME:
        times = times_of(values, column)
        return np.where(times.isna(), np.nan, times.to_numpy().astype(np.int64) / 1e9)
    if column.semantic is not Semantic.NUMERIC:
        return None
    if column.storage == Storage.NUMBER and values.dtype.kind not in "iuf":
        values = pd.to_numeric(values, errors="coerce")  # text that is to be numbers by request
    return np.asarray(values, dtype=np.float64)


def edges_of(numbers: np.ndarray, bins: int) -> np.ndarray:
    """Where to cut numbers so that about as many are in each bin; equal ones stay together."""
    present = np.sort(numbers[~np.isnan(numbers)])
    if not len(present):
        return present
    cuts = present[np.linspace(0, len(present) - 1, bins + 1).round().astype(int)[1:]]
    return np.unique(cuts)[:-1]


def cut(numbers: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The bin of each number from 1; 0 where it is missing."""
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers) + 1)


def codes_of(values: pd.Series, column: Column, bins: int) -> np.ndarray:
    """A column as whole numbers: bins of numbers and times, levels of anything else; 0 is missing.

    Parameters
    ----------
    values : Series
        Some of the column's cells.
    column : Column
    bins : int
        Into how many parts numbers are cut; fewer different ones are levels.

    Returns
    -------
    ndarray of int, shape (n_rows,)
    """
    numbers = measures(values, column)
    if numbers is None or column.distinct <= bins:
        return np.asarray(pd.factorize(values)[0]) + 1
    return cut(numbers, edges_of(numbers, bins))
