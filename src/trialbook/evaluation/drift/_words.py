"""What moved, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook._words import plural, sentence
from trialbook.data import MOVED, NEW_LEVELS, RARE_LEVELS
from trialbook.profiling import share
from trialbook.profiling.page_parts import figure

if TYPE_CHECKING:
    from trialbook.evaluation.drift._figures import Drift, Moved

# Cells that are missing more or less often by this are told.
_MISSING = 0.05
# Levels whose part changed by this are told, the most changed first.
_LEVEL, _LEVELS = 0.02, 3


def said_of(found: Moved, numbers: Sequence[np.ndarray | None]) -> str:
    """What changed in a column.

    Parameters
    ----------
    found : Moved
    numbers : sequence of two ndarray or None
        Its cells as numbers, old and new.

    Returns
    -------
    str
        Clauses between semicolons.
    """
    clauses = []
    one, other = numbers
    if one is not None and other is not None:
        clauses += _numbers(found, one, other)
    elif found.kind != "text":
        clauses += _levels(found)
    before, after = found.missing
    if abs(after - before) >= _MISSING:
        clauses.append(f"missing in {share(after)} of the rows, before in {share(before)}")
    if not clauses and one is not None and found.distance >= MOVED:
        clauses.append("of another shape, with about the same median and spread")
    if found.new_share >= NEW_LEVELS:
        named = ", ".join(f"'{level}'" for level in found.new_levels)
        clauses.append(f"{share(found.new_share)} of the rows have new levels such as {named}")
    return "; ".join(clauses)


def _numbers(found: Moved, one: np.ndarray, other: np.ndarray) -> list[str]:
    one, other = one[~np.isnan(one)], other[~np.isnan(other)]
    if not len(one) or not len(other):
        return []
    if found.kind == "datetime":
        later = float((other > one.max()).mean())
        days = [
            str(pd.Timestamp(float(np.median(each)), unit="s").date()) for each in (one, other)
        ]
        text = f"the middle day is {days[1]}, before {days[0]}"
        return [text + (f", and {share(later)} lie after the last old one" if later else "")]
    # Of halves, since the sum or difference of two numbers may be beyond the largest there is.
    halves = one / 2, other / 2
    medians = [2 * float(np.median(each)) for each in halves]
    said = [figure(each) for each in medians]
    quarters = [float(np.subtract(*np.percentile(each, [75, 25]))) for each in halves]
    clauses = []
    if said[0] != said[1]:
        higher = "higher" if medians[1] > medians[0] else "lower"
        clauses.append(f"{higher}: the median is {said[1]}, before {said[0]}")
    if quarters[0] and not 2 / 3 < quarters[1] / quarters[0] < 3 / 2:
        wider = "wider" if quarters[1] > quarters[0] else "narrower"
        clauses.append(
            f"spread {wider}: the middle half spans {_twice(quarters[1])},"
            f" before {_twice(quarters[0])}"
        )
    return clauses


def _twice(half: float) -> str:
    largest = float(np.finfo(float).max)
    return figure(2 * half) if half <= largest / 2 else f"over {figure(largest)}"


def _levels(found: Moved) -> list[str]:
    changes = [
        (after - before, name, before, after)
        for name, before, after in zip(found.bins, found.before, found.after, strict=True)
        if name not in ("missing", "new levels")
    ]
    changes.sort(key=lambda one: -abs(one[0]))
    return [
        f"{_quoted(name)} in {share(after)} of the rows, before in {share(before)}"
        for change, name, before, after in changes[:_LEVELS]
        if abs(change) >= _LEVEL
    ]


def _quoted(name: str) -> str:
    return name if name == RARE_LEVELS else f"'{name}'"


def summary_of(drift: Drift) -> tuple[str, ...]:
    """What moved, in sentences, the most important first.

    Parameters
    ----------
    drift : Drift

    Returns
    -------
    tuple of str
    """
    lines = []
    if drift.target is not None and drift.target.moved:
        lines.append(f"the target '{drift.target.name}' moved ({drift.target.said})")
    if drift.labels is not None and drift.labels.moved:
        lines.append(f"predicted labels moved ({drift.labels.said})")
    for one in drift.predictions:
        if one.moved:
            what = "the mean prediction" if one.name == "prediction" else f"P({one.name})"
            lines.append(f"{what} is {figure(one.after)} on average, before {figure(one.before)}")
    found = [column for column in drift.columns if column.moved]
    if found:
        lines.append(f"{plural(len(found), 'column')} moved, out of {len(drift.columns):,}")
    lines += [
        f"'{column.name}' moved by {share(column.distance)} ({column.said or 'otherwise spread'})"
        for column in found
    ]
    apart = drift.separation
    if apart is not None and apart.moved:
        by = ", ".join(f"'{name}'" for name, _ in apart.columns[:3])
        told = f", by {by} above all" if by else ""
        lines.append(
            f"a model tells new rows from old ones (ROC AUC {apart.auc:.3f}, of which"
            f" {apart.low:.3f} is sure){told}"
        )
    if not lines:
        lines.append(
            f"nothing moved: no column is off by {share(MOVED)} of the rows or more beyond chance"
        )
    return tuple(sentence(line) for line in lines)
