"""Seasonal average: the mean of the same place in the last seasons."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable

# Older seasons say less of the next one than their noise takes away.
MOST_SEASONS = 4


class SeasonalAverageLearner(StatisticalLearner):
    """The mean of the values one, two and more seasons before."""

    key = "seasonal_average"
    name = "Seasonal average"
    aliases = ("seasonal_window_average",)
    model = "SeasonalWindowAverage"
    gain = 0.1
    row_s = 2e-6

    def suits(self, table: SeriesTable) -> bool:
        return table.season > 1 and self._seasons(table) > 1

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON"), "window_size": self._seasons(table)}

    def _seasons(self, table: SeriesTable) -> int:
        return max(1, min(MOST_SEASONS, table.least_known // table.season))
