"""A random forest on lagged values for each step ahead."""

from __future__ import annotations

from trialbook.learners._base import Params
from trialbook.learners.series._by_step import ByStep
from trialbook.learners.series._random_forest_recursive import MOST_ROWS, RandomForestRecursive
from trialbook.tasks import SeriesTable


class RandomForestDirect(ByStep, RandomForestRecursive):
    """A random forest for each step ahead, so that no forecast depends on another."""

    key = "random_forest_direct"
    name = "Random forest by step"
    aliases = ("direct_random_forest",)
    gain = 0.2
    trees = 50

    def suits(self, table: SeriesTable) -> bool:
        # All forests together are no larger than the one for all steps may be.
        return table.horizon * table.n_rows <= MOST_ROWS and super().suits(table)

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"min_samples_leaf": 3, "max_features": 0.5}, 1.0),)
