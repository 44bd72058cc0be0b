"""LightGBM and XGBoost as operators of ONNX, read from what their own files say of the trees."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.estimators._trees import LESS, LESS_EQUAL, MEMBER, Forest, Tree, bits
from trialbook.models.onnx.graph import (
    DOUBLE,
    FLOAT,
    Array,
    Graph,
    Outputs,
    cast,
    doubles,
    flat,
    two_sided,
)


def _identity(graph: Graph, raw: str) -> Outputs:
    return Outputs(values=flat(graph, raw))


def _exponential(graph: Graph, raw: str) -> Outputs:
    return Outputs(values=flat(graph, graph.add("Exp", raw)))


def _sigmoid(graph: Graph, raw: str) -> Outputs:
    return Outputs(probabilities=two_sided(graph, graph.add("Sigmoid", raw)))


def _softmax(graph: Graph, raw: str) -> Outputs:
    return Outputs(probabilities=graph.add("Softmax", raw, axis=1))


Link = Callable[[Graph, str], Outputs]

# -- LightGBM --------------------------------------------------------------------------------

_LIGHTGBM_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(
        ("regression", "regression_l1", "huber", "fair", "quantile", "mape"), _identity
    ),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), _exponential),
    "binary": _sigmoid,
    "multiclass": _softmax,
}
# Bits of a node's decision type, and the way in which missing values are known.
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_SHIFT, MISSING_NONE, MISSING_NAN = 2, 0, 2


def lightgbm(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Boosted trees of LightGBM, up to the best round.

    Parameters
    ----------
    graph : Graph
    estimator : LGBMClassifier or LGBMRegressor
    x : str

    Returns
    -------
    Outputs

    Raises
    ------
    ExportError
        If its objective, or its kind of trees or of missing values, is not known here.
    """
    head, trees = _sections(estimator.booster_.model_to_string())
    objective, *options = head["objective"].split()
    link = _LIGHTGBM_LINKS.get(objective)
    if link is None or "sqrt" in options:
        raise ExportError(
            f"LightGBM with the objective '{head['objective']}' has no ONNX form here"
        )
    n_targets = int(head["num_tree_per_iteration"])
    boosted = Forest(np.float64)
    count = 0
    for tree in trees:
        boosted.add(_lightgbm_tree(tree), count % n_targets)
        count += 1
    raw = boosted.write(graph, x, n_targets)
    if "average_output" in head:  # a random forest
        raw = graph.add("Div", raw, doubles(graph, count / n_targets))
    steepness = dict(option.split(":") for option in options if ":" in option).get("sigmoid")
    if objective == "binary" and steepness and float(steepness) != 1:
        raw = graph.add("Mul", raw, doubles(graph, float(steepness)))
    return link(graph, raw)


def _sections(text: str) -> tuple[dict[str, str], Iterator[dict[str, str]]]:
    """The head of a model's text, and its trees, as keys and values."""
    head, *trees = text.partition("\nend of trees")[0].split("\nTree=")

    def read(part: str) -> dict[str, str]:
        pairs = (line.partition("=") for line in part.splitlines())
        return {key: value for key, _, value in pairs}

    return read(head), map(read, trees)


def _lightgbm_tree(tree: Mapping[str, str]) -> Tree:
    if tree.get("is_linear", "0") != "0":
        raise ExportError("LightGBM's linear trees have no ONNX form here")

    def ints(key: str) -> Array:
        return np.array(tree.get(key, "").split(), dtype=np.int64)

    def reals(key: str) -> Array:
        return np.array(tree.get(key, "").split(), dtype=np.float64)

    kinds, split, leaves = ints("decision_type"), reals("threshold"), reals("leaf_value")
    by_set = (kinds & CATEGORICAL) > 0
    missing = kinds >> MISSING_SHIFT
    if not np.isin(missing[~by_set], (MISSING_NONE, MISSING_NAN)).all():
        raise ExportError("LightGBM with zeros as missing values has no ONNX form here")
    # Where training met no missing value, one counts as 0.
    missing_is_true = np.where(missing == MISSING_NAN, (kinds & DEFAULT_LEFT) > 0, split >= 0)
    bounds, words = ints("cat_boundaries"), ints("cat_threshold")
    sets = split[by_set].astype(int)
    return Tree(
        feature=ints("split_feature"),
        split=np.where(by_set, 0.0, split),
        mode=np.where(by_set, MEMBER, LESS_EQUAL),
        true=ints("left_child"),
        false=ints("right_child"),
        missing_is_true=missing_is_true & ~by_set,
        leaves=leaves,
        members=tuple(bits(words[bounds[one] : bounds[one + 1]]) for one in sets),
    )


