"""Checks of the classes: how even they are, and which are very rare."""

from __future__ import annotations

import numpy as np

from trialbook._words import listed, plural
from trialbook.data._guardrails import Guardrail, share
from trialbook.data._target import encode
from trialbook.data.checks._look import Look

# Azure's rule: a minority of at most this share of the majority is an imbalance worth knowing.
IMBALANCE = 0.2
# With fewer rows a class can hardly be learned, let alone validated.
RARE_CLASS_ROWS = 5
# The check that says what was done against an imbalance.
BALANCE = "Class balance"


def balance(look: Look) -> list[Guardrail]:
    """How many rows the smallest class has beside the largest."""
    classes, target = look.schema.classes, look.schema.target
    if not classes:
        return []
    counts = np.bincount(encode(look.table[target], classes), minlength=len(classes))
    low, high = int(counts.argmin()), int(counts.argmax())
    part = counts[low] / counts[high]
    finding = (
        f"the smallest class '{classes[low]}' has {plural(int(counts[low]), 'row')}, "
        f"the largest '{classes[high]}' {int(counts[high]):,} ({share(part)})"
    )
    if part > IMBALANCE:
        return [Guardrail(BALANCE, "passed", finding, "", (target,))]
    advice = "rank by a metric that is robust, not by accuracy"
    return [Guardrail(BALANCE, "alerted", finding, advice, (target,))]


def rare_classes(look: Look) -> list[Guardrail]:
    """Classes of so few rows that they can hardly be learned."""
    classes, target = look.schema.classes, look.schema.target
    if not classes:
        return []
    name = "Rare classes"
    y = encode(look.table[target], classes)
    counts = np.bincount(y, minlength=len(classes))
    few = counts < RARE_CLASS_ROWS
    if not few.any():
        finding = f"every class has {plural(int(counts.min()), 'row')} or more"
        return [Guardrail(name, "passed", finding, "", (target,))]
    rare = [str(label) for label, is_rare in zip(classes, few, strict=True) if is_rare]
    have = plural(len(rare), "class has", "classes have")
    finding = f"{have} fewer than {RARE_CLASS_ROWS} rows: {listed(rare)}"
    advice = "collect more rows, or join rare classes into one"
    return [Guardrail(name, "alerted", finding, advice, (target,), look.rows(few[y]))]
