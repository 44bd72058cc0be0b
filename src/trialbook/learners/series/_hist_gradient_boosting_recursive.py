"""scikit-learn's histogram gradient boosting on lagged values, one model for all series."""

from __future__ import annotations

from trialbook.learners._base import Float, Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class HistGradientBoostingRecursive(LagLearner):
    """scikit-learn's boosted trees on lagged values of all series; forecasts become lags."""

    key = "hist_gradient_boosting_recursive"
    family = "boosted trees on lags"
    name = "Histogram gradient boosting on lags"
    aliases = ("gradient_boosting", "hist_gradient_boosting", "hgb")
    gain = 0.1
    imports = ("from sklearn.ensemble import HistGradientBoostingRegressor",)
    every_difference = False

    def settings(self, table: SeriesTable) -> Space:
        return {
            "max_iter": Int(50, 500, log=True),
            "learning_rate": Float(0.02, 0.2, log=True),
            "max_leaf_nodes": Int(4, 64, log=True),
            "min_samples_leaf": Int(3, 60, log=True),
        }

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"max_iter": 200, "learning_rate": 0.05, "max_leaf_nodes": 16}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        rounds = float(params.get("max_iter") or 100)
        cells = table.n_rows * n_features(table)
        return 0.05 + rounds * (1e-3 + 4e-9 * cells), 8e-8 * rounds

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        # A fixed number of rounds: rows put aside at random would be next to those that train.
        options = {"early_stopping": False, "random_state": Code("SEED")}
        return call("HistGradientBoostingRegressor", **params, **options)
