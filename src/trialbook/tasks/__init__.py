"""What a task is: how its programs look, and how a prediction does."""

from trialbook.tasks._table import Table
from trialbook.tasks._tabular import TabularTask, count_columns, prediction_table

__all__ = ["Table", "TabularTask", "count_columns", "prediction_table"]
