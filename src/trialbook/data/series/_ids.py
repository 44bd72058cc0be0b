"""Which columns tell series apart, where those that were named do not.

A time that comes twice in a series is either a row that is there twice, or two series that nobody
told apart. Only the rest of the table can say which: a column tells series apart if rows of one
time differ in it, and if what it makes are series, with a row at most of the times between their
first and their last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from trialbook.tables.plain import Storage, storage_of

# Of the rows of series that have a time twice, so many share a time with a row of another target.
# With fewer these are corrections, or a short overlap where one gauge took the place of another.
LEAST_CLASHING = 0.2
# Of them so many may be left: an hour comes twice when summer time ends.
MOST_LEFT = 0.01
# Series have rows at so many of the times from their first to their last. What changes from row to
# row makes series of half of them at most; numbers of the lines of a receipt, of fewer still.
LEAST_COVERED = 0.75
# At the time of a row, on average, so many of all series have one. Of the stays in a hotel few do.
LEAST_BESIDE = 0.1
# Whole numbers of these names are a part of the time, and tell rows of a series apart.
_OF_TIME = re.compile(
    r"(^|[\W_])(years?|quarters?|months?|weeks?|days?|hours?|hr|minutes?|min|seconds?|sec|time|date"
    r"|weekday|day_?of_?\w+|week_?of_?\w+|dow|doy)($|[\W_\d])",
    re.IGNORECASE,
)
# Rows that are looked at before a column is looked at whole, and columns of which two are tried.
SOME_ROWS, MOST_PAIRED = 50_000, 20


@dataclass(frozen=True)
class _Rows:
    """Rows that have a time and a target.

    Parameters
    ----------
    group : ndarray of int
        Which of the series that were named.
    step : ndarray of int
        Its time, as a place among those of all groups one after the other.
    target : ndarray of int
        Its target, as a number for each that is different.
    """

    group: np.ndarray
    step: np.ndarray
    target: np.ndarray

    @property
    def clashing(self) -> np.ndarray:
        """Which of them share their time with a row of another target."""
        return _clashing(self.step, self.target)


def missing_ids(
    table: pd.DataFrame,
    target: str,
    times: pd.Series,
    ids: Sequence[str],
    names: Sequence[str],
) -> tuple[str, ...]:
    """The columns that tell series apart beside those that were named.

    Parameters
    ----------
    table : DataFrame
        Normalised.
    target : str
    times : Series of datetime64[ns]
        Of each row.
    ids : sequence of str
        Columns that were named.
    names : sequence of str
        Those that may be found.

    Returns
    -------
    tuple of str
        One column, or two; none where rows of one time are the same row twice, where too few of
        them are there to tell, or where nothing tells them apart. Of several that would do it is
        the first of the table, texts before others.
    """
    there = (times.notna() & table[target].notna()).to_numpy()
    if not there.any():
        return ()
    rows = _rows(table.loc[there, [*ids]], times[there], table.loc[there, target])
    clashing = rows.clashing
    clashes = np.bincount(rows.group, clashing) > 0
    if clashing.sum() < max(1.0, LEAST_CLASHING * clashes[rows.group].sum()):
        return ()
    able = [name for name in names if _may_be_id(str(name), table[name])]
    able.sort(key=lambda name: storage_of(table[name]) is not Storage.STRING)
    for found in _promising(table.loc[there, able], rows, clashing):
        codes = _codes(table.loc[there, [*found]])
        if codes is not None and _are_series(codes, rows, clashing):
            return found
    return ()


def _rows(ids: pd.DataFrame, times: pd.Series, target: pd.Series) -> _Rows:
    group = np.zeros(len(ids), dtype=np.int64)
    for name in ids:  # a missing cell is a name like others
        codes = pd.factorize(ids[name], use_na_sentinel=False)[0]
        group = np.unique(_both(group, codes), return_inverse=True)[1]
    when = np.unique(times.to_numpy(), return_inverse=True)[1]
    step = np.unique(_both(group, when), return_inverse=True)[1]
    return _Rows(group, step, pd.factorize(target)[0])


def _may_be_id(name: str, column: pd.Series) -> bool:
    """Whether it is of a kind that names things: a text, a whole number, or yes and no."""
    if storage_of(column) in (Storage.STRING, Storage.BOOL):
        return True
    return column.dtype.kind in "iu" and not _OF_TIME.search(name)


def _promising(
    table: pd.DataFrame, rows: _Rows, clashing: np.ndarray
) -> Iterator[tuple[str, ...]]:
    """Columns, and then pairs of them, that tell some of the rows apart which clash."""
    steps = np.unique(rows.step[clashing])
    some = np.isin(rows.step, steps[:: -(-int(clashing.sum()) // SOME_ROWS)])
    step, target = np.unique(rows.step[some], return_inverse=True)[1], rows.target[some]
    codes = {str(name): pd.factorize(table.loc[some, name])[0] for name in table}
    codes = {name: one for name, one in codes.items() if one.min() >= 0}
    # What is the same in all rows of a time, such as a weekday, tells none of them apart.
    codes = {name: one for name, one in codes.items() if _differ(step, one)}
    left = {name: _clashing(_both(step, one), target).mean() for name, one in codes.items()}
    yield from ((name,) for name in codes if left[name] <= MOST_LEFT)
    paired = [name for name in codes if left[name] > MOST_LEFT][:MOST_PAIRED]
    for first, second in combinations(paired, 2):
        both = _both(_both(step, codes[first]), codes[second])
        if _clashing(both, target).mean() <= MOST_LEFT:
            yield first, second


def _are_series(codes: np.ndarray, rows: _Rows, clashing: np.ndarray) -> bool:
    """Whether what columns make of the rows are series, each time once in them."""
    step, target = rows.step[clashing], rows.target[clashing]
    if _clashing(_both(step, codes[clashing]), target).mean() > MOST_LEFT:
        return False
    series = np.unique(_both(rows.group, codes), return_inverse=True)[1]
    n_steps = int(rows.step.max()) + 1
    series, step = np.divmod(np.unique(series * n_steps + rows.step), n_steps)
    first = np.flatnonzero(np.diff(series, prepend=-1))
    sizes = np.diff(first, append=len(series))
    span = step[first + sizes - 1] - step[first] + 1
    covered = sizes[sizes > 1].sum() / span.sum()  # a single row is no series
    # Beside one another are the parts of each of the series that were named.
    named = np.zeros(n_steps, dtype=int)
    named[rows.step] = rows.group
    of_all = np.bincount(named[step[first]])[named[step]]
    beside = (np.bincount(step)[step] / of_all).mean()
    return bool(covered >= LEAST_COVERED and beside >= LEAST_BESIDE)


def _clashing(key: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Which rows share their key with one of another target."""
    order = np.lexsort((target, key))
    key, target = key[order], target[order]
    run = np.cumsum(np.diff(key, prepend=key[:1]) != 0)
    other = np.flatnonzero((np.diff(run) == 0) & (np.diff(target) != 0))
    clashes = np.zeros(len(key), dtype=bool)
    clashes[order] = np.isin(run, run[other])
    return clashes


def _differ(step: np.ndarray, codes: np.ndarray) -> bool:
    """Whether rows of one time differ in a column."""
    return len(np.unique(_both(step, codes))) > len(np.unique(step))


def _codes(columns: pd.DataFrame) -> np.ndarray | None:
    """A number for each combination of cells; ``None`` if one is missing."""
    made = np.zeros(len(columns), dtype=np.int64)
    for name in columns:
        codes = pd.factorize(columns[name])[0]
        if codes.min() < 0:
            return None
        made = np.unique(_both(made, codes), return_inverse=True)[1]
    return made


def _both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """One number for two."""
    return np.asarray(first * (int(second.max()) + 1) + second)
