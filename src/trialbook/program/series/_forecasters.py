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
    import copy
    import logging

    import holidays
    from mlforecast import MLForecast
    from prophet import Prophet
    from scipy.stats import norm
    from statsforecast import StatsForecast
    from statsforecast.models import SeasonalNaive
    from statsmodels.tsa.seasonal import STL
    from utilsforecast.processing import make_future_dataframe


def last_season(history, X, season):
    """The value of one season before each row; of a shorter history, its last value."""
    last = {name: y.to_numpy()[-season:] for name, y in history.groupby("unique_id")["y"]}
    step = X.groupby("unique_id", sort=False).cumcount()
    pairs = zip(X["unique_id"].map(last), step, strict=True)
    return np.array([y[k % season] if len(y) == season else y[-1] for y, k in pairs])


def told_or_naive(told, X, history, season):
    """What was told of each row; where that is no number, seasonal naive forecasts."""
    told = X[["unique_id", "ds"]].merge(told, how="left", on=["unique_id", "ds"])
    values = told.iloc[:, 2].to_numpy(dtype=float)
    naive = last_season(history, X, season)
    return np.where(np.isfinite(values), values, naive)


def every_step(X, ids, ends, freq, least=1):
    """A row for each step of each series, with what is known of it, or else of the step before."""
    steps = max(least, int(X.groupby("unique_id", sort=False).size().max()))
    grid = pd.DataFrame(make_future_dataframe(ids, ends, freq, steps))
    grid = grid.merge(X, how="left", on=["unique_id", "ds"])
    known = grid.groupby("unique_id", sort=False)[list(X.columns[2:])].ffill().fillna(0.0)
    return pd.concat([grid[["unique_id", "ds"]], known], axis=1)


class StatisticalForecaster:
    """A statistical model for each series; one that cannot be fitted gets a seasonal naive."""

    def __init__(self, model, freq, season, covariates=(), longest=2500):
        self.model, self.freq, self.season = model, freq, season
        self.columns, self.longest = ["unique_id", "ds", *covariates], longest

    def fit(self, X, y):
        """Fit a model to the latest observations of each series."""
        table = X[self.columns].assign(y=y)
        self.history = table.groupby("unique_id", sort=False).tail(self.longest)
        naive = SeasonalNaive(season_length=self.season)
        self.fitted = StatsForecast([self.model], freq=self.freq, fallback_model=naive)
        self.fitted.fit(self.history)
        kinds = [type(model) for model in self.fitted.fitted_[:, 0]]
        failed = np.array([kind is not type(self.model) for kind in kinds])
        self.left = list(np.asarray(self.fitted.uids)[failed])
        return self

    def update(self, X, y):
        """Fit the models anew, with what was observed since."""
        table = pd.concat([self.history, X[self.columns].assign(y=y)])
        table = table.sort_values(["unique_id", "ds"])
        return self.fit(table.drop(columns="y"), table["y"])

    def forecast(self, X):
        """A number for each row."""
        steps = int(X.groupby("unique_id", sort=False).size().max())
        future = None
        if len(self.columns) > 2:
            fitted = self.fitted
            future = every_step(X[self.columns], fitted.uids, fitted.last_dates, self.freq)
        told = self.fitted.predict(h=steps, X_df=future)
        return told_or_naive(told, X, self.history, self.season)


class ProphetForecaster:
    """Prophet for each series; one that cannot be fitted gets a seasonal naive."""

    def __init__(self, season, covariates=(), country=None, longest=2500, seed=0, **options):
        self.season, self.country, self.longest = season, country, longest
        self.covariates, self.seed, self.options = list(covariates), seed, options
        # Prophet has a use of its own for names such as trend, holidays and weekly.
        self.regressors = {name: f"regressor_{name}" for name in self.covariates}

    def fit(self, X, y):
        """Fit a trend, seasons, holidays and covariates to the latest rows of each series."""
        for name in ("prophet", "cmdstanpy"):  # they report every fit
            logging.getLogger(name).disabled = True
        table = X[["unique_id", "ds", *self.covariates]].assign(y=y)
        self.history = table.groupby("unique_id", sort=False).tail(self.longest)
        self.models = {}
        for name, rows in self.history.groupby("unique_id", sort=False):
            model = Prophet(uncertainty_samples=0, **self.options)
            for regressor in self.regressors.values():
                model.add_regressor(regressor)
            if self.country:
                model.add_country_holidays(self.country)
            try:
                self.models[name] = model.fit(self.as_told(rows), seed=self.seed)
            except (ValueError, RuntimeError):
                continue
        self.left = [
            name for name in self.history["unique_id"].unique() if name not in self.models
        ]
        return self

    def as_told(self, rows):
        """Rows with covariates under the names that the models know."""
        return rows.rename(columns=self.regressors)

    def update(self, X, y):
        """Fit the models anew, with what was observed since."""
        table = X[["unique_id", "ds", *self.covariates]].assign(y=y)
        table = pd.concat([self.history, table]).sort_values(["unique_id", "ds"])
        return self.fit(table.drop(columns="y"), table["y"])

    def forecast(self, X):
        """A number for each row."""
        parts = [
            self.models[name].predict(self.as_told(rows))[["ds", "yhat"]].assign(unique_id=name)
            for name, rows in X.groupby("unique_id", sort=False)
            if name in self.models
        ]
        told = pd.concat(parts or [X[["unique_id", "ds"]].assign(yhat=np.nan)])
        return told_or_naive(told, X, self.history, self.season)


