"""What a job's data came to: rows, schema, folds and guardrails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook.data._guardrails import Guardrail
from trialbook.data._schema import Schema
from trialbook.data._splits import Folds
from trialbook.data._target import encode
from trialbook.data.series import SERIES_COLUMN, ranges, row_scales


@dataclass(frozen=True)
class Prepared:
    """What a job's data came to.

    Parameters
    ----------
    train : DataFrame
        The used features, the target, the weights if any, and a column per fold
        (`FOLD_COLUMN`) with 1 where a row trains, 0 where it validates, -1 for neither.
    test : DataFrame or None
        The used features, the target, and the weights if the table has them.
    schema : Schema
        Columns and classes.
    folds : Folds
        The design of the validation.
    guardrails : tuple of Guardrail
        Every check, in the order in which they were made.
    positions : ndarray of int, shape (n_train_rows,), optional
        Which row of the job's table each training row is, from 0; -1 for the rows of a separate
        validation table. ``None`` when the rows were read back from an experiment.
    nodes : DataFrame, optional
        The nodes of a hierarchy of series; see `trialbook.data.Hierarchy`. ``None`` as above.
    """

    train: pd.DataFrame
    test: pd.DataFrame | None
    schema: Schema
    folds: Folds
    guardrails: tuple[Guardrail, ...]
    positions: np.ndarray | None = None
    nodes: pd.DataFrame | None = None

    @property
    def truth(self) -> np.ndarray:
        """What predictions of the training rows are compared with.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, 4)
            Codes of the classes, or numbers; of series, the numbers beside their `row_scales`.
        """
        y = np.asarray(encode(self.train[self.schema.target], self.schema.classes))
        if self.schema.series is None:
            return y
        extent = ranges(self.train, self.schema.target)
        return np.column_stack([y, row_scales(self.train, extent)])

    @property
    def series_told(self) -> str:
        """The series in words: their number, frequency, horizon, season; empty for other tasks."""
        spec = self.schema.series
        return "" if spec is None else spec.told(self.train[SERIES_COLUMN].nunique())
