"""A linear model by stochastic gradient descent on lagged values, one for all series."""

from __future__ import annotations

from trialbook.learners._base import Choice, Float, Params, Space
from trialbook.learners.series._lags import SCALED_IMPORTS, LagLearner, scaled
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class SGDRecursive(LagLearner):
    """Stochastic gradient descent on lagged values of all series; forecasts become lags."""

    key = "sgd_recursive"
    family = "linear model on lags"
    name = "Stochastic gradient descent on lags"
    aliases = ("sgd", "stochastic_gradient_descent")
    gain = 0.08
    imports = ("from sklearn.linear_model import SGDRegressor", *SCALED_IMPORTS)
    dates = False  # a month's number is no amount
    every_difference = False

    def settings(self, table: SeriesTable) -> Space:
        return {
            "loss": Choice(("squared_error", "huber")),
            "alpha": Float(1e-6, 1e-1, log=True),
            "penalty": Choice(("l2", "elasticnet")),
        }

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"loss": "squared_error", "alpha": 1e-3, "penalty": "l2"}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        return 0.01 + 6e-6 * table.n_rows, 1e-7

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        # Steps that shrink only when the loss does not are safe at any scale of the gradient, and
        # their average is steadier than the last of them.
        steps = {"learning_rate": "adaptive", "eta0": 0.01, "average": True}
        return scaled(call("SGDRegressor", **params, **steps, random_state=Code("SEED")))
