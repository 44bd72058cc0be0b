"""Transformers as nodes: from raw columns to what a learner gets."""

from trialbook.models.onnx.transformers._blocks import MISSING_TEXT, MISSING_TIME, Kind
from trialbook.models.onnx.transformers._features import features

__all__ = [
    "MISSING_TEXT",
    "MISSING_TIME",
    "Kind",
    "features",
]
