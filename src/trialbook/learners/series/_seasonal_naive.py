"""Seasonal naive: the value of one season before."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable


class SeasonalNaiveLearner(StatisticalLearner):
    """The value of one season before (without a season, the last one)."""

    key = "seasonal_naive"
    name = "Seasonal naive"
    model = "SeasonalNaive"
    gain = 0.3
    row_s = 2e-6

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON")}
