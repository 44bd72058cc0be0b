"""MLflow: the only room that talks to it about runs."""

from trialbook.tracking._registry import (
    CHAMPION,
    ModelVersion,
    find_version,
    register,
    registered,
    versions,
)
from trialbook.tracking._template import get_ready
from trialbook.tracking._tracker import Tracker, TrialRecord, Unfinished
from trialbook.tracking._workspace import Workspace, disk_error, slug

__all__ = [
    "CHAMPION",
    "ModelVersion",
    "Tracker",
    "TrialRecord",
    "Unfinished",
    "Workspace",
    "disk_error",
    "find_version",
    "get_ready",
    "register",
    "registered",
    "slug",
    "versions",
]
