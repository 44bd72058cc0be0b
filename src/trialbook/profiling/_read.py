"""Reading a table for its profile: all of it, or as many rows as are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trialbook.data import some_rows
from trialbook.tables import Source, open_big, read_whole

# Cells that are looked at: a million rows of 30 columns take eight seconds on one core, and a
# figure of a million rows does not change with more.
MOST_CELLS = 30_000_000
# Of a table of many columns, rows enough to tell types and quantiles.
LEAST_ROWS = 10_000
# What the rows that are looked at may take in memory.
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Looked:
    """The rows that are looked at.

    Parameters
    ----------
    frame : DataFrame
        Normalised.
    rows : ndarray of int
        Which row of the table each one is, from 0.
    n_rows : int
        Rows of the whole table.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    n_rows: int


def look(source: Source, workspace: str | Path | None) -> Looked:
    """Read the rows that a profile looks at.

    Parameters
    ----------
    source : Source
    workspace : str or Path, optional
        As in `read_table`.

    Returns
    -------
    Looked

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    big = open_big(source, workspace=workspace)
    if big is not None:
        rows = _drawn(big.n_rows, len(big.names), big.row_bytes)
        if len(rows) < big.n_rows:
            mask = np.zeros(big.n_rows, dtype=bool)
            mask[rows] = True
            return Looked(big.read(rows=mask), rows, big.n_rows)
    return some_of(read_whole(source, big, workspace=workspace))


def some_of(frame: pd.DataFrame) -> Looked:
    """The rows that are looked at of a normalised table in memory."""
    rows = _drawn(len(frame), frame.shape[1], 0.0)
    if len(rows) < len(frame):
        return Looked(frame.take(rows).reset_index(drop=True), rows, len(frame))
    return Looked(frame, rows, len(frame))


def _drawn(n_rows: int, n_columns: int, row_bytes: float) -> np.ndarray:
    """Positions of the rows that are looked at, in their order."""
    most = max(LEAST_ROWS, MOST_CELLS // n_columns)
    if row_bytes:
        most = min(most, int(MOST_BYTES / row_bytes))
    return some_rows(n_rows, most)
