"""Big tables of very uneven classes: fewer rows of the largest class, each of more weight.

Pure functions of arrays, and the policy of when it pays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trialbook.data._fold_count import SECONDS, SECONDS_PER_MILLION, count_values
from trialbook.data._guardrails import Guardrail
from trialbook.data._splits import TRAINS, Folds

# The column that holds the weights, beside those of the folds.
SAMPLE_WEIGHT = "__sample_weight"
# The check that says which rows of the largest class are used.
CLASS_SAMPLING = "Class sampling"
# Of the largest class so many times the rows of all others are kept. A boosted model of 225,000
# rows, 2 % of one class, then lost 0.002 of its ROC AUC and 1.6 % of log loss in a quarter of the
# time; with as many rows of a plain sample 0.021 and 4.6 %. With five times it lost 0.005.
TIMES_THE_OTHERS = 10
# So many rows train in any case: fewer would save little more time.
LEAST_ROWS = 100_000
# What leaves more than this share of the rows is not worth it.
MOST_KEPT = 0.75
# Where a boosted model on all rows takes no more than this share of the deadline, the best ones
# are trained on all rows in the end (`trialbook.search._rows`), which is best.
SHARE = 0.2
# Rounds of boosting on many rows beside those on ten thousand, as in `default_folds`.
ROUNDS = 2.0


class Fewer(NamedTuple):
    """Which rows are kept, and what each of them weighs."""

    kept: np.ndarray
    weights: np.ndarray
    guardrail: Guardrail


def fewer_of_largest(
    y: np.ndarray,
    labels: tuple[object, ...],
    folds: Folds,
    *,
    n_features: int,
    deadline_s: float | None,
) -> Fewer | None:
    """Choose rows of the largest class of a big table to train on.

    Parameters
    ----------
    y : ndarray of int, shape (n_rows,)
        Class of each row, from 0, in the order of `trialbook.data._big.arrange`.
    labels : tuple
        The classes.
    folds : Folds
        Rows that validate stay as they are.
    n_features : int
    deadline_s : float, optional
        Seconds for the whole run; without a deadline trials have all rows.

    Returns
    -------
    Fewer or None
        ``None`` where it does not pay: the classes are not so uneven, all rows can be trained on
        in time, or each row trains in one fold and validates in another.

    Notes
    -----
    A kept row of the largest class stands for as many as were left out for each that was kept, so
    that probabilities stay those of all rows. Databricks AutoML does the same.
    """
    if deadline_s is None or folds.n_folds > 1:
        return None
    trains = folds.matrix[:, 0] == TRAINS
    counts = np.bincount(y[trains], minlength=len(labels))
    largest, n_rows = int(counts.argmax()), int(counts.sum())
    n_largest = int(counts[largest])
    wanted = max(TIMES_THE_OTHERS * (n_rows - n_largest), LEAST_ROWS - (n_rows - n_largest))
    values = count_values(n_rows, n_features, len(labels))
    model_s = SECONDS + SECONDS_PER_MILLION * values / 1e6 * ROUNDS
    if n_rows - n_largest + wanted > MOST_KEPT * n_rows or model_s <= SHARE * deadline_s:
        return None
    # Evenly over their order, of which every beginning is a sample.
    rows = np.flatnonzero(trains & (y == largest))
    chosen = rows[np.linspace(0, n_largest - 1, wanted).round().astype(int)]
    kept = np.ones(len(y), dtype=bool)
    kept[rows] = False
    kept[chosen] = True
    weight = n_largest / wanted
    weights = np.ones(len(y))
    weights[chosen] = weight
    return Fewer(kept, weights[kept], _guardrail(labels[largest], n_largest, wanted, deadline_s))


def _guardrail(label: object, n_largest: int, n_kept: int, deadline_s: float) -> Guardrail:
    finding = (
        f"{n_largest:,} training rows have the class '{label}', more than {TIMES_THE_OTHERS} "
        f"times all others: too many to train the best models on in {deadline_s:.0f} s"
    )
    action = (
        f"{n_kept:,} of them are kept ({n_kept / n_largest:.1%}), with weight "
        f"{n_largest / n_kept:.4g} in place of 1, so that probabilities stay those of all rows; "
        "rows that validate or test are untouched"
    )
    return Guardrail(CLASS_SAMPLING, "fixed", finding, action)
