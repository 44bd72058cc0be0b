"""What the checks look at."""

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


Check: TypeAlias = Callable[[Look], Sequence[Guardrail]]
