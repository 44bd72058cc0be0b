"""Checks of rows that come twice: among those that train, and in another set as well."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data._guardrails import Guardrail, share
from trialbook.data._splits import TRAINS, VALIDATES
from trialbook.data._target import encode
from trialbook.data.checks._codes import sampled_rows
from trialbook.data.checks._look import Part, Sets
from trialbook.tables.plain import Storage

# From this share of the rows on, scores are visibly those of rows that models have seen.
TOO_MANY = 0.01
# Where columns have few values, rows are alike by chance. Columns that had nothing to do with each
# other would bring about so many pairs; several times as many may still be chance, for they have.
TIMES_CHANCE = 10
# Rows on which it is counted how often two cells of a column are alike.
CHANCE_ROWS, CHANCE_CELLS = 5_000, 5_000_000
# Odd numbers that scatter the bits of a product (Steele et al. 2014, SplitMix64).
_SCATTER = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

_FEW, _NATURAL = "kept: too few to matter", "kept: columns of so few values bring that about"


def duplicates(sets: Sets) -> list[Guardrail]:
    """Rows of the same features: within the training rows, and in those and another set."""
    parts = (sets.train, *sets.others)
    ends = np.cumsum([len(part.frame) for part in parts])[:-1]
    train, *others = np.split(_twins(sets, parts), ends)
    found = [_repeated(sets, train)]
    if sets.schema.classes:
        found.append(_contradictory(sets, train))
    for part, ids in zip(sets.others, others, strict=True):
        found.append(_in_training(sets, part, train, ids))
    return found


def _twins(sets: Sets, parts: tuple[Part, ...]) -> np.ndarray:
    """For each row, of all parts in turn, which rows have its features; -1 where none has.

    Columns that tell rows apart cheaply come first, and rows that are unlike all others by then
    need not be looked at in the rest.
    """
    n_rows = sum(len(part.frame) for part in parts)
    rows = np.arange(n_rows)
    keys = np.zeros(n_rows, dtype=np.uint64)
    order = sorted(
        sets.schema.used, key=lambda column: (column.storage == Storage.STRING, -column.distinct)
    )
    for turn, column in enumerate(order, start=1):
        cells = np.concatenate([part.frame[column.name].to_numpy() for part in parts])
        keys = _mixed(keys, _bits(cells if len(rows) == n_rows else cells[rows]))
        # Sorting costs as much as a column of text: after the first, the second, the fourth ...
        if turn & (turn - 1) == 0 or turn == len(order):
            again = _again(keys)
            rows, keys = rows[again], keys[again]
        if not len(rows):
            break
    ids = np.full(n_rows, -1)
    ids[rows] = np.unique(keys, return_inverse=True)[1]
    return ids


def _bits(cells: np.ndarray) -> np.ndarray:
    """Equal for equal cells, missing ones too."""
    if cells.dtype.kind in "iufb":
        numbers = cells.astype(np.float64) + 0.0  # minus zero is zero
        numbers[np.isnan(numbers)] = np.nan
        return np.asarray(numbers.view(np.uint64))
    if cells.dtype.kind == "M":
        return np.asarray(cells.astype("datetime64[ns]").view(np.uint64))
    return np.asarray(pd.factorize(cells)[0].astype(np.int64).view(np.uint64))


def _mixed(keys: np.ndarray, bits: np.ndarray) -> np.ndarray:
    mixed = (keys * _SCATTER[0]) ^ (bits * _SCATTER[1])
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) * _SCATTER[0])


def _again(keys: np.ndarray) -> np.ndarray:
    """Which keys come more than once."""
    order = np.argsort(keys)
    same = keys[order[1:]] == keys[order[:-1]]
    again = np.zeros(len(keys), dtype=bool)
    again[order[1:]] |= same
    again[order[:-1]] |= same
    return again


def _whole(sets: Sets, part: Part, ids: np.ndarray) -> pd.MultiIndex:
    """Those rows of a part that have twins, each as its features and its target."""
    rows = np.flatnonzero(ids >= 0)
    y = encode(part.frame[sets.schema.target].iloc[rows], sets.schema.classes)
    return pd.MultiIndex.from_arrays([ids[rows], y])


def _alike_by_chance(sets: Sets) -> float:
    """Probability that two rows are equal, if columns had nothing to do with each other."""
    frame = sets.train.frame
    names = [*sets.schema.names, sets.schema.target]
    rows = sampled_rows(len(frame), len(names), rows=CHANCE_ROWS, cells=CHANCE_CELLS)
    n_rows, chance = len(rows), 1.0
    for name in names:
        counts = np.unique(_bits(frame[name].to_numpy()[rows]), return_counts=True)[1]
        chance *= float((counts * (counts - 1.0)).sum()) / max(1, n_rows * (n_rows - 1))
    return chance


def _repeated(sets: Sets, ids: np.ndarray) -> Guardrail:
    """Training rows that repeat an earlier one, target included."""
    name, part = "Duplicate rows", sets.train
    whole = _whole(sets, part, ids)
    mask = np.zeros(len(ids), dtype=bool)
    mask[np.flatnonzero(ids >= 0)[whole.duplicated()]] = True
    if not mask.any():
        return Guardrail(name, "passed", "no training row repeats another", "")
    finding = f"{_count(mask, 'training')} repeat{_s(mask)} an earlier one, target included"
    scored = _scored_twice(sets.sides, ids)
    if scored >= TOO_MANY:
        finding += f"; {scored:.1%} of the rows that validate have the features of one that trains"
    if mask.mean() < TOO_MANY:
        return Guardrail(name, "passed", finding, _FEW, rows=part.rows(mask))
    counts = whole.value_counts().to_numpy()
    pairs = (counts * (counts - 1.0)).sum() / 2
    if pairs <= TIMES_CHANCE * _alike_by_chance(sets) * len(ids) * (len(ids) - 1) / 2:
        return Guardrail(name, "passed", finding, _NATURAL, rows=part.rows(mask))
    action = "kept; drop copies made by mistake, or keep them on one side by a group column"
    return Guardrail(name, "alerted", finding, action, rows=part.rows(mask))


def _scored_twice(sides: np.ndarray, ids: np.ndarray) -> float:
    """Of the rows that validate in some fold, the share with the features of one that trains."""
    n_validate = n_seen = 0
    for side in sides.T:
        seen = np.unique(ids[(side == TRAINS) & (ids >= 0)])
        validate = side == VALIDATES
        n_validate += int(validate.sum())
        n_seen += int(np.isin(ids[validate], seen).sum())
    return n_seen / max(1, n_validate)


def _contradictory(sets: Sets, ids: np.ndarray) -> Guardrail:
    """Training rows of the same features and other classes."""
    name, part = "Contradictory rows", sets.train
    whole = _whole(sets, part, ids).to_frame(index=False, name=["features", "y"])
    classes = whole.groupby("features")["y"]
    unlike = (classes.transform("min") != classes.transform("max")).to_numpy()
    mask = np.zeros(len(ids), dtype=bool)
    mask[np.flatnonzero(ids >= 0)[unlike]] = True
    if not mask.any():
        return Guardrail(name, "passed", "rows of the same features have the same class", "")
    finding = f"{_count(mask, 'training')} have the features of another and another class"
    if mask.mean() < TOO_MANY:
        return Guardrail(name, "passed", finding, _FEW, rows=part.rows(mask))
    action = "kept; no model is right about all of them: look for a column that tells them apart"
    return Guardrail(name, "alerted", finding, action, rows=part.rows(mask))


def _in_training(sets: Sets, part: Part, train: np.ndarray, ids: np.ndarray) -> Guardrail:
    """Rows of another set that were trained on."""
    name = f"Training rows in the {part.name} rows"
    seen = (ids >= 0) & np.isin(ids, train[train >= 0])
    if not seen.any():
        return Guardrail(name, "passed", "none has the features of a training row", "")
    trained = _whole(sets, sets.train, train)
    same = np.zeros(len(ids), dtype=bool)
    same[np.flatnonzero(ids >= 0)] = _whole(sets, part, ids).isin(trained)
    have = "has" if seen.sum() == 1 else "have"
    finding = (
        f"{_count(seen, part.name, separate=part.separate)} {have} the features of a "
        f"training row, {same.sum():,} ({share(same.mean())}) its target, too"
    )
    rows = part.rows(same if same.any() else seen)
    if same.mean() < TOO_MANY:
        return Guardrail(name, "passed", finding, _FEW, rows=rows)
    of_training = trained.value_counts()
    pairs = of_training.reindex(_whole(sets, part, ids)).sum()
    if pairs <= TIMES_CHANCE * _alike_by_chance(sets) * len(train) * len(ids):
        return Guardrail(name, "passed", finding, _NATURAL, rows=rows)
    action = "kept; the score tells more of what was seen than of new rows"
    return Guardrail(name, "alerted", finding, action, rows=rows)


def _count(mask: np.ndarray, what: str, *, separate: bool = False) -> str:
    rows, part = plural(int(mask.sum()), "row"), share(mask.mean())
    if separate:
        return f"{rows} of the {what} table's {len(mask):,} ({part})"
    return f"{rows.replace('row', f'{what} row')} of {len(mask):,} ({part})"


def _s(mask: np.ndarray) -> str:
    return "s" if mask.sum() == 1 else ""
