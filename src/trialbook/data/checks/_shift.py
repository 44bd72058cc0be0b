"""How far a column is otherwise distributed in other rows: the one measure of drift.

The check of validation and test rows uses it, and so does the comparison of a model's training
rows with recent ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.data.checks._codes import cut, edges_of, measures

# Numbers are compared in so many bins, categories by their most frequent levels.
BINS, LEVELS = 10, 30
# Among thousands of levels, those of a few rows are the most frequent ones by chance.
FREQUENT_ROWS = 20
# A column moved if so many of the other rows would have to change to look like training rows:
# with less, models lose little ...
MOVED = 0.1
# ... and if chance would bring that about in one table of a thousand, however many its columns.
CHANCE = 0.001
# With fewer rows, shares in bins say nothing.
FEWEST_ROWS = 30
# The test of chance holds for bins of this many rows and more.
FEW_IN_BIN = 10
# Cells with a level that no training row has: from here on they are named even so.
NEW_LEVELS = 0.05

# What the bin of all others is called.
RARE_LEVELS = "rare levels"


class Shift(NamedTuple):
    """How two sets of cells of one column differ.

    Parameters
    ----------
    counts : ndarray of float, shape (2, n_bins)
        Cells in each bin, of the training rows and of the others; no bin is empty in both.
    names : tuple of str
        What is in each bin.
    distance : float
        Part of the others that would have to change bins to be distributed as in training.
    new : float
        Part of the others with a level that no training row has, beyond chance.
    chance : float
        Probability of such counts in rows of one origin (chi-squared test).
    """

    counts: np.ndarray
    names: tuple[str, ...]
    distance: float
    new: float
    chance: float

    def matters(self) -> bool:
        """Whether it is so far that models lose by it, chance aside."""
        return self.distance >= MOVED or self.new >= NEW_LEVELS


def shift_of(column: Column, before: pd.Series, after: pd.Series) -> Shift:
    """Compare the cells of a column.

    Parameters
    ----------
    column : Column
    before, after : Series
        Cells of training rows and of others, at least one each.

    Returns
    -------
    Shift
    """
    if column.semantic is Semantic.TEXT:
        one, other = (cells.isna().to_numpy().astype(int) for cells in (before, after))
        return _compared(one, other, 0.0, ("present", "missing"))
    return _compared(*_alike(column, before, after))


def _compared(one: np.ndarray, other: np.ndarray, new: float, named: tuple[str, ...]) -> Shift:
    counts = np.stack([np.bincount(codes, minlength=len(named)) for codes in (one, other)])
    used = counts.sum(axis=0) > 0
    counts = counts[:, used].astype(float)
    names = tuple(name for name, is_used in zip(named, used, strict=True) if is_used)
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return Shift(counts, names, distance, new, by_chance(counts))


def _alike(
    column: Column, before: pd.Series, after: pd.Series
) -> tuple[np.ndarray, np.ndarray, float, tuple[str, ...]]:
    """Cells of both as whole numbers from 0, the part of the latter of a new level, and names."""
    numbers = measures(before, column)
    if numbers is not None:
        others = np.asarray(measures(after, column))
        written = _day if column.semantic is Semantic.DATETIME else _number
        return _binned(numbers, others, written)
    codes, levels = pd.factorize(before)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    others = pd.Index(levels).get_indexer(after)
    unknown = (others < 0) & after.notna().to_numpy()
    # Missing is 0, rare ones are 1, the most frequent ones each their own. A level of one training
    # row would be new if that row had not been drawn: the part of such rows is what is new by
    # chance (Good 1953), and they count as new here.
    place = np.ones(len(levels) + 1, dtype=int)
    frequent = np.argsort(-counts, kind="stable")[:LEVELS]
    frequent = frequent[counts[frequent] >= FREQUENT_ROWS]
    place[frequent] = np.arange(len(frequent)) + 2
    place[-1] = 0
    once = np.append(counts == 1, False)
    new = LEVELS + 2
    expected = once[codes].mean()
    named = ["missing", RARE_LEVELS, *(str(levels[code]) for code in frequent)]
    named += [""] * (new - len(named)) + ["new levels"]
    return (
        np.where(once[codes], new, place[codes]),
        np.where(unknown, new, np.where(once[others], 1, place[others])),
        float(max(0.0, unknown.mean() - expected)),
        tuple(named),
    )


def _binned(
    before: np.ndarray, after: np.ndarray, written: object
) -> tuple[np.ndarray, np.ndarray, float, tuple[str, ...]]:
    edges = edges_of(before, BINS)
    said = [written(edge) for edge in edges]  # type: ignore[operator]
    named = ["missing", *(f"to {one}" for one in said)]
    named.append(f"above {said[-1]}" if said else "any")
    for place in range(2, len(said) + 1):
        named[place] = f"{said[place - 2]} to {said[place - 1]}"
    return cut(before, edges), cut(after, edges), 0.0, tuple(named)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _day(value: float) -> str:
    return str(pd.Timestamp(value, unit="s").date())


def by_chance(counts: np.ndarray) -> float:
    """Probability of counts so different in rows of one origin (chi-squared test).

    Parameters
    ----------
    counts : ndarray of float, shape (2, n_bins)

    Returns
    -------
    float
    """
    from scipy.special import chdtrc

    # Bins of few rows together: the test is one of many.
    few = counts.sum(axis=0) < FEW_IN_BIN
    counts = np.column_stack([counts[:, ~few], counts[:, few].sum(axis=1)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return 1.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(chdtrc(counts.shape[1] - 1, ((counts - expected) ** 2 / expected).sum()))
