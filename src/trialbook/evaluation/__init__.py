"""How good a model is: metrics that rank trials, every metric that is logged, and charts."""

from __future__ import annotations

from trialbook.evaluation._all_metrics import all_metrics
from trialbook.evaluation._bootstrap import Measured, measure
from trialbook.evaluation._difference import Difference, difference
from trialbook.evaluation._metric import (
    METRICS,
    Metric,
    default_metric,
    error,
    metric,
    metric_names,
    tasks_of,
)
from trialbook.evaluation.charts import (
    EAGER,
    Chart,
    Forecasts,
    Known,
    charts,
    forecast_charts,
    learning_curve,
    read_charts,
    training_rounds,
    write_charts,
)

__all__ = [
    "EAGER",
    "METRICS",
    "Chart",
    "Difference",
    "Forecasts",
    "Known",
    "Measured",
    "Metric",
    "all_metrics",
    "charts",
    "default_metric",
    "difference",
    "error",
    "forecast_charts",
    "learning_curve",
    "measure",
    "metric",
    "metric_names",
    "read_charts",
    "tasks_of",
    "training_rounds",
    "write_charts",
]
