"""The part of an experiment that forecasts series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.lifecycle._backtest import Backtest
    from trialbook.lifecycle._handle import Experiment
    from trialbook.models import ForecastModel
    from trialbook.tables import Source as Table


class Forecasting:
    """What the forecasters of `Experiment` say of series."""

    @property
    def _experiment(self) -> Experiment:
        return cast("Experiment", self)

    def forecaster(self, trial: str | int = "best") -> ForecastModel:
        """The model of a trial that forecasts series.

        Parameters
        ----------
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        ForecastModel

        Raises
        ------
        NoModelError
            If the trial has no model.
        OptionError
            If the experiment is no forecast.
        """
        experiment = self._experiment
        return experiment.trial(trial).forecaster(experiment.workspace)

    def fitted(self, trial: str | int = "best") -> pd.DataFrame:
        """What a model says of its training rows, each from the rows before it: one step ahead.

        Parameters
        ----------
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        DataFrame
            Times, series, ``actual`` and ``fitted``; see `ForecastModel.fitted`.

        Raises
        ------
        OptionError
            If the model, or a member of a vote, knows no such values, as networks and models of a
            hierarchy; or the experiment is no forecast.
        """
        return self.forecaster(trial).fitted()

    def backtest(
        self, rows: Table, step: int | None = None, trial: str | int = "best"
    ) -> Backtest:
        """Forecast rows that came since training as time goes on, and measure that.

        Parameters
        ----------
        rows : table
            Rows that follow those of training, with the target and the covariates.
        step : int, optional
            Rows of each series from one origin to the next; the horizon by default.
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        Backtest
            Its `forecasts`; `overall`, the metrics of all of them; `metrics`, a table of these and
            those of each series; `by_step`, by step of the horizon.

        Raises
        ------
        DataError, OptionError
            As in `ForecastModel.rolling`.
        """
        from trialbook.lifecycle._backtest import backtest

        return backtest(self.forecaster(trial), rows, step)

    def forecast(
        self,
        horizon: int | None = None,
        *,
        future: Table | None = None,
        context: Table | None = None,
        quantiles: Sequence[float] | None = None,
        level: str | None = None,
        trial: str | int = "best",
    ) -> pd.DataFrame:
        """Forecast the next rows of every series, or the rows of a table.

        Parameters
        ----------
        horizon, future, context, quantiles, level
            As in `ForecastModel.forecast`.
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        DataFrame of shape (n_rows, n_ids + 2 + n_quantiles)
            Times, series, ``forecast``, and a column for each quantile.

        Raises
        ------
        DataError
            If the rows do not follow the series, or lack a covariate.
        OptionError
            If an option has no such value, or the experiment is no forecast.
        """
        return self.forecaster(trial).forecast(
            horizon, future=future, context=context, quantiles=quantiles, level=level
        )
