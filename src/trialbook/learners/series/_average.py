"""Average: the mean of the history."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.tasks import SeriesTable


class AverageLearner(StatisticalLearner):
    """The mean of the whole history of each series."""

    key = "average"
    name = "Average"
    aliases = ("historic_average", "mean")
    model = "HistoricAverage"
    gain = 0.05
    row_s = 2e-6

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {}
