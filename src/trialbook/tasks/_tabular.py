"""Tabular classification and regression: from a prepared table to what programs need."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook.orders import Orders
from trialbook.program import (
    Code,
    Columns,
    Frame,
    MetricCode,
    ModelCode,
    category_width,
    tabular_program,
)
from trialbook.tasks._table import Table

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.data import Folds, Schema
    from trialbook.evaluation import Metric

# One-hot or topic columns that a column becomes, for projecting the size of the encoded table.
TEXT_WIDTH = 30
DATE_WIDTH = 7
# From so many columns that are zero in at least this share of the rows, a table is taken for a
# bag of words: unit variance would there blow up what occurs once.
MIN_COUNT_COLUMNS = 50
MIN_ZEROS = 0.8


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
    counts : tuple of str
        Numeric columns that count things which are mostly absent; see `count_columns`.
    orders : Orders
        What was asked of the features.
    """

    experiment: str
    schema: Schema
    folds: Folds
    metric: Metric
    seed: int
    n_jobs: int
    y: np.ndarray[Any, Any]
    balance: bool = False
    counts: tuple[str, ...] = ()
    orders: Orders = field(default_factory=Orders)

    @property
    def columns(self) -> Columns:
        """The used columns by kind."""
        return columns_by_kind(self.schema, self.counts, self.orders)

    @functools.cached_property
    def fewest_rows(self) -> int:
        """The fewest rows that a trial of a big table can train on; see `Folds.growable`."""
        return int(self._trained[self._least - 1])

    def first_rows(self, rows: int | None) -> int | None:
        """How many first rows of the table a trial needs to train on so many rows of a fold.

        Parameters
        ----------
        rows : int, optional
            ``None`` for all.

        Returns
        -------
        int or None
            ``None`` if it takes the whole table.
        """
        if rows is None or not self.folds.growable:
            return None
        needed = max(self._least, 1 + int(np.searchsorted(self._trained, rows)))
        return None if needed >= len(self.y) else needed

    @functools.cached_property
    def _trained(self) -> np.ndarray[Any, Any]:
        from trialbook.data import trained_rows

        return trained_rows(self.folds.matrix)

    @functools.cached_property
    def _least(self) -> int:
        from trialbook.data import least_rows

        return least_rows(
            self.folds.matrix, self.y, classification=self.schema.task == "classification"
        )

    def table(self, rows: int | None = None) -> Table:
        """The facts that configurations depend on.

        Parameters
        ----------
        rows : int, optional
            Rows that a fold trains on, if not all.
        """
        columns = self.columns
        first = self.first_rows(rows)
        width = len(columns.numeric) + TEXT_WIDTH * len(columns.text)
        width += DATE_WIDTH * len(columns.datetime)
        levels = sum(category_width(columns, name, "one_hot") for name in columns.categorical)
        codes = sum(category_width(columns, name, "codes") for name in columns.categorical)
        matrix = self.folds.matrix[:first]
        return Table(
            task=self.schema.task,
            n_rows=int((matrix == 1).sum(axis=0).max()),
            n_folds=int(matrix.shape[1]),
            n_classes=len(self.schema.classes),
            columns=columns,
            n_features=width + levels,
            n_coded=width + codes,
            metric=self.metric.name,
            n_jobs=self.n_jobs,
            weighted=self.schema.weight is not None,
            balance=self.balance,
            smallest_class=self._smallest_class(matrix),
        )

    def _smallest_class(self, matrix: np.ndarray[Any, Any]) -> int:
        """Rows of the rarest class in the fold that trains on the fewest of them."""
        n_classes = len(self.schema.classes)
        if not n_classes:
            return 0
        y = self.y[: len(matrix)]
        return min(int(np.bincount(y[side == 1], minlength=n_classes).min()) for side in matrix.T)

    def ensembles(self, *, voting: bool, stacking: bool) -> list[str]:
        """Kinds of ensembles that end an experiment, of those that are asked for."""
        return [kind for kind, on in (("voting", voting), ("stacking", stacking)) if on]

    def program(self, frame: Frame, code: ModelCode, *, title: str, summary: str) -> str:
        """The program of a trial; see `trialbook.program.tabular_program`."""
        return tabular_program(frame, code, title=title, summary=summary)

    def frame(self, data: Code, rows: int | None = None) -> Frame:
        """What is the same in every program of the experiment.

        Parameters
        ----------
        data : Code
            Expression of the path of the training table.
        rows : int, optional
            Rows that a fold trains on, if not all.
        """
        from trialbook.data import FOLD_COLUMN

        return Frame(
            experiment=self.experiment,
            task="classification" if self.schema.classes else "regression",
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
            rows=self.first_rows(rows),
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


def count_columns(schema: Schema, rows: pd.DataFrame) -> tuple[str, ...]:
    """The columns of a bag of words, or of anything like it.

    Parameters
    ----------
    schema : Schema
    rows : DataFrame
        The training table.

    Returns
    -------
    tuple of str
        Numeric columns without negative values that are mostly zero; empty if there are few, for
        then they are measurements that happen to be zero.
    """
    numeric = columns_by_kind(schema).numeric
    if len(numeric) < MIN_COUNT_COLUMNS:
        return ()
    values = rows[list(numeric)].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        counts = (values == 0).mean(axis=0) >= MIN_ZEROS
        counts &= ~(values < 0).any(axis=0)
    found = tuple(name for name, is_count in zip(numeric, counts, strict=True) if is_count)
    return found if len(found) >= MIN_COUNT_COLUMNS else ()


def columns_by_kind(
    schema: Schema, counts: tuple[str, ...] = (), orders: Orders | None = None
) -> Columns:
    """Sort the used columns of a schema by what programs do with them.

    Parameters
    ----------
    schema : Schema
    counts : tuple of str
        Those of the numeric columns that `count_columns` found.
    orders : Orders, optional
        What was asked of the features.

    Returns
    -------
    Columns
    """
    from trialbook.data import Semantic

    used = schema.used
    # A boolean that is stored as 0 and 1 is a number already.
    flags = {c.name for c in used if c.semantic == Semantic.BOOLEAN and c.storage == "number"}
    kinds = (Semantic.CATEGORICAL, Semantic.BOOLEAN)
    categorical = [c for c in used if c.semantic in kinds and c.name not in flags]
    dates = [c for c in used if c.semantic == Semantic.DATETIME]
    return Columns(
        numeric=tuple(c.name for c in used if c.semantic == Semantic.NUMERIC or c.name in flags),
        counts=counts,
        categorical={c.name: c.distinct for c in categorical},
        coded=tuple(c.name for c in categorical if c.storage == "number"),
        datetime={c.name: c.datetime_format for c in dates},
        timed=tuple(
            c.name for c in dates if c.datetime_format is None or is_timed(c.datetime_format)
        ),
        text=tuple(c.name for c in used if c.semantic == Semantic.TEXT),
        orders=orders or Orders(),
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
