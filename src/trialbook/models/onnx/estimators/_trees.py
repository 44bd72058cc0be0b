"""Trees of any library as the columns that ONNX's operator TreeEnsemble takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialbook.models.onnx.graph import ML_DOMAIN, Array, Graph

# Modes of nodes, as the operator numbers them: the true branch is taken where the feature is …
LESS_EQUAL, LESS, MEMBER = 0, 1, 6
SUM = 1


@dataclass(frozen=True)
class Tree:
    """One tree; children are numbers of nodes, or ``~leaf`` where a branch ends in a leaf.

    Parameters
    ----------
    feature : ndarray of int
        Which feature each node looks at.
    split : ndarray
        What it is compared with; of no meaning where a set is asked for.
    mode : ndarray of int
        `LESS_EQUAL`, `LESS` or `MEMBER`.
    true, false : ndarray of int
        Where it goes.
    missing_is_true : ndarray of bool
        Whether a missing value goes where the comparison is true.
    leaves : ndarray of shape (n_leaves,)
    members : tuple of ndarray
        The set of each node of mode `MEMBER`, in the order of the nodes.
    """

    feature: Array
    split: Array
    mode: Array
    true: Array
    false: Array
    missing_is_true: Array
    leaves: Array
    members: tuple[Array, ...] = ()


@dataclass
class Forest:
    """Trees that are added to one operator.

    Parameters
    ----------
    dtype : type
        Of features, splits and leaves: the type in which the library compares.
    """

    dtype: type[np.floating[Any]]
    _parts: dict[str, list[Array]] = field(default_factory=dict)
    _roots: list[int] = field(default_factory=list)
    _n_nodes: int = 0
    _n_leaves: int = 0

    def add(self, tree: Tree, target: int) -> None:
        """Add a tree.

        Parameters
        ----------
        tree : Tree
        target : int
            The output that its leaves count for.
        """
        if not len(tree.feature):
            tree = _stump(tree)
        ends_true, ends_false = tree.true < 0, tree.false < 0
        parts = {
            "nodes_featureids": tree.feature,
            "nodes_splits": tree.split.astype(self.dtype),
            "nodes_modes": tree.mode.astype(np.uint8),
            "nodes_truenodeids": self._place(tree.true),
            "nodes_falsenodeids": self._place(tree.false),
            "nodes_trueleafs": ends_true,
            "nodes_falseleafs": ends_false,
            "nodes_missing_value_tracks_true": tree.missing_is_true,
            "leaf_targetids": np.full(len(tree.leaves), target),
            "leaf_weights": tree.leaves.astype(self.dtype),
        }
        for members in tree.members:
            ended = np.append(members, np.nan).astype(self.dtype)
            self._parts.setdefault("membership_values", []).append(ended)
        for name, values in parts.items():
            self._parts.setdefault(name, []).append(values)
        self._roots.append(self._n_nodes)
        self._n_nodes += len(tree.feature)
        self._n_leaves += len(tree.leaves)

    def _place(self, children: Array) -> Array:
        """Numbers of nodes and of leaves among all trees."""
        children = children.astype(np.int64)
        return np.where(children < 0, ~children + self._n_leaves, children + self._n_nodes)

    def write(self, graph: Graph, x: str, n_targets: int) -> str:
        """Add the operator to a graph.

        Parameters
        ----------
        graph : Graph
        x : str
            Features, of the forest's type.
        n_targets : int

        Returns
        -------
        str
            Sums of leaves: shape (n_rows, n_targets), of the forest's type.
        """
        joined = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        arrays = ("nodes_splits", "nodes_modes", "leaf_weights", "membership_values")
        lists: dict[str, Any] = {
            name: part.astype(np.int64).tolist()
            for name, part in joined.items()
            if name not in arrays
        }
        if not joined["nodes_missing_value_tracks_true"].any():
            del lists["nodes_missing_value_tracks_true"]
        tensors = {name: joined[name] for name in arrays if name in joined}
        options: dict[str, Any] = {"aggregate_function": SUM, "post_transform": 0, **tensors}
        options |= {"n_targets": n_targets, "tree_roots": self._roots, **lists}
        sums: str = graph.add("TreeEnsemble", x, domain=ML_DOMAIN, **options)
        return sums


def _stump(tree: Tree) -> Tree:
    """A tree that is a single leaf: the operator wants a node, so both its branches end there."""
    one = np.zeros(1, dtype=np.int64)
    return Tree(one, one.astype(float), one + LESS_EQUAL, ~one, ~one, one > 0, tree.leaves[:1])


def bits(words: Sequence[int] | Array) -> Array:
    """Numbers of the bits that are set in words of 32 bits, the lowest first."""
    octets = np.asarray(words, dtype="<u4").view(np.uint8)
    return np.flatnonzero(np.unpackbits(octets, bitorder="little"))
