"""Which models an ensemble can afford when its members may only cost so much in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trialbook.ensemble._caruana import select_weights

# How much of the vote a further member may take over; its exact weight is selected afterwards.
SHARES = (0.5, 0.33, 0.2, 0.1)
# Members that are chosen first may spend all of the budget, or these shares of it: a slow best
# model leaves no room for others, and a few quick ones may together be better than it.
CAPS = (1.0, 0.5, 0.25)
# More rows do not tell it better, and the engine waits for the answer.
MAX_ROWS = 5000


def affordable(
    predictions: Sequence[np.ndarray[Any, Any]],
    y: np.ndarray[Any, Any],
    loss: Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], float],
    costs: Sequence[float],
    budget: float,
) -> list[int]:
    """Members that a vote may choose from, so that all of them together are within a budget.

    Parameters
    ----------
    predictions : sequence of ndarray, each of shape (n,) or (n, n_classes)
        What each candidate predicts for the same rows.
    y : ndarray of shape (n,)
        Truth, passed to `loss`.
    loss : callable
        ``loss(y, prediction) -> float``, lower is better.
    costs : sequence of float
        What each candidate takes of the budget.
    budget : float

    Returns
    -------
    list of int
        Positions in ascending order; empty if no candidate is within the budget.

    Notes
    -----
    What ensemble selection takes without a budget, if that is within it. Else greedy: each round
    adds the member that lowers the loss of the vote most, among those that are still within the
    budget, until none lowers it.
    """
    every = max(1, -(-len(y) // MAX_ROWS))
    some = [prediction[::every] for prediction in predictions]
    finite = [one for one in range(len(some)) if np.isfinite(loss(y[::every], some[one]))]
    if finite:
        weights = select_weights([some[one] for one in finite], y[::every], loss)
        wanted = [finite[one] for one in np.flatnonzero(weights)]
        if sum(costs[one] for one in wanted) <= budget:
            return wanted
    found = [_grown(some, y[::every], loss, costs, budget, cap * budget) for cap in CAPS]
    _, chosen = min(found, key=lambda one: one[0])
    return sorted(chosen)


def first_within(costs: Sequence[float], budget: float) -> list[int]:
    """Members of a layer, each taken in its turn if all together are still within a budget.

    Parameters
    ----------
    costs : sequence of float
        What each takes of the budget, best member first.
    budget : float

    Returns
    -------
    list of int
        Positions.
    """
    taken: list[int] = []
    for member, cost in enumerate(costs):
        if sum(costs[one] for one in taken) + cost <= budget:
            taken.append(member)
    return taken


def _grown(
    predictions: Sequence[np.ndarray[Any, Any]],
    y: np.ndarray[Any, Any],
    loss: Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], float],
    costs: Sequence[float],
    budget: float,
    cap: float,
) -> tuple[float, list[int]]:
    """The loss of a vote whose first member costs no more than a cap, and its members."""
    chosen: list[int] = []
    vote = np.zeros_like(predictions[0], dtype=float) if predictions else np.zeros(0)
    best, left = np.inf, cap
    while True:
        options = []
        for member in range(len(predictions)):
            if member in chosen or costs[member] > left:
                continue
            for share in SHARES if chosen else (1.0,):
                error = loss(y, vote + share * (predictions[member] - vote))
                options.append((error if np.isfinite(error) else np.inf, member, share))
        error, member, share = min(options, default=(np.inf, -1, 0.0))
        if not error < best - 1e-12:
            return best, chosen
        best, vote = error, vote + share * (predictions[member] - vote)
        chosen.append(member)
        left = budget - sum(costs[one] for one in chosen)
