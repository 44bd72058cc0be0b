"""Why a model answers what it answers: SHAP values, importance, dependence."""

from trialbook.evaluation.explanations._plan import say
from trialbook.evaluation.explanations._rows import (
    RowExplanations,
    explain_rows,
    load_background,
)
from trialbook.evaluation.explanations._values import Request, Values, values_of

__all__ = [
    "Request",
    "RowExplanations",
    "Values",
    "explain_rows",
    "load_background",
    "say",
    "values_of",
]
