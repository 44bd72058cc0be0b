"""Exact SHAP values of scikit-learn's trees, without a compiler.

What a leaf is worth to a set S of known features is a product: its value times, for each feature
on its path, whether the row goes that way (known) or the share of training rows that does
(unknown). This is the path-dependent game of TreeSHAP (Lundberg et al. 2020). The Shapley value
of a product game is an integral over t from 0 to 1 of the product of ``t * known + (1 - t) *
unknown`` of the other features (Owen's multilinear extension, 1972): a polynomial in t, which
Gauss-Legendre quadrature integrates exactly. As in Linear TreeSHAP (Yu et al. 2022), the products
are carried down the tree and their sums up, so that the cost is linear in the nodes; here whole
levels of a tree are done at once, for many rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

# Numbers of an array of rows, nodes and points of quadrature that is worked on at once: 16 MB.
BLOCK = 2_000_000
# A branch that no weight of a row went through; its value then counts for nothing.
LEAST_SHARE = 1e-12


@dataclass(frozen=True)
class Tree:
    """A binary tree in arrays by node; a leaf's children are -1.

    Parameters
    ----------
    left, right, feature : ndarray of shape (n_nodes,)
    cover : ndarray of shape (n_nodes,)
        Weight of the training rows that came by.
    value : ndarray of shape (n_nodes, n_outputs)
    threshold, missing_left : ndarray of shape (n_nodes,)
        A row goes left if its feature is at most the threshold; a missing one if so said.
    categories : ndarray of shape (n_nodes, 256), optional
        Of a split by category: whether a code goes left; thresholds are NaN there.
    single : bool
        Whether features are compared as float32.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    cover: np.ndarray
    value: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    categories: np.ndarray | None = None
    single: bool = False

    def goes_left(self, X: np.ndarray) -> np.ndarray:
        """Which way the rows go at each node, of shape (n_rows, n_nodes)."""
        columns = X[:, np.maximum(self.feature, 0)]
        if self.single:
            columns = columns.astype(np.float32)
        missing = np.isnan(columns)
        left = columns <= self.threshold
        if self.categories is not None:
            by_code = np.flatnonzero(np.isnan(self.threshold) & (self.left >= 0))
            codes = np.where(missing[:, by_code], 0, columns[:, by_code]).astype(int)
            known = (codes >= 0) & (codes < self.categories.shape[1])
            chosen = self.categories[by_code, np.where(known, codes, 0)]
            left[:, by_code] = np.where(known, chosen, self.missing_left[by_code].astype(bool))
        return np.asarray(np.where(missing, self.missing_left.astype(bool), left))


