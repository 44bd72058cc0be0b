"""Checks of cells that are not of the kind of the others in their column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._codes import times_of
from trialbook.data.checks._dates import beyond_range
from trialbook.data.checks._look import Look
from trialbook.tables.plain import Storage, shown
from trialbook.tables.text import detect_format, parse

NAME = "Mixed types"
# A text column in which this share of the cells are numbers is a numeric one with typing errors.
NUMBERS_IN_TEXT = 0.9
# So is one of at least so many different numbers and so few different words, such as "unknown".
MANY_NUMBERS, FEW_WORDS, SOME_NUMBERS = 20, 5, 0.5
# A text column in which this share of the values are dates of one form is one of dates; from 95 %
# on it is read as such.
DATES_IN_TEXT = 0.5
# Different values on which a column is judged first.
HEAD = 200


def mixed_types(look: Look) -> list[Guardrail]:
    """Numbers or dates among words, and words among dates."""
    found = []
    for column in look.schema.columns:
        if column.storage != Storage.STRING:
            continue
        one = None
        if column.used and column.semantic is Semantic.DATETIME:
            one = _no_dates(look, column)
        elif column.semantic in (Semantic.CATEGORICAL, Semantic.TEXT, Semantic.IDENTIFIER):
            one = _numbers_or_dates(look, column)
        if one is not None:
            found.append(one)
    return found or [Guardrail(NAME, "passed", "no column holds values of two kinds", "")]


def _no_dates(look: Look, column: Column) -> Guardrail | None:
    values = look.table[column.name]
    times = times_of(values, column)
    words = (times.isna() & values.notna()).to_numpy() & ~beyond_range(values, times)
    if not words.any():
        return None
    finding = (
        f"{words.sum() / values.notna().sum():.1%} of the cells of '{column.name}' are no dates, "
        f"such as {shown(values.to_numpy()[words][0])}"
    )
    action = "they count as missing"
    return Guardrail(NAME, "fixed", finding, action, (column.name,), look.rows(words))


def _numbers_or_dates(look: Look, column: Column) -> Guardrail | None:
    if column.dropped == "ignored by request":
        return None
    codes, levels = pd.factorize(look.table[column.name])
    texts = pd.Series(levels, dtype=object)
    kind, other = "numbers", _words(texts, codes)
    if other is None:
        kind, other = "dates", _undated(texts)
    if other is None or not other.any():
        return None
    mask = np.append(other, False)[codes]
    share = 1 - mask.sum() / (codes >= 0).sum()
    used = f"used as {'text' if column.semantic is Semantic.TEXT else 'a category'}"
    how = used if column.used else f"dropped ({column.dropped})"
    return Guardrail(
        NAME,
        "alerted",
        f"{share:.1%} of '{column.name}' are {kind}, but not {shown(texts[other].iloc[0])}",
        f"{how}; clear the other cells to use it as {kind}",
        (column.name,),
        look.rows(mask),
    )


def _words(texts: pd.Series, codes: np.ndarray) -> np.ndarray | None:
    """Which levels are no numbers, where most cells are."""
    head = pd.to_numeric(texts[:HEAD], errors="coerce").notna()
    if not len(head) or head.mean() < SOME_NUMBERS / 2:
        return None
    words = pd.to_numeric(texts, errors="coerce").isna().to_numpy()
    share = 1 - np.append(words, False)[codes].sum() / (codes >= 0).sum()
    few = words.sum() <= FEW_WORDS and (~words).sum() >= MANY_NUMBERS
    return words if share >= (SOME_NUMBERS if few else NUMBERS_IN_TEXT) else None


def _undated(texts: pd.Series) -> np.ndarray | None:
    """Which levels are no dates, where most are of one form."""
    head = texts[:HEAD].to_numpy()
    form = detect_format(head, share=DATES_IN_TEXT) if len(head) >= MANY_NUMBERS else None
    if form is None:
        return None
    undated = parse(texts, form).isna().to_numpy()
    return undated if undated.mean() <= 1 - DATES_IN_TEXT else None
