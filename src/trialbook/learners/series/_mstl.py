"""MSTL: several seasons taken apart, and exponential smoothing of the rest."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner, longer_season
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable

# A season that is not seen so often cannot be told from a trend.
LEAST_SEASONS = 3


class MSTLLearner(StatisticalLearner):
    """Seasons by repeated LOESS, and ETS without a season (Bandara et al. 2021)."""

    key = "mstl"
    name = "MSTL"
    aliases = ("stl",)
    model = "MSTL"
    others = ("AutoETS",)
    gain = 0.5
    row_s = 2e-4

    def suits(self, table: SeriesTable) -> bool:
        return table.season > 1 and table.least_known >= LEAST_SEASONS * table.season

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        longer = longer_season(table)
        known = min(table.least_known, self.rows(table))
        seen = longer and known >= LEAST_SEASONS * longer
        seasons = f"[SEASON, {longer}]" if seen else "SEASON"
        return {
            "season_length": Code(seasons),
            "trend_forecaster": call("AutoETS", model="ZZN"),
        }
