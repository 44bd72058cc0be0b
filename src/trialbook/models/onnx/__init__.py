"""Models as ONNX files: one graph that holds the whole pipeline, and what runs it."""

from trialbook.models.onnx._export import to_onnx
from trialbook.models.onnx._inputs import feeds, inputs
from trialbook.models.onnx._parity import TOLERANCE, Parity, compare
from trialbook.models.onnx._runtime import SCHEMA_KEY, OnnxModel
from trialbook.models.onnx.graph import ML_DOMAIN, ML_OPSET, OPSET, ORT_DOMAIN, Graph
from trialbook.models.onnx.transformers import MISSING_TEXT, MISSING_TIME, features

__all__ = [
    "MISSING_TEXT",
    "MISSING_TIME",
    "ML_DOMAIN",
    "ML_OPSET",
    "OPSET",
    "ORT_DOMAIN",
    "SCHEMA_KEY",
    "TOLERANCE",
    "Graph",
    "OnnxModel",
    "Parity",
    "compare",
    "features",
    "feeds",
    "inputs",
    "to_onnx",
]
