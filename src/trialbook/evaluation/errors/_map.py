"""The mean loss by two columns: a heat map as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook.errors import OptionError, nearest
from trialbook.evaluation._groups import groups_of
from trialbook.evaluation.errors._losses import Losses

# Rows and columns of the map that a page has room for.
MOST_GROUPS, PARTS = 10, 6
# A mean of fewer rows says nothing.
LEAST_CELL = 10


@dataclass(frozen=True)
class Cell:
    """One field of the map.

    Parameters
    ----------
    rows : int
    loss : float or None
        Mean loss; None without rows.
    low, high : float or None
        Interval of 95 %; None for fewer than 10 rows.
    """

    rows: int
    loss: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_sure(self) -> bool:
        """Whether there are rows enough to look at."""
        return self.low is not None


@dataclass(frozen=True)
class ErrorMap:
    """The mean loss by one or two columns.

    Parameters
    ----------
    columns : tuple of str
        One or two.
    down, across : tuple of str
        Groups of the first column, and of the second: one that is empty, if there is none.
    cells : tuple of tuple of Cell
        Line by line.
    """

    columns: tuple[str, ...]
    down: tuple[str, ...]
    across: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]


def error_map(rows: pd.DataFrame, losses: Losses, columns: Sequence[str]) -> ErrorMap:
    """Cut one or two columns into groups, and see how the model does on each.

    Parameters
    ----------
    rows : DataFrame
        As in `analyse_errors`.
    losses : Losses
    columns : sequence of str
        One or two of its columns.

    Returns
    -------
    ErrorMap

    Raises
    ------
    OptionError
        If a column is not there, or there are more than two.
    """
    for name in columns:
        if name not in rows:
            raise OptionError(
                f"there is no column '{name}'",
                place="option by",
                remedy=nearest(name, rows.columns),
            )
    if not 1 <= len(columns) <= 2:
        raise OptionError(
            f"a map is of one or two columns, not of {len(columns)}",
            place="option by",
            remedy="Name two, such as age,job.",
        )
    first = groups_of(rows[columns[0]], MOST_GROUPS, PARTS, LEAST_CELL)
    codes = np.zeros(len(rows), dtype=int)
    across: tuple[str, ...] = ("",)
    if len(columns) == 2:
        second = groups_of(rows[columns[1]], MOST_GROUPS, PARTS, LEAST_CELL)
        codes, across = second.codes, second.labels
    cells = tuple(
        tuple(
            _cell(losses, np.flatnonzero((first.codes == one) & (codes == other)))
            for other in range(len(across))
        )
        for one in range(len(first.labels))
    )
    return ErrorMap(tuple(columns), first.labels, across, cells)


def _cell(losses: Losses, rows: np.ndarray) -> Cell:
    if not len(rows):
        return Cell(0)
    mean = float(losses.values[rows].mean())
    if len(rows) < LEAST_CELL:
        return Cell(len(rows), mean)
    low, high = losses.interval(rows)
    return Cell(len(rows), mean, low, high)
