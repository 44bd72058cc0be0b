"""Checks of the numbers that are to be predicted."""

from __future__ import annotations

import numpy as np

from trialbook._words import plural
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._look import Look

# Few rows that make up so much of the squares around the median decide the model and its score.
OUTWEIGHS = 0.5
# So many rows are few.
FEW_ROWS = 0.005
# With fewer rows in all, one row may be half of everything and be right.
FEWEST_ROWS = 100


def target_outliers(look: Look) -> list[Guardrail]:
    """Values of the target so far from the others that a few rows outweigh the rest."""
    schema, name = look.schema, "Target outliers"
    if schema.classes or len(look.table) < FEWEST_ROWS:
        return []
    y = look.table[schema.target].to_numpy(dtype=np.float64)
    scaled = y / np.abs(y).max()  # squares of the largest numbers are infinite
    away = (scaled - np.median(scaled)) ** 2
    order = np.argsort(-away, kind="stable")
    n_few = int(np.searchsorted(np.cumsum(away[order]), OUTWEIGHS * away.sum())) + 1
    if n_few > max(1, FEW_ROWS * len(y)):
        finding = "no few rows outweigh the rest"
        return [Guardrail(name, "passed", finding, "", (schema.target,))]
    mask = np.zeros(len(y), dtype=bool)
    mask[order[:n_few]] = True
    low, high = y[mask].min(), y[mask].max()
    values = f"{low:,.6g}" if n_few == 1 or low == high else f"{low:,.6g} to {high:,.6g}"
    finding = (
        f"{plural(n_few, 'row')} of {len(y):,} ({values}; the median is {np.median(y):,.6g}) "
        f"{'is' if n_few == 1 else 'are'} {OUTWEIGHS:.0%} of all squared distances"
    )
    action = "kept; correct them if they are wrong, or rank by mae"
    return [Guardrail(name, "alerted", finding, action, (schema.target,), look.rows(mask))]
