"""CatBoost on lagged values, a model for each step ahead."""

from __future__ import annotations

from trialbook.learners._base import Int, Params, Space
from trialbook.learners.series._by_step import ByStep
from trialbook.learners.series._catboost_recursive import CatBoostRecursive
from trialbook.tasks import SeriesTable


class CatBoostDirect(ByStep, CatBoostRecursive):
    """CatBoost, one model for each step ahead, so that no forecast depends on another."""

    key = "catboost_direct"
    name = "CatBoost by step"
    aliases = ("direct_catboost",)
    gain = 0.4

    def settings(self, table: SeriesTable) -> Space:
        # Trees are paid for once a step.
        return {**super().settings(table), "iterations": Int(50, 300, log=True)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"iterations": 100, "learning_rate": 0.1, "depth": 4}, 1.0),)
