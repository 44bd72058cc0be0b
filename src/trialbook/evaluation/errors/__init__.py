"""Where a model errs: cohorts of rows, and maps of two columns."""

from trialbook.evaluation.errors._analysis import Cohort, ErrorAnalysis, analyse_errors
from trialbook.evaluation.errors._conditions import Condition
from trialbook.evaluation.errors._losses import Losses, losses_of
from trialbook.evaluation.errors._map import Cell, ErrorMap, error_map

__all__ = [
    "Cell",
    "Cohort",
    "Condition",
    "ErrorAnalysis",
    "ErrorMap",
    "Losses",
    "analyse_errors",
    "error_map",
    "losses_of",
]
