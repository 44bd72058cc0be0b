"""Metrics with intervals, by resampling the rows that were predicted."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass

import numpy as np

from trialbook.evaluation._metric import Metric, metric, metric_names
from trialbook.job import Task

# What a reader of a model looks for, beside the metric that ranks.
BINARY = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "matthews_correlation",
)
MULTICLASS = (
    "log_loss",
    "roc_auc",
    "brier",
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "matthews_correlation",
)
REGRESSION = ("rmse", "mae", "median_absolute_error", "r2", "mape", "spearman_correlation")
# With so many draws the ends of an interval of 95 % are known to about a tenth of its width.
DRAWS, LEAST_DRAWS = 200, 20
# Of more rows so many are drawn, and the interval is made as much narrower as all are more.
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Measured:
    """A metric of some rows.

    Parameters
    ----------
    name : str
    value : float
        NaN where it is not defined.
    low, high : float
        Interval of 95 % by bootstrap; NaN where the rows do not give one.
    """

    name: str
    value: float
    low: float
    high: float


def measure(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray,
    positive: int | None = None,
    *,
    first: str | None = None,
    seconds: float = 20.0,
    seed: int = 0,
) -> list[Measured]:
    """Measure predictions, and how sure the metrics are.

    Parameters
    ----------
    task : {"classification", "regression"}
    y : ndarray of shape (n,)
        Codes of the true classes, or true values.
    prediction : ndarray of shape (n, n_classes) or (n,)
    positive : int, optional
        Code of the positive class of two.
    first : str, optional
        A metric that comes first.
    seconds : float, optional
        After which there are no more draws, once there are 20.
    seed : int, optional

    Returns
    -------
    list of Measured

    Notes
    -----
    Percentiles of the bootstrap (Efron 1979), of a sample of 20,000 rows where there are more: its
    spread is then scaled by the square root of the ratio (m out of n, Bickel et al. 1997).
    """
    chosen = _chosen(task, prediction, first)
    rng = np.random.default_rng(seed)
    n = len(y)
    size = min(n, MOST_ROWS)
    until = time.monotonic() + seconds
    drawn: list[list[float]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some draws have rows of one class alone
        values = [one.score(y, prediction, positive) for one in chosen]
        while len(drawn) < DRAWS and (len(drawn) < LEAST_DRAWS or time.monotonic() < until):
            rows = rng.integers(0, n, size)
            drawn.append([one.score(y[rows], prediction[rows], positive) for one in chosen])
    shrunk = math.sqrt(size / n)
    found = []
    for one, value, draws in zip(chosen, values, np.transpose(drawn), strict=True):
        known = draws[np.isfinite(draws)]
        low = high = math.nan
        if len(known) >= LEAST_DRAWS // 2 and math.isfinite(value):
            # Of B draws the (B + 1) q-th: others lie too far in where draws are few.
            ends = np.quantile(known, (0.025, 0.975), method="weibull")
            low, high = (float(value + shrunk * (end - value)) for end in ends)
        found.append(Measured(one.name, float(value), low, high))
    return found


def _chosen(task: Task, prediction: np.ndarray, first: str | None) -> list[Metric]:
    n_classes = prediction.shape[1] if prediction.ndim == 2 else None
    usual = REGRESSION if n_classes is None else BINARY if n_classes == 2 else MULTICLASS
    names = list(dict.fromkeys([*([first] if first else []), *usual]))
    known = metric_names(task, n_classes)
    return [metric(name, task, n_classes) for name in names if name in known]
