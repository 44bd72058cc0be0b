"""A forecaster measured on rows that came since training, as time went on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import LEVELS, SERIES_COLUMN, TIME_COLUMN
from trialbook.evaluation import all_metrics
from trialbook.models import ForecastModel

if TYPE_CHECKING:
    from trialbook.tables import Source as Table

ALL = "all"


@dataclass(frozen=True)
class Backtest:
    """Forecasts of rows that came later, and how far they were off.

    Parameters
    ----------
    model : str
        What it is called.
    step, horizon : int
        Rows of each series from one origin to the next, and that are forecast from each.
    forecasts : DataFrame
        ``origin``, times, series, ``actual``, ``forecast`` and its deciles; see
        `ForecastModel.rolling`.
    series : Series of str
        The name of the series of each forecast.
    steps : Series of int
        How far each is from its origin, from 1 on; steps without a row count, too.
    scales : ndarray of shape (n_rows, 3)
        What errors are measured by, in the unit of the leaderboard; see
        `ForecastModel.row_scales`.
    """

    model: str
    step: int
    horizon: int
    forecasts: pd.DataFrame
    series: pd.Series[str]
    steps: pd.Series[int]
    scales: np.ndarray

    def __repr__(self) -> str:
        origins = self.forecasts["origin"].nunique()
        return f"<Backtest of {self.model}: {len(self.forecasts):,} rows, {origins} origins>"

    @property
    def overall(self) -> dict[str, float]:
        """Every metric of forecasting, over all rows."""
        return self._measured(np.ones(len(self.forecasts), dtype=bool))

    @property
    def metrics(self) -> pd.DataFrame:
        """The metrics over all rows and of each series.

        Returns
        -------
        DataFrame
            ``series`` (``all`` in the first row), ``rows``, and a column for each metric; the
            series in the order of their MASE, the worst first.
        """
        return self._table("series", self.series, worst_first=True)

    @property
    def by_step(self) -> pd.DataFrame:
        """As `metrics`, by the step of the horizon, from 1 on, in ``step``."""
        return self._table("step", self.steps, worst_first=False)

    def _table(self, name: str, by: pd.Series, *, worst_first: bool) -> pd.DataFrame:
        parts = [
            {name: one, "rows": int((by == one).sum()), **self._measured((by == one).to_numpy())}
            for one in sorted(by.unique())
        ]
        whole = {name: ALL, "rows": len(by), **self.overall}
        if len(parts) == 1:  # a single series is all
            return pd.DataFrame([whole])
        table = pd.DataFrame(parts)
        if worst_first and "mase" in table:
            table = table.sort_values("mase", ascending=False, kind="stable")
        return pd.concat([pd.DataFrame([whole]), table], ignore_index=True)

    def _measured(self, rows: np.ndarray) -> dict[str, float]:
        found = self.forecasts[rows]
        y = np.column_stack([found["actual"].to_numpy(dtype=float), self.scales[rows]])
        columns = ["forecast", *map(str, LEVELS)]
        with np.errstate(invalid="ignore"):
            return all_metrics("forecasting", y, found[columns].to_numpy(dtype=float))


def backtest(model: ForecastModel, rows: Table, step: int | None = None) -> Backtest:
    """Forecast as time goes on, and measure that; see `Experiment.backtest`."""
    spec = model.schema.series
    if spec is None:
        raise TypeError("the schema has no series")
    step = spec.horizon if step is None else step
    told = model.rolling(rows, step, quantiles=LEVELS)
    series = spec.name_of(told)
    return Backtest(
        model=model.label,
        step=step,
        horizon=spec.horizon,
        forecasts=told,
        series=series,
        steps=_steps(model, series, told[spec.time]) - _steps(model, series, told["origin"]),
        scales=model.row_scales(series),
    )


def _steps(model: ForecastModel, series: pd.Series[str], times: pd.Series[Any]) -> pd.Series[int]:
    """How many steps times are after the ends of their series in training."""
    rows = pd.DataFrame({SERIES_COLUMN: series, TIME_COLUMN: times})
    return pd.Series(model.model.steps_of(rows), index=series.index)
