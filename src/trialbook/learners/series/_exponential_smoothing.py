"""Exponential smoothing: level, trend and season, chosen by likelihood."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params, Start
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable

# ETS has a parameter for every row of a season, so that longer ones cannot be told from noise
# (statsforecast ignores them, too).
LONGEST_SEASON = 24
# A trend that levels off errs less over many steps (Gardner and McKenzie 1985).
DAMPED_GAIN = 0.7


class ExponentialSmoothingLearner(StatisticalLearner):
    """ETS, its form chosen by AICc for each series (Hyndman et al. 2002)."""

    key = "exponential_smoothing"
    name = "Exponential smoothing (ETS)"
    aliases = ("ets", "auto_ets")
    model = "AutoETS"
    gain = 0.8
    row_s = 7e-4

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        return (*super().starts(table), Start("damped", {"damped": True}, gain=DAMPED_GAIN))

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        season = Code("SEASON") if table.season <= LONGEST_SEASON else 1
        # The library takes False for "no damping" and None for "whatever is likelier".
        return {"season_length": season, **({"damped": True} if params.get("damped") else {})}
