"""Charts of forecasts, as data: over time, by step of the horizon, by series, by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialbook.evaluation.charts._chart import Chart
from trialbook.evaluation.charts._numbers import central, predicted_vs_true, residuals, rounded

# Series that are drawn over time if there are no more; of more, the worst, median and best one.
MAX_DRAWN = 3
# Horizons of known values before the first window, and rows of a series at most.
PAST_HORIZONS, MAX_TIMES = 3, 2_000
# Series that are told by name, the worst first, and bars of the histogram of all.
MAX_NAMED, SERIES_BARS = 20, 30


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of rows whose true values are known.

    Parameters
    ----------
    series : ndarray of str, shape (n,)
        The name of each row's series. Rows of a window are ordered by series and time.
    times : ndarray of datetime64, shape (n,)
    window : ndarray of int, shape (n,)
        The origin from which a row was forecast.
    y : ndarray of shape (n,)
        True values.
    prediction : ndarray of shape (n, 1 + n_levels)
        Forecasts and their quantiles.
    scale : ndarray of shape (n,)
        By which the errors of a row are divided; NaN where it is not known.
    levels : sequence of float
        Of the quantiles, ascending.
    """

    series: np.ndarray
    times: np.ndarray
    window: np.ndarray
    y: np.ndarray
    prediction: np.ndarray
    scale: np.ndarray
    levels: Sequence[float]

    @property
    def step(self) -> np.ndarray:
        """The place of each row in its horizon, from 1."""
        starts = np.ones(len(self.y), dtype=bool)
        starts[1:] = (self.series[1:] != self.series[:-1]) | (self.window[1:] != self.window[:-1])
        first = np.flatnonzero(starts)
        step: np.ndarray = np.arange(len(self.y)) - first[np.cumsum(starts) - 1] + 1
        return step

    @property
    def error(self) -> np.ndarray:
        """Forecast minus true value, by the scale."""
        error: np.ndarray = (self.prediction[:, 0] - self.y) / self.scale
        return error


@dataclass(frozen=True)
class Known:
    """All values of series that are known, ordered by series and time.

    Parameters
    ----------
    series : ndarray of str, shape (n,)
    times : ndarray of datetime64, shape (n,)
    y : ndarray of shape (n,)
    """

    series: np.ndarray
    times: np.ndarray
    y: np.ndarray


def forecast_charts(found: Forecasts, known: Known, target: str) -> dict[str, Chart]:
    """Compute the charts of forecasts.

    Parameters
    ----------
    found : Forecasts
    known : Known
        The values among which they are drawn, those that were forecast included.
    target : str
        What is forecast.

    Returns
    -------
    dict of str to Chart
        ``forecast_horizon``, ``residuals``, ``predicted_vs_true``, ``error_by_step``,
        ``error_by_series`` (of several series) and ``coverage``; none where a forecast is not
        finite, or there is none.
    """
    if not len(found.y) or not np.isfinite(found.prediction).all():
        return {}
    made = {
        "forecast_horizon": forecast_horizon(found, known, target),
        "residuals": residuals(found.y, found.prediction[:, 0]),
        "predicted_vs_true": predicted_vs_true(found.y, found.prediction[:, 0]),
        "error_by_step": error_by_step(found),
        "error_by_series": error_by_series(found),
        "coverage": coverage(found),
    }
    return {name: Chart(name, data) for name, data in made.items() if data}


def forecast_horizon(found: Forecasts, known: Known, target: str) -> dict[str, Any]:
    """Forecasts beside true values, over time.

    Parameters
    ----------
    found : Forecasts
    known : Known
    target : str

    Returns
    -------
    dict
        ``target``, ``levels`` of the interval, ``n_series``, ``rows``, and ``series``: of up to
        three all, else the worst, median and best by mean absolute error in units of the scale.
        Each has ``name``, ``role``, ``error``, ``times``, ``actual`` and ``windows`` with
        ``times``, ``forecast``, ``low`` and ``high``.
    """
    names, error = _by_series(found)
    roles = _roles(error)
    return {
        "target": target,
        "levels": [float(found.levels[0]), float(found.levels[-1])],
        "n_series": len(names),
        "rows": len(found.y),
        "series": [
            {"name": str(names[i]), "role": role, "error": _number(error[i])}
            | _over_time(found, known, names[i])
            for i, role in roles.items()
        ],
    }


def error_by_step(found: Forecasts) -> dict[str, Any]:
    """How errors grow with the step of the horizon, in units of the scale.

    Parameters
    ----------
    found : Forecasts

    Returns
    -------
    dict
        For each of ``steps`` from 1 on: ``mean`` and ``median`` of the absolute errors, ``low``
        and ``high`` (their quartiles), ``bias`` (mean of forecast minus true value) and ``rows``;
        empty if the scale is known of no row.
    """
    step, error = found.step, found.error
    steps = [k for k in range(1, int(step.max()) + 1) if np.isfinite(error[step == k]).any()]
    if not steps:
        return {}
    parts = [error[(step == k) & np.isfinite(error)] for k in steps]
    size = [np.abs(part) for part in parts]
    return {
        "steps": steps,
        "mean": rounded(np.array([part.mean() for part in size])),
        "median": rounded(np.array([np.median(part) for part in size])),
        "low": rounded(np.array([np.quantile(part, 0.25) for part in size])),
        "high": rounded(np.array([np.quantile(part, 0.75) for part in size])),
        "bias": rounded(np.array([part.mean() for part in parts])),
        "rows": [len(part) for part in parts],
    }


