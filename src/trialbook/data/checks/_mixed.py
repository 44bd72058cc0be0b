"""Checks of cells that are not of the kind of the others in their column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data._columns import Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._look import Look
from trialbook.tables._storage import Storage

# A text column in which this share of the cells are numbers is a numeric one with typing errors.
NUMBERS_IN_TEXT = 0.9


def numbers_in_text(look: Look) -> list[Guardrail]:
    """Columns of text of which nearly all cells are numbers."""
    found = []
    for column in look.schema.used:
        if column.storage != Storage.STRING or column.semantic is not Semantic.CATEGORICAL:
            continue
        levels = look.table[column.name].value_counts()
        head = pd.to_numeric(pd.Series(levels.index[:200], dtype=object), errors="coerce")
        if head.notna().mean() < NUMBERS_IN_TEXT / 2:
            continue
        numbers = pd.to_numeric(pd.Series(levels.index, dtype=object), errors="coerce")
        words = numbers.isna().to_numpy()
        share = levels.to_numpy()[~words].sum() / levels.sum()
        if share < NUMBERS_IN_TEXT or not words.any():
            continue
        others = look.table[column.name].isin(levels.index[words])
        found.append(
            Guardrail(
                "Numbers in text",
                "alerted",
                f"{share:.1%} of '{column.name}' are numbers, but not '{levels.index[words][0]}'",
                "used as a category; clear the other cells to use it as a number",
                (column.name,),
                look.rows(np.asarray(others)),
            )
        )
    return found
