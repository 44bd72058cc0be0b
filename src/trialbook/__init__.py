"""Trialbook: automated machine learning whose every trial is a notebook you can run."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialbook import tables
    from trialbook.api import (
        card,
        classify,
        drift,
        explain,
        export,
        find_trial,
        forecast,
        guardrails,
        load_model,
        open,
        open_many,
        plan,
        profile,
        promote,
        registered_models,
        regress,
        rerun,
        resume,
        retrain,
        score,
        serve,
        train,
        train_many,
    )
    from trialbook.errors import (
        DataError,
        ExportError,
        NoModelError,
        OptionError,
        TrialbookError,
        UntrustedError,
        WorkspaceError,
    )
    from trialbook.job import Job

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "ExportError",
    "Job",
    "NoModelError",
    "OptionError",
    "TrialbookError",
    "UntrustedError",
    "WorkspaceError",
    "card",
    "classify",
    "drift",
    "explain",
    "export",
    "find_trial",
    "forecast",
    "guardrails",
    "load_model",
    "open",
    "open_many",
    "plan",
    "profile",
    "promote",
    "registered_models",
    "regress",
    "rerun",
    "resume",
    "retrain",
    "score",
    "serve",
    "tables",
    "train",
    "train_many",
]

# Where each name is imported from when it is first used: importing trialbook costs nothing.
_HOME = {
    **dict.fromkeys(
        (
            "card",
            "classify",
            "explain",
            "drift",
            "export",
            "find_trial",
            "forecast",
            "guardrails",
            "load_model",
            "open",
            "open_many",
            "plan",
            "profile",
            "promote",
            "registered_models",
            "regress",
            "rerun",
            "resume",
            "score",
            "serve",
            "retrain",
            "train",
            "train_many",
        ),
        "api",
    ),
    "Job": "job",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'trialbook' has no attribute '{name}'")
    if name == "tables":
        return importlib.import_module("trialbook.tables")
    module = importlib.import_module(f"trialbook.{_HOME.get(name, 'errors')}")
    globals()[name] = value = getattr(module, name)
    return value
