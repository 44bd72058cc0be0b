"""LightGBM on lagged values, a model for each step ahead."""

from __future__ import annotations

from trialbook.learners._base import Params
from trialbook.learners.series._by_step import ByStep
from trialbook.learners.series._lightgbm_recursive import LightGBMRecursive
from trialbook.tasks import SeriesTable


class LightGBMDirect(ByStep, LightGBMRecursive):
    """LightGBM, one model for each step ahead, so that no forecast depends on another."""

    key = "lightgbm_direct"
    name = "LightGBM by step"
    aliases = ("direct_lightgbm", "direct_tabular")
    gain = 0.7
    every_difference = True

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"n_estimators": 100, "learning_rate": 0.07, "num_leaves": 16}, 1.0),)
