"""FLAML's search for a model of a series: one for each of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from flaml import AutoML

from benchmarks.forecasting.systems.shared import (
    FORECAST,
    ID,
    TARGET,
    TIME,
    Adapter,
    Request,
    Window,
    filled,
    main,
    regular,
)


class Flaml(Adapter):
    """An own search for each series, each with an equal share of the budget.

    FLAML refits its model on all rows when a share is spent. This has no limit of its own and
    counts as training, so it can overrun the budget.
    """

    def fit(self, request: Request) -> None:
        """Search one series after the other."""
        self.request = request
        rows = regular(request.train, request.frequency)
        series = dict(iter(rows[[ID, TIME, *request.known, TARGET]].groupby(ID)))
        share = request.budget_s / len(series)
        self.searches = {name: self.search(one, share) for name, one in series.items()}

    def search(self, rows: pd.DataFrame, budget_s: float) -> AutoML:
        """Search for a model of one series by its mean absolute error, which is MASE's order."""
        request, automl = self.request, AutoML()
        automl.fit(
            dataframe=rows.drop(columns=ID).reset_index(drop=True),
            label=TARGET,
            task="ts_forecast",
            period=request.horizon,
            metric="mae",
            time_budget=budget_s,
            n_jobs=request.cores,
            seed=request.seed,
            log_file_name=str(request.scratch / "flaml.log"),
            verbose=0,
            **request.params,
        )
        if automl.model is None:
            raise RuntimeError("FLAML found no model within the budget")
        return automl

    def forecast(self, window: Window) -> pd.DataFrame:
        """The forecast of the best model; FLAML has no quantiles."""
        _, future = filled(window, self.request.known, self.request.frequency)
        parts = []
        for name, rows in future.groupby(ID):
            told = self.searches[name].predict(rows.drop(columns=ID).reset_index(drop=True))
            parts.append(rows[[ID, TIME]].assign(**{FORECAST: np.asarray(told)}))
        return pd.concat(parts, ignore_index=True)

    def models(self) -> list[str]:
        """The estimators that are the best of a series."""
        return sorted({one.best_estimator for one in self.searches.values()})


if __name__ == "__main__":
    main(Flaml())
