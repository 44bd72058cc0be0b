"""XGBoost on lagged values, a model for each step ahead."""

from __future__ import annotations

from trialbook.learners._base import Int, Params, Space
from trialbook.learners.series._by_step import ByStep
from trialbook.learners.series._xgboost_recursive import XGBoostRecursive
from trialbook.tasks import SeriesTable


class XGBoostDirect(ByStep, XGBoostRecursive):
    """XGBoost, one model for each step ahead, so that no forecast depends on another."""

    key = "xgboost_direct"
    name = "XGBoost by step"
    aliases = ("direct_xgboost",)
    gain = 0.35

    def settings(self, table: SeriesTable) -> Space:
        # Trees are paid for once a step.
        return {**super().settings(table), "n_estimators": Int(30, 300, log=True)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"n_estimators": 80, "learning_rate": 0.08, "max_depth": 4}, 1.0),)