def with_lags(rows, lagged):
    """Rows with what columns were so many rows before; what is not known stays as it was."""
    series = rows["unique_id"]
    known = rows[list(lagged)].groupby(series, sort=False).ffill()
    lags = {
        f"{name}_lag_{lag}": known[name].groupby(series, sort=False).shift(lag)
        for name, some in lagged.items()
        for lag in some
    }
    return pd.concat([rows, pd.DataFrame(lags).groupby(series, sort=False).bfill()], axis=1)


def with_dates(rows, parts):
    """Rows with parts of their dates, such as the month."""
    told = {}
    for name in parts:
        when = rows["ds"].dt.isocalendar() if name == "week" else rows["ds"].dt
        told[name] = getattr(when, name).astype(float)
    return rows.assign(**told)


class RecursiveForecaster:
    """One model of lagged values for all series; what it forecasts becomes the next lag.

    With ``direct``, it is so many models instead, one for each step ahead; ``dates`` are parts of
    the date of the row that each of them forecasts. Series of no more than ``least`` rows are not
    fitted, and get a seasonal naive. ``lagged`` are columns of which earlier rows tell something,
    and how many rows earlier.
    """

    def __init__(
        self,
        model,
        freq,
        season,
        covariates=(),
        static=(),
        direct=None,
        dates=(),
        least=1,
        lagged=None,
        **features,
    ):
        self.model, self.freq, self.season, self.features = model, freq, season, features
        self.covariates, self.static, self.dates = list(covariates), list(static), list(dates)
        self.direct, self.least, self.lagged = direct, least, lagged or {}
        self.past_only = [name for name in self.lagged if name not in self.covariates]
        self.columns = ["unique_id", "ds", *self.static, *self.covariates, *self.past_only]

    def fit(self, X, y):
        """Fit the model to the rows of all series."""
        table = X[self.columns].assign(y=y)
        self.last = table.groupby("unique_id", sort=False).tail(self.season)
        long = table.groupby("unique_id")["y"].transform("size") > self.least
        self.left = list(table.loc[~long, "unique_id"].unique())
        self.fitted = MLForecast({"model": self.model}, freq=self.freq, **self.features)
        options = {"static_features": self.static, "dropna": False, "max_horizon": self.direct}
        self.rows, self.moved_on = table[long], False
        # As numbers alone: some models refuse names that a table may have, such as "temp [C]".
        self.fitted.fit(self.as_told(self.rows), **options, as_numpy=True)
        return self

    def as_told(self, rows):
        """Rows as the model takes them: lags in place of columns that nobody knows yet."""
        if self.lagged:
            rows = with_lags(rows, self.lagged).drop(columns=self.past_only)
        return with_dates(rows, self.dates)

    def future(self, X):
        """What the model is told of each step to come; None if that is nothing."""
        if not (self.covariates or self.lagged or self.dates):
            return None
        known = X[["unique_id", "ds", *self.covariates]]
        ends = self.rows.groupby("unique_id", sort=False)["ds"].last()
        rows = every_step(known, ends.index, pd.DatetimeIndex(ends), self.freq)
        if not self.lagged:
            return self.as_told(rows)
        rows = self.as_told(pd.concat([self.rows, rows]).sort_values(["unique_id", "ds"]))
        return rows[rows["y"].isna()].drop(columns=["y", *self.static])

    def update(self, X, y):
        """Take note of what was observed since; the model stays as it is."""
        table = X.reindex(columns=self.columns).assign(y=y)
        taken = table["unique_id"].isin(self.rows["unique_id"].unique())
        new = ~table["unique_id"].isin(self.last["unique_id"].unique())
        taken |= new & (table.groupby("unique_id")["y"].transform("size") > self.least)
        rows = pd.concat([self.rows, table[taken]])
        self.rows, self.moved_on = rows.sort_values(["unique_id", "ds"], ignore_index=True), True
        last = pd.concat([self.last, table]).sort_values(["unique_id", "ds"])
        self.last = last.groupby("unique_id", sort=False).tail(self.season)
        return self

    def forecast(self, X):
        """A number for each row."""
        step = X.groupby("unique_id", sort=False).cumcount().to_numpy()
        steps = int(step.max()) + 1
        if self.direct and steps > self.direct:  # beyond its models, from what they forecast
            near, values = step < self.direct, np.empty(len(X))
            values[near] = self.forecast(X[near])
            later = copy.deepcopy(self).update(X[near], values[near])
            values[~near] = later.forecast(X[~near])
            return values
        rows = self.as_told(self.rows) if self.moved_on else None
        told = self.fitted.predict(h=steps, new_df=rows, X_df=self.future(X))
        return told_or_naive(told, X, self.last, self.season)


