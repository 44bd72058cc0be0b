"""What the checks look at: the training rows alone, or all sets of rows together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from trialbook.data._guardrails import Guardrail, row_numbers
from trialbook.data._schema import Schema


@dataclass(frozen=True)
class Look:
    """The training rows, before columns were dropped.

    Parameters
    ----------
    table : DataFrame
        Normalised; no target is missing.
    positions : ndarray of int, shape (n_rows,)
        Which row of the job's table each is, from 0.
    schema : Schema
        What was detected in them.
    time_column : str, optional
        The column by which rows are ordered in time.
    """

    table: pd.DataFrame
    positions: np.ndarray
    schema: Schema
    time_column: str | None = None

    def rows(self, mask: np.ndarray) -> tuple[int, ...]:
        """The first rows under a mask, numbered as in the job's table from 1."""
        return row_numbers(self.positions[mask])


@dataclass(frozen=True)
class Part:
    """The rows of one set, as models will see them.

    Parameters
    ----------
    frame : DataFrame
        The features and the target.
    positions : ndarray of int, shape (n_rows,)
        Which row of its table each is, from 0.
    name : str
        Training, validation or test.
    separate : bool
        Whether its table is another one than the job's.
    """

    frame: pd.DataFrame
    positions: np.ndarray
    name: str
    separate: bool = False

    def rows(self, mask: np.ndarray) -> tuple[int, ...]:
        """The first rows under a mask, numbered as in their table from 1."""
        return row_numbers(self.positions[mask])


@dataclass(frozen=True)
class Sets:
    """All sets of rows.

    Parameters
    ----------
    train : Part
    others : tuple of Part
        Separate validation rows, and test rows, if there are any.
    schema : Schema
    sides : ndarray of int8, shape (n_train_rows, n_folds)
        The folds of the training rows, as in `trialbook.data.Folds`.
    time_column : str, optional
        The column by which rows are ordered in time.
    """

    train: Part
    others: tuple[Part, ...]
    schema: Schema
    sides: np.ndarray
    time_column: str | None = None


Check: TypeAlias = Callable[[Look], Sequence[Guardrail]]
SetCheck: TypeAlias = Callable[[Sets], Sequence[Guardrail]]
