"""Every metric that is logged with a trial, computed together from shared intermediate results.

The names, and what they mean, are those that Azure ML's automated ML documents, so that results
can be compared.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.evaluation import _forecasting as f
from trialbook.evaluation import _regression as r
from trialbook.evaluation._curves import curve
from trialbook.job import Task


def all_metrics(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray,
    positive: int | None = None,
    *,
    y_range: float | None = None,
) -> dict[str, float]:
    """Compute every documented metric of a task.

    Parameters
    ----------
    task : {"classification", "regression", "forecasting"}
        What was learned.
    y : ndarray of shape (n,) or (n, 4)
        Codes 0 to n_classes - 1 of the true classes, or true values; of series, beside their
        scales.
    prediction : ndarray of shape (n, n_classes), (n,) or (n, 1 + n_levels)
        Probabilities, predicted values, or forecasts and their quantiles.
    positive : int, optional
        Code of the positive class; with it the ``*_binary`` metrics are computed.
    y_range : float, optional
        Largest minus smallest target of the training data, which divides the ``normalized_*``
        errors of regression; by default that of `y`.

    Returns
    -------
    dict of str to float
        Finite values only. A metric that is undefined on these rows (ROC AUC where only one
        class occurs, log error of negative values) is left out, as are all of them where a
        prediction is not finite.

    Notes
    -----
    Averages of ROC AUC and average precision run over the classes that occur in `y`; averages of
    precision, recall and F1 over those that occur in `y` or are predicted, as in scikit-learn.
    ``r2_score`` is clipped at -1, and so is the one that ranks forecasts.
    ``mean_absolute_percentage_error`` is a fraction, over rows whose target is not zero.
    ``weighted_accuracy`` weights each row by the size of its class.
    Of series, the ``normalized_*`` errors are those of each series by its own range in training,
    and then their mean; the others are of all rows together.

    References
    ----------
    Microsoft, "Evaluate automated machine learning experiment results",
    https://learn.microsoft.com/azure/machine-learning/how-to-understand-automated-ml
    """
    y, prediction = np.asarray(y), np.asarray(prediction, dtype=float)
    if not len(y) or not np.isfinite(prediction).all():
        return {}
    if task == "classification":
        scores = {
            **_of_labels(y, prediction, positive),
            **_of_ranking(y, prediction, positive),
        }
    elif task == "forecasting":
        scores = _of_forecasts(y, prediction)
    else:
        scores = _of_values(y.astype(float), prediction, y_range)
    return {name: float(scores[name]) for name in sorted(scores) if np.isfinite(scores[name])}


def _of_labels(y: np.ndarray, proba: np.ndarray, positive: int | None) -> dict[str, float]:
    n_classes = proba.shape[1]
    predicted = proba.argmax(axis=1)
    confusion = np.bincount(y * n_classes + predicted, minlength=n_classes**2)
    confusion = confusion.reshape(n_classes, n_classes).astype(float)
    right, actual, guessed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    n = float(len(y))
    accuracy = right.sum() / n
    by_class = {
        "precision_score": _ratio(right, guessed),
        "recall_score": _ratio(right, actual),
        "f1_score": _ratio(2 * right, guessed + actual),
    }
    counted = (actual + guessed) > 0
    scores = {
        "accuracy": accuracy,
        "balanced_accuracy": by_class["recall_score"][actual > 0].mean(),
        "weighted_accuracy": (right * actual).sum() / (actual**2).sum(),
        "matthews_correlation": _matthews(right, actual, guessed),
    }
    for name, values in by_class.items():
        scores[f"{name}_macro"] = values[counted].mean()
        scores[f"{name}_micro"] = accuracy
        scores[f"{name}_weighted"] = (values * actual).sum() / n
        if positive is not None:
            scores[f"{name}_binary"] = values[positive]
    chance = 1 / n_classes
    scores["norm_macro_recall"] = (scores["recall_score_macro"] - chance) / (1 - chance)
    return scores


def _of_ranking(y: np.ndarray, proba: np.ndarray, positive: int | None) -> dict[str, float]:
    n_classes = proba.shape[1]
    clipped = np.maximum(proba, 1e-15)
    of_truth = clipped[np.arange(len(y)), y] / clipped.sum(axis=1)
    counts = np.bincount(y, minlength=n_classes)
    curves = {k: curve(y == k, proba[:, k]) for k in range(n_classes)}
    truth = (y[:, None] == np.arange(n_classes)).ravel()
    pooled = curve(truth, proba.ravel())
    scores = {"log_loss": float(-np.log(of_truth).mean())}
    for name, attribute in (("AUC", "area"), ("average_precision_score", "average_precision")):
        areas = {k: getattr(found, attribute) for k, found in curves.items() if found}
        defined = {k: area for k, area in areas.items() if np.isfinite(area)}
        scores[f"{name}_micro"] = getattr(pooled, attribute)
        if defined:
            values = list(defined.values())
            scores[f"{name}_macro"] = float(np.mean(values))
            scores[f"{name}_weighted"] = float(np.average(values, weights=counts[list(defined)]))
        if positive in defined:
            scores[f"{name}_binary"] = defined[positive]
    return scores


def _of_values(y: np.ndarray, prediction: np.ndarray, y_range: float | None) -> dict[str, float]:
    extent = float(np.ptp(y)) if y_range is None else y_range
    scores = {
        "mean_absolute_error": r.mae(y, prediction),
        "median_absolute_error": r.median_absolute_error(y, prediction),
        "root_mean_squared_error": r.rmse(y, prediction),
        "root_mean_squared_log_error": r.rmsle(y, prediction),
    }
    if extent > 0:
        scores |= {f"normalized_{name}": value / extent for name, value in scores.items()}
    return scores | {
        "explained_variance": r.explained_variance(y, prediction),
        "mean_absolute_percentage_error": r.mape(y, prediction),
        "r2_score": max(-1.0, r.r2(y, prediction)) if len(y) > 1 else np.nan,
        "spearman_correlation": r.spearman_correlation(y, prediction),
    }


def _of_forecasts(y: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    truth, point, scale = y[:, 0], prediction[:, 0], y[:, 1:]
    scores = {name: one(truth, prediction, scale) for name, one in _FORECASTS.items()}
    pooled = _of_values(truth, point, np.nan)
    scores |= {name: value for name, value in pooled.items() if name not in scores}
    return scores | _by_range(truth, point, scale)


def _by_range(y: np.ndarray, point: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    """Errors of each series by its range, and their mean: those that no trial is ranked by."""
    squared = (np.log1p(np.maximum(point, 0)) - np.log1p(np.maximum(y, 0))) ** 2
    rows = {"error": np.abs(y - point), "log": squared, "extent": scale[:, 1]}
    by_series = pd.DataFrame(rows).groupby(scale[:, 2])
    extent = by_series["extent"].first().where(lambda size: size > 0)
    log_error = np.sqrt(by_series["log"].mean()) if (y >= 0).all() else np.nan
    return {
        "normalized_median_absolute_error": float((by_series["error"].median() / extent).mean()),
        "normalized_root_mean_squared_log_error": float((log_error / extent).mean()),
    }


_FORECASTS = {
    "mase": f.mase,
    "rmsse": f.rmsse,
    "smape": f.smape,
    "wape": f.wape,
    "mean_absolute_percentage_error": f.mape,
    "median_absolute_percentage_error": f.mdape,
    "mean_absolute_error": f.mae,
    "mean_squared_error": f.mse,
    "root_mean_squared_error": f.rmse,
    "normalized_root_mean_squared_error": f.normalized_rmse,
    "normalized_mean_absolute_error": f.normalized_mae,
    "scaled_pinball_loss": f.scaled_pinball,
    "coverage": f.coverage,
    "r2_score": f.r2,
}


def _matthews(right: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> float:
    n = actual.sum()
    together = right.sum() * n - (actual * guessed).sum()
    spread = (n**2 - (actual**2).sum()) * (n**2 - (guessed**2).sum())
    return float(together / np.sqrt(spread)) if spread > 0 else 0.0


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return ratio
