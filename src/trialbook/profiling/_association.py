"""How columns go together: with the target, and with each other. Pure functions of arrays.

Two questions, two measures. How much a column says about the target is mutual information, the
same for all types, and blind to no shape. Whether two columns say the same is a correlation by
the measure that suits their types; all of these are 1 when one tells the other.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from trialbook.profiling._measures import (
    centred_ranks,
    correlation_ratio,
    cosine,
    cramers_v,
    rank_correlation,
)

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
        return centred_ranks(np.zeros(0) if self.numbers is None else self.numbers)


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
            return cosine(one.ranks, other.ranks), SPEARMAN
        return rank_correlation(one.numbers[rows], other.numbers[rows]), SPEARMAN
    if one.numbers is not None:
        return correlation_ratio(one.numbers[rows], other.codes[rows]), ETA
    if other.numbers is not None:
        return correlation_ratio(other.numbers[rows], one.codes[rows]), ETA
    return cramers_v(one.codes[rows], other.codes[rows]), CRAMER
