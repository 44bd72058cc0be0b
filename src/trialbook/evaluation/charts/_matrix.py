"""Which classes are taken for which, as data."""

from __future__ import annotations

from typing import Any

import numpy as np

# Of more classes, the most frequent are kept: nobody reads a larger matrix, and its file grows
# with the square.
MAX_CLASSES = 100


def confusion_matrix(
    y: np.ndarray, predicted: np.ndarray, names: list[str], weight: np.ndarray | None = None
) -> dict[str, Any]:
    """Count the rows of each true class that were taken for each class.

    Parameters
    ----------
    y, predicted : ndarray of int, shape (n,)
        Codes of the true and of the predicted classes.
    names : list of str
        Of the classes, in the order of the codes.
    weight : ndarray of shape (n,), optional

    Returns
    -------
    dict
        ``class_labels``; ``matrix``, rows or their weight by true class, then predicted class;
        ``normalized``, the same as shares of the true class; ``n_classes``, of which these may be
        the most frequent; ``rows`` and ``weighted``.
    """
    n_all = len(names)
    cells = y * n_all + predicted
    counts = np.bincount(cells, weights=weight, minlength=n_all**2).reshape(n_all, n_all)
    totals = counts.sum(axis=1)
    kept = np.sort(np.argsort(-totals, kind="stable")[:MAX_CLASSES])
    shares = counts / np.where(totals > 0, totals, 1)[:, None]
    inner = np.ix_(kept, kept)
    return {
        "class_labels": [names[k] for k in kept],
        "matrix": np.round(counts[inner], 3).tolist(),
        "normalized": np.round(shares[inner], 5).tolist(),
        "n_classes": n_all,
        "rows": len(y),
        "weighted": weight is not None,
    }
