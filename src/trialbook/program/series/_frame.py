"""What the programs of a forecasting experiment share, and what a learner writes into one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trialbook.data import LEVELS
from trialbook.program._code import Code
from trialbook.program._tabular import MetricCode


@dataclass(frozen=True)
class ForecastCode:
    """What a learner writes into a forecasting program.

    Parameters
    ----------
    forecaster : Code
        Expression of an object with ``fit(X, y)`` and ``forecast(X)``. It may use ``FREQUENCY``,
        ``SEASON``, ``HORIZON``, ``COVARIATES``, ``STATIC``, ``SEED`` and ``N_JOBS``, and
        ``PAST_ONLY`` where there are such columns.
    imports : tuple of str
        Import lines that it needs.
    snippets : tuple of str
        Names of what it uses in `trialbook.program.series._forecasters` or ``_neural``.
    """

    forecaster: Code
    imports: tuple[str, ...]
    snippets: tuple[str, ...]


@dataclass(frozen=True)
class HierarchyCode:
    """How the forecasts of a program add up.

    Parameters
    ----------
    level : str or None
        The level that is trained; all of them if none.
    reconcile : str
        How the other nodes are made of it; see `trialbook.job.Job`.
    nodes : Code, optional
        Expression of the path of the table of nodes; see `trialbook.data.Hierarchy`.
    """

    level: str | None
    reconcile: str
    nodes: Code | None = None


@dataclass(frozen=True)
class SeriesFrame:
    """What all trials of a forecasting experiment share.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    target : str
        Column to forecast.
    frequency : str
        Offset alias of pandas between two rows of a series.
    season : int
        Rows of a season; 1 if there is none.
    horizon : int
        Rows that are forecast.
    covariates : tuple of str
        Columns that are known of the future.
    static : tuple of str
        Columns that are the same in all rows of a series.
    fold_columns : tuple of str
        One column a window: 1 trains, 0 validates, -1 does neither. The earliest window first.
    validation : str
        One sentence on how trials are validated.
    metric : MetricCode
    data : Code
        Expression of the path of the rows.
    seed : int
    n_jobs : int
        Threads that a trial may use.
    levels : tuple of float
        Quantiles that are forecast.
    server : str, optional
        URI of the MLflow server that keeps the artifacts, when they are not beside the program.
    past_only : tuple of str
        Columns that are not known of the future.
    origin : str
        A sentence on the version of a table that was learned from, if it is one.
    hierarchy : HierarchyCode, optional
        How forecasts of nodes add up, if the series are those of a hierarchy.
    """

    experiment: str
    target: str
    frequency: str
    season: int
    horizon: int
    covariates: tuple[str, ...]
    static: tuple[str, ...]
    fold_columns: tuple[str, ...]
    validation: str
    metric: MetricCode
    data: Code
    seed: int
    n_jobs: int
    levels: tuple[float, ...] = LEVELS
    server: str | None = None
    past_only: tuple[str, ...] = ()
    origin: str = ""
    hierarchy: HierarchyCode | None = None

    def in_hierarchy(self, nodes: Code) -> SeriesFrame:
        """The same, with the path of the nodes if the series are those of a hierarchy."""
        if self.hierarchy is None:
            return self
        return replace(self, hierarchy=replace(self.hierarchy, nodes=nodes))