def error_by_series(found: Forecasts) -> dict[str, Any]:
    """Which series are forecast worst, by mean absolute error in units of the scale.

    Parameters
    ----------
    found : Forecasts

    Returns
    -------
    dict
        ``names``, ``errors`` and ``rows`` of the worst ones, the worst first; ``n_series``,
        ``mean`` and ``median`` of all, and a ``histogram`` of theirs; empty if there are not two.
    """
    names, error = _by_series(found)
    told = np.isfinite(error)
    names, error = names[told], error[told]
    if len(names) < 2:
        return {}
    worst = np.argsort(-error, kind="stable")[:MAX_NAMED]
    rows = dict(zip(*np.unique(found.series, return_counts=True), strict=True))
    low, high = central(error)
    counts, edges = np.histogram(error, SERIES_BARS, (max(0.0, low), high))
    return {
        "names": [str(name) for name in names[worst]],
        "errors": rounded(error[worst]),
        "rows": [int(rows[name]) for name in names[worst]],
        "n_series": len(names),
        "mean": _number(error.mean()),
        "median": _number(np.median(error)),
        "histogram": {"bin_edges": rounded(edges), "bin_counts": rounded(counts)},
    }


def coverage(found: Forecasts) -> dict[str, Any]:
    """What quantiles promise, and what they keep.

    Parameters
    ----------
    found : Forecasts

    Returns
    -------
    dict
        ``levels`` of the quantiles with ``below`` (share of rows at or below each);
        ``intervals`` between a quantile and its opposite with the share that they ``kept``;
        ``windows``: ``kept`` of the widest one in each window, and its ``rows``; ``rows``.
    """
    y, quantiles = found.y, found.prediction[:, 1:]
    n_levels = quantiles.shape[1]
    held = {
        round(float(found.levels[-1 - i]) - float(found.levels[i]), 6): (
            (quantiles[:, i] <= y) & (y <= quantiles[:, -1 - i])
        )
        for i in range(n_levels // 2)
    }
    if not held:
        return {}
    widest = held[max(held)]
    windows = [found.window == k for k in np.unique(found.window)]
    return {
        "levels": [float(level) for level in found.levels],
        "below": rounded((y[:, None] <= quantiles).mean(axis=0)),
        "intervals": sorted(held),
        "kept": rounded(np.array([held[level].mean() for level in sorted(held)])),
        "windows": [
            {"kept": _number(widest[mine].mean()), "rows": int(mine.sum())} for mine in windows
        ],
        "rows": len(y),
    }


def _by_series(found: Forecasts) -> tuple[np.ndarray, np.ndarray]:
    """The names of the series, and the mean absolute error of each by its scale."""
    names, place = np.unique(found.series, return_inverse=True)
    error = np.abs(found.error)
    return names, np.bincount(place, weights=error) / np.bincount(place)


def _roles(error: np.ndarray) -> dict[int, str]:
    """Positions of the series to draw, and what each stands for."""
    if len(error) <= MAX_DRAWN:
        return dict.fromkeys(range(len(error)), "")
    order = np.argsort(np.where(np.isfinite(error), error, -1.0), kind="stable")[::-1]
    order = order[: max(1, int(np.isfinite(error).sum()))]
    chosen = {int(order[0]): "worst"}
    chosen.setdefault(int(order[len(order) // 2]), "median")
    chosen.setdefault(int(order[-1]), "best")
    return chosen


def _over_time(found: Forecasts, known: Known, name: Any) -> dict[str, Any]:
    """The known values of a series around its forecasts, and these."""
    mine, all_known = found.series == name, np.flatnonzero(known.series == name)
    times, horizon = known.times[all_known], int(found.step[mine].max())
    start = int(np.searchsorted(times, found.times[mine].min())) - PAST_HORIZONS * horizon
    shown = all_known[max(0, start, len(all_known) - MAX_TIMES) :]
    windows = [np.flatnonzero(mine & (found.window == k)) for k in np.unique(found.window[mine])]
    since = known.times[shown[0]] if len(shown) else found.times[mine].min()
    return {
        "times": _times(known.times[shown]),
        "actual": rounded(known.y[shown]),
        "windows": [
            {
                "times": _times(found.times[rows]),
                "forecast": rounded(found.prediction[rows, 0]),
                "low": rounded(found.prediction[rows, 1]),
                "high": rounded(found.prediction[rows, -1]),
            }
            for rows in windows
            if found.times[rows[0]] >= since
        ],
    }


def _times(times: np.ndarray) -> list[str]:
    """As ISO 8601, without what is midnight in all of them."""
    days = times.astype("datetime64[D]")
    shown = days if (days == times).all() else times.astype("datetime64[s]")
    return [str(one) for one in shown]


def _number(value: float) -> float | None:
    return rounded(np.array([value]))[0] if np.isfinite(value) else None
