"""The forecaster on PyTorch, beside those of `trialbook.program.series._forecasters`."""
# ruff: noqa: ANN001, ANN003, ANN202, ANN204 -- it is read in notebooks, which must be short
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import copy
    import logging
    import warnings

    import torch
    from neuralforecast import NeuralForecast

    from trialbook.program.series._forecasters import every_step, told_or_naive


@contextlib.contextmanager
def at_work(n_jobs):
    """PyTorch takes so many threads meanwhile, and Lightning reports nothing."""
    threads = torch.get_num_threads()
    torch.set_num_threads(n_jobs)  # the same number of threads gives the same sums
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)


class NeuralForecaster:
    """A neural network for all series; beyond its horizon its forecasts are fed back.

    Series of no more than ``least`` rows are not learned from, and get a seasonal naive.
    """

    def __init__(
        self,
        network,
        freq,
        season,
        covariates=(),
        static=(),
        past_only=(),
        dates=(),
        least=1,
        n_jobs=1,
        **options,
    ):
        self.network, self.freq, self.season, self.options = network, freq, season, options
        self.covariates, self.static, self.dates = list(covariates), list(static), list(dates)
        self.past_only, self.least, self.n_jobs = list(past_only), least, n_jobs
        self.known = ["unique_id", "ds", *self.covariates]
        self.columns = [*self.known, *self.past_only]

    def build(self):
        """The network, not yet trained; it writes no files."""
        return self.network(
            futr_exog_list=[*self.covariates, *self.dates],
            hist_exog_list=self.past_only,
            stat_exog_list=self.static,
            start_padding_enabled=True,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **self.options,
        )

    def fit(self, X, y):
        """Train the network on all series; the last horizon of each tells when to stop."""
        table = self.dated(X[self.columns].assign(y=y))
        long = table.groupby("unique_id")["y"].transform("size") > self.least
        places = X.loc[long, ["unique_id", *self.static]].drop_duplicates("unique_id")
        self.series, self.places = places["unique_id"], places if self.static else None
        self.left = list(X.loc[~long, "unique_id"].unique())
        scaler = "standard" if self.static else None
        with at_work(self.n_jobs):
            network = self.build()
            self.fitted = NeuralForecast([network], self.freq, local_static_scaler_type=scaler)
            self.fitted.fit(table[long], self.places, val_size=network.h)
        del self.fitted.dataset  # forecasts need the latest rows alone
        self.size = max(self.season, network.input_size)
        self.rows = table.groupby("unique_id", sort=False).tail(self.size)
        return self

    def dated(self, table):
        """Rows with the parts of their dates."""
        return table.assign(**{part: getattr(table["ds"].dt, part) for part in self.dates})

    def update(self, X, y):
        """Take note of what was observed since; the network stays as it is."""
        table = self.dated(X.reindex(columns=self.columns).assign(y=y))
        new = ~X["unique_id"].isin(self.rows["unique_id"].unique())
        new &= table.groupby("unique_id")["y"].transform("size") > self.least
        if new.any():
            places = X.loc[new].drop_duplicates("unique_id")
            self.series = pd.concat([self.series, places["unique_id"]])
            if self.static:
                self.places = pd.concat([self.places, places[["unique_id", *self.static]]])
        rows = pd.concat([self.rows, table]).sort_values(["unique_id", "ds"], ignore_index=True)
        for name in self.past_only:  # of rows that were forecast themselves
            rows[name] = rows.groupby("unique_id")[name].ffill()
        self.rows = rows.groupby("unique_id", sort=False).tail(self.size)
        return self

    def forecast(self, X):
        """A number for each row."""
        near = X.groupby("unique_id", sort=False).cumcount().to_numpy() < self.fitted.h
        if not near.all():
            values = np.empty(len(X))
            values[near] = self.forecast(X[near])
            later = copy.copy(self).update(X.loc[near, self.known], values[near])
            values[~near] = later.forecast(X[~near])
            return values
        rows = self.rows[self.rows["unique_id"].isin(self.series)]
        ends = rows.groupby("unique_id", sort=False)["ds"].last()
        times = (ends.index, pd.DatetimeIndex(ends), self.freq)
        future = self.dated(every_step(X[self.known], *times, self.fitted.h))
        with at_work(self.n_jobs):
            told = self.fitted.predict(rows, self.places, future)
        vars(self.fitted.models[0]).pop("_pred_trainer", None)  # it cannot be stored
        median = [name for name in told if name.endswith("-median")]
        told = told[["unique_id", "ds", *(median or told.columns[2:3])]]
        return told_or_naive(told, X, self.rows, self.season)
