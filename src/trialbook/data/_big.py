"""Big tables: which rows are used at all, which of them validate, and in what order they come.

Pure functions of arrays and a generator, and the policy of when a table is big.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from trialbook.data._fold_count import SECONDS_PER_MILLION, count_values
from trialbook.data._guardrails import Guardrail
from trialbook.data._sampling import sample
from trialbook.data._splits import NEITHER, TRAINS, VALIDATES, Folds

# Up to so many rows every trial trains on all of them; a boosted model takes seconds to minutes.
BIG_ROWS = 200_000
# Of a big table so many rows validate at most, the same ones for every trial. On as many the
# standard error of an accuracy is 0.2 %, and of a difference between two models far less.
VALIDATION_ROWS = 50_000
# A worker holds a table so often while it trains on all of it: as Arrow and pandas tables, the
# rows of a fold, their features in parts and as a whole, and the learner's own.
COPIES = 6
# More rows than a boosted model of few, large steps could train on in its share of the time would
# only cost the time to read and check them. It takes a fifth of the usual rounds.
TIME_SHARE, FEWER_ROUNDS = 0.35, 5.0
# The check that says which rows are used.
SAMPLING = "Sampling"
# Test rows take this share of the rows that are read at most.
TEST_SHARE = 1 / 3


def affordable_rows(
    row_bytes: float,
    n_features: int,
    n_classes: int,
    *,
    memory: int | None,
    deadline_s: float | None,
) -> tuple[float, str]:
    """How many rows of a table are worth reading, and what limits them.

    Parameters
    ----------
    row_bytes : float
        What a row takes as a pandas table.
    n_features : int
    n_classes : int
        0 for numbers.
    memory : int, optional
        Bytes that the whole run may use.
    deadline_s : float, optional
        Seconds for the whole run.

    Returns
    -------
    tuple of (float, str)
        Two digits tell it well enough, and do not change with every byte that happens to be
        free; infinite if nothing limits them.
    """
    limits = [(math.inf, "")]
    if memory is not None:
        reason = f"more would not fit into {memory / 2**30:.1f} GiB of memory"
        limits.append((memory / (COPIES * row_bytes), reason))
    if deadline_s is not None:
        row_s = SECONDS_PER_MILLION * count_values(1, n_features, n_classes) / 1e6 / FEWER_ROUNDS
        reason = f"no model could train on more in a deadline of {deadline_s:.0f} s"
        limits.append((max(BIG_ROWS, TIME_SHARE * deadline_s / row_s), reason))
    rows, reason = min(limits)
    return rounded(rows), reason


def rounded(rows: float) -> float:
    """A number of rows rounded down to two digits."""
    if not 100 <= rows < math.inf:
        return rows
    unit = 10.0 ** (math.floor(math.log10(rows)) - 1)
    return math.floor(rows / unit) * unit


def draw(
    strata: np.ndarray, test: np.ndarray, limit: float, rng: np.random.Generator
) -> np.ndarray:
    """Choose the rows of a table that are read: some to train and validate, some to test.

    Parameters
    ----------
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row, from 0.
    test : ndarray of bool, shape (n_rows,)
        The rows that were cut off to test on.
    limit : float
        Rows that may be read.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        Each stratum keeps its share of the training rows and of the test rows, and at least one
        of each where it has any.
    """
    drawn = np.ones(len(strata), dtype=bool)
    n_test = min(int(test.sum()), int(TEST_SHARE * limit))
    for side, wanted in ((test, n_test), (~test, int(limit) - n_test)):
        rows = np.flatnonzero(side)
        if len(rows) > max(2, wanted):
            of_side = np.unique(strata[rows], return_inverse=True)[1]
            drawn[rows[sample(of_side, 1 - wanted / len(rows), rng)]] = False
    return drawn


def sampled(
    n_rows: int, test: np.ndarray, drawn: np.ndarray, *, reason: str, classes: bool
) -> Guardrail:
    """What is said of a table of which not all rows are used.

    Parameters
    ----------
    n_rows : int
        Rows of the whole table.
    test, drawn : ndarray of bool
        As in `draw`; rows without a target are not among them.
    reason : str
        What limits the rows.
    classes : bool
        Whether the strata are classes.

    Returns
    -------
    Guardrail
    """
    n_train, all_train = int((drawn & ~test).sum()), int((~test).sum())
    finding = f"{n_train:,} of {all_train:,} training rows"
    if test.any():
        finding += f" and {int((drawn & test).sum()):,} of {int(test.sum()):,} test rows"
    finding += f" are used (the table has {n_rows:,}): {reason}"
    how = "drawn at random, the same share of every " + ("class" if classes else "tenth of values")
    return Guardrail(SAMPLING, "fixed", finding, how)


def unsampled(n_rows: int) -> Guardrail:
    """What is said of a big table of which all rows are used."""
    action = "trials may train on a part of them; the leaderboard says on how many"
    return Guardrail(SAMPLING, "passed", f"all {n_rows:,} rows fit", action)


def stratified_order(strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An order of rows in which every beginning is a stratified sample.

    Parameters
    ----------
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row, from 0.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Positions of the rows. A row of every stratum comes first; then each stratum is spread
        evenly over the rest.
    """
    shuffled = rng.permutation(len(strata))
    by_stratum = shuffled[np.argsort(strata[shuffled], kind="stable")]
    counts = np.bincount(strata)
    place = np.arange(len(strata)) - (np.cumsum(counts) - counts)[strata[by_stratum]]
    # Of equals, those that were shuffled to the front.
    share = np.empty(len(strata))
    share[by_stratum] = place / counts[strata[by_stratum]]
    return np.asarray(shuffled[np.argsort(share[shuffled], kind="stable")])


