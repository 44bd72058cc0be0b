"""Graphs of ONNX, whatever they calculate: nodes, constants, and small pieces of them."""

from trialbook.models.onnx.graph._failures import failures
from trialbook.models.onnx.graph._graph import ML_DOMAIN, ML_OPSET, OPSET, ORT_DOMAIN, Graph
from trialbook.models.onnx.graph._operators import (
    BOOL,
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    STRING,
    Array,
    affine,
    cast,
    columns,
    doubles,
    flat,
    mean,
    rising,
    shares,
    shares_or_equal,
    total,
    two_sided,
)
from trialbook.models.onnx.graph._outputs import Outputs

__all__ = [
    "BOOL",
    "DOUBLE",
    "FLOAT",
    "INT32",
    "INT64",
    "ML_DOMAIN",
    "ML_OPSET",
    "OPSET",
    "ORT_DOMAIN",
    "STRING",
    "Array",
    "Graph",
    "Outputs",
    "affine",
    "cast",
    "columns",
    "doubles",
    "failures",
    "flat",
    "mean",
    "rising",
    "shares",
    "shares_or_equal",
    "total",
    "two_sided",
]
