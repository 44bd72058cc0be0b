"""Naive: the last value."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.tasks import SeriesTable


class NaiveLearner(StatisticalLearner):
    """The last value of each series; without a season the seasonal naive says the same."""

    key = "naive"
    name = "Naive"
    aliases = ("last_value",)
    model = "Naive"
    gain = 0.1
    row_s = 2e-6

    def suits(self, table: SeriesTable) -> bool:
        return table.season > 1

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {}
