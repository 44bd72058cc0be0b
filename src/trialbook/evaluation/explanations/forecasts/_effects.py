"""What moves each forecast away from the mean of its series, for every kind of forecaster.

Forecasters are those of generated programs, which are pickled by value, so they are known by the
names of their classes. Of one that is not known, only what its covariates do is told apart.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

# What is no column of the table; parentheses tell these from columns.
OWN, SEASON, DATE = "(own past)", "(season before)", "(date)"
TREND, HOLIDAYS = "(trend)", "(holidays)"
# A logarithm that moves by less stays where it is.
STILL = 1e-9


@dataclass(frozen=True)
class About:
    """What is known of the series.

    Parameters
    ----------
    season : int
        Rows of a season; 1 if there is none.
    covariates, static : tuple of str
    mean : Series of float
        Of the target of each series, by name: what effects are added to.
    usual : DataFrame
        The mean of each covariate in each series, by name.
    deadline : float, optional
        Of the monotonic clock.
    """

    season: int
    covariates: tuple[str, ...]
    static: tuple[str, ...]
    mean: pd.Series[float]
    usual: pd.DataFrame
    deadline: float | None = None

    def base(self, X: pd.DataFrame) -> np.ndarray:
        """The mean of the series of each row."""
        return np.asarray(X["unique_id"].map(self.mean), dtype=float)


@dataclass(frozen=True)
class Effects:
    """What moves forecasts.

    Parameters
    ----------
    values : DataFrame of shape (n_rows, n_features)
        Base plus the values of a row is its forecast.
    groups : mapping of str to str
        What people know a feature by: the column, or one of the names in parentheses.
    methods : tuple of str
        How the forecasters were explained, in words.
    late : tuple of str
        Forecasters for which there was no time: all that moves them counts as the own past.
    """

    values: pd.DataFrame
    groups: Mapping[str, str]
    methods: tuple[str, ...]
    late: tuple[str, ...] = ()


def taken(forecaster: Any) -> list[str]:
    """The covariates that a forecaster takes; of a vote, any of its members."""
    members = getattr(forecaster, "forecasters", None)
    if members is not None:
        return list(dict.fromkeys(name for one in members.values() for name in taken(one)))
    if hasattr(forecaster, "forecaster"):  # one that is told more, or spared something
        return taken(forecaster.forecaster)
    columns = list(getattr(forecaster, "columns", ()))[2:]
    return list(getattr(forecaster, "covariates", columns))


def effects_of(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """What moves the forecasts of some rows.

    Parameters
    ----------
    forecaster : object
        Of a program: what stands within a ``CalibratedForecaster``.
    X : DataFrame of shape (n_rows, n_columns)
        Rows that follow those that were fitted to, without gaps, by series and time.
    about : About

    Returns
    -------
    Effects
    """
    from trialbook.evaluation.explanations.forecasts._lags import of_lags

    known: dict[str, Callable[[Any, pd.DataFrame, About], Effects]] = {
        "WeightedForecaster": _of_vote,
        "RecursiveForecaster": of_lags,
        "ProphetForecaster": _of_prophet,
        "HolidayForecaster": _of_holidays,
        "DecomposedForecaster": _of_decomposed,
        "LogForecaster": _of_logarithms,
    }
    way = known.get(type(forecaster).__name__, of_any)
    return way(forecaster, X.reset_index(drop=True), about)


def of_any(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """What each covariate does to forecasts, by what they are where it is as usual.

    That is exact for sums, such as ARIMA with regressors. All else is the series' own past.
    """
    told = np.asarray(forecaster.forecast(X), dtype=float)
    names = [name for name in taken(forecaster) if name in about.usual]
    values = {}
    for name in names:
        usual = X.assign(**{name: X["unique_id"].map(about.usual[name])})
        values[name] = told - forecaster.forecast(usual)
    rest = told - about.base(X) - sum(values.values())
    groups = {OWN: OWN, **{name: name for name in names}}
    how = "each covariate against its mean" if names else "its own past alone"
    table = pd.DataFrame({OWN: rest, **values}, index=X.index)
    return Effects(table, groups, (f"{how}: {kind_of(forecaster)}",))


def kind_of(forecaster: Any) -> str:
    """What a forecaster is called: the class of its model."""
    model = getattr(forecaster, "model", forecaster)
    steps = getattr(model, "steps", None)
    return type(steps[-1][1] if steps else model).__name__


def _of_vote(vote: Any, X: pd.DataFrame, about: About) -> Effects:
    """The weighted mean of the members' effects."""
    total: pd.DataFrame | None = None
    groups: dict[str, str] = {}
    methods: list[str] = []
    late: list[str] = []
    for name, member in vote.forecasters.items():
        if about.deadline is not None and time.monotonic() > about.deadline and total is not None:
            told = np.asarray(member.forecast(X), dtype=float)
            found = Effects(pd.DataFrame({OWN: told - about.base(X)}), {OWN: OWN}, ())
            late.append(name)
        else:
            found = effects_of(member, X, about)
        values = vote.weights[name] * found.values
        total = values if total is None else total.add(values, fill_value=0.0)
        groups |= found.groups
        methods += found.methods
    if total is None:
        raise ValueError("a vote without members")
    # Weights add up to one but for rounding.
    total[OWN] = total.get(OWN, 0.0) + (sum(vote.weights.values()) - 1.0) * about.base(X)
    return Effects(total, {OWN: OWN, **groups}, tuple(dict.fromkeys(methods)), tuple(late))


