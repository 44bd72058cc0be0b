"""Learners as nodes: from a matrix of features to probabilities or numbers."""

from trialbook.models.onnx.estimators._estimate import REMEDY, estimate

__all__ = [
    "REMEDY",
    "estimate",
]
