"""Checks of columns that know too much: the target itself, or what is known only after it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from trialbook._words import listed
from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data._target import encode
from trialbook.data.checks._codes import codes_of, sampled_rows, times_of
from trialbook.data.checks._look import Look
from trialbook.tables.plain import Storage

# Enough rows for a share of 99 %, and few enough cells for thousands of columns in a second.
LEAK_ROWS, LEAK_CELLS = 5_000, 2_500_000
# Bins of a number; with so many, a copy of the target in other units keeps 99.9 % of its order.
BINS = 50
# With fewer rows a column that tells the target may do so by chance.
FEWEST_ROWS = 50
# A column alone that leaves so few errors beside a constant, ranks two classes so well, or gives
# so much of a number's order. On 38 public tables the best honest columns reach 0.83 (bytes sent
# in network attacks), 0.96 (the same) and 0.94 (a diamond's width for its price).
ERRORS_AVOIDED = 0.95
AUC = 0.99
ORDER_TOLD = 0.985
# Cells that are filled (or missing) for one class alone, with so few exceptions, and for so many
# of that class that it is no whim of a few rows. A class of nearly all rows is told by anything.
ONE_CLASS = 0.99
OF_CLASS, OF_CLASS_BY_VALUE = 0.2, 0.5
LARGEST_CLASS = 0.8
FEWEST_CELLS = 20
# Part of a number's order that missing cells alone may tell.
ORDER_BY_MISSING = 0.5
# Dates later than the row's own time, in so many of the rows that have both.
LATER = 0.5

_ADVICE = "kept; ignore what is not known at the time of prediction"


class _Answer(NamedTuple):
    """A sample of rows, and their target: classes from 0, or ranks from 0 to 1."""

    table: pd.DataFrame
    y: np.ndarray
    n_classes: int


def _answer(look: Look) -> _Answer:
    schema = look.schema
    rows = sampled_rows(len(look.table), len(schema.used), rows=LEAK_ROWS, cells=LEAK_CELLS)
    names = [column.name for column in schema.used]
    table = look.table[[*names, schema.target]].take(rows)
    y = encode(table[schema.target], schema.classes)
    if not schema.classes:
        y = pd.Series(y).rank(pct=True).to_numpy()
    return _Answer(table, y, len(schema.classes))


def target_leak(look: Look) -> list[Guardrail]:
    """Features that alone tell nearly all of the target.

    On a sample, each column's values (numbers in bins) tell the mean of the target on one half of
    the rows, which is held against the other half.
    """
    name = "Target leak"
    answer = _answer(look)
    if len(answer.y) < FEWEST_ROWS:
        return []
    told = {}
    for column in look.schema.used:
        if column.semantic is Semantic.TEXT:
            continue
        codes = codes_of(answer.table[column.name], column, BINS)
        found = _told(codes, answer)
        if found is not None:
            told[column.name] = found
    if not told:
        return [Guardrail(name, "passed", "no column alone tells the target", "")]
    how = "; ".join(f"'{column}' alone tells {text}" for column, text in [*told.items()][:5])
    more = f"; and {len(told) - 5:,} more" if len(told) > 5 else ""
    return [Guardrail(name, "alerted", how + more, _ADVICE, (*told,))]


def _told(codes: np.ndarray, answer: _Answer) -> str | None:
    """What a column tells, if that is suspiciously much."""
    y, everyone = answer.y, np.ones(len(codes), dtype=bool)
    for score, enough, text in (
        (_order_told, ORDER_TOLD, "{:.1%} of the target's order"),
        (_errors_avoided, ERRORS_AVOIDED, "{:.1%} of the rows that are not of the largest class"),
        (_auc, AUC, "the classes with a ROC AUC of {:.3f}"),
    ):
        if (score is _order_told) == bool(answer.n_classes):
            continue
        if score is _auc and answer.n_classes != 2:
            continue
        # What the rows say about themselves is more than what they say about others.
        if score(codes, y, everyone, everyone) < enough:
            continue
        half = np.random.default_rng(1).random(len(codes)) < 0.5
        found = (score(codes, y, half, ~half) + score(codes, y, ~half, half)) / 2
        if found >= enough:
            return text.format(found)
    return None


def _order_told(codes: np.ndarray, y: np.ndarray, told: np.ndarray, asked: np.ndarray) -> float:
    n_codes = int(codes.max()) + 1
    count = np.bincount(codes[told], minlength=n_codes)
    total = np.bincount(codes[told], y[told], minlength=n_codes)
    middle = y[told].mean()
    mean = np.where(count > 0, total / np.maximum(count, 1), middle)
    spread = float(((y[asked] - middle) ** 2).sum())
    return 1 - float(((y[asked] - mean[codes[asked]]) ** 2).sum()) / max(spread, 1e-12)


def _errors_avoided(
    codes: np.ndarray, y: np.ndarray, told: np.ndarray, asked: np.ndarray
) -> float:
    most = int(np.bincount(y[told]).argmax())
    pairs, counts = np.unique(codes[told] * (int(y.max()) + 1) + y[told], return_counts=True)
    pairs = pairs[np.argsort(counts, kind="stable")]
    likeliest = np.full(int(codes.max()) + 1, most)
    # The last, which is the most frequent class of a value, stays.
    likeliest[pairs // (int(y.max()) + 1)] = pairs % (int(y.max()) + 1)
    errors = int((y[asked] != most).sum())
    return 1 - int((likeliest[codes[asked]] != y[asked]).sum()) / max(errors, 1)


def _auc(codes: np.ndarray, y: np.ndarray, told: np.ndarray, asked: np.ndarray) -> float:
    n_codes, share = int(codes.max()) + 1, y[told].mean()
    count = np.bincount(codes[told], minlength=n_codes)
    ones = np.bincount(codes[told], y[told], minlength=n_codes)
    score = np.where(count > 0, ones / np.maximum(count, 1), share)
    # Rows of each value that are asked, the lowest score first; equal scores count half.
    at = np.unique(score, return_inverse=True)[1][codes[asked]]
    one = np.bincount(at, y[asked], minlength=n_codes)
    zero = np.bincount(at, minlength=n_codes) - one
    pairs = float(one.sum() * zero.sum())
    below = np.cumsum(zero) - zero
    return float((one * (below + zero / 2)).sum()) / pairs if pairs else 0.0


def after_the_fact(look: Look) -> list[Guardrail]:
    """Features that seem to be filled in once the target is known.

    Their cells are filled, missing or other than usual for the rows of one class alone, or hold
    dates after the row's own time.
    """
    name = "After the fact"
    answer = _answer(look)
    found: list[Guardrail] = []
    by_target = {}
    for column in look.schema.used if len(answer.y) >= FEWEST_ROWS else ():
        text = _filled_for(look, column, answer)
        if text is not None:
            by_target[column.name] = text
    if by_target:
        how = "; ".join(f"'{column}' {text}" for column, text in [*by_target.items()][:5])
        more = f"; and {len(by_target) - 5:,} more" if len(by_target) > 5 else ""
        found.append(Guardrail(name, "alerted", how + more, _ADVICE, (*by_target,)))
    later = _later_dates(look)
    if later:
        columns = tuple(column for column, _ in later)
        rows = np.logical_or.reduce([mask for _, mask in later])
        which = "is" if len(later) == 1 else "are"
        finding = (
            f"{listed(columns)} {which} later than the row's own time in '{look.time_column}'"
        )
        found.append(Guardrail(name, "alerted", finding, _ADVICE, columns, look.rows(rows)))
    return found or [Guardrail(name, "passed", "no column looks filled in after the target", "")]


def _filled_for(look: Look, column: Column, answer: _Answer) -> str | None:
    """For which rows a column is filled, if the target says so."""
    if column.missing:
        missing = answer.table[column.name].isna().to_numpy()
        if not answer.n_classes:
            told = _order_told(missing.astype(int), answer.y, *2 * (np.ones_like(missing),))
            few = min(missing.sum(), (~missing).sum()) < FEWEST_CELLS
            text = f"by its missing cells tells {told:.0%} of the target's order"
            return text if told >= ORDER_BY_MISSING and not few else None
        for mask, what in ((~missing, "filled"), (missing, "missing")):
            label = _one_class(mask, answer, OF_CLASS)
            if label is not None:
                return f"is {what} for the class '{look.schema.classes[label]}' alone"
    if answer.n_classes != 2 or column.semantic is Semantic.TEXT:
        return None
    codes, values = pd.factorize(answer.table[column.name])
    if not len(values) or len(values) == len(codes):
        return None
    usual = int(np.bincount(codes[codes >= 0]).argmax())
    label = _one_class((codes >= 0) & (codes != usual), answer, OF_CLASS_BY_VALUE)
    if label is None or len(values) == 2:
        return None
    return f"is other than {values[usual]} for the class '{look.schema.classes[label]}' alone"


def _one_class(mask: np.ndarray, answer: _Answer, share: float) -> int | None:
    """The class of nearly all rows under a mask, if they are so many of it that it tells."""
    n_rows = int(mask.sum())
    if min(n_rows, len(mask) - n_rows) < FEWEST_CELLS:
        return None
    inside = np.bincount(answer.y[mask], minlength=answer.n_classes)
    everywhere = np.bincount(answer.y, minlength=answer.n_classes)
    label = int(inside.argmax())
    tells = (
        inside[label] >= ONE_CLASS * n_rows
        and inside[label] >= share * everywhere[label]
        and everywhere[label] <= LARGEST_CLASS * len(mask)
    )
    return label if tells else None


def _later_dates(look: Look) -> list[tuple[str, np.ndarray]]:
    """Date columns that are mostly later than the time column, and in which rows."""
    name = look.time_column
    own = next((c for c in look.schema.columns if c.name == name), None)
    if own is None or own.semantic is not Semantic.DATETIME:
        return []
    if own.storage == Storage.STRING and own.datetime_format is None:
        return []
    times = times_of(look.table[own.name], own)
    found = []
    for column in look.schema.used:
        if column.semantic is not Semantic.DATETIME or column.name == name:
            continue
        dates = times_of(look.table[column.name], column)
        both = (dates.notna() & times.notna()).to_numpy()
        later = (dates > times).to_numpy()
        if both.any() and later.sum() >= max(FEWEST_CELLS, LATER * both.sum()):
            found.append((column.name, later))
    return found
