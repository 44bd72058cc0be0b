"""Forecasting: from prepared series to what programs need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook.data import LookBack
from trialbook.program import Code
from trialbook.program.series import ForecastCode, HierarchyCode, SeriesFrame, forecasting_program
from trialbook.tasks._tabular import metric_code

if TYPE_CHECKING:
    from trialbook.data import Folds, Schema
    from trialbook.evaluation import Metric


@dataclass(frozen=True)
class SeriesTable:
    """What a learner may know of the series when it proposes and writes.

    Parameters
    ----------
    n_rows : int
        Rows before the latest window, of all series.
    n_folds : int
        Windows.
    n_series : int
    shortest, longest : int
        Rows of a series before the latest window.
    span : int
        Rows from the earliest window to the latest.
    season, horizon : int
        Rows.
    frequency : str
        Offset alias of pandas.
    covariates, static : tuple of str
        Columns that are known of the future, and those that tell series apart.
    metric : str
        Name of the metric that ranks.
    n_jobs : int
        Threads that a trial may use.
    holidays : str, optional
        Country whose holidays matter: two letters of ISO 3166-1.
    past_only : tuple of str
        Columns that are not known of the future.
    look_back : LookBack
        How far learners of lags look back.
    positive : bool
        Whether the target is above 0 in all rows.
    """

    n_rows: int
    n_folds: int
    n_series: int
    shortest: int
    longest: int
    span: int
    season: int
    horizon: int
    frequency: str
    covariates: tuple[str, ...]
    static: tuple[str, ...]
    metric: str
    n_jobs: int
    holidays: str | None = None
    past_only: tuple[str, ...] = ()
    look_back: LookBack = field(default_factory=LookBack)
    positive: bool = False
    task: str = "forecasting"
    n_classes: int = 0
    smallest_class: int = 0
    n_features: int = 1

    @property
    def least_known(self) -> int:
        """Rows of the shortest series before the earliest window; below 0 if it is in none."""
        return self.shortest - self.span

    @property
    def most_known(self) -> int:
        """Rows of the longest series before the earliest window."""
        return self.longest - self.span

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that rows have beside their series, their time and the target."""
        return (*self.covariates, *self.static, *self.past_only)


@dataclass(frozen=True)
class ForecastingTask:
    """What all trials of a forecasting experiment share.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    schema : Schema
        The columns, the target and what makes the rows series.
    folds : Folds
        The windows.
    metric : Metric
        What ranks trials.
    seed : int
    n_jobs : int
        Threads that a trial may use.
    sizes : ndarray of int, shape (n_series,)
        Rows of each series.
    positive : bool
        Whether the target is above 0 in all rows.
    """

    experiment: str
    schema: Schema
    folds: Folds
    metric: Metric
    seed: int
    n_jobs: int
    sizes: np.ndarray[Any, Any]
    positive: bool

    def table(self, rows: int | None = None) -> SeriesTable:
        """The facts that configurations depend on; `rows` has no meaning for series."""
        spec = self._spec
        before = np.maximum(0, self.sizes - spec.horizon)
        return SeriesTable(
            n_rows=int(before.sum()),
            n_folds=self.folds.n_folds,
            n_series=len(self.sizes),
            shortest=int(before.min()),
            longest=int(before.max()),
            span=self._span(),
            season=spec.season,
            horizon=spec.horizon,
            frequency=spec.frequency,
            covariates=spec.covariates,
            static=spec.static,
            metric=self.metric.name,
            n_jobs=self.n_jobs,
            holidays=spec.holidays,
            past_only=spec.past_only,
            look_back=spec.look_back,
            positive=self.positive,
        )

    def frame(self, data: Code, rows: int | None = None) -> SeriesFrame:
        """What is the same in every program of the experiment; `rows` has no meaning here.

        Parameters
        ----------
        data : Code
            Expression of the path of the rows.
        """
        from trialbook.data import FOLD_COLUMN

        spec = self._spec
        return SeriesFrame(
            experiment=self.experiment,
            target=self.schema.target,
            frequency=spec.frequency,
            season=spec.season,
            horizon=spec.horizon,
            covariates=spec.covariates,
            static=spec.static,
            fold_columns=tuple(FOLD_COLUMN.format(i) for i in range(self.folds.n_folds)),
            validation=f"Validated by {self.folds.kind}: {self.folds.description}.",
            metric=metric_code(self.metric),
            data=data,
            seed=self.seed,
            n_jobs=self.n_jobs,
            past_only=spec.past_only,
            hierarchy=(
                HierarchyCode(spec.hierarchy_level, spec.reconcile) if spec.hierarchy else None
            ),
        )

    def first_rows(self, rows: int | None) -> int | None:
        """``None``: a trial takes all rows of all series."""
        return None

    def ensembles(self, *, voting: bool, stacking: bool) -> list[str]:
        """Kinds of ensembles that end an experiment: forecasts are blended by a vote alone.

        A few windows hold too few rows for another model on top (Azure ML's default, too).
        """
        return ["voting"] if voting else []

    def program(self, frame: SeriesFrame, code: ForecastCode, *, title: str, summary: str) -> str:
        """The program of a trial; see `trialbook.program.series.forecasting_program`."""
        return forecasting_program(frame, code, title=title, summary=summary)

    def _span(self) -> int:
        """Rows from the earliest window to the latest, as the longest series has them."""
        longest = int(np.argmax(self.sizes))
        begin = int(self.sizes[:longest].sum())
        sides = self.folds.matrix[begin : begin + int(self.sizes[longest])]
        known = (sides == 1).sum(axis=0)  # the rows that train
        return int(known[-1] - known[0])

    @property
    def _spec(self) -> Any:
        return self.schema.series
