"""What a series and its forecast are made of: trend, season and rest, or a model's own parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trialbook.evaluation.explanations.forecasts._effects import prophet_parts

# Rows of the past that are shown, in horizons and seasons, whichever is more, and at most.
HORIZONS, SEASONS, MOST_ROWS = 4, 6, 800
# Rows of a running mean, where there is no season.
MEAN_ROWS = 7
# Robust to outliers, unless a series is too long for that to be quick.
MOST_ROBUST = 5000


@dataclass(frozen=True)
class Parts:
    """A series over time and what it is made of.

    Parameters
    ----------
    series : str
    by : str
        What took it apart: ``STL``, or a model.
    times : ndarray of datetime64, shape (n_rows,)
    values : ndarray of shape (n_rows,)
        What was observed, then what is forecast.
    n_known : int
        Rows that were observed.
    parts : mapping of str to ndarray of shape (n_rows,)
        NaN where a part is not known.
    """

    series: str
    by: str
    times: np.ndarray
    values: np.ndarray
    n_known: int
    parts: Mapping[str, np.ndarray]

    def last(self, n_rows: int) -> Parts:
        """So many of its known rows, and all that are forecast."""
        kept = slice(max(0, self.n_known - n_rows), None)
        return Parts(
            self.series,
            self.by,
            self.times[kept],
            self.values[kept],
            min(self.n_known, n_rows),
            {name: part[kept] for name, part in self.parts.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "series": self.series,
            "by": self.by,
            "times": [str(one) for one in self.times.astype("datetime64[s]")],
            "values": self.values,
            "n_known": self.n_known,
            "parts": dict(self.parts),
        }


def shown_rows(season: int, horizon: int) -> int:
    """How many rows of the past a picture shows."""
    return min(MOST_ROWS, max(HORIZONS * horizon, SEASONS * season))


def decompose(name: str, known: pd.DataFrame, told: pd.DataFrame, season: int) -> Parts:
    """Take a series and its forecast apart: STL (Cleveland et al. 1990), or a running mean.

    Parameters
    ----------
    name : str
        Of the series.
    known, told : DataFrame
        ``ds`` and ``y``: what was observed, and what is forecast.
    season : int
        Rows; 1 for none.

    Returns
    -------
    Parts
        ``trend``, ``season`` where it was seen twice, and ``rest``.
    """
    both = pd.concat([known[["ds", "y"]], told[["ds", "y"]]], ignore_index=True)
    y = both["y"].to_numpy(dtype=float)
    if season > 1 and len(known) >= 2 * season:
        from statsmodels.tsa.seasonal import STL

        found = STL(y, period=season, robust=len(y) <= MOST_ROBUST).fit()
        parts = {"trend": found.trend, "season": found.seasonal, "rest": found.resid}
    else:
        trend = pd.Series(y).rolling(MEAN_ROWS, center=True, min_periods=1).mean().to_numpy()
        parts = {"trend": trend, "rest": y - trend}
    by = "STL" if "season" in parts else "running mean"
    return Parts(name, by, both["ds"].to_numpy(), y, len(known), parts)


def components(
    forecaster: Any, name: str, known: pd.DataFrame, told: pd.DataFrame, X: pd.DataFrame
) -> Parts | None:
    """A model's own parts of a series and its forecast.

    Parameters
    ----------
    forecaster : object
        Of a program; of a vote, the member with the largest weight that has any.
    name : str
        Of the series.
    known, told : DataFrame
        ``ds``, ``y`` and, in both, the covariates: what was observed, and what is forecast.
    X : DataFrame
        The rows that are forecast, of this series.

    Returns
    -------
    Parts, optional
        None for a model that is made of no such parts.
    """
    members = getattr(forecaster, "forecasters", None)
    if members is not None:
        weights = forecaster.weights
        for label in sorted(members, key=lambda one: -weights[one]):
            found = components(members[label], name, known, told, X)
            if found is not None:
                by = f"{label}, {weights[label]:.0%} of the vote"
                return Parts(name, by, found.times, found.values, found.n_known, found.parts)
        return None
    if type(forecaster).__name__ == "ProphetForecaster":
        return _of_prophet(forecaster, name, known, told, X)
    if type(forecaster).__name__ == "StatisticalForecaster":
        return _of_statistics(forecaster, name, known, told)
    return None


def _of_prophet(
    forecaster: Any, name: str, known: pd.DataFrame, told: pd.DataFrame, X: pd.DataFrame
) -> Parts | None:
    if name not in forecaster.models:
        return None
    past = forecaster.history[forecaster.history["unique_id"] == name]
    columns = ["unique_id", "ds", *forecaster.covariates]
    rows = pd.concat([past[columns], X[columns]], ignore_index=True)
    parts = prophet_parts(forecaster, name, rows)
    y = np.concatenate([past["y"].to_numpy(dtype=float), told["y"].to_numpy(dtype=float)])
    parts["rest"] = np.where(np.arange(len(y)) < len(past), y - parts.sum(axis=1), np.nan)
    named = {str(part).strip("()"): parts[part].to_numpy() for part in parts}
    return Parts(name, "Prophet", rows["ds"].to_numpy(), y, len(past), named)


def _of_statistics(
    forecaster: Any, name: str, known: pd.DataFrame, told: pd.DataFrame
) -> Parts | None:
    """The parts of MSTL, or the states of exponential smoothing."""
    place = list(forecaster.fitted.uids).index(name)
    model = forecaster.fitted.fitted_[place, 0]
    kind = type(model).__name__
    past = forecaster.history[forecaster.history["unique_id"] == name]
    times = np.concatenate([past["ds"].to_numpy(), told["ds"].to_numpy()])
    forecast = told["y"].to_numpy(dtype=float)
    y = np.concatenate([past["y"].to_numpy(dtype=float), forecast])
    if kind == "MSTL":
        parts = _of_mstl(model, forecast)
    elif kind == "AutoETS":
        parts = _of_ets(model.model_, len(forecast))
    else:
        return None
    return Parts(name, kind, times, y, len(past), parts) if parts else None


def _of_mstl(model: Any, forecast: np.ndarray) -> dict[str, np.ndarray]:
    table, n_ahead = model.model_, len(forecast)
    seasons = {}
    for column in [name for name in table if str(name).startswith("seasonal")]:
        period = int(str(column).removeprefix("seasonal") or np.max(model.season_length))
        past = table[column].to_numpy(dtype=float)
        seasons[f"season of {period}"] = np.concatenate([past, np.resize(past[-period:], n_ahead)])
    ahead = forecast - sum(part[-n_ahead:] for part in seasons.values())
    return {
        "trend": np.concatenate([table["trend"].to_numpy(dtype=float), ahead]),
        **seasons,
        "rest": np.concatenate(
            [table["remainder"].to_numpy(dtype=float), np.full(n_ahead, np.nan)]
        ),
    }


def _of_ets(found: Mapping[str, Any], n_ahead: int) -> dict[str, np.ndarray]:
    """Level, slope and season after each row; what is ahead follows from the last of them."""
    kinds = str(found["components"])
    states = np.asarray(found["states"], dtype=float)[1:]
    named = {"level": states[:, 0]}
    if kinds[1] != "N":
        named["slope"] = states[:, 1]
    if kinds[2] != "N":
        named["season" if kinds[2] == "A" else "season (factor)"] = states[:, len(named)]
    ahead = np.full(n_ahead, np.nan)
    return {name: np.concatenate([part, ahead]) for name, part in named.items()}
