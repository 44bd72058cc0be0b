"""Prophet with its defaults: a model for each series."""

from __future__ import annotations

import logging
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
from prophet import Prophet

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
)


class Prophets(Adapter):
    """A Prophet for each series, with what is known of the future as regressors."""

    def fit(self, request: Request) -> None:
        """Keep what is asked: series are fitted and forecast one by one, and then forgotten."""
        self.request = request

    def forecast(self, window: Window) -> pd.DataFrame:
        """Forecasts and deciles, of the samples that Prophet draws."""
        known, seed = self.request.known, self.request.seed
        history, future = filled(window, known, self.request.frequency)
        ahead = dict(iter(future.groupby(ID)))
        # Prophet takes gaps for what they are, so it learns from rows that were observed alone.
        seen = history.merge(window.history.loc[window.history[TARGET].notna(), [ID, TIME]])
        with ProcessPoolExecutor(self.request.cores) as pool:
            tasks = [
                pool.submit(one_series, rows[[TIME, TARGET, *known]], ahead[name], known, seed)
                for name, rows in seen.groupby(ID)
            ]
            tables = [task.result() for task in tasks]
        return pd.concat(tables, ignore_index=True)

    def models(self) -> list[str]:
        """There is one."""
        return ["Prophet"]


def one_series(
    rows: pd.DataFrame, future: pd.DataFrame, known: list[str], seed: int
) -> pd.DataFrame:
    """Fit one series and forecast it."""
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    model = Prophet()
    for name in known:
        model.add_regressor(name)
    model.fit(rows, seed=seed)
    # The samples are drawn from NumPy's own generator.
    np.random.seed(seed)
    table = future[[ID, TIME]].reset_index(drop=True)
    told = model.predict(future[[TIME, *known]])
    draws = model.predictive_samples(future[[TIME, *known]])["yhat"]
    quantiles = np.quantile(draws, [float(level) for level in LEVELS], axis=1)
    return table.assign(**{FORECAST: told["yhat"].to_numpy(), **dict(zip(LEVELS, quantiles))})


if __name__ == "__main__":
    main(Prophets())
