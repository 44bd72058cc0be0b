"""Tabular classification and regression: from a prepared table to what programs need."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook.program import Code, Columns, Frame, MetricCode
from trialbook.tasks._table import Table

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.data import Folds, Schema
    from trialbook.evaluation import Metric

# One-hot or topic columns that a column becomes, for projecting the size of the encoded table.
TEXT_WIDTH = 30
DATE_WIDTH = 7
MAX_ENCODED_LEVELS = 32


@dataclass(frozen=True)
class TabularTask:
    """What all trials of a tabular experiment share.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    schema : Schema
        The columns and the target.
    folds : Folds
        How trials are validated.
    metric : Metric
        What ranks them.
    seed : int
    n_jobs : int
        Threads that a trial may use.
    y : ndarray of shape (n_rows,)
        Codes of the classes, or numbers, of the training table.
    balance : bool
        Whether classes are weighted against their frequency.
    """

    experiment: str
    schema: Schema
    folds: Folds
    metric: Metric
    seed: int
    n_jobs: int
    y: np.ndarray[Any, Any]
    balance: bool = False

    @property
    def columns(self) -> Columns:
        """The used columns by kind."""
        return columns_by_kind(self.schema)

    def table(self) -> Table:
        """The facts that configurations depend on."""
        columns = self.columns
        width = len(columns.numeric) + TEXT_WIDTH * len(columns.text)
        width += DATE_WIDTH * len(columns.datetime)
        # Half of the levels: tree learners take a category as one column, linear ones as many.
        width += sum(1 + min(n, MAX_ENCODED_LEVELS) // 2 for n in columns.categorical.values())
        matrix = self.folds.matrix
        return Table(
            task=self.schema.task,
            n_rows=int((matrix == 1).sum(axis=0).max()),
            n_folds=int(matrix.shape[1]),
            n_classes=len(self.schema.classes),
            columns=columns,
            n_features=width,
            metric=self.metric.name,
            n_jobs=self.n_jobs,
            weighted=self.schema.weight is not None,
            balance=self.balance,
            smallest_class=self._smallest_class(),
        )

    def _smallest_class(self) -> int:
        """Rows of the rarest class in the fold that trains on the fewest of them."""
        n_classes = len(self.schema.classes)
        if not n_classes:
            return 0
        sides = self.folds.matrix.T
        return min(
            int(np.bincount(self.y[side == 1], minlength=n_classes).min()) for side in sides
        )

    def frame(self, data: Code) -> Frame:
        """What is the same in every program of the experiment.

        Parameters
        ----------
        data : Code
            Expression of the path of the training table.
        """
        from trialbook.data import FOLD_COLUMN

        return Frame(
            experiment=self.experiment,
            task=self.schema.task,
            target=self.schema.target,
            classes=self.schema.classes,
            positive=self.schema.positive,
            columns=self.columns,
            fold_columns=tuple(FOLD_COLUMN.format(i) for i in range(self.folds.matrix.shape[1])),
            validation=f"Validated by {self.folds.kind}: {self.folds.description}.",
            weight=self.schema.weight,
            metric=metric_code(self.metric),
            data=data,
            seed=self.seed,
            n_jobs=self.n_jobs,
            balance=self.balance,
        )


def metric_code(metric: Metric) -> MetricCode:
    """The source of a metric, to stand in a program.

    Parameters
    ----------
    metric : Metric

    Returns
    -------
    MetricCode
    """
    return MetricCode(
        name=metric.name,
        function=metric.function.__name__,
        source=inspect.getsource(metric.function).rstrip(),
        imports=metric.imports,
        greater_is_better=metric.greater_is_better,
    )


def columns_by_kind(schema: Schema) -> Columns:
    """Sort the used columns of a schema by what programs do with them.

    Parameters
    ----------
    schema : Schema

    Returns
    -------
    Columns
    """
    from trialbook.data import Semantic

    used = schema.used
    categorical = [c for c in used if c.semantic in (Semantic.CATEGORICAL, Semantic.BOOLEAN)]
    dates = [c for c in used if c.semantic == Semantic.DATETIME]
    return Columns(
        numeric=tuple(c.name for c in used if c.semantic == Semantic.NUMERIC),
        categorical={c.name: c.distinct for c in categorical},
        coded=tuple(c.name for c in categorical if c.storage == "number"),
        datetime={c.name: c.datetime_format for c in dates},
        timed=tuple(
            c.name for c in dates if c.datetime_format is None or is_timed(c.datetime_format)
        ),
        text=tuple(c.name for c in used if c.semantic == Semantic.TEXT),
    )


def is_timed(form: str) -> bool:
    """Whether a date format has a time of day."""
    return form == "ISO8601" or "%H" in form or "%I" in form


def prediction_table(schema: Schema, prediction: np.ndarray[Any, Any]) -> pd.DataFrame:
    """A model's prediction as a table.

    Parameters
    ----------
    schema : Schema
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Class probabilities, or numbers.

    Returns
    -------
    DataFrame
        Classification: columns ``prediction`` (label) and ``probability_<label>``; regression:
        ``prediction``.
    """
    import pandas as pd

    if not schema.classes:
        return pd.DataFrame({"prediction": prediction})
    labels = np.array(schema.classes, dtype=object)[prediction.argmax(axis=1)]
    table = pd.DataFrame({"prediction": labels})
    for position, label in enumerate(schema.classes):
        table[f"probability_{label}"] = prediction[:, position]
    return table.infer_objects()
