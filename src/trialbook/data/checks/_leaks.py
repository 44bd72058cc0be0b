"""Checks of columns that give the target away."""

from __future__ import annotations

import pandas as pd

from trialbook.data._guardrails import Guardrail, listed
from trialbook.data.checks._look import Look


def target_leak(look: Look) -> list[Guardrail]:
    """Features of which each value belongs to one value of the target, and the other way."""
    schema = look.schema
    codes, values = pd.factorize(look.table[schema.target])
    key = codes.tobytes()
    same = []
    for column in schema.used:
        if column.distinct != len(values) or column.missing:
            continue
        if pd.factorize(look.table[column.name])[0].tobytes() == key:
            same.append(column.name)
    if not same:
        return []
    finding = f"{listed(same)} tell{'' if len(same) > 1 else 's'} the target one to one"
    action = "kept; ignore what is not known at the time of prediction"
    return [Guardrail("Target leak", "alerted", finding, action, tuple(same))]
