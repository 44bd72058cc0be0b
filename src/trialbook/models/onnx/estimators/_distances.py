"""Nearest neighbours and kernel machines as operators of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.graph import DOUBLE, Graph, Outputs, affine, cast, doubles, flat, total

# -- neighbours ------------------------------------------------------------------------------


def neighbours(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Nearest neighbours by the distance of Minkowski.

    Parameters
    ----------
    graph : Graph
    estimator : KNeighborsClassifier or KNeighborsRegressor
    x : str

    Returns
    -------
    Outputs

    Raises
    ------
    ExportError
        If its distance or its weights are of a kind that is not known here.
    """
    power = estimator.effective_metric_params_.get("p", 2)
    power = {"manhattan": 1, "euclidean": 2}.get(estimator.effective_metric_, power)
    if power not in (1, 2) or estimator.effective_metric_ not in (
        *("manhattan", "euclidean", "minkowski"),
    ):
        raise ExportError(f"neighbours by '{estimator.effective_metric_}' have no ONNX form here")
    if estimator.weights not in ("uniform", "distance"):
        raise ExportError("neighbours with weights of a function have no ONNX form")
    away, which = _nearest(graph, estimator, x, power)
    weights = doubles(graph, np.ones((1, estimator.n_neighbors)))
    if estimator.weights == "distance":
        weights = _by_distance(graph, away)
    if hasattr(estimator, "classes_"):
        targets = np.eye(len(estimator.classes_))[estimator._y]
    else:
        targets = np.asarray(estimator._y, dtype=np.float64).reshape(-1, 1)
    said = graph.add("Gather", doubles(graph, targets), which, axis=0)
    last = graph.constant(np.array([2], dtype=np.int64))
    weighted = graph.add("Mul", said, graph.add("Unsqueeze", weights, last))
    mean = graph.add("Div", total(graph, weighted, keep=False), total(graph, weights))
    if hasattr(estimator, "classes_"):
        return Outputs(probabilities=mean)
    return Outputs(values=flat(graph, mean))


def _nearest(graph: Graph, estimator: Any, x: str, power: int) -> tuple[str, str]:
    """Distances and numbers of the nearest rows of training, both of shape (n_rows, k).

    Row by row, for the distances of many rows along all columns would not fit into memory.
    """
    from onnx import helper

    known = estimator._fit_X
    known = known.toarray() if hasattr(known, "toarray") else known
    rows = doubles(graph, known)
    axis = graph.constant(np.array([1], dtype=np.int64))
    count = graph.constant(np.array([estimator.n_neighbors], dtype=np.int64))
    row, apart, size, away, found, which = (
        graph.fresh(stem) for stem in ("row", "apart", "size", "away", "found", "which")
    )
    nodes = [helper.make_node("Sub", [rows, row], [apart])]
    if power == 1:
        nodes.append(helper.make_node("Abs", [apart], [size]))
    else:
        nodes.append(helper.make_node("Mul", [apart, apart], [size]))
    nodes.append(helper.make_node("ReduceSum", [size, axis], [away], keepdims=0))
    nodes.append(helper.make_node("TopK", [away, count], [found, which], largest=0))
    n_columns = known.shape[1]
    body = helper.make_graph(
        nodes,
        graph.fresh("nearest"),
        [helper.make_tensor_value_info(row, DOUBLE, [n_columns])],
        [
            helper.make_tensor_value_info(found, DOUBLE, [estimator.n_neighbors]),
            helper.make_tensor_value_info(which, 7, [estimator.n_neighbors]),
        ],
    )
    away, which = graph.add("Scan", x, n_outputs=2, body=body, num_scan_inputs=1)
    return (away if power == 1 else graph.add("Sqrt", away)), which


def _by_distance(graph: Graph, away: str) -> str:
    """One over the distance; where rows are the same, these alone count."""
    nought = doubles(graph, 0.0)
    same = graph.add("Equal", away, nought)
    alike = cast(graph, same, DOUBLE)
    any_same = graph.add("Greater", total(graph, alike), nought)
    apart = graph.add("Where", same, doubles(graph, 1.0), away)
    return graph.add("Where", any_same, alike, graph.add("Reciprocal", apart))


# -- kernel machines -------------------------------------------------------------------------


def kernel_regressor(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A support vector machine of a number."""
    kernel = _kernel(graph, estimator, x)
    return Outputs(
        values=flat(
            graph, affine(graph, kernel, _dense(estimator.dual_coef_), estimator.intercept_)
        )
    )


def kernel_decision(graph: Graph, estimator: Any, x: str) -> str:
    """The decision function of a support vector machine: a column, or one a class.

    Parameters
    ----------
    graph : Graph
    estimator : SVC
    x : str

    Returns
    -------
    str

    Raises
    ------
    ExportError
        If it gives a value for each pair of more than two classes.
    """
    kernel = _kernel(graph, estimator, x)
    weights = _dense(estimator.dual_coef_)
    n_classes = len(estimator.classes_)
    if n_classes == 2:
        return affine(graph, kernel, weights, estimator.intercept_)
    if estimator.decision_function_shape != "ovr":
        raise ExportError("a support vector machine of pairs of classes has no ONNX form here")
    pairs = [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]
    ends = np.cumsum(estimator.n_support_)
    owner = np.searchsorted(ends, np.arange(weights.shape[1]), side="right")
    each = np.array(
        [
            np.where(owner == i, weights[j - 1], 0) + np.where(owner == j, weights[i], 0)
            for i, j in pairs
        ]
    )
    scores = affine(graph, kernel, each, estimator.intercept_)
    first = np.array([[i == k for k in range(n_classes)] for i, _ in pairs], dtype=float)
    second = np.array([[j == k for k in range(n_classes)] for _, j in pairs], dtype=float)
    # A vote for one of each pair; how sure they are, squashed below a third, breaks ties.
    lost = cast(graph, graph.add("Less", scores, doubles(graph, 0.0)), DOUBLE)
    votes = affine(graph, lost, (second - first).T, first.sum(axis=0))
    sure = graph.add("MatMul", scores, doubles(graph, first - second))
    size = graph.add("Add", graph.add("Abs", sure), doubles(graph, 1.0))
    squashed = graph.add("Div", sure, graph.add("Mul", size, doubles(graph, 3.0)))
    return graph.add("Add", votes, squashed)


def _kernel(graph: Graph, estimator: Any, x: str) -> str:
    """How near each row is to each support vector: shape (n_rows, n_vectors)."""
    vectors = _dense(estimator.support_vectors_)
    products = graph.add("MatMul", x, doubles(graph, vectors.T))
    if estimator.kernel == "linear":
        return products
    if estimator.kernel != "rbf":
        raise ExportError(f"the kernel '{estimator.kernel}' has no ONNX form here")
    own = total(graph, graph.add("Mul", x, x))
    theirs = doubles(graph, (vectors**2).sum(axis=1)[None, :])
    twice = graph.add("Mul", products, doubles(graph, 2.0))
    away = graph.add("Sub", graph.add("Add", own, theirs), twice)
    away = graph.add("Max", away, doubles(graph, 0.0))
    return graph.add("Exp", graph.add("Mul", away, doubles(graph, -estimator._gamma)))


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
