"""What onnxruntime raises."""

from __future__ import annotations

import importlib
from typing import Any


def failures(runtime: Any) -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a file that it cannot read."""
    state = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    names = (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoSuchFile",
        "NotImplemented",
        "RuntimeException",
    )
    return tuple(getattr(state, name) for name in names if hasattr(state, name))