def arrange(
    folds: Folds, strata: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, Folds]:
    """Put the rows that validate first, then those that only train in a stratified order.

    The first rows of the table, as many as one likes, are then a smaller table with the same
    validation.

    Parameters
    ----------
    folds : Folds
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row, from 0.
    rng : Generator
        Source of chance.

    Returns
    -------
    tuple of (ndarray of int, Folds)
        Order of the rows, and the folds in that order. Of more than `VALIDATION_ROWS` rows that
        validate, a stratified part still does; the rest trains if the rows were held out at
        random, and else has no part in its fold.
    """
    folds = _fewer_validate(folds, strata, rng)
    validates = (folds.matrix == VALIDATES).any(axis=1)
    # All of the former are always used; every k-th of them is a fair sample in a random order,
    # which it need not be in a stratified one.
    first, rest = rng.permutation(np.flatnonzero(validates)), np.flatnonzero(~validates)
    order = np.concatenate([first, rest[stratified_order(strata[rest], rng)]])
    return order, replace(folds, matrix=folds.matrix[order], growable=True)


def _fewer_validate(folds: Folds, strata: np.ndarray, rng: np.random.Generator) -> Folds:
    rows = np.flatnonzero((folds.matrix == VALIDATES).any(axis=1))
    if len(rows) <= VALIDATION_ROWS:
        return folds
    # Strata of each fold: even of a small one, some rows go on to validate.
    fold = (folds.matrix[rows] == VALIDATES).argmax(axis=1)
    parts = np.unique(fold * (strata.max() + 1) + strata[rows], return_inverse=True)[1]
    left_out = rows[sample(parts, 1 - VALIDATION_ROWS / len(rows), rng)]
    matrix = folds.matrix.copy()
    instead = TRAINS if folds.kind == "hold-out" else NEITHER
    matrix[left_out] = np.where(matrix[left_out] == VALIDATES, instead, matrix[left_out])
    n_left = len(rows) - len(left_out)
    note = Guardrail(
        "Validation rows",
        "fixed",
        f"{len(rows):,} rows would validate",
        f"{n_left:,} of them do, the same ones in every trial",
    )
    text = f"{folds.description}, of which {n_left:,} are scored"
    if folds.kind == "hold-out":
        text = f"{n_left:,} rows held out"
    return replace(folds, matrix=matrix, description=text, guardrails=(*folds.guardrails, note))


def trained_rows(matrix: np.ndarray) -> np.ndarray:
    """Rows that a fold trains on, if only the first so many rows of a table are used.

    Parameters
    ----------
    matrix : ndarray of int8, shape (n_rows, n_folds)
        As in `Folds`.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Position *i*: with the first *i* + 1 rows. Of several folds, the one that trains on most.
    """
    return np.asarray(np.cumsum(matrix == TRAINS, axis=0).max(axis=1))


def least_rows(matrix: np.ndarray, y: np.ndarray, *, classification: bool) -> int:
    """The fewest first rows with which every fold validates all and trains all of its classes.

    Parameters
    ----------
    matrix : ndarray of int8, shape (n_rows, n_folds)
        As in `Folds`.
    y : ndarray, shape (n_rows,)
        Classes as whole numbers from 0, or numbers.
    classification : bool

    Returns
    -------
    int
    """
    least = 1 + int(np.flatnonzero((matrix == VALIDATES).any(axis=1)).max())
    for side in matrix.T:
        rows = np.flatnonzero(side == TRAINS)
        seen = np.unique(y[rows], return_index=True)[1] if classification else np.array([0])
        least = max(least, 1 + int(rows[seen].max()))
    return least
