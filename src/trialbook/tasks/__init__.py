"""What a task is: how its programs look, and how a prediction does."""

from typing import TypeAlias

from trialbook.tasks._series import ForecastingTask, SeriesTable
from trialbook.tasks._table import Table
from trialbook.tasks._tabular import TabularTask, count_columns, prediction_table

# What the engine runs, whatever is learned, and what learners may know of its data.
AnyTask: TypeAlias = TabularTask | ForecastingTask
AnyTable: TypeAlias = Table | SeriesTable

__all__ = [
    "AnyTable",
    "AnyTask",
    "ForecastingTask",
    "SeriesTable",
    "Table",
    "TabularTask",
    "count_columns",
    "prediction_table",
]