# -- XGBoost ---------------------------------------------------------------------------------

_XGBOOST_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(
        (
            "reg:squarederror",
            "reg:absoluteerror",
            "reg:pseudohubererror",
            "reg:quantileerror",
        ),
        _identity,
    ),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), _exponential),
    "binary:logistic": _sigmoid,
    "multi:softprob": _softmax,
}


def xgboost(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Boosted trees of XGBoost, which compares and sums in single precision.

    Parameters
    ----------
    graph : Graph
    estimator : XGBClassifier or XGBRegressor
    x : str

    Returns
    -------
    Outputs

    Raises
    ------
    ExportError
        If its objective or its kind of booster is not known here.
    """
    booster = estimator.get_booster()
    first, last = _iterations(estimator)
    if last:
        booster = booster[first:last]
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective, kind = learner["objective"]["name"], learner["gradient_booster"]["name"]
    link = _XGBOOST_LINKS.get(objective)
    if link is None or kind != "gbtree":
        raise ExportError(
            f"XGBoost's {kind} with the objective '{objective}' has no ONNX form here"
        )
    start = _base_margin(learner["learner_model_param"], link)
    model = learner["gradient_booster"]["model"]
    boosted = Forest(np.float32)
    for tree, target in zip(model["trees"], model["tree_info"], strict=True):
        boosted.add(_xgboost_tree(tree), target)
    raw = boosted.write(graph, cast(graph, x, FLOAT), len(start))
    raw = graph.add("Add", cast(graph, raw, DOUBLE), doubles(graph, start))
    return link(graph, raw)


def _iterations(estimator: Any) -> tuple[int, int]:
    """The rounds that its `predict` uses; an end of 0 means all."""
    first, last = estimator._get_iteration_range(None)
    return int(first), int(last)


def _base_margin(parameters: Mapping[str, str], link: Link) -> Array:
    """What the trees add to: XGBoost keeps it as a prediction, except for several classes."""
    base = np.atleast_1d(np.array(json.loads(parameters["base_score"]), dtype=np.float64))
    n_targets = max(1, int(parameters["num_class"]), int(parameters.get("num_target", 1)))
    if link is _sigmoid:
        base = np.array([math.log(one / (1 - one)) for one in base])
    elif link is _exponential:
        base = np.log(base)
    return base if len(base) == n_targets else np.full(n_targets, base[0])


def _xgboost_tree(tree: Mapping[str, Any]) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", "1")) > 1:
        raise ExportError("XGBoost's trees of several outputs have no ONNX form here")
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    is_leaf = left < 0
    inner = ~is_leaf
    place = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(inner) - 1)
    split = np.array(tree["split_conditions"], dtype=np.float32)
    by_set = np.array(tree["split_type"])[inner] == 1
    default_left = np.array(tree["default_left"])[inner].astype(bool)
    left, right = place[left[inner]], place[right[inner]]
    starts, sizes = tree["categories_segments"], tree["categories_sizes"]
    levels = np.array(tree["categories"], dtype=np.int64)
    members = tuple(levels[a : a + n] for a, n in zip(starts, sizes, strict=True))
    # Members of the set go right, so the true branch of such a node is the right one.
    return Tree(
        feature=np.array(tree["split_indices"])[inner],
        split=np.where(by_set, np.float32(0), split[inner]),
        mode=np.where(by_set, MEMBER, LESS),
        true=np.where(by_set, right, left),
        false=np.where(by_set, left, right),
        missing_is_true=default_left ^ by_set,
        leaves=split[is_leaf],
        members=members,
    )
