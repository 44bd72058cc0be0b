"""How columns go together: with the target, and with each other. Pure functions of arrays.

Two questions, two measures. How much a column says about the target is mutual information, the
same for all types, and blind to no shape. Whether two columns say the same is a correlation by
the measure that suits their types; all of these are 1 when one tells the other.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Numbers with fewer values are levels; others fall into so many bins of as many rows each.
FEW_VALUES, BINS = 20, 10
# Levels beyond the most frequent ones count as one: they hold too few rows to tell anything.
MOST_LEVELS = 20
# Fewer rows in which both cells are there prove nothing: any two columns agree on three rows.
LEAST_ROWS = 20

SPEARMAN = "rank correlation (Spearman)"
ETA = "correlation ratio of ranks"
CRAMER = "Cramér's V"


@dataclass(frozen=True)
class Coded:
    """A column in two plain forms, of the same rows.

    Parameters
    ----------
    name : str
    codes : ndarray of int, shape (n_rows,)
        Bin or level of each cell; a missing one has a code of its own.
    missing : ndarray of bool, shape (n_rows,)
    numbers : ndarray of float or None
        Of numbers, dates (as days), texts (as characters) and of what is true (1) or false (0),
        NaN where missing; ``None`` for categories.
    """

    name: str
    codes: np.ndarray
    missing: np.ndarray
    numbers: np.ndarray | None

    @functools.cached_property
    def ranks(self) -> np.ndarray:
        """Centred ranks of the numbers, for pairs in which no cell is missing."""
        return _ranks(np.zeros(0) if self.numbers is None else self.numbers)


def coded_numbers(name: str, values: np.ndarray) -> Coded:
    """Put numbers into bins."""
    missing = np.isnan(values)
    present = values[~missing]
    codes = np.zeros(len(values), dtype=np.int64)
    different = np.unique(present)
    if len(different) > FEW_VALUES:
        edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1]))
        codes[~missing] = np.searchsorted(edges, present) + 1
    else:
        codes[~missing] = np.searchsorted(different, present) + 1
    return Coded(name, codes, missing, values)


def coded_levels(name: str, codes: np.ndarray, *, true: int | None = None) -> Coded:
    """Keep the most frequent levels apart, and join the rest.

    Parameters
    ----------
    name : str
    codes : ndarray of int, shape (n_rows,)
        Level of each cell, -1 where missing.
    true : int, optional
        Of two levels, the one that counts as 1. Correlation ratio and Cramér's V then come to
        the rank correlation, which has a sign.

    Returns
    -------
    Coded
    """
    missing = codes < 0
    counts = np.bincount(codes[~missing])
    order = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    # 0 stands for missing, and one more than the levels for all others.
    new = np.full(len(counts) + 1, len(order) + 1)
    new[order] = np.arange(1, len(order) + 1)
    new[-1] = 0
    numbers = None if true is None else np.where(missing, np.nan, codes == true)
    return Coded(name, new[codes], missing, numbers)


def explained(codes: np.ndarray, target: np.ndarray) -> float:
    """Part of the target's entropy that a column explains.

    Parameters
    ----------
    codes, target : ndarray of int, shape (n_rows,)
        From 0.

    Returns
    -------
    float
        From 0, it says nothing, to 1, it tells the target: mutual information over entropy, less
        what chance alone would give (Miller 1955, Madow).
    """
    table = _crossed(codes, target)
    n_rows = table.sum()
    both, one, other = (_entropy(counts) for counts in (table, table.sum(1), table.sum(0)))
    if other <= 0:
        return 0.0
    sides = [int(np.count_nonzero(table.sum(axis))) for axis in (0, 1)]
    by_chance = (sides[0] - 1) * (sides[1] - 1) / (2 * n_rows)
    return float(np.clip((one + other - both - by_chance) / other, 0.0, 1.0))


def _entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _crossed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rows by the two codes of each."""
    width = int(other.max()) + 1
    flat = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width)
    return flat.reshape(-1, width)


def correlation(one: Coded, other: Coded) -> tuple[float | None, str]:
    """How closely two columns go together, where neither is missing.

    Parameters
    ----------
    one, other : Coded
        Columns of the same rows.

    Returns
    -------
    tuple of (float or None, str)
        From -1 to 1 for two columns of numbers and from 0 to 1 for others, with the name of the
        measure; ``None`` where one of them does not vary, or nearly all rows lack one.
    """
    rows = ~(one.missing | other.missing)
    if np.count_nonzero(rows) < LEAST_ROWS:
        return None, ""
    if one.numbers is not None and other.numbers is not None:
        if rows.all():
            return _cosine(one.ranks, other.ranks), SPEARMAN
        return spearman(one.numbers[rows], other.numbers[rows]), SPEARMAN
    if one.numbers is not None:
        return correlation_ratio(one.numbers[rows], other.codes[rows]), ETA
    if other.numbers is not None:
        return correlation_ratio(other.numbers[rows], one.codes[rows]), ETA
    return cramers_v(one.codes[rows], other.codes[rows]), CRAMER


def spearman(one: np.ndarray, other: np.ndarray) -> float | None:
    """Rank correlation of two columns of numbers."""
    return _cosine(_ranks(one), _ranks(other))


def _cosine(one: np.ndarray, other: np.ndarray) -> float | None:
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(np.clip(one @ other / size, -1.0, 1.0)) if size > 0 else None


def _ranks(values: np.ndarray) -> np.ndarray:
    ranks = np.asarray(pd.Series(values).rank())
    return ranks - ranks.mean() if len(ranks) else ranks


def correlation_ratio(values: np.ndarray, codes: np.ndarray) -> float | None:
    """Part of the spread of ranks that lies between groups, as a root, less what chance gives.

    Parameters
    ----------
    values : ndarray of float, shape (n_rows,)
    codes : ndarray of int, shape (n_rows,)
        Group of each row.

    Returns
    -------
    float or None
        The root of Kelley's epsilon squared (1935); ``None`` where there is one group, one value
        or no row to spare.
    """
    ranks = _ranks(values)
    total = float((ranks**2).sum())
    counts = np.bincount(codes)
    n_groups = int(np.count_nonzero(counts))
    if total == 0 or n_groups < 2 or len(ranks) <= n_groups:
        return None
    sums = np.bincount(codes, weights=ranks)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum()) / total
    adjusted = 1 - (1 - between) * (len(ranks) - 1) / (len(ranks) - n_groups)
    return float(np.sqrt(np.clip(adjusted, 0.0, 1.0)))


def cramers_v(one: np.ndarray, other: np.ndarray) -> float | None:
    """Cramér's V of two columns of categories, less what chance gives (Bergsma 2013)."""
    if len(one) < 2:
        return None
    table = _crossed(one, other).astype(float)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    n_rows, (height, width) = table.sum(), table.shape
    if min(height, width) < 2:
        return None
    expected = np.outer(table.sum(1), table.sum(0)) / n_rows
    phi = float(((table - expected) ** 2 / expected).sum()) / n_rows
    phi -= (height - 1) * (width - 1) / (n_rows - 1)
    height, width = (size - (size - 1) ** 2 / (n_rows - 1) for size in (height, width))
    smaller = min(height, width) - 1
    return float(np.sqrt(np.clip(phi / smaller, 0.0, 1.0))) if smaller > 0 else None
