"""All charts of a task, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialbook.evaluation.charts._chart import Chart
from trialbook.evaluation.charts._lines import calibration, line_charts
from trialbook.evaluation.charts._matrix import confusion_matrix
from trialbook.evaluation.charts._numbers import predicted_vs_true, residuals
from trialbook.job import Task

# Curves need all scores of all classes in order. From so many on, a sample of the rows gives the
# same picture: its areas are within 0.001, and a chart takes a second at most.
MAX_SCORES = 4_000_000
# The squares of larger numbers are infinite, and those of smaller ones nothing.
SMALLEST, LARGEST = 1e-150, 1e150


def charts(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray,
    classes: Sequence[Any] = (),
    positive: int | None = None,
    weight: np.ndarray | None = None,
) -> dict[str, Chart]:
    """Compute the charts of a task.

    Parameters
    ----------
    task : {"classification", "regression"}
        What was learned.
    y : ndarray of shape (n,)
        Codes 0 to n_classes - 1 of the true classes, or true values.
    prediction : ndarray of shape (n, n_classes) or (n,)
        Probabilities, or predicted values.
    classes : sequence
        Names of the classes, in the order of the codes.
    positive : int, optional
        Code of the positive class of two.
    weight : ndarray of shape (n,), optional
        How many rows a row stands for; one each by default.

    Returns
    -------
    dict of str to Chart
        ``confusion_matrix``, ``confusion_matrix_counts``, ``roc``, ``precision_recall``,
        ``cumulative_gains``, ``lift`` and ``calibration``, or ``residuals`` and
        ``predicted_vs_true``. A chart that is undefined on these rows is left out, as are all of
        them where a prediction is not finite, or numbers are too large or small to be squared.
    """
    y, prediction = np.asarray(y), np.asarray(prediction, dtype=float)
    if not len(y) or not np.isfinite(prediction).all():
        return {}
    if weight is not None:
        weight = np.asarray(weight, dtype=float)
        kept = weight > 0
        if not kept.any() or np.ptp(weight) == 0:
            weight = None  # all weigh the same
        elif not kept.all():
            y, prediction, weight = y[kept], prediction[kept], weight[kept]
    if task == "regression":
        y = y.astype(float)
        size = max(np.abs(y).max(), np.abs(prediction).max())
        if size > LARGEST or 0 < size < SMALLEST:
            return {}
        found = {
            "residuals": residuals(y, prediction, weight),
            "predicted_vs_true": predicted_vs_true(y, prediction, weight),
        }
        return {name: Chart(name, data) for name, data in found.items()}
    names = [str(name) for name in classes]
    matrix = confusion_matrix(y, prediction.argmax(axis=1), names, weight)
    counts = {key: value for key, value in matrix.items() if key != "normalized"}
    found = {"confusion_matrix": matrix, "confusion_matrix_counts": counts}
    some = _sample(len(y), prediction.size)
    about = {"rows": len(y)}
    if some is not None:
        about["rows_sampled"] = len(some)
        y, prediction = y[some], prediction[some]
        weight = None if weight is None else weight[some]
    found |= line_charts(y, prediction, names, positive, weight)
    found["calibration"] = calibration(y, prediction, names, positive, weight)
    return {name: Chart(name, {**about, **data}) for name, data in found.items()}


def _sample(n_rows: int, n_scores: int) -> np.ndarray | None:
    """Positions of the rows that curves are drawn of; ``None`` for all."""
    if n_scores <= MAX_SCORES:
        return None
    size = max(1, int(n_rows * MAX_SCORES / n_scores))
    return np.sort(np.random.default_rng(0).choice(n_rows, size, replace=False))
