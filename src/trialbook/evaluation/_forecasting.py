"""Metrics of forecasting, each a function that stands alone.

Every function takes the true values `y` of shape (n,), the forecasts of shape (n, 1 + n_levels)
with the quantiles after the forecast itself, and `scale` of shape (n, 3): what errors of a row's
series are measured by, which is their seasonal naive error and their range in training, and the
number of the series. A row counts as any other, so series with windows of one length have equal
weight; errors by the range are those of a series first, and then their mean, as in Azure ML. Where
nothing can be computed, the result is NaN.

The source of a metric is copied into the trials' notebooks. So it uses only what the imports
declared for it in `_metric` bring in, and says in one line what it is.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import r2_score


def mase(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Mean absolute error in units of the seasonal naive forecast's in training."""
    error = np.abs(y - prediction[:, 0]) / scale[:, 0]
    return float(np.nanmean(error)) if np.isfinite(error).any() else np.nan


def rmsse(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Root mean squared scaled error (Hyndman and Koehler 2006): errors in MASE's unit."""
    return float(np.sqrt(np.nanmean(((y - prediction[:, 0]) / scale[:, 0]) ** 2)))


def smape(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Symmetric mean absolute percentage error, from 0 to 2; a row of two zeros counts as 0."""
    size = np.abs(y) + np.abs(prediction[:, 0])
    error = np.divide(2 * np.abs(y - prediction[:, 0]), size, np.zeros_like(size), where=size > 0)
    return float(np.mean(error))


def wape(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Sum of the absolute errors as a fraction of the sum of the absolute values."""
    total = np.abs(y).sum()
    return float(np.abs(y - prediction[:, 0]).sum() / total) if total > 0 else np.nan


def mape(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Mean absolute error as a fraction of the true value, over rows where that is not 0."""
    rows = y != 0
    error = np.abs(y - prediction[:, 0])[rows] / np.abs(y[rows])
    return float(np.mean(error)) if rows.any() else np.nan


def mdape(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Median absolute error as a fraction of the true value, over rows where that is not 0."""
    rows = y != 0
    error = np.abs(y - prediction[:, 0])[rows] / np.abs(y[rows])
    return float(np.median(error)) if rows.any() else np.nan


def mae(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(y - prediction[:, 0])))


def mse(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((y - prediction[:, 0]) ** 2))


def rmse(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.mean((y - prediction[:, 0]) ** 2)))


def r2(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Coefficient of determination: 1 is perfect, 0 as good as the mean, -1 the lowest told."""
    return max(-1.0, float(r2_score(y, prediction[:, 0]))) if len(y) > 1 else np.nan


def spearman(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Spearman's rank correlation."""
    a, b = rankdata(y), rankdata(prediction[:, 0])
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else np.nan


def normalized_rmse(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Root mean squared error of each series as a fraction of its range, on average."""
    _, first, series = np.unique(scale[:, 2], return_index=True, return_inverse=True)
    error = np.sqrt(np.bincount(series, (y - prediction[:, 0]) ** 2) / np.bincount(series))
    extent = scale[first, 1]
    known = extent > 0
    return float(np.mean(error[known] / extent[known])) if known.any() else np.nan


def normalized_mae(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Mean absolute error of each series as a fraction of its range, on average."""
    _, first, series = np.unique(scale[:, 2], return_index=True, return_inverse=True)
    error = np.bincount(series, np.abs(y - prediction[:, 0])) / np.bincount(series)
    extent = scale[first, 1]
    known = extent > 0
    return float(np.mean(error[known] / extent[known])) if known.any() else np.nan


def scaled_pinball(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Mean pinball loss of quantiles at equal distances, twice, in units of the scale."""
    n_levels = prediction.shape[1] - 1
    levels = np.arange(1, n_levels + 1) / (n_levels + 1)
    over = (y[:, None] - prediction[:, 1:]) / scale[:, :1]
    return float(2 * np.nanmean(np.maximum(levels * over, (levels - 1) * over)))


def coverage(y: np.ndarray, prediction: np.ndarray, scale: np.ndarray) -> float:
    """Share of rows between the lowest and the highest quantile."""
    return float(np.mean((prediction[:, 1] <= y) & (y <= prediction[:, -1])))
