"""FLAML's search for a model of a series, or of all of them together."""

from __future__ import annotations

import os

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

# Rows that its network sees before a forecast: some horizons, if all series have as many.
HORIZONS = 2


class Flaml(Adapter):
    """``ts_forecast`` for one series, and ``ts_forecast_panel`` for several.

    FLAML refits its model on all rows when the budget is spent. This has no limit of its own and
    counts as training, so it can overrun the budget.
    """

    def fit(self, request: Request) -> None:
        """Search until the budget is spent."""
        self.request = request
        os.chdir(request.scratch)  # where logs of its network go
        rows = regular(request.train, request.frequency)
        # The longest series comes first, for FLAML tells the frequency from the first one.
        order = rows.groupby(ID).size().sort_values(ascending=False, kind="stable").index
        self.names = {name: f"{place:06d}" for place, name in enumerate(order)}
        self.is_panel = len(order) > 1
        rows = rows[[TIME, ID, *request.known, TARGET]]
        special = self.panel(rows) if self.is_panel else {"task": "ts_forecast"}
        rows = self.together(rows) if self.is_panel else rows.drop(columns=ID)
        self.automl = AutoML()
        self.automl.fit(
            X_train=rows.drop(columns=TARGET),
            y_train=rows[TARGET],
            period=request.horizon,
            metric="mae",
            time_budget=request.budget_s,
            n_jobs=request.cores,
            seed=request.seed,
            log_file_name=str(request.scratch / "flaml.log"),
            verbose=0,
            **special,
            **request.params,
        )
        if self.automl.model is None:
            raise RuntimeError("FLAML found no model within the budget")

    def panel(self, rows: pd.DataFrame) -> dict[str, object]:
        """What FLAML wants to be told of several series for its one model of them, a network."""
        shortest = int(rows.groupby(ID).size().min())
        spare = shortest - 2 * self.request.horizon
        network = {
            "max_encoder_length": max(2, min(HORIZONS * self.request.horizon, spare)),
            "static_categoricals": [ID],
            "time_varying_known_reals": ["time_idx", *self.request.known],
            "time_varying_unknown_reals": [TARGET],
            "gpu_per_trial": 0,
        }
        return {
            "task": "ts_forecast_panel",
            # Its cross-validation of panels fails in this version.
            "eval_method": "holdout",
            "group_ids": [ID],
            "fit_kwargs_by_estimator": {"tft": network},
        }

    def forecast(self, window: Window) -> pd.DataFrame:
        """The forecast of the best model; FLAML has no quantiles."""
        request = self.request
        history, future = filled(window, request.known, request.frequency)
        asked = future[[TIME, ID, *request.known]]
        if self.is_panel:
            both = pd.concat([history[list(asked)], asked]).sort_values([ID, TIME])
            asked = self.together(both).groupby(ID).tail(request.horizon)
            told = self.automl.predict(asked.reset_index(drop=True)).sort_index()
            future = future.sort_values([ID, TIME], key=self.named)
        else:
            told = self.automl.predict(asked.drop(columns=ID))
        return future[[ID, TIME]].assign(**{FORECAST: np.asarray(told)})

    def named(self, column: pd.Series) -> pd.Series:
        """Names of series as FLAML has them; other columns as they are."""
        return column.map(self.names) if column.name == ID else column

    def together(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of series that all end at one time and are counted, as a panel wants them."""
        back = rows.groupby(ID).cumcount(ascending=False).to_numpy()
        place = back.max() - back
        end, many = rows[TIME].max(), int(back.max()) + 1
        times = pd.date_range(end=end, periods=many, freq=self.request.frequency)
        placed = rows.assign(**{TIME: times[place], "time_idx": place, ID: self.named(rows[ID])})
        return placed.sort_values([TIME, ID], ignore_index=True)

    def models(self) -> list[str]:
        """The estimator that is the best."""
        return [self.automl.best_estimator]


if __name__ == "__main__":
    main(Flaml())