class DecomposedForecaster:
    """A forecaster of series without their season, by STL, which is put back to its forecasts.

    With ``trend``, their trend is taken, too; it goes on as it last changed, ever less. Of series
    of fewer than two seasons nothing is taken.
    """

    def __init__(self, forecaster, season, trend=False):
        self.forecaster, self.season, self.trend = forecaster, season, trend

    def fit(self, X, y):
        """Take the parts of each series, and fit the forecaster to the rest."""
        self.cycle, self.level = {}, {}
        rest = self._rest(X, y)
        self.since = X.groupby("unique_id").size() * 0
        self.history = X[["unique_id", "ds"]].assign(y=y, parts=y - rest)
        self.forecaster.fit(X, rest)
        return self

    def _rest(self, X, y):
        """What is left of series without their parts, which are kept."""
        rest = np.array(y, dtype=float)
        for name, at in X.reset_index(drop=True).groupby("unique_id", sort=False).groups.items():
            self.cycle[name], self.level[name] = np.zeros(self.season), (0.0, 0.0)
            if len(at) < 2 * self.season:
                continue
            parts = STL(rest[at], period=self.season).fit()
            self.cycle[name] = parts.seasonal[-self.season :]
            rest[at] -= parts.seasonal
            if self.trend:
                step = np.diff(parts.trend[-self.season - 1 :]).mean()
                self.level[name] = (parts.trend[-1], step)
                rest[at] -= parts.trend
        return rest

    def _parts(self, X):
        """Season and trend of rows that follow."""
        names = X["unique_id"]
        step = (X.groupby("unique_id", sort=False).cumcount() + names.map(self.since)).to_numpy()
        cycle = [self.cycle[name][k % self.season] for name, k in zip(names, step)]
        level, slope = np.array([self.level[name] for name in names]).reshape(-1, 2).T
        damped = 0.95 * (1 - 0.95 ** (step + 1)) / (1 - 0.95)
        return cycle + level + slope * damped

    def update(self, X, y):
        """Take note of what was observed since; season and trend go on as they were."""
        known, parts = X["unique_id"].isin(self.since.index).to_numpy(), np.empty(len(X))
        parts[known] = self._parts(X[known])
        parts[~known] = y[~known] - self._rest(X[~known], y[~known])
        self.forecaster.update(X, y - parts)
        seen = X[["unique_id", "ds"]].assign(y=y, parts=parts)
        self.history = pd.concat([self.history, seen]).sort_values(["unique_id", "ds"])
        since = pd.Series(known).groupby(X["unique_id"].to_numpy()).sum()
        self.since = self.since.add(since, fill_value=0).astype(int)
        return self

    def forecast(self, X):
        """A number for each row."""
        return self.forecaster.forecast(X) + self._parts(X)


def with_holidays(X, country):
    """Rows that know of holidays: whether their day is one, a paid one, and how near one is.

    Three days before and after a paid one are marked, from 3 next to it to 1.
    """
    days = X["ds"].to_numpy(dtype="datetime64[D]")
    years = range(pd.Timestamp(days.min()).year - 1, pd.Timestamp(days.max()).year + 2)
    public = holidays.country_holidays(country, years=years)
    kinds = public.supported_categories
    every = np.array([*holidays.country_holidays(country, years=years, categories=kinds)])
    paid = np.array([*public, "0001-01-01", "9999-12-31"], dtype="datetime64[D]")
    paid.sort()  # with ends, so that there is always one before and after
    ahead = (paid[np.searchsorted(paid, days)] - days).astype(int)
    since = (days - paid[np.searchsorted(paid, days, side="right") - 1]).astype(int)
    near = [np.where(n > 0, np.maximum(4 - n, 0), 0) for n in (ahead, since)]
    is_holiday = np.isin(days, every.astype("datetime64[D]"))
    told = np.column_stack([is_holiday, np.isin(days, paid), *near]).astype(float)
    names = ("holiday", "paid_time_off", "before_holiday", "after_holiday")
    return X.assign(**{f"{name}_{country}": told[:, k] for k, name in enumerate(names)})


