"""Extremely randomised trees on lagged values, one model for all series."""

from __future__ import annotations

from trialbook.learners._base import Float, Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable

TREES = 100
# Deep trees of more rows are slow and large, and no better than boosted ones.
MOST_ROWS = 100_000


class ExtraTreesRecursive(LagLearner):
    """Trees with random cuts on lagged values of all series; forecasts become the next lags."""

    key = "extra_trees_recursive"
    family = "forest on lags"
    name = "Extra trees on lags"
    aliases = ("extra_trees", "extreme_random_trees", "extremely_randomized_trees", "xt")
    gain = 0.2
    imports = ("from sklearn.ensemble import ExtraTreesRegressor",)
    every_difference = False

    def suits(self, table: SeriesTable) -> bool:
        return table.n_rows <= MOST_ROWS

    def settings(self, table: SeriesTable) -> Space:
        return {"min_samples_leaf": Int(1, 20, log=True), "max_features": Float(0.2, 1.0)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"min_samples_leaf": 2, "max_features": 0.75}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        share = float(params.get("max_features") or 1.0)
        cells = table.n_rows * n_features(table) * share
        return 0.05 + TREES * (5e-4 + 1.4e-7 * cells), 1e-6 * TREES

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        options = {"random_state": Code("SEED"), "n_jobs": Code("N_JOBS")}
        return call("ExtraTreesRegressor", TREES, **params, **options)
