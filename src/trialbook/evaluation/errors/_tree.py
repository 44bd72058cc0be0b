"""A small tree that tells rows by their loss, grown on some rows and pruned by others."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from trialbook.evaluation._groups import as_numbers, cut_between
from trialbook.evaluation.errors._conditions import Condition

# As many cohorts as a person reads, of at most so many conditions.
MOST_LEAVES, MOST_DEPTH = 8, 4
# A cohort of fewer rows cannot be told from chance; on a big table, one of a hundredth matters.
LEAST_LEAF, LEAF_SHARE = 15, 0.01
# A text of fewer rows that the tree is grown on goes with the other rare ones.
LEAST_LEVEL = 10
# Siblings are one cohort unless their mean losses differ by so many standard errors, on rows that
# the tree was not grown on: a hundredth of the seven divisions of a tree would pass by chance.
TELLING = 2.6


@dataclass
class Node:
    """A part of the rows.

    Parameters
    ----------
    conditions : tuple of Condition
        At most one a column; none for all rows.
    step : Condition, optional
        What was asked last.
    children : list of Node
        None, or two that share the rows.
    """

    conditions: tuple[Condition, ...]
    step: Condition | None = None
    children: list[Node] = field(default_factory=list)

    def mask(self, rows: pd.DataFrame) -> np.ndarray:
        """Which rows belong to it."""
        inside = np.ones(len(rows), dtype=bool)
        for condition in self.conditions:
            inside &= condition.mask(rows)
        return inside

    def leaves(self) -> list[Node]:
        """The parts that have no parts."""
        if not self.children:
            return [self]
        return [leaf for child in self.children for leaf in child.leaves()]


@dataclass(frozen=True)
class _Coded:
    """A column as the tree sees it: by ranks, which its single precision holds exactly.

    Parameters
    ----------
    codes : ndarray of float, shape (n_rows,)
        Rank of the number, NaN where missing; or rank of the text by the mean loss of its rows.
    values : ndarray of float, shape (n_rows,), optional
        The numbers themselves.
    ranks : mapping of str to int
        Of the texts that are not rare.
    missing, rare : int, optional
        Rank of the cells without a text, and of all rare texts; None where there are no such rows.
    counted : bool
        Whether the numbers are those of the words of texts.
    """

    codes: np.ndarray
    values: np.ndarray | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    missing: int | None = None
    rare: int | None = None
    counted: bool = False


def grow(
    rows: pd.DataFrame, losses: np.ndarray, counted: Collection[str] = ()
) -> tuple[Node, dict[str, float]]:
    """Grow a tree.

    Parameters
    ----------
    rows : DataFrame
        Numbers, dates and texts (NaN where missing).
    losses : ndarray of shape (n_rows,)
    counted : collection of str, optional
        Columns whose numbers are those of the words of texts.

    Returns
    -------
    root : Node
    importances : dict of str to float
        Of the columns that it asks for, the largest first.
    """
    from sklearn.tree import DecisionTreeRegressor

    coded = {name: _coded(rows[name], losses, name in counted) for name in rows.columns}
    X = np.column_stack([one.codes for one in coded.values()])
    tree = DecisionTreeRegressor(
        max_leaf_nodes=MOST_LEAVES,
        max_depth=MOST_DEPTH,
        min_samples_leaf=max(LEAST_LEAF, math.ceil(LEAF_SHARE * len(rows))),
        random_state=0,
    ).fit(X, losses)
    names = list(rows.columns)
    root = Node(())
    _split(root, 0, tree.tree_, rows, list(coded.items()))
    order = np.argsort(-tree.feature_importances_, kind="stable")
    found = {names[i]: float(tree.feature_importances_[i]) for i in order}
    return root, {name: share for name, share in found.items() if share > 0}


def prune(node: Node, rows: pd.DataFrame, losses: np.ndarray) -> None:
    """Join siblings whose losses other rows do not tell apart.

    Parameters
    ----------
    node : Node
        Its tree is changed.
    rows : DataFrame
        Rows that it was not grown on.
    losses : ndarray of shape (n_rows,)
    """
    for child in node.children:
        prune(child, rows, losses)
    if not node.children or any(child.children for child in node.children):
        return
    sides = [losses[child.mask(rows)] for child in node.children]
    if min(map(len, sides)) < 2:
        node.children = []
        return
    gap = abs(sides[0].mean() - sides[1].mean())
    own = sum(side.var(ddof=1) / len(side) for side in sides)
    # Few rows without an error seem to have no spread at all; were they like the others, they
    # would have theirs.
    alike = np.concatenate(sides).var(ddof=1) * sum(1 / len(side) for side in sides)
    if gap <= TELLING * math.sqrt(max(own, alike)):
        node.children = []


def _coded(column: pd.Series, losses: np.ndarray, counted: bool) -> _Coded:
    if column.dtype != object:
        values = as_numbers(column)
        known = ~np.isnan(values)
        ranks = np.full(len(values), math.nan)
        ranks[known] = np.unique(values[known], return_inverse=True)[1]
        return _Coded(ranks, values, counted=counted)
    counts = column.value_counts()
    texts = list(counts.index[counts >= LEAST_LEVEL])
    absent, rare = len(texts), len(texts) + 1
    place = column.map({text: place for place, text in enumerate(texts)}).fillna(rare)
    place = np.where(column.isna(), absent, place).astype(int)
    n = np.bincount(place, minlength=rare + 1)
    sums = np.bincount(place, weights=losses, minlength=rare + 1)
    means = np.divide(sums, n, out=np.full(len(n), math.inf), where=n > 0)
    # In the order of their means no other division of the texts in two is better (Fisher 1958).
    rank = np.argsort(np.argsort(means, kind="stable"), kind="stable")
    return _Coded(
        rank[place].astype(float),
        ranks={str(text): int(rank[i]) for i, text in enumerate(texts)},
        missing=int(rank[absent]) if n[absent] else None,
        rare=int(rank[rare]) if n[rare] else None,
    )


def _split(
    node: Node, place: int, tree: Any, rows: pd.DataFrame, coded: Sequence[tuple[str, _Coded]]
) -> None:
    """Give a node the parts that the fitted tree gives it, in words of the columns."""
    children = tree.children_left[place], tree.children_right[place]
    if children[0] < 0:
        return
    name, column = coded[tree.feature[place]]
    cut = float(tree.threshold[place])
    before = next((one for one in node.conditions if one.column == name), None)
    if column.values is None:
        sides = _texts(name, column, cut, before)
    else:
        here = node.mask(rows)
        sides = _numbers(
            rows[name], column, here, cut, bool(tree.missing_go_to_left[place]), before
        )
    for child, side in zip(children, sides, strict=True):
        others = tuple(one for one in node.conditions if one.column != name)
        made = Node((*others, side), side)
        node.children.append(made)
        _split(made, child, tree, rows, coded)


def _numbers(
    column: pd.Series,
    coded: _Coded,
    here: np.ndarray,
    cut: float,
    absent_left: bool,
    before: Condition | None,
) -> tuple[Condition, Condition]:
    """The two sides of a cut, which is moved to where it reads well and parts the rows alike."""
    assert coded.values is not None
    dated = column.dtype.kind == "M"
    whole = before or Condition(
        str(column.name),
        missing=True,
        dated=dated,
        said=bool(column.isna().any()),
        counted=coded.counted,
    )
    with np.errstate(invalid="ignore"):
        low = coded.values[here & (coded.codes <= cut)]
        high = coded.values[here & (coded.codes > cut)]
    if not len(low) or not len(high):  # the cells that are missing are a side of their own
        filled = replace(whole, missing=False)
        alone = replace(whole, low=math.inf, high=math.inf)
        return (alone, filled) if absent_left else (filled, alone)
    edge = cut_between(float(low.max()), float(high.min()), dated=dated)
    return (
        replace(whole, high=edge, missing=whole.missing and absent_left),
        replace(whole, low=edge, missing=whole.missing and not absent_left),
    )


def _texts(
    name: str, column: _Coded, cut: float, before: Condition | None
) -> tuple[Condition, Condition]:
    """The two sides of a cut among texts in the order of their loss."""
    low = [text for text, rank in column.ranks.items() if rank <= cut]
    high = [text for text, rank in column.ranks.items() if rank > cut]
    # What no row had here goes to the larger side, so that the smaller is named by its texts.
    larger = math.inf if len(low) < len(high) else -math.inf
    absent = (larger if column.missing is None else column.missing) <= cut
    rare = (larger if column.rare is None else column.rare) <= cut
    sides = (low, high) if not rare else (high, low)
    named = Condition(name, values=tuple(sorted(sides[0])))
    barred = Condition(name, values=tuple(sorted(sides[0])), excluded=True)
    both = (barred, named) if rare else (named, barred)
    said = column.missing is not None
    first, second = (one if before is None else _both(before, one) for one in both)
    missing = before is None or before.missing
    return (
        replace(first, missing=missing and absent, said=said),
        replace(second, missing=missing and not absent, said=said),
    )


def _both(one: Condition, other: Condition) -> Condition:
    """A column's texts that meet two conditions."""
    first, second = set(one.values or ()), set(other.values or ())
    if one.excluded and other.excluded:
        return replace(one, values=tuple(sorted(first | second)))
    if one.excluded:
        return replace(other, values=tuple(sorted(second - first)))
    if other.excluded:
        return replace(one, values=tuple(sorted(first - second)))
    return replace(one, values=tuple(sorted(first & second)))
