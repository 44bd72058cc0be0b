"""ARIMA, its orders chosen stepwise."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable

LONGEST_SEASON = 24


class AutoArimaLearner(StatisticalLearner):
    """ARIMA, its orders chosen by AICc for each series (Hyndman and Khandakar 2008)."""

    key = "auto_arima"
    name = "ARIMA"
    aliases = ("arima", "autoarima")
    model = "AutoARIMA"
    gain = 0.6
    row_s = 1e-2
    longest = 1000

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON") if table.season <= LONGEST_SEASON else 1}
