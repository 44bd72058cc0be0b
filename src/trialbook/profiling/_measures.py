"""Measures of how columns go together, and of what is far out: functions that stand alone.

Their sources are copied into the exploration notebook, so that it finds what a profile finds. So
they use nothing but each other, NumPy as ``np`` and pandas as ``pd``, and say in one line what
they are. Groups and classes are numbered from 0; no value is missing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def counted(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rows by the groups that two columns put them in."""
    width = int(other.max()) + 1
    flat = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width)
    return flat.reshape(-1, width)


def entropy(counts: np.ndarray) -> float:
    """Entropy of some counts, in nats."""
    shares = counts[counts > 0] / counts.sum()
    return float((shares * np.log(1 / shares)).sum())


def explained(groups: np.ndarray, target: np.ndarray) -> float:
    """Part of the target's entropy that groups explain, beyond chance (Miller 1955, Madow)."""
    table = counted(groups, target)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    freedom = (np.count_nonzero(rows) - 1) * (np.count_nonzero(columns) - 1)
    information = entropy(rows) + entropy(columns) - entropy(table) - freedom / (2 * rows.sum())
    whole = entropy(columns)
    return float(np.clip(information / whole, 0, 1)) if whole > 0 else 0.0


def centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks less their mean; equal values share one."""
    ranks = np.asarray(pd.Series(values).rank())
    return ranks - ranks.mean() if len(ranks) else ranks


def cosine(one: np.ndarray, other: np.ndarray) -> float | None:
    """Correlation of two columns whose means are 0; None where one does not vary."""
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(np.clip(one @ other / size, -1, 1)) if size > 0 else None


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation, from -1 to 1."""
    return cosine(centred_ranks(one), centred_ranks(other))


def correlation_ratio(values: np.ndarray, groups: np.ndarray) -> float | None:
    """Root of the ranks' spread that lies between groups, beyond chance (Kelley 1935)."""
    ranks, sizes = centred_ranks(values), np.bincount(groups)
    n_rows, n_groups, spread = len(ranks), np.count_nonzero(sizes), float(ranks @ ranks)
    if spread == 0 or n_groups < 2 or n_rows <= n_groups:
        return None
    sums = np.bincount(groups, weights=ranks)[sizes > 0]
    between = float((sums**2 / sizes[sizes > 0]).sum()) / spread
    adjusted = 1 - (1 - between) * (n_rows - 1) / (n_rows - n_groups)
    return float(np.sqrt(np.clip(adjusted, 0, 1)))


def cramers_v(one: np.ndarray, other: np.ndarray) -> float | None:
    """Cramér's V of two groupings, beyond chance (Bergsma 2013), from 0 to 1."""
    table = counted(one, other).astype(float)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n_rows, sizes = table.sum(), np.array(table.shape)
    if sizes.min() < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n_rows
    phi = ((table - expected) ** 2 / expected).sum() / n_rows - (sizes - 1).prod() / (n_rows - 1)
    freedom = (sizes - (sizes - 1) ** 2 / (n_rows - 1)).min() - 1
    return float(np.sqrt(np.clip(phi / freedom, 0, 1))) if freedom > 0 else None


def outer_fences(values: np.ndarray) -> tuple[float, float] | None:
    """Tukey's outer fences; None where half of the values are one and the same."""
    lower, upper = np.quantile(values, (0.25, 0.75))
    width = upper - lower
    if width == 0 or not np.isfinite(width):
        return None
    return float(lower - 3 * width), float(upper + 3 * width)


# In the order in which a program defines them.
MEASURES = (
    counted,
    entropy,
    explained,
    centred_ranks,
    cosine,
    rank_correlation,
    correlation_ratio,
    cramers_v,
    outer_fences,
)
