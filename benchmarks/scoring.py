"""One score for all: computed here from predictions, never by a framework about itself."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, recall_score, roc_auc_score

# The names that the public AutoML benchmark uses in its results; losses are negative there, so
# that higher is always better.
RESULT_NAMES = {
    "roc_auc": "auc",
    "log_loss": "neg_logloss",
    "rmse": "neg_rmse",
    "accuracy": "acc",
    "balanced_accuracy": "balacc",
}
# Those whose best value is 1.
SHARES = ("auc", "acc", "balacc")
# Keeps one wrong certainty from being an infinite loss.
SMALLEST_PROBABILITY = 1e-15
# The target's code of a test row whose class no training row has.
UNKNOWN_CLASS = -1


class PredictionError(ValueError):
    """Predictions that cannot be scored."""


def probabilities(raw: np.ndarray, n_rows: int, n_classes: int) -> np.ndarray:
    """Check class probabilities, clip them, and make each row sum to one.

    Parameters
    ----------
    raw : ndarray of shape (n_rows, n_classes)
        As a framework gave them.
    n_rows, n_classes : int
        What is expected.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)

    Raises
    ------
    PredictionError
        If the shape is another one, a number is missing, or a row holds nothing but zeros.
    """
    values = checked(raw, (n_rows, n_classes))
    clipped = np.clip(values, 0, 1)
    sums = clipped.sum(axis=1, keepdims=True)
    if (sums <= 0).any():
        raise PredictionError("a row has no probability above zero")
    clipped = np.clip(clipped / sums, SMALLEST_PROBABILITY, 1)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


def checked(raw: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Predictions as finite numbers of the expected shape, or a `PredictionError`."""
    values = np.asarray(raw, dtype=float)
    if values.shape != shape:
        raise PredictionError(f"the predictions' shape is {values.shape}, not {shape}")
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise PredictionError(f"{bad} predictions are missing or infinite")
    return values


def score(metric: str, y: np.ndarray, raw: np.ndarray, classes: int) -> float:
    """Score predictions; higher is better.

    Parameters
    ----------
    metric : str
        A key of `RESULT_NAMES`. Sets have one of the first three; a comparison may ask for others.
    y : ndarray of shape (n_rows,)
        Codes of classes, `UNKNOWN_CLASS` for a class that training did not have, or numbers.
    raw : ndarray of shape (n_rows, classes) or (n_rows, 1)
        Predictions: a probability per class, or one number.
    classes : int
        Number of classes in training; 0 for numbers.

    Returns
    -------
    float
        The area under the ROC curve of the second class, a share of right labels, where the most
        probable class is the label, or the negative loss.

    Raises
    ------
    PredictionError
        If the predictions cannot be scored.
    """
    if metric == "rmse":
        values = checked(raw, (len(y), 1))[:, 0]
        return -float(np.sqrt(np.mean((y.astype(float) - values) ** 2)))
    if metric == "roc_auc":
        # Not clipped: only the order counts, and it may be finer than the smallest probability.
        return float(roc_auc_score(y == 1, checked(raw, (len(y), classes))[:, 1]))
    given = probabilities(raw, len(y), classes)
    if metric == "accuracy":
        return float(accuracy_score(y, given.argmax(axis=1)))
    if metric == "balanced_accuracy":
        known = np.unique(y[y != UNKNOWN_CLASS])
        return float(recall_score(y, given.argmax(axis=1), labels=known, average="macro"))
    if (y == UNKNOWN_CLASS).any():
        # Nobody could learn such a class; it costs all of them the same.
        given = np.column_stack([given, np.full(len(y), SMALLEST_PROBABILITY)])
        given /= given.sum(axis=1, keepdims=True)
        y = np.where(y == UNKNOWN_CLASS, classes, y)
    return -float(log_loss(y, given, labels=range(given.shape[1])))
