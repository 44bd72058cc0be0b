"""Complex exponential smoothing."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable

# As in exponential smoothing: a parameter for every row of a season.
LONGEST_SEASON = 60


class ComplexExponentialSmoothingLearner(StatisticalLearner):
    """CES, which needs no choice between trends (Svetunkov, Kourentzes and Ord 2022)."""

    key = "ces"
    name = "Complex exponential smoothing (CES)"
    aliases = ("complex_exponential_smoothing", "auto_ces")
    model = "AutoCES"
    gain = 0.5
    row_s = 5e-5

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON") if table.season <= LONGEST_SEASON else 1}
