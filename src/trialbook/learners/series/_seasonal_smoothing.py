"""Seasonal smoothing: each place in the season is smoothed by itself."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Float, Params, Space, Start
from trialbook.learners.series._base import LONGEST, StatisticalLearner, longer_season
from trialbook.program import Code
from trialbook.tasks import SeriesTable

# Of fewer seasons the latest alone, or their mean, says as much.
LEAST_SEASONS = 3
# Of 14 windows each of yosemite_temps, uci_electricity_small, pedestrians, hts_sales, bike_share
# the MASE was lowest, or nearly so, at 0.2 to 0.6: up to 20 % below that of a seasonal naive.
USUAL, LONGER = 0.5, 0.4


class SeasonalSmoothingLearner(StatisticalLearner):
    """Exponential smoothing of the values at the same place in the seasons, without a trend.

    It takes seasons of any length, which ETS does not, and beside the usual one a longer one: a
    week of hours, a year of days.
    """

    key = "seasonal_smoothing"
    name = "Seasonal exponential smoothing"
    aliases = ("seasonal_exponential_smoothing",)
    model = "SeasonalExponentialSmoothing"
    gain = 0.3
    row_s = 2e-6

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        made = []
        if self._seen(table, table.season):
            made.append(Start("usual", {"alpha": USUAL}, gain=self.gain))
        if self._seen(table, longer_season(table)):
            made.append(Start("longer", {"alpha": LONGER, "longer": True}, gain=self.gain))
        return tuple(made)

    def space(self, table: SeriesTable) -> Space:
        alpha = {"alpha": Float(0.05, 0.95)}
        if not self._seen(table, longer_season(table)):
            return alpha
        return {**alpha, "longer": Choice((False, True))}

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        season = longer_season(table) if params.get("longer") else Code("SEASON")
        return {"season_length": season, "alpha": params["alpha"]}

    def _seen(self, table: SeriesTable, season: int) -> bool:
        return season > 1 and min(table.least_known, LONGEST) >= LEAST_SEASONS * season
