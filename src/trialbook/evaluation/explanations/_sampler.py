"""SHAP values of anything that predicts, by sampled permutations.

The features of a row of the background are replaced by those of the row to explain, one after
the other in a random order; each is worth what its replacement changes, on average over orders
and rows of the background (Strumbelj and Kononenko 2014). Each order is walked backwards, too
(antithetic; Mitchell et al. 2022), and every row of the background comes equally often.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from trialbook.evaluation.explanations._carry import spread

# Rows that are predicted by one call at most and at first, and seconds that it should take:
# between calls the clock is looked at.
ROWS_PER_CALL, FIRST_CALL, CALL_S = 4000, 1000, 1.0
# Where time is short, fewer rows have so many pairs of orders each, but these are explained: sizes
# of rough values are too large on average.
ENOUGH_PAIRS, FEW_ROWS = 4, 10
# Pairs of orders of a row, if there is time; from here on errors fall slowly.
N_PAIRS = 16
# Degrees of freedom that the mean spread of all rows counts for in that of one (Smyth 2004): with
# these, a value is within two standard errors nine times in ten from two pairs on.
POOLED_WEIGHT = 4

Table: TypeAlias = pd.DataFrame | np.ndarray


@dataclass(frozen=True)
class Sampled:
    """Values with their errors.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features, n_outputs)
    base : ndarray of shape (n_outputs,)
        Mean of the background.
    error : ndarray of the shape of values
        Standard errors.
    n_done : int
        First rows that were reached in time.
    """

    values: np.ndarray
    base: np.ndarray
    error: np.ndarray
    n_done: int


def sample_values(
    predict: Callable[[Any], np.ndarray],
    rows: Table,
    background: Table,
    *,
    deadline: float | None = None,
    all_rows: bool = False,
    n_pairs: int = N_PAIRS,
    seed: int = 0,
) -> Sampled:
    """Sample the values of each column of a table.

    Parameters
    ----------
    predict : callable
        Of a table like the rows to an array of shape (n, n_outputs).
    rows, background : DataFrame or ndarray
        To explain, and to stand for what is not known.
    deadline : float, optional
        Of the monotonic clock.
    all_rows : bool
        Whether every row gets its first pair of orders whatever the deadline; else only the first
        rows do.
    n_pairs : int
        Pairs of orders of each row, if there is time.
    seed : int

    Returns
    -------
    Sampled
    """
    begun = time.monotonic()
    ends, starts = predict(rows), predict(background)
    each_s = (time.monotonic() - begun) / (len(rows) + len(background))
    per_row = max(1, 2 * (rows.shape[1] - 1))
    if deadline is not None and not all_rows:
        pairs = (deadline - time.monotonic()) / max(each_s * per_row, 1e-9)
        rows = rows[: max(FEW_ROWS, int(min(pairs / ENOUGH_PAIRS, len(rows))))]
    n_rows, n_features = rows.shape
    base = starts.mean(axis=0)
    sums = np.zeros((n_rows, n_features, ends.shape[1]))
    squares, counts = np.zeros_like(sums), np.zeros(n_rows, dtype=int)
    both = _Both(rows, background)
    partners = _partners(np.random.default_rng(seed), n_rows, n_pairs, len(background))
    step = max(1, (ROWS_PER_CALL if deadline is None else FIRST_CALL) // per_row)
    pair = at = 0
    while pair < n_pairs:
        now = time.monotonic()
        if deadline is not None and now >= deadline and (pair or (at and not all_rows)):
            break
        block = np.arange(at, min(at + step, n_rows))
        orders = _orders(seed, pair, block, n_features)
        told = _walk(predict, both, block, partners[block, pair], orders, ends, starts)
        sums[block] += told
        squares[block] += told**2
        counts[block] += 1
        if deadline is not None:
            took = time.monotonic() - now
            step = max(1, min(_paced(step, took), ROWS_PER_CALL // per_row))
        at += len(block)
        if at >= n_rows:
            pair, at = pair + 1, 0
    n_done = int((counts > 0).sum())
    sums, squares, counts = sums[:n_done], squares[:n_done], counts[:n_done, None, None]
    values = sums / np.maximum(counts, 1)
    variance = np.maximum(squares / np.maximum(counts, 1) - values**2, 0)
    variance = variance * counts / np.maximum(counts - 1, 1)
    # Few numbers tell little of their spread: what all rows tell of a feature counts as some more.
    pooled = (variance[counts.ravel() > 1] if (counts > 1).any() else values**2).mean(axis=0)
    known = np.maximum(counts - 1, 0)
    variance = (known * variance + POOLED_WEIGHT * pooled) / (known + POOLED_WEIGHT)
    missing = ends[:n_done] - base - values.sum(axis=1)
    values = spread(values, missing, variance)
    return Sampled(values, base, np.sqrt(variance / np.maximum(counts, 1)), n_done)


def _paced(step: int, took: float) -> int:
    """How many rows come next: a call has its own cost, so they are as many as time allows."""
    if took < CALL_S / 2:
        return 2 * step
    return step if took < 2 * CALL_S else step // 2


def _partners(
    rng: np.random.Generator, n_rows: int, n_pairs: int, n_background: int
) -> np.ndarray:
    """A row of the background for each pair of each row, each about equally often for a row."""
    rounds = -(-n_pairs // n_background)
    drawn = [
        np.concatenate([rng.permutation(n_background) for _ in range(rounds)])[:n_pairs]
        for _ in range(n_rows)
    ]
    return np.array(drawn).reshape(n_rows, n_pairs)


def _orders(seed: int, pair: int, block: np.ndarray, n_features: int) -> np.ndarray:
    """An order for each row, which does not depend on the block that it is in."""
    rows = np.random.default_rng([seed, pair]).random((int(block[-1]) + 1, n_features))
    return np.asarray(rows[block].argsort(axis=1))


def _walk(
    predict: Callable[[Any], np.ndarray],
    both: _Both,
    block: np.ndarray,
    partner: np.ndarray,
    orders: np.ndarray,
    ends: np.ndarray,
    starts: np.ndarray,
) -> np.ndarray:
    """What each replacement changes, on the way forth and back, of shape (n, n_features, k)."""
    n, n_features = orders.shape
    position = orders.argsort(axis=1)  # of each feature in the order
    changes = np.zeros((n, n_features, ends.shape[1]))
    first, last = starts[partner][:, None], ends[block][:, None]
    reverse = n_features - 1 - position
    masks = np.concatenate(
        [place[:, None, :] < np.arange(1, n_features)[:, None] for place in (position, reverse)],
        axis=1,
    )  # (n, 2 * (n_features - 1), n_features): True is of the row to explain
    told = np.zeros((n, 0, ends.shape[1]))
    if n_features > 1:
        many = masks.shape[1]
        mixed = both.mixed(masks.reshape(-1, n_features), block.repeat(many), partner.repeat(many))
        told = predict(mixed).reshape(n, many, -1)
    for half, place in enumerate((position, reverse)):
        part = told[:, half * (n_features - 1) : (half + 1) * (n_features - 1)]
        gains = np.diff(np.concatenate([first, part, last], axis=1), axis=1)
        changes += 0.5 * np.take_along_axis(gains, place[:, :, None], axis=1)
    return changes


class _Both:
    """Rows to explain and rows of the background, from which mixed ones are taken."""

    def __init__(self, rows: Table, background: Table) -> None:
        self.n_rows = len(rows)
        self.table: Any
        if isinstance(rows, pd.DataFrame):
            self.table = pd.concat([rows, background], ignore_index=True)
        else:
            self.table = np.concatenate([rows, background])

    def mixed(self, masks: np.ndarray, row: np.ndarray, partner: np.ndarray) -> Table:
        """Rows whose columns are of a row where the mask is true, else of its partner."""
        sources = np.where(masks, row[:, None], self.n_rows + partner[:, None])
        if isinstance(self.table, pd.DataFrame):
            columns = {
                name: self.table[name].take(sources[:, j]).reset_index(drop=True)
                for j, name in enumerate(self.table)
            }
            return pd.DataFrame(columns)
        return np.asarray(self.table[sources, np.arange(sources.shape[1])])


def as_table(features: Any) -> Table:
    """Features that can be mixed: a DataFrame as it is, else a dense array."""
    if isinstance(features, pd.DataFrame):
        return features
    return features.toarray() if sparse.issparse(features) else np.asarray(features)
