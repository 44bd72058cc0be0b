"""MLflow: the only room that talks to it about runs."""

from trialbook.tracking._registry import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    ModelVersion,
    check_alias,
    drop_alias,
    find_version,
    move_alias,
    register,
    registered,
    tag_version,
    versions,
)
from trialbook.tracking._server import check_server
from trialbook.tracking._template import get_ready
from trialbook.tracking._tracker import Tracker, TrialRecord, Unfinished
from trialbook.tracking._workspace import Workspace, disk_error, slug

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "PREVIOUS",
    "ModelVersion",
    "Tracker",
    "TrialRecord",
    "Unfinished",
    "Workspace",
    "check_alias",
    "check_server",
    "disk_error",
    "drop_alias",
    "find_version",
    "get_ready",
    "move_alias",
    "register",
    "registered",
    "slug",
    "tag_version",
    "versions",
]
