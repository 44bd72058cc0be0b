"""A random forest on lagged values, one model for all series."""

from __future__ import annotations

import math
from typing import ClassVar

from trialbook.learners._base import Float, Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable

# Deep trees of more rows are slow and large, and no better than boosted ones.
MOST_ROWS = 100_000


class RandomForestRecursive(LagLearner):
    """A random forest on lagged values of all series; forecasts become the next lags.

    Attributes
    ----------
    trees : int
        Of a forest.
    """

    key = "random_forest_recursive"
    family = "forest on lags"
    name = "Random forest on lags"
    aliases: ClassVar[tuple[str, ...]] = ("random_forest", "rf")
    gain = 0.4
    imports = ("from sklearn.ensemble import RandomForestRegressor",)
    trees: ClassVar[int] = 100

    def suits(self, table: SeriesTable) -> bool:
        return table.n_rows <= MOST_ROWS

    def settings(self, table: SeriesTable) -> Space:
        return {"min_samples_leaf": Int(1, 20, log=True), "max_features": Float(0.2, 1.0)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"min_samples_leaf": 2, "max_features": 0.5}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        share = float(params.get("max_features") or 1.0)
        cells = table.n_rows * n_features(table) * share
        tree_s = 1e-3 + 3.7e-8 * cells * math.log2(table.n_rows + 2)
        return 0.1 + self.trees * tree_s, 3e-6 * self.trees

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        options = {"random_state": Code("SEED"), "n_jobs": Code("N_JOBS")}
        return call("RandomForestRegressor", self.trees, **params, **options)
