"""Checks whether other rows look like those that train."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._codes import sampled_rows
from trialbook.data.checks._look import Part, Sets
from trialbook.data.checks._shift import CHANCE, FEWEST_ROWS, NEW_LEVELS, shift_of

# Enough rows to tell shares to a percent, and few enough cells for a thousand columns. Of more
# columns so many are looked at, evenly over the table.
DRIFT_ROWS, DRIFT_CELLS, DRIFT_COLUMNS = 20_000, 5_000_000, 1_000


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
    found = shift_of(column, before, after)
    if not found.matters() or found.chance >= chance:
        return None
    return _Moved(column.name, found.distance, found.new)
