"""Exponential smoothing: level, trend and season, chosen by likelihood."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable

# ETS has a parameter for every row of a season, so that longer ones cannot be told from noise
# (statsforecast ignores them, too).
LONGEST_SEASON = 24


class ExponentialSmoothingLearner(StatisticalLearner):
    """ETS, its form chosen by AICc for each series (Hyndman et al. 2002)."""

    key = "exponential_smoothing"
    name = "Exponential smoothing (ETS)"
    aliases = ("ets", "auto_ets")
    model = "AutoETS"
    gain = 0.8
    row_s = 7e-4

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON") if table.season <= LONGEST_SEASON else 1}
