"""Models as ONNX files: one graph that holds the whole pipeline, and what runs it."""

from trialbook.models.onnx._graph import ML_DOMAIN, ML_OPSET, OPSET, ORT_DOMAIN, Graph

__all__ = ["ML_DOMAIN", "ML_OPSET", "OPSET", "ORT_DOMAIN", "Graph"]
