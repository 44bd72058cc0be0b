"""scikit-learn's trees, forests and histogram gradient boosting as operators of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.estimators._trees import LESS_EQUAL, MEMBER, Forest, Tree, bits
from trialbook.models.onnx.graph import (
    DOUBLE,
    FLOAT,
    INT64,
    Array,
    Graph,
    Outputs,
    cast,
    doubles,
    flat,
    two_sided,
)

# What a tree of scikit-learn has as the child of a leaf.
NO_CHILD = -1


def tree(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A decision tree.

    Parameters
    ----------
    graph : Graph
    estimator : DecisionTreeClassifier or DecisionTreeRegressor
    x : str

    Returns
    -------
    Outputs
    """
    return _mean_of_trees(graph, [estimator.tree_], x, getattr(estimator, "classes_", None))


def forest(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A random forest, or extra trees.

    Parameters
    ----------
    graph : Graph
    estimator : RandomForest* or ExtraTrees*
    x : str

    Returns
    -------
    Outputs
    """
    grown = [one.tree_ for one in estimator.estimators_]
    return _mean_of_trees(graph, grown, x, getattr(estimator, "classes_", None))


def _mean_of_trees(graph: Graph, grown: list[Any], x: str, classes: Array | None) -> Outputs:
    """The mean of what trees say, which look at features in single precision."""
    narrow = cast(graph, x, FLOAT)
    if any(one.n_outputs != 1 for one in grown):
        raise ExportError("a forest of several outputs has no ONNX form here")
    many = doubles(graph, len(grown))
    if classes is None or len(classes) == 2:
        # Leaves of a classifier hold the shares of its classes.
        column = 0 if classes is None else 1
        joined = Forest(np.float32)
        for one in grown:
            joined.add(_grown(one, one.value[:, 0, column]), 0)
        summed = cast(graph, joined.write(graph, narrow, 1), DOUBLE)
        averaged = graph.add("Div", summed, many)
        if classes is None:
            return Outputs(values=flat(graph, averaged))
        return Outputs(probabilities=two_sided(graph, averaged))
    return Outputs(probabilities=_by_leaf(graph, grown, narrow))


def _by_leaf(graph: Graph, grown: list[Any], narrow: str) -> str:
    """Mean shares of several classes: the operator gives leaves, whose shares are looked up.

    A leaf of the operator counts for one output only, so a tree would else be there once a class.
    """
    found = Forest(np.float32)
    tables, starts = [], [0]
    for target, one in enumerate(grown):
        is_leaf = one.children_left == NO_CHILD
        tables.append(one.value[is_leaf, 0, :])
        numbers = np.cumsum(is_leaf) - 1  # exact in single precision up to 16 million leaves
        found.add(_grown(one, numbers.astype(float)), target)
        starts.append(starts[-1] + int(is_leaf.sum()))
    leaf = cast(graph, found.write(graph, narrow, len(grown)), INT64)
    leaf = graph.add("Add", leaf, graph.constant(np.array(starts[:-1], dtype=np.int64)))
    table = graph.constant(np.concatenate(tables).astype(np.float32))
    said = graph.add("Gather", table, leaf, axis=0)
    axis = graph.constant(np.array([1], dtype=np.int64))
    return cast(graph, graph.add("ReduceMean", said, axis, keepdims=0), DOUBLE)


def _grown(grown: Any, values: Array) -> Tree:
    """A fitted tree with one value a node, of which those of leaves count."""
    is_leaf = grown.children_left == NO_CHILD
    place = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(~is_leaf) - 1)
    inner = ~is_leaf
    n_inner = int(inner.sum())
    return Tree(
        feature=grown.feature[inner],
        split=_rounded_down(grown.threshold[inner]),
        mode=np.full(n_inner, LESS_EQUAL),
        true=place[grown.children_left[inner]],
        false=place[grown.children_right[inner]],
        missing_is_true=grown.missing_go_to_left[inner].astype(bool),
        leaves=values[is_leaf],
    )


def _rounded_down(thresholds: Array) -> Array:
    """The largest single not above each double: it splits singles just as the double does."""
    narrow = thresholds.astype(np.float32)
    return np.where(narrow > thresholds, np.nextafter(narrow, np.float32(-np.inf)), narrow)


_INVERSE_LINKS = {"HalfSquaredError": None, "AbsoluteError": None, "PinballLoss": None}
_EXPONENTIAL = ("HalfPoissonLoss", "HalfGammaLoss")


def histogram_boosting(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Histogram gradient boosting.

    Parameters
    ----------
    graph : Graph
    estimator : HistGradientBoostingClassifier or HistGradientBoostingRegressor
    x : str

    Returns
    -------
    Outputs

    Raises
    ------
    ExportError
        If its loss is one that is not known here.
    """
    order, categories = _columns_of(estimator)
    known = estimator._bin_mapper.make_known_categories_bitsets()
    boosted = Forest(np.float64)
    n_targets = 1
    for round_ in estimator._predictors:
        n_targets = len(round_)
        for target, predictor in enumerate(round_):
            boosted.add(_boosted(predictor, order, categories, known), target)
    raw = boosted.write(graph, x, n_targets)
    raw = graph.add("Add", raw, doubles(graph, np.ravel(estimator._baseline_prediction)))
    loss = type(estimator._loss).__name__
    if loss == "HalfBinomialLoss":
        return Outputs(probabilities=two_sided(graph, graph.add("Sigmoid", raw)))
    if loss == "HalfMultinomialLoss":
        return Outputs(probabilities=graph.add("Softmax", raw, axis=1))
    if loss in _EXPONENTIAL:
        return Outputs(values=flat(graph, graph.add("Exp", raw)))
    if loss in _INVERSE_LINKS:
        return Outputs(values=flat(graph, raw))
    raise ExportError(f"histogram gradient boosting with {loss} has no ONNX form here")


def _columns_of(estimator: Any) -> tuple[Array, dict[int, Array]]:
    """The column of each feature of its trees, and the categories of those that have some.

    Before its trees it puts categories first, as codes of their own.
    """
    is_category = estimator.is_categorical_
    if is_category is None:
        return np.arange(estimator.n_features_in_), {}
    order = np.concatenate([np.flatnonzero(is_category), np.flatnonzero(~is_category)])
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    return order, dict(enumerate(encoder.categories_))


def _boosted(predictor: Any, order: Array, categories: dict[int, Array], known: Any) -> Tree:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    place = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(~is_leaf) - 1)
    inner = nodes[~is_leaf]
    by_set = inner["is_categorical"].astype(bool)
    missing_left = inner["missing_go_to_left"].astype(bool)
    left, right = place[inner["left"]], place[inner["right"]]
    # A category that is missing or unknown goes where missing ones go. So the set that is asked
    # for is that of the other side, and whatever is not in it takes the false branch.
    swapped = by_set & missing_left
    bitsets, places = known
    members = []
    for node in inner[by_set]:
        codes = bits(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
        if node["missing_go_to_left"]:
            codes = np.setdiff1d(bits(bitsets[places[node["feature_idx"]]]), codes)
        values = np.asarray(categories[int(node["feature_idx"])], dtype=float)
        members.append(values[codes[codes < len(values)]])
    return Tree(
        feature=order[inner["feature_idx"]],
        split=np.where(by_set, 0.0, inner["num_threshold"]),
        mode=np.where(by_set, MEMBER, LESS_EQUAL),
        true=np.where(swapped, right, left),
        false=np.where(swapped, left, right),
        missing_is_true=missing_left & ~by_set,
        leaves=nodes["value"][is_leaf],
        members=tuple(members),
    )
