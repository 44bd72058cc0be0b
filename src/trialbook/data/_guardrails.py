"""Guardrails: checks of the data, each with a verdict, what was found and what was done.

The checks themselves are in `trialbook.data.checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

# Rows that a guardrail names: enough to look at; the finding says how many there are.
NAMED_ROWS = 20

Verdict = Literal["passed", "fixed", "alerted"]


@dataclass(frozen=True)
class Guardrail:
    """A check of the data.

    Parameters
    ----------
    name : str
        What was checked.
    verdict : {"passed", "fixed", "alerted"}
        Nothing found; found and handled; found, and for a person to decide.
    finding : str
        What was found, as a clause.
    action : str
        What was done about it, or what to do; empty when nothing is needed.
    columns : tuple of str, optional
        The columns concerned.
    rows : tuple of int, optional
        The first rows concerned, counted from 1 in the job's table, or in the separate table
        that the finding names.
    """

    name: str
    verdict: Verdict
    finding: str
    action: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Guardrail:
        """The guardrail that `dataclasses.asdict` wrote, with rows or from before there were any.

        Parameters
        ----------
        kept : mapping
            The fields, tuples as lists.

        Returns
        -------
        Guardrail
        """
        lists = {name: tuple(kept.get(name, ())) for name in ("columns", "rows")}
        return cls(**{**kept, **lists})


def share(part: float) -> str:
    """A share in percent: ``12%``, ``1.4%``, ``<0.1%``."""
    if 0 < part < 0.0005:
        return "<0.1%"
    return f"{part:.0%}" if part >= 0.1 or part == 0 else f"{part:.1%}"


def row_numbers(positions: np.ndarray) -> tuple[int, ...]:
    """The first rows of a table, as people count them.

    Parameters
    ----------
    positions : ndarray of int
        Positions in the table, from 0, in any order; negative ones are no rows of it.

    Returns
    -------
    tuple of int
        `NAMED_ROWS` at most, in order, from 1.
    """
    rows = np.unique(positions[positions >= 0])[:NAMED_ROWS]
    return tuple(int(row) + 1 for row in rows)


def concerned(guardrail: Guardrail, shown: int = 5) -> str:
    """The first rows that a guardrail names, for people.

    Parameters
    ----------
    guardrail : Guardrail
    shown : int, optional
        How many rows.

    Returns
    -------
    str
        Such as ``rows 3, 17, 204 …``; empty where no rows are named.
    """
    rows = guardrail.rows
    if not rows:
        return ""
    text = ", ".join(f"{row:,}" for row in rows[:shown])
    return f"row{'s' * (len(rows) > 1)} {text}" + (" …" if len(rows) > shown else "")


def told(guardrail: Guardrail, shown: int = 5) -> str:
    """What a guardrail found, and the first rows concerned.

    Parameters
    ----------
    guardrail : Guardrail
    shown : int, optional
        How many rows.

    Returns
    -------
    str
        Such as ``2 rows have no time (rows 3, 17)``.
    """
    rows = concerned(guardrail, shown)
    return guardrail.finding + (f" ({rows})" if rows else "")


def ranked(guardrails: Iterable[Guardrail]) -> list[Guardrail]:
    """What needs a person first, then what was handled, and what passed last."""
    order = {"alerted": 0, "fixed": 1, "passed": 2}
    return sorted(guardrails, key=lambda one: order[one.verdict])


def counts(guardrails: Iterable[Guardrail]) -> dict[str, int]:
    """How many checks ended with each verdict, alerted ones first."""
    verdicts = [one.verdict for one in guardrails]
    return {verdict: verdicts.count(verdict) for verdict in ("alerted", "fixed", "passed")}
