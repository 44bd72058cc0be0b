"""Recent rows compared with those that a model learned from: which columns moved, and how far."""

from __future__ import annotations

from trialbook.evaluation.drift._compare import Answers, compare_columns, compare_rows
from trialbook.evaluation.drift._figures import Drift, Moved, Predicted, Separation
from trialbook.evaluation.drift._policy import ROWS
from trialbook.evaluation.drift._rows import Drawn, draw
from trialbook.evaluation.drift._series import (
    ErrorsMoved,
    SeriesDrift,
    SeriesMoved,
    compare_errors,
    compare_series,
)

__all__ = [
    "ROWS",
    "Answers",
    "Drawn",
    "Drift",
    "ErrorsMoved",
    "Moved",
    "Predicted",
    "Separation",
    "SeriesDrift",
    "SeriesMoved",
    "compare_columns",
    "compare_errors",
    "compare_rows",
    "compare_series",
    "draw",
]
