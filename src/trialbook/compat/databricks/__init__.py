"""The functions of Databricks' AutoML, on this engine.

``from trialbook.compat import databricks as automl`` takes the place of
``from databricks import automl``.

`classify`, `regress` and `forecast` take the documented arguments and give the documented summary;
what is theirs alone is said in their descriptions. `join_features` is Trialbook's own.
"""

from __future__ import annotations

from trialbook.compat.databricks._functions import classify, forecast, join_features, regress
from trialbook.compat.databricks._notebooks import ImportNotebookResult, import_notebook
from trialbook.compat.databricks._summary import AutoMLSummary, TrialInfo

__all__ = [
    "AutoMLSummary",
    "ImportNotebookResult",
    "TrialInfo",
    "classify",
    "forecast",
    "import_notebook",
    "join_features",
    "regress",
]
