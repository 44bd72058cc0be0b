"""The algorithms: one file each, found by `all_learners`."""

from trialbook.learners._base import (
    Choice,
    Deadline,
    Float,
    History,
    Int,
    IterativeLearner,
    Learner,
    Params,
    Space,
    Start,
    class_weight,
)
from trialbook.learners._registry import all_learners, available, find, installed
from trialbook.tasks import Table

__all__ = [
    "Choice",
    "Deadline",
    "Float",
    "History",
    "Int",
    "IterativeLearner",
    "Learner",
    "Params",
    "Space",
    "Start",
    "Table",
    "all_learners",
    "available",
    "class_weight",
    "find",
    "installed",
]
