"""XGBoost on lagged values, one model for all series."""

from __future__ import annotations

from typing import ClassVar

from trialbook.learners._base import Float, Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class XGBoostRecursive(LagLearner):
    """XGBoost on lagged values of all series; forecasts become the next lags."""

    key = "xgboost_recursive"
    family = "boosted trees on lags"
    name = "XGBoost on lags"
    aliases: ClassVar[tuple[str, ...]] = ("xg_boost_regressor", "xg_boost", "xgboost", "xgb")
    gain = 0.6
    imports = ("from xgboost import XGBRegressor",)

    def settings(self, table: SeriesTable) -> Space:
        return {
            "n_estimators": Int(50, 800, log=True),
            "learning_rate": Float(0.01, 0.2, log=True),
            "max_depth": Int(2, 9),
            "min_child_weight": Float(1.0, 30.0, log=True),
            "subsample": Float(0.5, 1.0),
            "colsample_bytree": Float(0.4, 1.0),
        }

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"n_estimators": 200, "learning_rate": 0.05, "max_depth": 4}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        trees = float(params.get("n_estimators") or 100)
        depth = float(params.get("max_depth") or 6)
        cells = table.n_rows * n_features(table)
        return trees * (6e-4 + 9e-10 * cells * depth), 3e-8 * trees

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        options = {"random_state": Code("SEED"), "n_jobs": Code("N_JOBS")}
        return call("XGBRegressor", **params, **options)
