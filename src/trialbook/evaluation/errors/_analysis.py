"""Cohorts of rows on which a model errs more or less than elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trialbook._plain import plain
from trialbook.errors import DataError
from trialbook.evaluation.errors._conditions import Condition
from trialbook.evaluation.errors._losses import Losses
from trialbook.evaluation.errors._map import ErrorMap, error_map
from trialbook.evaluation.errors._tree import LEAST_LEAF, Node, grow, prune

# Two cohorts of the least size, on either half.
LEAST_ROWS = 4 * LEAST_LEAF
# The tree finds large cohorts, for which so many rows are plenty.
MOST_ROWS = 100_000
LEVEL = 0.95


@dataclass(frozen=True)
class Cohort:
    """Rows that have something in common, and how the model does on them.

    Parameters
    ----------
    conditions : tuple of Condition
        What they have in common; none for all rows.
    depth : int
        How deep it stands in the tree.
    is_leaf : bool
        Whether it is not divided further.
    rows : int
        All rows that belong to it.
    measured : int
        Rows among them that the tree was not grown on.
    loss : float
        Mean loss of the measured rows; NaN if there are none.
    low, high : float
        Interval of 95 % of `loss`.
    share_of_errors : float
        Part of the loss of all measured rows that falls on these.
    stands_out : bool
        Whether the loss differs from that of all rows, with 95 % confidence for all cohorts
        together (Bonferroni).
    """

    conditions: tuple[Condition, ...]
    depth: int
    is_leaf: bool
    rows: int
    measured: int
    loss: float
    low: float
    high: float
    share_of_errors: float
    stands_out: bool

    @property
    def words(self) -> str:
        """Its conditions: ``age > 60 and job = 'retired'``."""
        parts = [str(one) for one in self.conditions]
        if len(parts) > 1:
            parts = [f"({one})" if one.endswith(" or missing") else one for one in parts]
        return " and ".join(parts) or "all rows"

    @property
    def step(self) -> str:
        """The condition that tells it from its sibling."""
        return str(self.conditions[-1]) if self.conditions else "all rows"


@dataclass(frozen=True)
class ErrorAnalysis:
    """Where a model errs.

    Parameters
    ----------
    trial : str
    origin : str
        Which rows were looked at.
    measure : {"error rate", "mean absolute error", "mean absolute scaled error"}
    rows, measured : int
        Rows that were looked at, and those of them that the tree was not grown on.
    loss : float
        Mean loss of all rows.
    low, high : float
        Interval of 95 % of `loss`.
    tree : tuple of Cohort
        All parts from the top, each followed by its own parts.
    columns : tuple of str
        Columns that the tree asked for, the most telling first.
    map : ErrorMap, optional
        By two columns.
    """

    trial: str
    origin: str
    measure: str
    rows: int
    measured: int
    loss: float
    low: float
    high: float
    tree: tuple[Cohort, ...]
    columns: tuple[str, ...]
    map: ErrorMap | None = None

    def __repr__(self) -> str:
        worst = self.cohorts[0]
        return (
            f"<ErrorAnalysis of {self.trial}: {self.measure} {self.loss:.4g}; of {worst.words}: "
            f"{worst.loss:.4g}>"
        )

    @property
    def cohorts(self) -> list[Cohort]:
        """The cohorts that are not divided further, which share the rows; worst first."""
        leaves = [one for one in self.tree if one.is_leaf]
        return sorted(leaves, key=lambda one: -np.nan_to_num(one.loss))

    @property
    def table(self) -> pd.DataFrame:
        """The cohorts as a table, worst first.

        Returns
        -------
        DataFrame
            Columns ``cohort``, ``rows``, ``measured``, ``loss``, ``low``, ``high``, ``ratio``
            (to the loss of all rows), ``share_of_errors`` and ``stands_out``.
        """
        return pd.DataFrame(
            [
                {
                    "cohort": one.words,
                    "rows": one.rows,
                    "measured": one.measured,
                    "loss": one.loss,
                    "low": one.low,
                    "high": one.high,
                    "ratio": one.loss / self.loss if self.loss else np.nan,
                    "share_of_errors": one.share_of_errors,
                    "stands_out": one.stands_out,
                }
                for one in self.cohorts
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """The analysis as JSON-safe data: all figures, and the cohorts in words.

        Returns
        -------
        dict
        """
        document = plain(self)
        for one, cohort in zip(document["tree"], self.tree, strict=True):
            one |= {"cohort": cohort.words, "step": cohort.step}
        return dict(document)


def analyse_errors(
    rows: pd.DataFrame,
    losses: Losses,
    *,
    trial: str = "",
    origin: str = "",
    columns: Sequence[str] | None = None,
    by: Sequence[str] = (),
    counted: Collection[str] = (),
    seed: int = 0,
) -> ErrorAnalysis:
    """Find where a model errs.

    Parameters
    ----------
    rows : DataFrame
        Raw columns: numbers, dates (``datetime64``) and texts (``object``, NaN where missing).
    losses : Losses
        Of the rows, whose predictions must not be of models that have seen them.
    trial, origin : str, optional
        What is said of the model and the rows.
    columns : sequence of str, optional
        Those that cohorts may be told by; all by default.
    by : sequence of str, optional
        One or two columns for the map; else the two that the tree asked most for.
    counted : collection of str, optional
        Columns whose numbers are those of the words of texts, which words then say.
    seed : int, optional
        Of the division of the rows.

    Returns
    -------
    ErrorAnalysis

    Raises
    ------
    DataError
        If there are fewer than 60 rows.

    Notes
    -----
    A tree that looks for bad cohorts finds some in pure chance. It is therefore grown on one half
    of the rows; the other half prunes it and gives every figure of its cohorts (honest estimates,
    Athey and Imbens 2016).
    """
    n = len(rows)
    if n < LEAST_ROWS:
        raise DataError(
            f"errors on {n} rows cannot be told apart",
            remedy=f"Give a table of at least {LEAST_ROWS} rows, better a thousand.",
        )
    order = np.random.default_rng(seed).permutation(n)[:MOST_ROWS]
    half = len(order) // 2
    grown, measured = np.sort(order[:half]), np.sort(order[half:])
    used = rows[list(rows.columns if columns is None else columns)]
    first = used.iloc[grown].reset_index(drop=True)
    root, importances = grow(first, losses.values[grown], counted)
    held = used.iloc[measured].reset_index(drop=True)
    prune(root, held, losses.values[measured])
    low, high = losses.interval(np.arange(n), LEVEL)
    confirmed = [one.column for leaf in root.leaves() for one in leaf.conditions]
    telling = [name for name in importances if name in confirmed]
    names = list(by) or list(dict.fromkeys([*telling, *importances]))[:2]
    return ErrorAnalysis(
        trial=trial,
        origin=origin,
        measure=losses.name,
        rows=n,
        measured=len(measured),
        loss=float(losses.values.mean()),
        low=low,
        high=high,
        tree=tuple(_cohorts(root, used, losses, measured)),
        columns=tuple(importances),
        map=error_map(rows, losses, names) if names else None,
    )


def _cohorts(root: Node, rows: pd.DataFrame, losses: Losses, measured: np.ndarray) -> list[Cohort]:
    """Figures of every part of the tree, on the measured rows."""
    total = float(losses.values[measured].sum())
    mean = total / len(measured)
    strict = 1 - (1 - LEVEL) / len(root.leaves())
    found = []

    def visit(node: Node, depth: int) -> None:
        inside = node.mask(rows)
        here = measured[inside[measured]]
        low, high = losses.interval(here, LEVEL)
        least, most = losses.interval(here, strict)
        own = float(losses.values[here].sum())
        found.append(
            Cohort(
                conditions=node.conditions,
                depth=depth,
                is_leaf=not node.children,
                rows=int(inside.sum()),
                measured=len(here),
                loss=own / len(here) if len(here) else np.nan,
                low=low,
                high=high,
                share_of_errors=own / total if total else 0.0,
                stands_out=bool(node.conditions) and not least <= mean <= most,
            )
        )
        for child in node.children:
            visit(child, depth + 1)

    visit(root, 0)
    return found
