"""How the cells of a column are stored, and how messages show them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd


class Storage(StrEnum):
    """How the cells of a column are kept in the table."""

    NUMBER = "number"  # int64 or float64
    BOOL = "bool"  # bool, or object of True, False and None when cells are missing
    STRING = "string"  # object of str; missing cells are NaN
    DATETIME = "datetime"  # datetime64[ns], UTC without a time zone
    NESTED = "nested"  # lists, dictionaries, bytes: kept, never a feature


def as_text(cell: Any) -> str:
    """A cell as text: 3.0 is 3, with a missing cell or a fraction somewhere in its column."""
    whole = isinstance(cell, float | np.floating) and float(cell).is_integer()
    return str(int(cell)) if whole else str(cell)


def storage_of(column: pd.Series) -> Storage:
    """The storage of a column of a normalised table.

    Parameters
    ----------
    column : Series
        Column of a table that `trialbook.data.read_table` returned.

    Returns
    -------
    Storage
    """
    kind = column.dtype.kind
    if kind in "iuf":
        return Storage.NUMBER
    if kind == "b":
        return Storage.BOOL
    if kind == "M":
        return Storage.DATETIME
    present = first_present(column)
    if isinstance(present, (bool, np.bool_)):
        return Storage.BOOL
    return Storage.STRING if present is None or isinstance(present, str) else Storage.NESTED


def first_present(column: pd.Series) -> object:
    """The first cell that is not missing; ``None`` when there is none."""
    position = column.first_valid_index()
    return None if position is None else column.loc[position]


def example(column: pd.Series, mask: np.ndarray) -> tuple[object, int]:
    """The first cell under a mask, and its row as people count rows (from 1).

    Parameters
    ----------
    column : Series
        Any column.
    mask : ndarray of bool, shape (n_rows,)
        Rows in question; at least one is true.

    Returns
    -------
    tuple of (object, int)
    """
    row = int(np.flatnonzero(mask)[0])
    return column.iloc[row], row + 1


def shown(value: object) -> str:
    """A cell as a message shows it: text in quotes and cut short, a number as it is."""
    if isinstance(value, np.generic):
        value = value.item()
    text = str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if isinstance(value, str) else text
