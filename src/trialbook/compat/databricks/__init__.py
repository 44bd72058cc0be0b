"""The functions of Databricks' AutoML, on this engine.

``from trialbook.compat import databricks as automl`` takes the place of
``from databricks import automl``.

`classify` and `regress` take the documented arguments and give the documented summary; what is
theirs alone is said in their descriptions. `join_features` is Trialbook's own.
"""

from __future__ import annotations

from typing import Any

from trialbook.compat.databricks._functions import classify, join_features, regress
from trialbook.compat.databricks._notebooks import ImportNotebookResult, import_notebook
from trialbook.compat.databricks._summary import AutoMLSummary, TrialInfo

__all__ = [
    "AutoMLSummary",
    "ImportNotebookResult",
    "TrialInfo",
    "classify",
    "import_notebook",
    "join_features",
    "regress",
]


def __getattr__(name: str) -> Any:
    if name == "forecast":
        raise AttributeError(
            "forecast is not there yet: it comes with forecasting, which this version of Trialbook"
            " does not do. classify and regress are there."
        )
    raise AttributeError(f"module 'trialbook.compat.databricks' has no attribute '{name}'")