def tree_values(tree: Tree, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SHAP values of one tree.

    Parameters
    ----------
    tree : Tree
    X : ndarray of shape (n_rows, n_features)

    Returns
    -------
    values : ndarray of shape (n_rows, n_features, n_outputs)
    base : ndarray of shape (n_outputs,)
        What the tree says on average over its training rows.
    """
    n_outputs = tree.value.shape[1]
    if len(tree.left) == 1 or tree.left[0] < 0:
        return np.zeros((*X.shape, n_outputs)), tree.value[0].astype(float)
    plan = _plan(tree)
    per_row = len(tree.left) * len(plan.points)
    step = max(1, BLOCK // per_row)
    blocks = [_block(tree, plan, X[at : at + step]) for at in range(0, len(X), step)]
    leaves = tree.left < 0
    base = (plan.reached[leaves, None] * tree.value[leaves]).sum(axis=0)
    return np.concatenate(blocks), base


@dataclass(frozen=True)
class _Plan:
    """What does not depend on the rows.

    `levels` are the nodes by depth without the root. `before` is the last node above whose edge
    is of the same feature, or -1. `unknown` is the product of the shares of the edges of this
    feature down to the node, and `reached` of all edges.
    """

    levels: list[np.ndarray]
    parent: np.ndarray
    before: np.ndarray
    unknown: np.ndarray
    reached: np.ndarray
    points: np.ndarray
    weights: np.ndarray
    to_feature: Any


def _plan(tree: Tree) -> _Plan:
    n_nodes = len(tree.left)
    parent, before = np.full(n_nodes, -1), np.full(n_nodes, -1)
    unknown, reached = np.ones(n_nodes), np.ones(n_nodes)
    n_different = np.zeros(n_nodes, dtype=int)
    levels: list[np.ndarray] = []
    level = np.array([0])
    while True:
        inner = level[tree.left[level] >= 0]
        if not len(inner):
            break
        above = np.concatenate([inner, inner])
        level = np.concatenate([tree.left[inner], tree.right[inner]])
        parent[level] = above
        share = tree.cover[level] / np.maximum(tree.cover[above], LEAST_SHARE)
        share = np.maximum(share, LEAST_SHARE)
        before[level] = _same_feature(tree, parent, above)
        unknown[level] = share * np.where(before[level] >= 0, unknown[before[level]], 1.0)
        reached[level] = share * reached[above]
        n_different[level] = n_different[above] + (before[level] < 0)
        levels.append(level)
    points, weights = np.polynomial.legendre.leggauss(max(1, -(-int(n_different.max()) // 2)))
    edges = np.arange(1, n_nodes) if parent[0] < 0 else np.flatnonzero(parent >= 0)
    edges = edges[parent[edges] >= 0]
    shape = (n_nodes, int(tree.feature.max()) + 1)
    ones = np.ones(len(edges))
    to_feature = sparse.csr_matrix((ones, (edges, tree.feature[parent[edges]])), shape=shape)
    return _Plan(
        levels, parent, before, unknown, reached, (points + 1) / 2, weights / 2, to_feature
    )


def _same_feature(tree: Tree, parent: np.ndarray, above: np.ndarray) -> np.ndarray:
    """For edges below some nodes: the last edge above of the same feature, by its lower node."""
    found = np.full(len(above), -1)
    wanted, at = tree.feature[above], above.copy()
    open_ = np.flatnonzero(parent[at] >= 0)
    while len(open_):
        same = tree.feature[parent[at[open_]]] == wanted[open_]
        found[open_[same]] = at[open_[same]]
        open_ = open_[~same]
        at[open_] = parent[at[open_]]
        open_ = open_[parent[at[open_]] >= 0]
    return found


def _block(tree: Tree, plan: _Plan, X: np.ndarray) -> np.ndarray:
    """Values of as many rows as are done at once."""
    n_rows, n_nodes = len(X), len(tree.left)
    left = tree.goes_left(X)
    known = np.ones((n_rows, n_nodes))
    for level in plan.levels:
        is_left = tree.left[plan.parent[level]] == level
        goes = left[:, plan.parent[level]] == is_left
        known[:, level] = goes & (
            known[:, plan.before[level]] * (plan.before[level] >= 0) != 0
        ) | (goes & (plan.before[level] < 0))
    factor = (
        plan.points * known[:, :, None] + (1 - plan.points) * plan.unknown[None, :, None]
    )  # (n_rows, n_nodes, n_points)
    slope = (known - plan.unknown)[:, :, None] / factor
    has = plan.before >= 0
    gain = slope.copy()
    gain[:, has] -= slope[:, plan.before[has]]
    ratio = factor.copy()
    ratio[:, has] /= factor[:, plan.before[has]]
    product = np.ones_like(factor)
    for level in plan.levels:
        product[:, level] = product[:, plan.parent[level]] * ratio[:, level]
    gain *= plan.weights
    n_features, n_outputs = X.shape[1], tree.value.shape[1]
    values = np.zeros((n_rows, n_features, n_outputs))
    leaves = tree.left < 0
    for k in range(n_outputs):
        below = np.zeros_like(product)
        below[:, leaves] = product[:, leaves] * tree.value[leaves, k][:, None]
        for level in reversed(plan.levels):
            half = len(level) // 2  # left children, then right ones, of the same parents
            first, second = level[:half], level[half:]
            below[:, plan.parent[first]] = below[:, first] + below[:, second]
        edges = np.einsum("rnq,rnq->rn", gain, below)
        summed = np.asarray((plan.to_feature.T @ edges.T).T)
        values[:, : summed.shape[1], k] = summed
    return values


def trees_of(model: Any) -> Iterator[tuple[float, Tree]] | None:
    """The trees of a fitted forest or tree of scikit-learn, each with its weight in the mean.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    iterator of (float, Tree), optional
        None for any other model. Outputs are probabilities, or numbers.
    """
    name = type(model).__name__.removesuffix("Classifier").removesuffix("Regressor")
    if name in {"DecisionTree", "ExtraTree"}:
        return iter([(1.0, _of_sklearn(model))])
    if name in {"RandomForest", "ExtraTrees"}:
        share = 1 / len(model.estimators_)
        return ((share, _of_sklearn(one)) for one in model.estimators_)
    return None


def _of_sklearn(model: Any) -> Tree:
    tree = model.tree_
    value = tree.value[:, 0, :].astype(float)
    if hasattr(model, "classes_"):
        value = value / np.maximum(value.sum(axis=1, keepdims=True), LEAST_SHARE)
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return Tree(
        tree.children_left,
        tree.children_right,
        tree.feature,
        tree.weighted_n_node_samples,
        value,
        tree.threshold,
        np.asarray(missing),
        single=True,
    )


def boosted_trees(model: Any) -> Iterator[tuple[int, Tree]]:
    """The trees of a fitted ``HistGradientBoosting*``, each with the output that it adds to.

    Parameters
    ----------
    model : estimator
        It is read through private attributes, as scikit-learn has no others: callers compare
        what the values add up to with what the model says.

    Yields
    ------
    output : int
    tree : Tree
        With one output. Features are those of ``model._preprocess_X``: categories first.
    """
    for iteration in model._predictors:
        for output, predictor in enumerate(iteration):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            by_code = nodes["is_categorical"].astype(bool) & ~leaf
            categories = None
            if by_code.any():
                words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"]]
                bits = words[:, :, None] >> np.arange(32, dtype=np.uint32) & 1
                categories = bits.reshape(len(nodes), -1).astype(bool)
            yield (
                output,
                Tree(
                    np.where(leaf, -1, nodes["left"].astype(int)),
                    np.where(leaf, -1, nodes["right"].astype(int)),
                    nodes["feature_idx"].astype(int),
                    nodes["count"].astype(float),
                    nodes["value"].astype(float)[:, None],
                    np.where(by_code, np.nan, nodes["num_threshold"]),
                    nodes["missing_go_to_left"],
                    categories,
                ),
            )
