"""Forecasters whose very source stands in generated programs.

Each puts a public library behind the same methods. ``fit(X, y)`` takes rows of series with the
columns ``unique_id`` and ``ds`` (the names that Nixtla's libraries use), ordered by both, and what
is known of each. ``forecast(X)`` takes the rows that follow, of all series or some, and gives a
number for each. ``update(X, y)`` takes rows that have been observed since.
"""
# ruff: noqa: ANN001, ANN003, ANN202, ANN204 -- they are read in notebooks, which must be short
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mlforecast import MLForecast
    from statsforecast import StatsForecast
    from statsforecast.models import SeasonalNaive


class StatisticalForecaster:
    """A statistical model for each series; one that cannot be fitted gets a seasonal naive."""

    def __init__(self, model, freq, season, covariates=(), longest=2500):
        self.model, self.freq, self.season = model, freq, season
        self.covariates, self.longest = list(covariates), longest

    def fit(self, X, y):
        """Fit a model to the latest observations of each series."""
        table = X[["unique_id", "ds", *self.covariates]].assign(y=y)
        self.history = table.groupby("unique_id", sort=False).tail(self.longest)
        naive = SeasonalNaive(season_length=self.season)
        self.fitted = StatsForecast([self.model], freq=self.freq, fallback_model=naive)
        self.fitted.fit(self.history)
        return self

    def update(self, X, y):
        """Fit the models anew, with what was observed since."""
        table = pd.concat([self.history, X[["unique_id", "ds", *self.covariates]].assign(y=y)])
        table = table.sort_values(["unique_id", "ds"])
        return self.fit(table.drop(columns="y"), table["y"])

    def forecast(self, X):
        """A number for each row."""
        steps = int(X.groupby("unique_id", sort=False).size().max())
        future = X[["unique_id", "ds", *self.covariates]] if self.covariates else None
        told = self.fitted.predict(h=steps, X_df=future)
        return X[["unique_id", "ds"]].merge(told, how="left").iloc[:, 2].to_numpy(dtype=float)


class RecursiveForecaster:
    """One model of lagged values for all series; what it forecasts becomes the next lag."""

    def __init__(self, model, freq, covariates=(), static=(), **features):
        self.model, self.freq, self.features = model, freq, features
        self.covariates, self.static = list(covariates), list(static)

    def fit(self, X, y):
        """Fit the model to the rows of all series."""
        self.fitted = MLForecast({"model": self.model}, freq=self.freq, **self.features)
        table = X[["unique_id", "ds", *self.static, *self.covariates]].assign(y=y)
        self.fitted.fit(table, static_features=self.static, dropna=False)
        return self

    def update(self, X, y):
        """Take note of what was observed since; the model stays as it is."""
        table = X[["unique_id", "ds", *self.static, *self.covariates]].assign(y=y)
        self.fitted.update(table)
        return self

    def forecast(self, X):
        """A number for each row."""
        steps = int(X.groupby("unique_id", sort=False).size().max())
        future = X[["unique_id", "ds", *self.covariates]] if self.covariates else None
        told = self.fitted.predict(h=steps, X_df=future)
        return X[["unique_id", "ds"]].merge(told, how="left")["model"].to_numpy(dtype=float)


class WeightedForecaster:
    """The weighted mean of what some forecasters say."""

    def __init__(self, forecasters, weights):
        self.forecasters, self.weights = forecasters, weights

    def update(self, X, y):
        """Take note of what was observed since."""
        for forecaster in self.forecasters.values():
            forecaster.update(X, y)
        return self

    def forecast(self, X):
        """A number for each row."""
        return sum(self.weights[name] * one.forecast(X) for name, one in self.forecasters.items())


class Spread:
    """How far forecasts may be off, by the seasonal naive error of a series.

    From season to season it grows as a random walk does: with the root of their number.
    """

    def __init__(self, season):
        self.season = season

    def fit(self, X, y):
        """Measure each series."""
        series = X["unique_id"].to_numpy()
        change = pd.Series(y).groupby(series, sort=False).diff(self.season).abs()
        short = pd.Series(y).groupby(series, sort=False).diff().abs()
        scale = change.groupby(series).mean().fillna(short.groupby(series).mean())
        usual = scale[scale > 0].median()
        self.scale = scale.where(scale > 0, usual if usual > 0 else 1.0)
        return self

    def of(self, X):
        """A spread for each row; the rows follow those that were measured."""
        step = X.groupby("unique_id", sort=False).cumcount().to_numpy()
        scale = X["unique_id"].map(self.scale).fillna(self.scale.median()).to_numpy(dtype=float)
        return scale * np.sqrt(1 + step // self.season)


class CalibratedForecaster:
    """A forecaster whose quantiles keep to the errors that it was seen to make."""

    def __init__(self, forecaster, spread, errors, levels):
        self.forecaster, self.spread = forecaster, spread
        self.errors, self.levels = np.sort(errors), list(levels)

    def update(self, X, y):
        """Take note of what was observed since."""
        self.forecaster.update(X, y)
        return self

    def predict(self, X, levels=None):
        """The forecast of each row, and its quantiles; the rows follow those of the history."""
        point, spread = self.forecaster.forecast(X), self.spread.of(X)
        told = quantiles(point, spread, self.errors, levels or self.levels)
        return pd.DataFrame(told, columns=["forecast", *map(str, levels or self.levels)])


def quantiles(point, spread, errors, levels):
    """Forecasts beside their quantiles, from errors in units of the spread (split conformal).

    With few errors, those of a normal distribution are added, one for each level.
    """
    known = np.sort(errors)
    # As many errors as are needed lie below: one more than the share of those that were seen.
    ranks = np.clip(np.asarray(levels) * (len(known) + 1) - 1, 0, len(known) - 1)
    offsets = np.interp(ranks, np.arange(len(known)), known)
    return np.column_stack([point, point[:, None] + spread[:, None] * offsets])
