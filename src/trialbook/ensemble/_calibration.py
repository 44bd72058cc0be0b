"""Whether, and how, an ensemble's probabilities are adjusted to the metric that ranks it."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialbook.evaluation import Metric
from trialbook.program import AdjustmentKind

# Rows for each class, on average, from which isotonic regression is tried beside a temperature,
# where there are more than two classes. What both bring on rows that they were not found on, in
# percent of the log loss, mean (worst); the better way is chosen by cross-fitting, as programs do.
# Votes among 4 to 12 models of 16 tables, without one whose loss is nearly 0:
#                           held-out validation rows      test rows
#                           temperature   either          temperature   either
#   two classes, 3,000 rows -0.0 (+0.1)   -0.0 (+0.5)     -0.0 (0.0)    -0.0 (0.0)
#   250 rows a class        -0.1 (-0.0)   -1.0 (-0.1)     -2.4 (-0.2)   -3.3 (-0.9)
#   fewer                   -1.1 (+0.7)   -1.2 (+0.6)     -4.5 (0.0)    -6.4 (0.0)
# For fewer rows a class it raised the Brier score of a table by 6 % on its test rows.
MIN_ROWS_PER_CLASS_ISOTONIC = 250
# Validation rows from which an adjustment can be told from noise, as in AutoGluon: for a
# temperature, with two classes and with more; for class weights, and for those that are to raise
# the share of right answers, of which the most probable class is already the best guess.
MIN_ROWS_TEMPERATURE = {"binary": 3000, "multiclass": 500}
MIN_ROWS_CLASS_WEIGHTS = 50
MIN_ROWS_ACCURACY = 10_000
# A class of fewer rows would be given its weight by the luck of one or two: where a class had two,
# weights raised balanced accuracy by 0.1 on validation rows, and lowered it on others.
MIN_CLASS_ROWS = 10

# Metrics that ask how sure a model is, and not only which row it ranks above which.
OF_CERTAINTY = frozenset({"log_loss", "brier"})
OF_ACCURACY = frozenset({"accuracy", "f1_micro"})
# Metrics that can be won by hardly ever, or nearly always, answering with one class.
ONE_SIDED = frozenset({"precision", "precision_score_weighted", "recall"})


def adjustment(
    metric: Metric,
    y: np.ndarray[Any, Any],
    n_classes: int,
    *,
    calibrate: bool,
    tune_threshold: bool,
) -> AdjustmentKind | None:
    """How the probabilities of ensembles are adjusted to a metric.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n,)
        Codes of the classes, or numbers, of the rows that validate.
    n_classes : int
        0 for regression.
    calibrate, tune_threshold : bool
        Whether probabilities may be calibrated, and whether classes may be weighted.

    Returns
    -------
    {"temperature", "temperature_or_isotonic", "class_weights"} or None
        ``None`` where the metric would gain nothing, or the rows are too few to tell.
    """
    if metric.name in OF_CERTAINTY:
        least = MIN_ROWS_TEMPERATURE["binary" if n_classes == 2 else "multiclass"]
        if not calibrate or len(y) < least:
            return None
        many = n_classes > 2 and len(y) >= MIN_ROWS_PER_CLASS_ISOTONIC * n_classes
        return "temperature_or_isotonic" if many else "temperature"
    if not metric.label_based or metric.name in ONE_SIDED:
        return None
    least = MIN_ROWS_ACCURACY if metric.name in OF_ACCURACY else MIN_ROWS_CLASS_WEIGHTS
    smallest = np.bincount(y, minlength=n_classes).min()
    enough = len(y) >= least and smallest >= MIN_CLASS_ROWS
    return "class_weights" if tune_threshold and enough else None
