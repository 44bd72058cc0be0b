"""Ensemble selection: how much each model counts in a vote.

The source of `select_weights` is copied into the notebook of the voting ensemble, so it uses
nothing but NumPy; two annotations are in quotes for that reason.
"""

from collections.abc import Callable, Sequence

import numpy as np


def select_weights(
    predictions: "Sequence[np.ndarray]",
    y: np.ndarray,
    loss: "Callable[[np.ndarray, np.ndarray], float]",
    *,
    n_rounds: int = 25,
) -> np.ndarray:
    """Weights of a vote, by ensemble selection with sorted initialisation.

    The vote starts as the best member; each round adds the member, perhaps again, that lowers the
    loss of the mean prediction most. The best round is kept.

    Parameters
    ----------
    predictions : sequence of ndarray, each of shape (n,) or (n, n_classes)
        What each member predicts for the same rows, in the same shape. Rows that a member has no
        prediction for must be dropped beforehand, from every member and from `y`.
    y : ndarray of shape (n,)
        Truth, passed to `loss`.
    loss : callable
        ``loss(y, prediction) -> float``, lower is better. A member whose loss is not finite is
        no candidate.
    n_rounds : int, default=25
        Members to add after the first.

    Returns
    -------
    ndarray of shape (n_members,)
        Weights from 0 up, in the order of `predictions`; their sum is 1.

    Raises
    ------
    ValueError
        If no member has a finite loss.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew and A. Ksikes, "Ensemble selection from libraries of
    models", ICML 2004.
    """
    alone = np.array([loss(y, prediction) for prediction in predictions], dtype=float)
    alone[~np.isfinite(alone)] = np.inf
    candidates = [member for member in np.argsort(alone, kind="stable") if alone[member] < np.inf]
    if not candidates:
        raise ValueError("no member has a finite loss")
    first, best_loss, rounding = candidates[0], alone[candidates[0]], 1e-12

    counts = np.zeros(len(alone))
    counts[first] = 1
    best_counts = counts.copy()
    total = np.array(predictions[first], dtype=float)
    for size in range(2, n_rounds + 2):
        losses = np.array([loss(y, (total + predictions[m]) / size) for m in candidates])
        losses[~np.isfinite(losses)] = np.inf
        tied = [m for m, value in zip(candidates, losses) if value <= losses.min() + rounding]
        # Of equals, take one that is in already: fewer members to keep and to run.
        chosen = next((m for m in tied if counts[m]), tied[0])
        counts[chosen] += 1
        total += predictions[chosen]
        if losses.min() < best_loss - rounding:
            best_loss, best_counts = losses.min(), counts.copy()
    weights: np.ndarray = best_counts / best_counts.sum()
    return weights