class _Probe:
    """A forecaster that only takes note of the rows that it is asked for."""

    def forecast(self, X: pd.DataFrame) -> np.ndarray:
        """Nothing."""
        self.X = X
        return np.zeros(len(X))


def _of_holidays(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """The effects of the forecaster that is told the holidays; these are of one group."""
    told, probe = copy.copy(forecaster), _Probe()
    told.forecaster = probe
    told.forecast(X)
    more = tuple(name for name in probe.X if name not in X)
    about = replace(about, covariates=(*about.covariates, *more))
    found = effects_of(forecaster.forecaster, probe.X, about)
    return replace(
        found,
        groups={name: HOLIDAYS if one in more else one for name, one in found.groups.items()},
    )


def _of_decomposed(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """The effects of the forecaster of what is left of series, and what is put back to it."""
    alone = copy.copy(forecaster)
    alone.forecaster = _Probe()
    back = np.asarray(alone.forecast(X), dtype=float)
    where = SEASON
    if forecaster.trend:  # nothing of the mean is left
        where, back = TREND, back - about.base(X)
        about = replace(about, mean=0.0 * about.mean)
    found = effects_of(forecaster.forecaster, X, about)
    values = found.values.assign(**{where: found.values.get(where, 0.0) + back})
    return replace(found, values=values, groups={**found.groups, where: where})


def _of_logarithms(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """The effects on the logarithm, each by the slope from the mean of its series to its forecast.

    So they add up to the forecast, and their parts of it are those of its logarithm.
    """
    base, told = about.base(X), np.asarray(forecaster.forecast(X), dtype=float)
    logs = np.log(np.maximum(about.mean, forecaster.least))
    found = effects_of(forecaster.forecaster, X, replace(about, mean=logs))
    moved = found.values.sum(axis=1).to_numpy()
    still = np.abs(moved) < STILL
    slope = np.where(still, base, (told - base) / np.where(still, 1.0, moved))
    return replace(found, values=found.values.mul(slope, axis=0))


def _of_prophet(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """Prophet's own sum: trend, seasons, holidays and each covariate."""
    base = about.base(X)
    told = np.asarray(forecaster.forecast(X), dtype=float)
    parts = []
    for name, rows in X.groupby("unique_id", sort=False):
        if name not in forecaster.models:  # a seasonal naive in its place
            parts.append(pd.DataFrame({OWN: told[rows.index] - base[rows.index]}, rows.index))
            continue
        part = prophet_parts(forecaster, name, rows)
        part[TREND] -= base[rows.index]
        parts.append(part)
    values = pd.concat(parts).loc[X.index].fillna(0.0)
    columns = {*about.covariates, HOLIDAYS, TREND, OWN}
    groups = {name: name if name in columns else SEASON for name in values}
    return Effects(values, groups, ("its own components: Prophet",))


def prophet_parts(forecaster: Any, name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """What Prophet adds up, in the unit of the target, for each row.

    Parameters
    ----------
    forecaster : object
        A ``ProphetForecaster`` of a program, fitted.
    name : str
        Of a series that has a model.
    rows : DataFrame
        Of this series.

    Returns
    -------
    DataFrame
        `TREND`, a column for each season (``yearly``), `HOLIDAYS`, and one for each covariate.
    """
    model = forecaster.models[name]
    told = model.predict(forecaster.as_told(rows)).set_axis(rows.index)
    # Its own names, and those of covariates, which are others there.
    names = {season: season for season in model.seasonalities}
    names |= {HOLIDAYS: "holidays"} if "holidays" in told else {}
    names |= forecaster.regressors
    multiplied = set(model.component_modes["multiplicative"])
    parts = {
        shown: told[own] * told["trend"] if own in multiplied else told[own]
        for shown, own in names.items()
    }
    return pd.DataFrame({TREND: told["trend"], **parts})
