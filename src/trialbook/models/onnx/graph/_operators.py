"""Small pieces of graphs that features, learners and ensembles share, all in doubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialbook.models.onnx.graph._graph import Graph

# As `onnx.TensorProto` numbers them; naming them here keeps the import of onnx lazy.
FLOAT, INT32, INT64, STRING, BOOL, DOUBLE = 1, 6, 7, 8, 9, 11

Array = np.ndarray[Any, Any]


def doubles(graph: Graph, values: Any) -> str:
    """A constant of doubles."""
    return graph.constant(np.asarray(values, dtype=np.float64))


def cast(graph: Graph, x: str, to: int) -> str:
    """A tensor as another type."""
    return graph.add("Cast", x, to=to)


def columns(graph: Graph, x: str, chosen: Sequence[int] | Array) -> str:
    """Some columns of a matrix, in a given order."""
    return graph.add("Gather", x, graph.constant(np.asarray(chosen, dtype=np.int64)), axis=1)


def flat(graph: Graph, x: str) -> str:
    """A matrix of one column as a vector."""
    return graph.add("Reshape", x, graph.constant(np.array([-1], dtype=np.int64)))


def total(graph: Graph, x: str, axis: int = 1, *, keep: bool = True) -> str:
    """Sums along an axis."""
    axes = graph.constant(np.array([axis], dtype=np.int64))
    return graph.add("ReduceSum", x, axes, keepdims=int(keep))


def affine(graph: Graph, x: str, coefficients: Array, intercept: Any) -> str:
    """``x @ coefficients.T + intercept`` for coefficients of shape (n_outputs, n_features)."""
    product = graph.add("MatMul", x, doubles(graph, np.atleast_2d(coefficients).T))
    return graph.add("Add", product, doubles(graph, np.atleast_1d(intercept)))


def two_sided(graph: Graph, second: str) -> str:
    """Probabilities of two classes from a column with those of the second."""
    first = graph.add("Sub", doubles(graph, 1.0), second)
    return graph.add("Concat", first, second, axis=1)


def shares(graph: Graph, x: str) -> str:
    """Rows divided by their sums."""
    return graph.add("Div", x, total(graph, x))


def shares_or_equal(graph: Graph, x: str, n_classes: int) -> str:
    """Rows divided by their sums; where that is 0, all classes get the same."""
    sums = total(graph, x)
    none = graph.add("Equal", sums, doubles(graph, 0.0))
    divided = graph.add("Div", x, graph.add("Where", none, doubles(graph, 1.0), sums))
    equal = doubles(graph, np.full((1, n_classes), 1 / n_classes))
    return graph.add("Where", none, equal, divided)


def mean(graph: Graph, tensors: Sequence[str], weights: Sequence[float] | Array | None) -> str:
    """The weighted mean of tensors of one shape."""
    given = np.ones(len(tensors)) if weights is None else np.asarray(weights, dtype=np.float64)
    parts = [
        tensor if weight == 1 else graph.add("Mul", tensor, doubles(graph, weight))
        for tensor, weight in zip(tensors, given, strict=True)
    ]
    summed = parts[0] if len(parts) == 1 else graph.add("Sum", *parts)
    return graph.add("Div", summed, doubles(graph, given.sum()))


def rising(graph: Graph, x: str, places: Array, heights: Array) -> str:
    """Linear interpolation of a column between points, level outside of them.

    Parameters
    ----------
    graph : Graph
    x : str
        Doubles of shape (n_rows, 1).
    places, heights : ndarray of shape (n_points,)
        Coordinates of the points, by rising place, as `numpy.interp` takes them.

    Returns
    -------
    str
        Doubles of shape (n_rows, 1).
    """
    places, heights = (np.asarray(one, dtype=np.float64) for one in (places, heights))
    start = doubles(graph, heights[:1])
    if len(places) == 1:
        return graph.add("Add", graph.add("Mul", x, doubles(graph, 0.0)), start)
    # How far x is through each piece, from 0 to 1, times what the piece rises.
    beyond = graph.add("Sub", x, doubles(graph, places[None, :-1]))
    through = graph.add("Div", beyond, doubles(graph, np.diff(places)[None, :]))
    through = graph.add("Clip", through, doubles(graph, 0.0), doubles(graph, 1.0))
    risen = graph.add("MatMul", through, doubles(graph, np.diff(heights)[:, None]))
    return graph.add("Add", risen, start)
