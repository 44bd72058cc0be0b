"""How sure a share or a mean is."""

from __future__ import annotations

import math

import numpy as np


def share_interval(count: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share.

    Parameters
    ----------
    count : float
        Rows that are counted.
    n : int
        Of so many.
    level : float

    Returns
    -------
    tuple of (float, float)

    Notes
    -----
    Wilson (1927): it keeps its level for few rows and for shares near 0 and 1.
    """
    from scipy.stats import norm

    if n == 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + level / 2))
    share = count / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Student's interval of a mean that is not below zero.

    Parameters
    ----------
    values : ndarray of shape (n,)
    level : float

    Returns
    -------
    tuple of (float, float)
        Infinite at the upper end for fewer than two values.
    """
    from scipy.stats import t

    if len(values) < 2:
        return 0.0, math.inf
    half = float(t.ppf(0.5 + level / 2, len(values) - 1)) * float(values.std(ddof=1))
    half /= math.sqrt(len(values))
    return max(0.0, float(values.mean()) - half), float(values.mean()) + half
