"""Charts of predicted numbers, as data."""

from __future__ import annotations

from typing import Any

import numpy as np

# Bars of a histogram and bins of a mean, at most and at least: of few rows there are fewer, so
# that each has some. There are twice as many bars as by the rule of the square root.
MAX_BARS, LEAST_BARS, MAX_BINS, LEAST_BINS, BIN_ROWS = 60, 10, 20, 3, 15
# A cloud's dots before it becomes cells, and these on each side.
MAX_DOTS, N_CELLS = 2000, 60
# What differs by less than this part of its size is the same.
SAME = 1e-9
DIGITS = 6


def residuals(
    y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None
) -> dict[str, Any]:
    """By how much predictions are too high or too low.

    Parameters
    ----------
    y, prediction : ndarray of shape (n,)
    weight : ndarray of shape (n,), optional

    Returns
    -------
    dict
        ``bin_edges`` and ``bin_counts`` of predicted minus true, rows ``below`` and ``above``
        them, ``mean``, ``median``, ``std``, ``rows``, ``weighted``, and ``cloud``: residuals by
        predicted value.
    """
    residual = prediction - y
    low, high = central(residual)
    inside = (residual >= low) & (residual <= high)
    n_bars = _n_bars(len(y))
    edges = np.linspace(low, high, n_bars + 1)
    mean = float(np.average(residual, weights=weight))
    spread = float(np.sqrt(np.average((residual - mean) ** 2, weights=weight)))
    return {
        "bin_edges": rounded(edges),
        "bin_counts": _counts(residual, n_bars, low, high, weight),
        "below": int((residual < low).sum()),
        "above": int((residual > high).sum()),
        "mean": mean,
        "median": _median(residual, weight),
        "std": spread,
        "rows": len(y),
        "weighted": weight is not None,
        "cloud": _cloud(prediction[inside], residual[inside]),
    }


def predicted_vs_true(
    y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None
) -> dict[str, Any]:
    """Compare predictions with what is true, by bins of the true value with as many rows each.

    Parameters
    ----------
    y, prediction : ndarray of shape (n,)
    weight : ndarray of shape (n,), optional

    Returns
    -------
    dict
        For each bin ``bin_edges``, ``bin_true`` (mean true value), ``bin_averages`` and
        ``bin_errors`` (mean and standard deviation of the predictions) and ``bin_counts``;
        ``histogram`` of the true values; ``cloud``: predicted by true values; ``limits`` of both
        axes, ``outside`` (rows beyond them), ``rows``, ``weighted``.
    """
    low, high = central(np.concatenate([y, prediction]))
    inside = (np.minimum(y, prediction) >= low) & (np.maximum(y, prediction) <= high)
    outside = int((~inside).sum())
    n_rows, weighted = len(y), weight is not None
    y, prediction = y[inside], prediction[inside]
    weight = np.ones(len(y)) if weight is None else weight[inside]
    n_bins = int(np.clip(len(y) // BIN_ROWS, LEAST_BINS, MAX_BINS))
    edges = np.unique(np.quantile(y, np.linspace(0, 1, n_bins + 1)))
    n_bins = max(1, len(edges) - 1)
    bins = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, n_bins - 1)
    total = np.bincount(bins, weights=weight, minlength=n_bins)
    kept = total > 0
    share = np.where(kept, total, 1.0)

    def mean(values: np.ndarray) -> np.ndarray:
        sums: np.ndarray = np.bincount(bins, weights=weight * values, minlength=n_bins)
        return sums / share

    averages = mean(prediction)
    errors = np.sqrt(mean((prediction - averages[bins]) ** 2))
    n_bars = _n_bars(len(y))
    bars = np.linspace(low, high, n_bars + 1)
    return {
        "bin_edges": rounded(edges),
        "bin_true": rounded(mean(y)[kept]),
        "bin_averages": rounded(averages[kept]),
        "bin_errors": rounded(errors[kept]),
        "bin_counts": rounded(total[kept]),
        "histogram": {
            "bin_edges": rounded(bars),
            "bin_counts": _counts(y, n_bars, low, high, weight),
        },
        "limits": [low, high],
        "outside": outside,
        "rows": n_rows,
        "weighted": weighted,
        "cloud": _cloud(y, prediction),
    }


def central(values: np.ndarray) -> tuple[float, float]:
    """Limits that hold nearly all values, so that a few far ones do not flatten the picture.

    Parameters
    ----------
    values : ndarray of shape (n,)

    Returns
    -------
    tuple of float
    """
    low, middle_low, middle_high, high = np.quantile(values, (0.0, 0.005, 0.995, 1.0))
    width = middle_high - middle_low
    low, high = max(low, middle_low - 0.5 * width), min(high, middle_high + 0.5 * width)
    size = max(abs(low), abs(high))
    margin = 0.04 * (high - low) if high - low > SAME * size else 0.05 * size or 0.5
    return float(low - margin), float(high + margin)


def rounded(values: np.ndarray) -> list[float]:
    """Numbers as JSON holds them, with significant digits that a picture can show."""
    return [float(f"{value:.{DIGITS}g}") for value in values]


def _median(values: np.ndarray, weight: np.ndarray | None) -> float:
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values)
    sums = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])


def _cloud(x: np.ndarray, height: np.ndarray) -> dict[str, Any]:
    """Dots, or of many rows how many lie in each cell of a grid."""
    if len(x) <= MAX_DOTS:
        return {"x": rounded(x), "y": rounded(height)}
    columns, x_edges = _cells(x)
    rows, y_edges = _cells(height)
    places, counts = np.unique(columns * N_CELLS + rows, return_counts=True)
    cells = np.column_stack([places // N_CELLS, places % N_CELLS, counts])
    return {"x_edges": rounded(x_edges), "y_edges": rounded(y_edges), "cells": cells.tolist()}


def _cells(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cell of each value, of those that cover all of them, and their edges."""
    low, high = float(values.min()), float(values.max())
    high = high if high > low else low + 1.0
    cells = ((values - low) / (high - low) * N_CELLS).astype(int)
    return cells.clip(0, N_CELLS - 1), np.linspace(low, high, N_CELLS + 1)


def _n_bars(n_rows: int) -> int:
    return int(np.clip(2 * np.sqrt(n_rows), LEAST_BARS, MAX_BARS))


def _counts(
    values: np.ndarray, n_bars: int, low: float, high: float, weight: np.ndarray | None
) -> list[float]:
    return rounded(np.histogram(values, n_bars, (low, high), weights=weight)[0])
