"""CatBoost on lagged values, one model for all series."""

from __future__ import annotations

from typing import ClassVar

from trialbook.learners._base import Float, Int, Params, Space
from trialbook.learners.series._lags import LagLearner, n_features
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class CatBoostRecursive(LagLearner):
    """CatBoost on lagged values of all series; forecasts become the next lags."""

    key = "catboost_recursive"
    family = "boosted trees on lags"
    name = "CatBoost on lags"
    aliases: ClassVar[tuple[str, ...]] = ("cat_boost", "catboost", "cb")
    gain = 0.8
    imports = ("from catboost import CatBoostRegressor",)

    def settings(self, table: SeriesTable) -> Space:
        return {
            "iterations": Int(100, 1000, log=True),
            "learning_rate": Float(0.02, 0.2, log=True),
            "depth": Int(3, 8),
            "l2_leaf_reg": Float(1.0, 30.0, log=True),
        }

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"iterations": 300, "learning_rate": 0.06, "depth": 5}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        trees = float(params.get("iterations") or 1000)
        depth = float(params.get("depth") or 6)
        cells = table.n_rows * n_features(table)
        return trees * (1.2e-3 + 1.1e-9 * cells * depth), 2e-8 * trees

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        options = {
            "random_seed": Code("SEED"),
            "thread_count": Code("N_JOBS"),
            "verbose": False,
            "allow_writing_files": False,
            "allow_const_label": True,
        }
        return call("CatBoostRegressor", **params, **options)
