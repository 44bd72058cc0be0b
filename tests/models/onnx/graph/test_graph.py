"""A graph grows without clashes of names, and takes in other graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from trialbook.models.onnx import OPSET, Graph


def answers(graph: Graph, **feeds: Any) -> list[Any]:
    """What a graph gives for some inputs."""
    session = ort.InferenceSession(graph.build().SerializeToString())
    return list(session.run(None, feeds))


def test_names_of_columns_and_tensors_never_clash() -> None:
    graph = Graph()
    x = graph.input("Mul_1", TensorProto.DOUBLE, [None])
    y = graph.add("Mul", x, graph.constant(np.array(3.0)))
    assert graph.output("Mul_1", y, TensorProto.DOUBLE, [None]) != "Mul_1"
    assert answers(graph, Mul_1=np.array([2.0]))[0].tolist() == [6.0]
    with pytest.raises(ValueError, match="already"):
        graph.input("Mul_1", TensorProto.DOUBLE, [None])


def test_equal_constants_are_kept_once() -> None:
    graph = Graph()
    assert graph.constant(np.array([1.0])) == graph.constant(np.array([1.0]))
    assert graph.constant(np.array([1.0])) != graph.constant(np.array([1.0], np.float32))
    assert graph.constant(np.array(["ä", "b"])) == graph.constant(np.array(["ä", "b"], object))
    assert graph.constant(np.array([[1.0]])) != graph.constant(np.array([1.0]))


def test_nodes_that_do_the_same_are_one() -> None:
    graph = Graph()
    x, y = (graph.input(name, TensorProto.DOUBLE, [None]) for name in "xy")
    assert graph.add("Add", x, y) == graph.add("Add", x, y)
    assert graph.add("Add", x, y) != graph.add("Add", y, x)
    assert graph.add("Cast", x, to=1) != graph.add("Cast", x, to=7)
    assert graph.add("Split", x, n_outputs=2, num_outputs=2) == graph.add(
        "Split", x, n_outputs=2, num_outputs=2
    )


def loop_model(opset: int = OPSET) -> onnx.ModelProto:
    """Adds the constant of an inner graph in each of three turns."""
    double, integer = TensorProto.DOUBLE, TensorProto.INT64
    body = helper.make_graph(
        [
            helper.make_node("Add", ["state", "step"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", integer, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", double, [None]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", double, [None]),
        ],
        [helper.make_tensor("step", double, [1], [2.0])],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["turns", "", "x"], ["y"], body=body)],
        "loop",
        [helper.make_tensor_value_info("x", double, [None])],
        [helper.make_tensor_value_info("y", double, [None])],
        [helper.make_tensor("turns", integer, [], [3])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def test_the_same_model_is_embedded_twice() -> None:
    graph = Graph()
    x = graph.input("x", TensorProto.DOUBLE, [None])
    first = graph.embed(loop_model(), {"x": x})["y"]
    second = graph.embed(loop_model(), {"x": first})["y"]
    graph.output("y", second, TensorProto.DOUBLE, [None])
    assert answers(graph, x=np.array([1.0]))[0].tolist() == [13.0]


def test_other_versions_of_operators_are_refused() -> None:
    graph = Graph()
    x = graph.input("x", TensorProto.DOUBLE, [None])
    with pytest.raises(ValueError, match="opset 11"):
        graph.embed(loop_model(11), {"x": x})
    with pytest.raises(ValueError, match="wants x"):
        graph.embed(loop_model(), {})


def test_metadata_travels_with_the_model() -> None:
    graph = Graph()
    graph.output("y", graph.input("x", TensorProto.STRING, [None]), TensorProto.STRING, [None])
    (entry,) = graph.build({"note": "Grüße"}).metadata_props
    assert (entry.key, entry.value) == ("note", "Grüße")


def test_texts_that_differ_in_where_a_zero_byte_stands_are_different_constants() -> None:
    graph = Graph()
    first, second = (np.array(one, dtype=object) for one in (["a\0", "b"], ["a", "\0b"]))
    assert graph.constant(first) != graph.constant(second)
