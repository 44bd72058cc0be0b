"""Doors for people who come from elsewhere: their names and arguments, this engine.

`azure` reads job files of Azure ML, `databricks` has the functions of Databricks' AutoML, and
`sklearn` has estimators for scikit-learn's pipelines and cross-validation. Each is imported when
it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialbook.compat import azure, databricks, sklearn

__all__ = ["azure", "databricks", "sklearn"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'trialbook.compat' has no attribute '{name}'")
    return importlib.import_module(f"trialbook.compat.{name}")
