"""Weights of a vote that nothing is selected for.

The source of `inverse_error_weights` is copied into the notebook of a vote of forecasts, so it
uses nothing but NumPy; two annotations are in quotes for that reason.
"""

from collections.abc import Sequence

import numpy as np


def inverse_error_weights(losses: "Sequence[float]", kinds: "Sequence[str]") -> np.ndarray:
    """Weights by the inverse fourth power of the loss, of the best member of each kind.

    Members of more than one and a half times the lowest loss have no weight.

    Parameters
    ----------
    losses : sequence of float
        Of each member; 0 is perfect. A member whose loss is not finite is no candidate.
    kinds : sequence of str
        What each member is. Of each kind only the best one counts.

    Returns
    -------
    ndarray of shape (n_members,)
        Weights from 0 up; their sum is 1.

    Raises
    ------
    ValueError
        If no member has a finite loss.

    References
    ----------
    J. M. Bates and C. W. J. Granger, "The combination of forecasts", Operational Research
    Quarterly 20 (1969), 451-468: weights by the inverse of the squared errors, as if members'
    errors had nothing in common. Twice that power trusts the better ones more.
    """
    values = np.asarray(losses, dtype=float)
    best: dict[str, int] = {}
    for member in np.argsort(values, kind="stable"):
        if np.isfinite(values[member]):
            best.setdefault(kinds[member], member)
    if not best:
        raise ValueError("no member has a finite loss")
    lowest = values[list(best.values())].min()
    weights = np.zeros(len(values))
    for member in best.values():
        if values[member] <= 1.5 * lowest:
            weights[member] = (lowest / values[member]) ** 4 if values[member] > 0 else 1.0
    return np.asarray(weights / weights.sum())
