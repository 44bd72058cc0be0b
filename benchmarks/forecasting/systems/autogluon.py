"""AutoGluon's predictor of series, without what downloads weights."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

from benchmarks.forecasting.systems.shared import (
    FORECAST,
    ID,
    LEVELS,
    TARGET,
    TIME,
    Adapter,
    Request,
    Window,
    filled,
    main,
    regular,
)

# StatsForecast reads it when it is imported: what was compiled is kept for further processes.
os.environ["NIXTLA_NUMBA_CACHE"] = "1"
# Their weights are fetched from a hub when they are used.
PRETRAINED = ["Chronos", "Chronos2", "Toto", "Toto2"]


class AutoGluon(Adapter):
    """A preset, named in the parameters."""

    rolls = True

    def start(self, request: Request) -> None:
        """Have compiled what its statistical models need, which is no training."""
        from statsforecast.models import DynamicOptimizedTheta, Theta

        values = 10 + np.sin(np.arange(60.0))
        for model in (Theta, DynamicOptimizedTheta):
            model(season_length=12).forecast(values, h=2, level=[80])

    def fit(self, request: Request) -> None:
        """Fit with a time limit."""
        self.request = request
        self.predictor = TimeSeriesPredictor(
            target=TARGET,
            prediction_length=request.horizon,
            freq=request.frequency,
            eval_metric="MASE",
            eval_metric_seasonal_period=request.season,
            quantile_levels=[float(level) for level in LEVELS],
            known_covariates_names=request.known or None,
            path=str(request.scratch / "models"),
        )
        self.predictor.fit(
            self.as_series(regular(request.train, request.frequency)),
            time_limit=request.budget_s,
            excluded_model_types=PRETRAINED,
            random_seed=request.seed,
            **request.params,
        )

    def as_series(self, rows: pd.DataFrame) -> TimeSeriesDataFrame:
        """Rows as AutoGluon takes them; what tells series apart are static features."""
        request = self.request
        static = [name for name in [*request.ids, *request.static] if name != ID]
        features = rows.drop_duplicates(ID)[[ID, *static]]
        return TimeSeriesDataFrame.from_data_frame(
            rows[[ID, TIME, TARGET, *request.known, *request.past_only]],
            id_column=ID,
            timestamp_column=TIME,
            static_features_df=features if static else None,
        )

    def forecast(self, window: Window) -> pd.DataFrame:
        """The forecast of its best model."""
        known, future = self.request.known, None
        history, ahead = filled(window, known, self.request.frequency)
        if known:
            future = TimeSeriesDataFrame.from_data_frame(
                ahead, id_column=ID, timestamp_column=TIME
            )
        told = self.predictor.predict(self.as_series(history), known_covariates=future)
        table = told.reset_index().rename(columns={"item_id": ID, "timestamp": TIME})
        # A MASE is least for the median, which is what AutoGluon takes for its own, too.
        return table.assign(**{FORECAST: table["0.5"]})

    def models(self) -> list[str]:
        """Those of its leaderboard, ensembles included."""
        return list(self.predictor.model_names())


if __name__ == "__main__":
    main(AutoGluon())
