"""A decision tree on lagged values, one for all series."""

from __future__ import annotations

import math

from trialbook.learners._base import Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class DecisionTreeRecursive(LagLearner):
    """A decision tree on lagged values of all series; forecasts become the next lags."""

    key = "decision_tree_recursive"
    family = "forest on lags"
    name = "Decision tree on lags"
    aliases = ("decision_tree", "tree")
    gain = 0.05
    imports = ("from sklearn.tree import DecisionTreeRegressor",)
    every_difference = False

    def settings(self, table: SeriesTable) -> Space:
        most = max(2, min(100, table.n_rows // 10))
        return {"max_depth": Int(2, 14), "min_samples_leaf": Int(1, most, log=True)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        leaf = max(2, min(20, table.n_rows // 25))
        return (("", {"max_depth": 10, "min_samples_leaf": leaf}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        cells = table.n_rows * n_features(table)
        return 0.01 + 4.5e-8 * cells * math.log2(table.n_rows + 2), 1e-7

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        return call("DecisionTreeRegressor", **params, random_state=Code("SEED"))
