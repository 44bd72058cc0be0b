"""Metrics of regression, each a function that stands alone.

Every function takes the true values `y` and the values predicted, both of shape (n,). Where
nothing can be computed it returns NaN.

The source of a metric is copied into the trials' notebooks. So it uses only what the imports
declared for it in `_metric` bring in, and says in one line what it is.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import explained_variance_score, r2_score


def rmse(y: np.ndarray, prediction: np.ndarray) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.mean((prediction - y) ** 2)))


def mse(y: np.ndarray, prediction: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((prediction - y) ** 2))


def mae(y: np.ndarray, prediction: np.ndarray) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(prediction - y)))


def median_absolute_error(y: np.ndarray, prediction: np.ndarray) -> float:
    """Median absolute error."""
    return float(np.median(np.abs(prediction - y)))


def mape(y: np.ndarray, prediction: np.ndarray) -> float:
    """Mean absolute error as a fraction of the true value, over rows where that is not 0."""
    rows = y != 0
    return float(np.mean(np.abs(prediction - y)[rows] / np.abs(y[rows]))) if rows.any() else np.nan


def rmsle(y: np.ndarray, prediction: np.ndarray) -> float:
    """Root mean squared error of log(1 + value); predictions below 0 count as 0, y may not be."""
    if np.any(y < 0):
        return np.nan
    return float(np.sqrt(np.mean((np.log1p(np.maximum(prediction, 0)) - np.log1p(y)) ** 2)))


def r2(y: np.ndarray, prediction: np.ndarray) -> float:
    """Coefficient of determination: 1 is perfect, 0 as good as the mean."""
    return float(r2_score(y, prediction)) if len(y) > 1 else np.nan


def explained_variance(y: np.ndarray, prediction: np.ndarray) -> float:
    """Share of the variance of y that is explained; a constant shift costs nothing."""
    return float(explained_variance_score(y, prediction))


def spearman_correlation(y: np.ndarray, prediction: np.ndarray) -> float:
    """Correlation of the ranks of true and predicted values; 0 if either is constant."""
    if np.ptp(y) == 0 or np.ptp(prediction) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(y), rankdata(prediction))[0, 1])


def normalized_root_mean_squared_error(y: np.ndarray, prediction: np.ndarray) -> float:
    """Root mean squared error, divided by the range of y."""
    extent = np.ptp(y)
    return float(np.sqrt(np.mean((prediction - y) ** 2)) / extent) if extent > 0 else np.nan


def normalized_mean_absolute_error(y: np.ndarray, prediction: np.ndarray) -> float:
    """Mean absolute error, divided by the range of y."""
    extent = np.ptp(y)
    return float(np.mean(np.abs(prediction - y)) / extent) if extent > 0 else np.nan
