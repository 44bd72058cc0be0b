"""Checks whether other rows look like those that train."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._codes import cut, edges_of, measures, sampled_rows
from trialbook.data.checks._look import Part, Sets

# Enough rows to tell shares to a percent, and few enough cells for a thousand columns. Of more
# columns so many are looked at, evenly over the table.
DRIFT_ROWS, DRIFT_CELLS, DRIFT_COLUMNS = 20_000, 5_000_000, 1_000
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


class _Moved(NamedTuple):
    """How far a column moved, and which part of the cells are of a new level, beyond chance."""

    name: str
    distance: float
    new: float


def drift(sets: Sets) -> list[Guardrail]:
    """Columns that are otherwise distributed in validation or test rows than in training."""
    return [
        _compared(sets, part)
        for part in sets.others
        if min(len(part.frame), len(sets.train.frame)) >= FEWEST_ROWS
    ]


def _compared(sets: Sets, part: Part) -> Guardrail:
    name = f"Drift from training to {part.name} rows"
    columns = [column for column in sets.schema.used if column.name != sets.time_column]
    n_columns, target = len(columns), _target_column(sets)
    if n_columns > DRIFT_COLUMNS:
        columns = [columns[i] for i in np.linspace(0, n_columns - 1, DRIFT_COLUMNS).astype(int)]
    looked = "" if n_columns == len(columns) else f" looked at, of {n_columns + 1:,},"
    rows = [
        sampled_rows(len(one.frame), len(columns) + 1, rows=DRIFT_ROWS, cells=DRIFT_CELLS)
        for one in (sets.train, part)
    ]
    found = []
    for column in (*columns, target):
        before, after = (
            one.frame[column.name].iloc[these]
            for one, these in zip((sets.train, part), rows, strict=True)
        )
        moved = _moved(column, before, after, CHANCE / (len(columns) + 1))
        if moved is not None:
            found.append(moved)
    if not found:
        finding = f"none of {len(columns) + 1:,} columns{looked} moved"
        return Guardrail(name, "passed", finding, "")
    found.sort(key=lambda one: -max(one.distance, one.new))
    told = ", ".join(_said(one, target.name) for one in found[:5])
    more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
    finding = f"{len(found):,} of {len(columns) + 1:,} columns{looked} moved: {told}{more}"
    action = f"{part.name} scores are about rows unlike those that train: take them with care"
    return Guardrail(name, "alerted", finding, action, tuple(one.name for one in found))


def _said(one: _Moved, target: str) -> str:
    what = "the target " if one.name == target else ""
    text = f"{what}'{one.name}' {one.distance:.0%}"
    return text + (f" ({one.new:.0%} new levels)" if one.new >= NEW_LEVELS else "")


def _target_column(sets: Sets) -> Column:
    kind = Semantic.CATEGORICAL if sets.schema.classes else Semantic.NUMERIC
    distinct = len(sets.schema.classes)
    return Column(sets.schema.target, kind, sets.schema.target_storage, "", 0, distinct)


def _moved(column: Column, before: pd.Series, after: pd.Series, chance: float) -> _Moved | None:
    """How far a column moved, if it did so far that it matters and is no chance."""
    if column.semantic is Semantic.TEXT:
        one, other, new = before.isna().astype(int), after.isna().astype(int), 0.0
    else:
        one, other, new = _alike(column, before, after)
    counts = np.stack(
        [np.bincount(codes, minlength=max(one.max(), other.max()) + 1) for codes in (one, other)]
    ).astype(float)
    counts = counts[:, counts.sum(axis=0) > 0]
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    if distance < MOVED and new < NEW_LEVELS:
        return None
    return _Moved(column.name, distance, new) if _by_chance(counts) < chance else None


def _alike(
    column: Column, before: pd.Series, after: pd.Series
) -> tuple[np.ndarray, np.ndarray, float]:
    """Cells of both as whole numbers from 0, and the part of the latter of a new level."""
    numbers = measures(before, column)
    if numbers is not None:
        edges = edges_of(numbers, BINS)
        others = measures(after, column)
        return cut(numbers, edges), cut(np.asarray(others), edges), 0.0
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
    return (
        np.where(once[codes], new, place[codes]),
        np.where(unknown, new, np.where(once[others], 1, place[others])),
        float(max(0.0, unknown.mean() - expected)),
    )


def _by_chance(counts: np.ndarray) -> float:
    """Probability of counts so different in rows of one origin (chi-squared test)."""
    from scipy.special import chdtrc

    # Bins of few rows together: the test is one of many.
    few = counts.sum(axis=0) < FEW_IN_BIN
    counts = np.column_stack([counts[:, ~few], counts[:, few].sum(axis=1)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return 1.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(chdtrc(counts.shape[1] - 1, ((counts - expected) ** 2 / expected).sum()))
