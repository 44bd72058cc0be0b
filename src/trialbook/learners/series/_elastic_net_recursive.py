"""An elastic net on lagged values, one model for all series."""

from __future__ import annotations

from trialbook.learners._base import Float, Params, Space
from trialbook.learners.series._lags import SCALED_IMPORTS, LagLearner, n_features, scaled
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class ElasticNetRecursive(LagLearner):
    """Elastic net on lagged values of all series; forecasts become the next lags."""

    key = "elastic_net_recursive"
    family = "linear model on lags"
    name = "Elastic net on lags"
    aliases = ("elastic_net", "elasticnet")
    gain = 0.1
    imports = ("from sklearn.linear_model import ElasticNet", *SCALED_IMPORTS)
    dates = False  # a month's number is no amount
    every_difference = False

    def settings(self, table: SeriesTable) -> Space:
        return {"alpha": Float(1e-5, 0.3, log=True), "l1_ratio": Float(0.05, 1.0)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"alpha": 1e-2, "l1_ratio": 0.5}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        return 0.01 + 1e-7 * table.n_rows * n_features(table), 1e-7

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        return scaled(call("ElasticNet", **params, max_iter=3000, random_state=Code("SEED")))