class HolidayForecaster:
    """A forecaster that is told the holidays of a country beside what is known of rows."""

    def __init__(self, forecaster, country):
        self.forecaster, self.country = forecaster, country

    def fit(self, X, y):
        """Fit the forecaster."""
        self.forecaster.fit(with_holidays(X, self.country), y)
        return self

    def update(self, X, y):
        """Take note of what was observed since."""
        self.forecaster.update(with_holidays(X, self.country), y)
        return self

    def forecast(self, X):
        """A number for each row."""
        return self.forecaster.forecast(with_holidays(X, self.country))


class LogForecaster:
    """A forecaster of logarithms, for series that change by rates rather than by amounts."""

    def __init__(self, forecaster):
        self.forecaster = forecaster

    def _log(self, y):
        return np.log(np.maximum(y, self.least))

    def fit(self, X, y):
        """Fit the forecaster; what has no logarithm counts as half of the least that has one."""
        self.least, self.most = np.min(y[y > 0]) / 2, 1000 * np.max(y)
        self.history = X.assign(y=y)
        self.forecaster.fit(X, self._log(y))
        return self

    def update(self, X, y):
        """Take note of what was observed since; series that are new may be smaller or larger."""
        new = y[(~X["unique_id"].isin(self.history["unique_id"].unique())).to_numpy() & (y > 0)]
        if len(new):
            self.least = min(self.least, np.min(new) / 2)
            self.most = max(self.most, 1000 * np.max(new))
        seen = pd.concat([self.history, X.assign(y=y)])
        self.history = seen.sort_values(["unique_id", "ds"])
        self.forecaster.update(X, self._log(y))
        return self

    def forecast(self, X):
        """A number for each row; rates that run away end somewhere."""
        return np.exp(np.minimum(self.forecaster.forecast(X), np.log(self.most)))


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
        scale, level = self._changes(X, y)
        self.usual, self.share = scale[scale > 0].median(), (scale / level)[scale > 0].median()
        self.scale = self._filled(scale, level)
        return self

    def update(self, X, y):
        """Measure series that are new; the others stay as they are."""
        new = ~X["unique_id"].isin(self.scale.index).to_numpy()
        if new.any():
            scale = self._filled(*self._changes(X[new], y[new]))
            self.scale = pd.concat([self.scale, scale])

    def _changes(self, X, y):
        """How much each series usually changes, and how large it is."""
        series, y = X["unique_id"].to_numpy(), pd.Series(y)
        steps = [y.groupby(series, sort=False).diff(n).abs() for n in (self.season, 1)]
        seasonal, short = [step.groupby(series).mean() for step in steps]
        return seasonal.where(seasonal > 0, short), y.abs().groupby(series).mean()

    def _filled(self, scale, level):
        """A series that never changed may change as little, for its level, as is usual."""
        constant = (self.share * level).clip(lower=1e-3 * self.usual)
        if not self.usual > 0:  # none ever changed
            constant = 1e-3 * level.where(level > 0, 1.0)
        return scale.where(scale > 0, constant)

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
        self.spread.update(X, y)
        return self

    def predict(self, X, levels=None):
        """The forecast of each row, and its quantiles; the rows follow those of the history."""
        point, spread = self.forecaster.forecast(X), self.spread.of(X)
        told = quantiles(point, spread, self.errors, levels or self.levels)
        return pd.DataFrame(told, columns=["forecast", *map(str, levels or self.levels)])


def left_to_naive(forecaster):
    """The series that a forecaster could not be fitted to, which get a seasonal naive."""
    within = getattr(forecaster, "forecaster", None)
    return getattr(forecaster, "left", []) if within is None else left_to_naive(within)


def known_errors(errors):
    """Errors that were seen; where they are fewer than 99, normal ones stand in for the rest."""
    seen = errors[np.isfinite(errors)]
    lacking = max(0, 99 - len(seen))
    return np.append(norm.ppf((np.arange(lacking) + 0.5) / max(1, lacking)), seen)


def quantiles(point, spread, errors, levels):
    """Forecasts beside their quantiles, from errors in units of the spread (split conformal).

    A few windows do not tell whether forecasts will be too low or too high. So quantiles are the
    mean of those of the errors, and of those of the errors with either sign.
    """
    offsets = np.zeros(len(levels))
    for known in (np.sort(errors), np.sort(np.concatenate([errors, np.negative(errors)]))):
        # As many errors as are needed lie below: one more than the share of those seen.
        ranks = np.clip(np.asarray(levels) * (len(known) + 1) - 1, 0, len(known) - 1)
        offsets += np.interp(ranks, np.arange(len(known)), known) / 2
    return np.column_stack([point, point[:, None] + spread[:, None] * offsets])
