"""Theta: a linear trend and exponential smoothing, half each."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable


class ThetaLearner(StatisticalLearner):
    """The dynamic optimised Theta model (Fiorucci et al. 2016), best of M3's simple methods."""

    key = "theta"
    name = "Theta"
    aliases = ("dynamic_optimized_theta", "auto_theta")
    model = "DynamicOptimizedTheta"
    gain = 0.9
    row_s = 3.5e-5

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON")}
