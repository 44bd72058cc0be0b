"""LightGBM on lagged values, one model for all series."""

from __future__ import annotations

from typing import ClassVar

from trialbook.learners._base import Float, Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class LightGBMRecursive(LagLearner):
    """LightGBM on lagged values of all series; forecasts become the next lags."""

    key = "lightgbm_recursive"
    family = "boosted trees on lags"
    name = "LightGBM on lags"
    aliases: ClassVar[tuple[str, ...]] = ("light_gbm", "lightgbm", "gbm", "lgbm")
    gain = 1.0
    imports = ("from lightgbm import LGBMRegressor",)

    def settings(self, table: SeriesTable) -> Space:
        return {
            "n_estimators": Int(50, 1000, log=True),
            "learning_rate": Float(0.01, 0.2, log=True),
            "num_leaves": Int(4, 127, log=True),
            "min_child_samples": Int(3, 60, log=True),
            "feature_fraction": Float(0.4, 1.0),
        }

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        base = {"n_estimators": 300, "learning_rate": 0.05, "num_leaves": 31}
        small = {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 8}
        return (("", base, 1.0), ("_small", small, 0.5))

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        trees = float(params.get("n_estimators") or 100)
        leaves = float(params.get("num_leaves") or 31)
        cells = table.n_rows * n_features(table)
        return trees * leaves**0.5 * (1.5e-4 + 9e-10 * cells), 2e-8 * trees

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        options = {"random_state": Code("SEED"), "n_jobs": Code("N_JOBS"), "verbose": -1}
        return call("LGBMRegressor", **params, **options)
