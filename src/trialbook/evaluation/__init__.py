"""How good a model is: metrics that rank trials, every metric that is logged, and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialbook.evaluation._all_metrics import all_metrics
from trialbook.evaluation._metric import (
    METRICS,
    Metric,
    default_metric,
    error,
    metric,
    metric_names,
    tasks_of,
)

if TYPE_CHECKING:
    from trialbook.evaluation._charts import charts

__all__ = [
    "METRICS",
    "Metric",
    "all_metrics",
    "charts",
    "default_metric",
    "error",
    "metric",
    "metric_names",
    "tasks_of",
]


def __getattr__(name: str) -> Any:
    if name == "charts":  # matplotlib is slow to import, and scoring does not need it
        from trialbook.evaluation._charts import charts

        return charts
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
