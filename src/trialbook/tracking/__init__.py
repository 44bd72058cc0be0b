"""MLflow: the only room that talks to it about runs."""

from trialbook.tracking._template import get_ready
from trialbook.tracking._tracker import Tracker, TrialRecord
from trialbook.tracking._workspace import Workspace, cannot_write, slug

__all__ = ["Tracker", "TrialRecord", "Workspace", "cannot_write", "get_ready", "slug"]
