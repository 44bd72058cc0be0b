"""Drawing rows: stratified, by group, by time. Pure functions of arrays and a generator."""

from __future__ import annotations

import numpy as np

# Bins of a regression target over which its rows are spread evenly.
REGRESSION_BINS = 10
# Few groups are worth balancing by class; many balance by the law of large numbers, and the
# balancing costs a Python step per group.
BALANCED_GROUPS = 5_000
# Draws of groups of which the most representative one is taken.
GROUP_DRAWS = 20


def strata_of(y: np.ndarray, classification: bool) -> np.ndarray:
    """Stratum of each row: its class, or the quantile bin of its value."""
    if classification:
        return y.astype(np.int64)
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    bins = max(1, min(REGRESSION_BINS, len(y) // 2))
    return np.asarray(ranks * bins // len(y))


def some_rows(n_rows: int, most: int) -> np.ndarray:
    """Positions of rows that stand for all, in order; the same ones at each call.

    Parameters
    ----------
    n_rows : int
        Of the table.
    most : int
        How many may be looked at; all if there are not more.

    Returns
    -------
    ndarray of int
    """
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(0).choice(n_rows, max(1, most), replace=False))


def sample(strata: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a fraction of the rows, the same from each stratum.

    Parameters
    ----------
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row, from 0.
    size : float
        Fraction.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        At least one row is drawn and at least one is not. A stratum with rows keeps one where
        that leaves any to draw.
    """
    n_rows = len(strata)
    wanted = int(np.clip(round(size * n_rows), 1, n_rows - 1))
    counts = np.bincount(strata)
    room = np.maximum(counts - 1, 0)
    wanted = min(wanted, int(room.sum())) or 1
    quota = np.minimum(counts * (wanted / n_rows), room)
    take = np.floor(quota).astype(np.int64)
    # What rounding left over goes to the largest remainders, ties in random order.
    order = np.lexsort((rng.random(len(counts)), -(quota - take)))
    while take.sum() < wanted:
        open_strata = [s for s in order if take[s] < room[s]]
        if not open_strata:
            break
        for stratum in open_strata[: wanted - int(take.sum())]:
            take[stratum] += 1
    shuffled = rng.permutation(n_rows)
    by_stratum = shuffled[np.argsort(strata[shuffled], kind="stable")]
    starts = np.cumsum(counts) - counts
    place = np.arange(n_rows) - starts[strata[by_stratum]]
    drawn = np.zeros(n_rows, dtype=bool)
    drawn[by_stratum] = place < take[strata[by_stratum]]
    if not drawn.any():
        drawn[shuffled[0]] = True
    return drawn


def deal(strata: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal the rows to folds like cards, stratum after stratum.

    Fold sizes, and the rows of a stratum in each fold, differ by at most one.
    """
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    assigned = np.empty(len(strata), dtype=np.int64)
    assigned[order] = np.arange(len(strata)) % folds
    return assigned


def deal_groups(
    groups: np.ndarray, strata: np.ndarray, folds: int, rng: np.random.Generator
) -> np.ndarray:
    """Deal whole groups to folds so that sizes and strata are even.

    Parameters
    ----------
    groups : ndarray of int, shape (n_rows,)
        Group of each row, from 0.
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row, from 0.
    folds : int
        Number of folds, at most that of the groups.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Fold of each row.
    """
    n_groups = int(groups.max()) + 1
    n_strata = int(strata.max()) + 1
    fold_of = np.empty(n_groups, dtype=np.int64)
    sizes = np.bincount(groups, minlength=n_groups)
    # Large groups first: the small ones then even things out.
    order = np.lexsort((rng.random(n_groups), -sizes))
    if n_groups > BALANCED_GROUPS:
        # Forth and back like choosing teams, so that sizes stay even.
        turn = np.arange(n_groups)
        lap = turn // folds
        fold_of[order] = np.where(lap % 2 == 0, turn % folds, folds - 1 - turn % folds)
        return np.asarray(fold_of[groups])
    table = np.zeros((n_groups, n_strata))
    np.add.at(table, (groups, strata), 1)
    total = np.maximum(table.sum(axis=0), 1)
    held = np.zeros((folds, n_strata))
    empty = set(range(folds))
    for position, group in enumerate(order):
        share = (held + table[group]) / total
        # The fold that ends up least full, in its fullest strata above all.
        cost = (share**2).sum(axis=1) - ((held / total) ** 2).sum(axis=1)
        cost = cost + (held.sum(axis=1) + sizes[group]) / len(groups)
        if n_groups - position <= len(empty):
            cost[[fold for fold in range(folds) if fold not in empty]] = np.inf
        fold = int(np.argmin(cost))
        fold_of[group] = fold
        held[fold] += table[group]
        empty.discard(fold)
    return np.asarray(fold_of[groups])


def sample_groups(
    groups: np.ndarray, strata: np.ndarray, size: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw whole groups with about a fraction of the rows and the usual mix of strata.

    Parameters
    ----------
    groups : ndarray of int, shape (n_rows,)
        Group of each row, from 0; at least two groups.
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row, from 0.
    size : float
        Fraction of the rows.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    n_groups = int(groups.max()) + 1
    sizes = np.bincount(groups, minlength=n_groups)
    mix = np.bincount(strata) / len(strata)
    best, best_cost = np.zeros(len(groups), dtype=bool), np.inf
    for _ in range(GROUP_DRAWS):
        order = rng.permutation(n_groups)
        filled = np.cumsum(sizes[order])
        count = int(np.argmin(np.abs(filled - size * len(groups)))) + 1
        chosen = np.zeros(n_groups, dtype=bool)
        chosen[order[: min(count, n_groups - 1)]] = True
        drawn = chosen[groups]
        n_drawn = int(drawn.sum())
        drawn_mix = np.bincount(strata[drawn], minlength=len(mix)) / n_drawn
        cost = abs(n_drawn / len(groups) - size) / size + np.abs(drawn_mix - mix).sum()
        if cost < best_cost:
            best, best_cost = drawn, cost
    return best


def latest(times: np.ndarray, size: float) -> np.ndarray | None:
    """The latest rows, about a fraction of all; equal times stay together.

    Returns ``None`` when all times are equal.
    """
    start = _boundaries(times, np.array([(1 - size) * len(times)]))
    return times >= start[0] if len(start) else None


def windows(times: np.ndarray, folds: int, size: float | None) -> np.ndarray:
    """Successive validation windows at the end of time, the first after enough to train on.

    Parameters
    ----------
    times : ndarray, shape (n_rows,)
        Time of each row.
    folds : int
        Number of windows wanted.
    size : float or None
        Fraction of the rows in each; equal parts of all rows if not given.

    Returns
    -------
    ndarray, shape (n_windows,)
        The times at which windows begin, ascending; each ends where the next begins. Fewer than
        wanted when different times are too few.
    """
    n_rows = len(times)
    width = min(size * n_rows if size else np.inf, n_rows / (folds + 1))
    return _boundaries(times, n_rows - width * np.arange(folds, 0, -1))


def _boundaries(times: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The times, later than the first, that begin nearest to some rows of the sorted table."""
    ordered = np.sort(times)
    begins = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
    if len(begins) == 0:
        return ordered[:0]
    nearest = [begins[np.argmin(np.abs(begins - row))] for row in rows]
    return np.unique(ordered[nearest])
