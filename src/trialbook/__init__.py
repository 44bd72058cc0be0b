"""Trialbook: automated machine learning whose every trial is a notebook you can run."""

from trialbook.api import classify, open, plan, regress, rerun, resume, train
from trialbook.errors import (
    DataError,
    NoModelError,
    OptionError,
    TrialbookError,
    WorkspaceError,
)
from trialbook.job import Job

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "Job",
    "NoModelError",
    "OptionError",
    "TrialbookError",
    "WorkspaceError",
    "classify",
    "open",
    "plan",
    "regress",
    "rerun",
    "resume",
    "train",
]
