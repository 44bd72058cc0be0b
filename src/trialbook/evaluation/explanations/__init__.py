"""Why a model answers what it answers: SHAP values, importance, dependence.

Values are in the unit of predictions, so that those of an ensemble's members can be averaged, and
add up to what it predicts. The guide `docs/explain.md` says how each kind of model is explained.
"""

from trialbook.evaluation.explanations._explanation import (
    FILE,
    FOLDER,
    MOST_ROWS,
    Explanation,
    Question,
    explain,
)
from trialbook.evaluation.explanations._held import fold_models
from trialbook.evaluation.explanations._importance import HeldOut, permutation_importance
from trialbook.evaluation.explanations._plan import say
from trialbook.evaluation.explanations._rows import (
    RowExplanations,
    explain_rows,
    load_background,
)
from trialbook.evaluation.explanations._values import Request, Values, values_of

__all__ = [
    "FILE",
    "FOLDER",
    "MOST_ROWS",
    "Explanation",
    "HeldOut",
    "Question",
    "Request",
    "RowExplanations",
    "Values",
    "explain",
    "explain_rows",
    "fold_models",
    "load_background",
    "permutation_importance",
    "say",
    "values_of",
]
