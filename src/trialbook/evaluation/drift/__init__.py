"""Recent rows compared with those that a model learned from: which columns moved, and how far."""

from __future__ import annotations

from trialbook.evaluation.drift._compare import Answers, compare_rows
from trialbook.evaluation.drift._figures import Drift, Moved, Predicted, Separation
from trialbook.evaluation.drift._policy import ROWS
from trialbook.evaluation.drift._rows import Drawn, draw

__all__ = [
    "ROWS",
    "Answers",
    "Drawn",
    "Drift",
    "Moved",
    "Predicted",
    "Separation",
    "compare_rows",
    "draw",
]
