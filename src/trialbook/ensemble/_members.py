"""Which trials may take part in an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Models that a vote may choose from. Of the 25 it uses four to eight; measured on eight tables, a
# choice from five models is worse by 1 % of the error at the median, and one from more no better.
N_VOTERS = 25
# Predictions of so many values are held in memory at once, at most.
MAX_VALUES = 100_000_000
# The first layer of a stack: at most five models, all within 5 % of the best one, which is Azure
# ML's rule for ensembles. Its scores all lie between 0 and 1; a loss has no such scale, so the 5 %
# are of the way from a constant prediction to a perfect one, whatever the metric.
N_LAYER = 5
TOLERANCE = 0.05
# A model that gives some true class no chance at all has an endless log loss, but in a vote others
# speak for that class. Candidates are compared with this much of the class frequencies mixed in.
SMOOTHING = 0.01


def voters(
    losses: Sequence[float],
    families: Sequence[str],
    values_per_model: int = 1,
    *,
    seconds: bool = True,
) -> list[int]:
    """Positions of the models that a vote may choose from, best first.

    Parameters
    ----------
    losses : sequence of float
        Lower is better; a score that is better when greater comes negated.
    families : sequence of str
        The learner of each: the best model of every family comes before second ones of any, for
        a vote lives from models that err in different ways.
    values_per_model : int
        Numbers that one model's predictions are made of.
    seconds : bool
        Whether a family's second models may vote, too. Where they may not, those of an only
        family still do.

    Returns
    -------
    list of int
        At most `N_VOTERS`, fewer where their predictions would fill the memory.
    """
    order = _order(losses)
    first: dict[str, int] = {}
    for position in order:
        first.setdefault(families[position], position)
    if not seconds and len(first) > 1:
        order = list(first.values())
    most = max(N_LAYER, min(N_VOTERS, MAX_VALUES // max(1, values_per_model)))
    chosen = sorted(order, key=lambda position: first[families[position]] != position)[:most]
    return [position for position in order if position in chosen]


def layer(losses: Sequence[float], constant_loss: float, perfect_loss: float) -> list[int]:
    """Positions of the models that a stack is built on, best first.

    Parameters
    ----------
    losses : sequence of float
        Lower is better; a score that is better when greater comes negated.
    constant_loss : float
        Loss of predicting the same for every row.
    perfect_loss : float
        Loss of a model that is always right.

    Returns
    -------
    list of int
        At most `N_LAYER`, each within `TOLERANCE` of the best.
    """
    order = _order(losses)
    if not order:
        return []
    limit = losses[order[0]] + TOLERANCE * max(0.0, constant_loss - perfect_loss) + 1e-12
    return [position for position in order[:N_LAYER] if losses[position] <= limit]


def _order(losses: Sequence[float]) -> list[int]:
    """Positions of the finite losses, best first; of equals, the first."""
    finite = (position for position in range(len(losses)) if np.isfinite(losses[position]))
    return sorted(finite, key=lambda position: (losses[position], position))


def smoothed(
    prediction: np.ndarray[Any, Any], constant: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Class probabilities with a little of the class frequencies mixed in.

    Parameters
    ----------
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Numbers are left as they are.
    constant : ndarray of shape (n_rows, n_classes) or (n_rows,)
        The constant prediction for the same rows.

    Returns
    -------
    ndarray
    """
    if prediction.ndim == 1:
        return prediction
    mixed: np.ndarray[Any, Any] = (1 - SMOOTHING) * prediction + SMOOTHING * constant
    return mixed


def stackable(
    y: np.ndarray[Any, Any], matrix: np.ndarray[Any, Any], classes: Sequence[Any]
) -> str | None:
    """Why no meta-learner can be trained on the validation rows, if so.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Codes of the classes, or numbers.
    matrix : ndarray of shape (n_rows, n_folds)
        0 where a row validates.
    classes : sequence
        Labels; empty for regression.

    Returns
    -------
    str or None
        The reason; ``None`` if it can.

    Notes
    -----
    The meta-learner is trained on validation rows alone. A class of which only one row ever
    validates is unknown to it in the fold that validates that row.
    """
    validates = (matrix == 0).any(axis=1)
    if validates.sum() < MIN_STACKING_ROWS:
        return f"{int(validates.sum())} rows validate; a meta-learner needs {MIN_STACKING_ROWS}"
    for code, label in enumerate(classes):
        of_class = validates & (y == code)
        folds = (matrix[of_class] == 0).any(axis=0).sum()
        if of_class.sum() < MIN_CLASS_ROWS or (matrix.shape[1] > 1 and folds < 2):
            rows = int(of_class.sum())
            need = f"a meta-learner needs {MIN_CLASS_ROWS}, in two folds"
            return f"{rows} rows of class '{label}' validate; {need}"
    return None


# Fewer rows than this, and the meta-learner fits noise.
MIN_STACKING_ROWS = 50
# So that each part of a five-fold cut of one hold-out most probably holds one of the class.
MIN_CLASS_ROWS = 10
