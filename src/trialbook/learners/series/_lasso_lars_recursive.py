"""LARS lasso on lagged values, one model for all series."""

from __future__ import annotations

from trialbook.learners._base import Float, Params, Space
from trialbook.learners.series._lags import SCALED_IMPORTS, LagLearner, n_features, scaled
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class LassoLarsRecursive(LagLearner):
    """Lasso by least-angle regression on lagged values; forecasts become the next lags."""

    key = "lasso_lars_recursive"
    family = "linear model on lags"
    name = "LARS lasso on lags"
    aliases = ("lasso_lars", "lars_lasso")
    gain = 0.08
    imports = ("from sklearn.linear_model import LassoLars", *SCALED_IMPORTS)
    dates = False  # a month's number is no amount
    every_difference = False

    def settings(self, table: SeriesTable) -> Space:
        return {"alpha": Float(1e-5, 0.1, log=True)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"alpha": 1e-3}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        return 0.01 + 2e-8 * table.n_rows * n_features(table), 1e-7

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        return scaled(call("LassoLars", **params, random_state=Code("SEED")))
