"""Metrics of classification, each a function that stands alone.

Every function takes `y`, the codes 0 to K - 1 of the true classes, shape (n,); `proba`, the
predicted probabilities, shape (n, K), classes in the order of the codes; and `positive`, the code
of the positive class, ``None`` for more than two classes. It tolerates classes that are absent
from `y`; where nothing can be computed it returns NaN.

The source of a metric is copied into the trials' notebooks. So it uses only what the imports
declared for it in `_metric` bring in, and says in one line what it is.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)


def roc_auc(y: np.ndarray, proba: np.ndarray, positive: int) -> float:
    """Area under the ROC curve of the positive class."""
    truth = y == positive
    n_in, n_out = truth.sum(), (~truth).sum()
    if n_in == 0 or n_out == 0:
        return np.nan
    # The share of (positive, negative) pairs that are ranked rightly; a tie is half. Written out
    # because weights are chosen by hundreds of these, and scikit-learn's takes five times longer.
    won = rankdata(proba[:, positive])[truth].sum() - n_in * (n_in + 1) / 2
    return float(won / (n_in * n_out))


def roc_auc_ovr_weighted(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Area under the one-vs-rest ROC curves, averaged by class frequency."""
    truth = y[:, None] == np.arange(proba.shape[1])
    n_in = truth.sum(axis=0)
    n_out = len(y) - n_in
    seen = (n_in > 0) & (n_out > 0)
    if not seen.any():
        return np.nan
    # A class's area is the share of (in, out) pairs that its column ranks rightly; a tie is half.
    won = (rankdata(proba, axis=0) * truth).sum(axis=0) - n_in * (n_in + 1) / 2
    return float(np.average(won[seen] / (n_in * n_out)[seen], weights=n_in[seen]))


def log_loss(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Mean negative logarithm of the probability given to the true class."""
    clipped = np.maximum(np.asarray(proba, dtype=float), 1e-15)
    of_truth = clipped[np.arange(len(y)), y] / clipped.sum(axis=1)
    return float(-np.log(of_truth).mean())


def accuracy(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Share of rows whose most probable class is the true one."""
    return float(np.mean(proba.argmax(axis=1) == y))


def balanced_accuracy(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Recall, averaged over the classes that occur."""
    labels = np.unique(y)
    predicted = proba.argmax(axis=1)
    return float(recall_score(y, predicted, labels=labels, average="macro", zero_division=0))


def norm_macro_recall(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Macro recall, moved and scaled so that guessing scores 0 and perfection 1."""
    recall = recall_score(y, proba.argmax(axis=1), average="macro", zero_division=0)
    chance = 1 / proba.shape[1]
    return float((recall - chance) / (1 - chance))


def f1(y: np.ndarray, proba: np.ndarray, positive: int) -> float:
    """F1 score of the positive class."""
    predicted = proba.argmax(axis=1)
    return float(f1_score(y == positive, predicted == positive, zero_division=0))


def f1_macro(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """F1 score, the plain mean over classes."""
    return float(f1_score(y, proba.argmax(axis=1), average="macro", zero_division=0))


def f1_micro(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """F1 score over all rows and classes at once."""
    return float(f1_score(y, proba.argmax(axis=1), average="micro", zero_division=0))


def f1_weighted(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """F1 score, averaged by class frequency."""
    return float(f1_score(y, proba.argmax(axis=1), average="weighted", zero_division=0))


def precision(y: np.ndarray, proba: np.ndarray, positive: int) -> float:
    """Share of rows predicted positive that are."""
    predicted = proba.argmax(axis=1)
    return float(precision_score(y == positive, predicted == positive, zero_division=0))


def precision_macro(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Precision, the plain mean over classes."""
    return float(precision_score(y, proba.argmax(axis=1), average="macro", zero_division=0))


def precision_weighted(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Precision, averaged by class frequency."""
    return float(precision_score(y, proba.argmax(axis=1), average="weighted", zero_division=0))


def recall(y: np.ndarray, proba: np.ndarray, positive: int) -> float:
    """Share of positive rows that are predicted positive."""
    predicted = proba.argmax(axis=1)
    return float(recall_score(y == positive, predicted == positive, zero_division=0))


def recall_macro(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Recall, the plain mean over classes."""
    return float(recall_score(y, proba.argmax(axis=1), average="macro", zero_division=0))


def average_precision(y: np.ndarray, proba: np.ndarray, positive: int) -> float:
    """Average precision (area under the precision-recall curve) of the positive class."""
    truth = y == positive
    return float(average_precision_score(truth, proba[:, positive])) if truth.any() else np.nan


def average_precision_macro(
    y: np.ndarray, proba: np.ndarray, positive: int | None = None
) -> float:
    """Average precision, the plain mean over the classes that occur."""
    return float(np.mean([average_precision_score(y == k, proba[:, k]) for k in np.unique(y)]))


def average_precision_weighted(
    y: np.ndarray, proba: np.ndarray, positive: int | None = None
) -> float:
    """Average precision, averaged by class frequency."""
    labels, counts = np.unique(y, return_counts=True)
    scores = [average_precision_score(y == k, proba[:, k]) for k in labels]
    return float(np.average(scores, weights=counts))


def matthews_correlation(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Matthews correlation of true and predicted classes; 0 if either is constant."""
    return float(matthews_corrcoef(y, proba.argmax(axis=1)))


def brier(y: np.ndarray, proba: np.ndarray, positive: int) -> float:
    """Mean squared error of the probability of the positive class."""
    return float(np.mean((proba[:, positive] - (y == positive)) ** 2))


def brier_multiclass(y: np.ndarray, proba: np.ndarray, positive: int | None = None) -> float:
    """Squared error of the probabilities, summed over classes: 0 to 2."""
    truth = y[:, None] == np.arange(proba.shape[1])
    return float(np.mean(((proba - truth) ** 2).sum(axis=1)))
