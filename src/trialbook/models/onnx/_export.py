"""A fitted model as one ONNX graph: inputs, features, learners, what adjusts them, answers."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from trialbook.data import Schema
from trialbook.errors import ExportError
from trialbook.models.onnx._ensembles import whole
from trialbook.models.onnx._inputs import inputs
from trialbook.models.onnx._runtime import SCHEMA_KEY, OnnxModel
from trialbook.models.onnx.estimators import REMEDY
from trialbook.models.onnx.graph import BOOL, DOUBLE, INT64, STRING, Graph

if TYPE_CHECKING:
    import onnx

_LABELS = {bool: BOOL, int: INT64, float: DOUBLE, str: STRING}


def to_onnx(
    estimator: Any, schema: Schema, example: pd.DataFrame | None = None
) -> onnx.ModelProto:
    """Write a fitted model as an ONNX graph, featurization included.

    Parameters
    ----------
    estimator : estimator
        A trial's model: a pipeline, a vote or a stack.
    schema : Schema
        Of the table that it was trained on. It travels with the graph.
    example : DataFrame, optional
        Some rows of features, as `Schema.conform` gives them, which the graph then has to answer.

    Returns
    -------
    ModelProto
        Its inputs are a tensor of shape (n_rows, 1) for each feature; see
        `trialbook.models.onnx.feeds`. Its outputs are ``label`` (n_rows,), in the type of the
        classes, and ``probabilities`` (n_rows, n_classes), in the order of ``schema.classes``; of
        a regression ``prediction`` (n_rows,). A column of that name keeps it, and the output
        gets a number.

    Raises
    ------
    ExportError
        If a step has no form in ONNX, which is named, or onnx is not installed.
    """
    _require_onnx()
    graph = Graph()
    outputs = whole(graph, estimator, inputs(graph, schema))
    if schema.classes:
        if outputs.label is None or outputs.probabilities is None:
            raise ExportError("the model gives no probabilities, and the schema has classes")
        kind = _LABELS[type(schema.classes[0])]
        graph.output("label", outputs.label, kind, [None])
        shape = [None, len(schema.classes)]
        graph.output("probabilities", outputs.probabilities, DOUBLE, shape)
    else:
        if outputs.values is None:
            raise ExportError("the model gives no numbers, and the schema has no classes")
        graph.output("prediction", outputs.values, DOUBLE, [None])
    proto = _built(graph, schema)
    if example is not None:
        OnnxModel(proto.SerializeToString()).answers(example)
    return proto


def _built(graph: Graph, schema: Schema) -> onnx.ModelProto:
    from onnx.checker import ValidationError

    try:
        return graph.build({SCHEMA_KEY: json.dumps(schema.to_dict(), ensure_ascii=False)})
    except ValidationError as error:
        raise ExportError(
            f"its graph is not valid: {str(error).strip().splitlines()[0]}", remedy=REMEDY
        ) from error


def _require_onnx() -> None:
    try:
        importlib.import_module("onnx")
    except ModuleNotFoundError as error:
        raise ExportError(
            "ONNX files are written by the package onnx, which is not installed",
            remedy="Install it: pip install 'trialbook[onnx]'.",
        ) from error
