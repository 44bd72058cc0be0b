"""Ridge regression on lagged values, one model for all series."""

from __future__ import annotations

from typing import ClassVar

from trialbook.learners._base import Float, Params, Space
from trialbook.learners.series._lags import SCALED_IMPORTS, LagLearner, n_features, scaled
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable


class LinearRecursive(LagLearner):
    """Ridge regression on lagged values of all series; forecasts become the next lags."""

    key = "linear_recursive"
    family = "linear model on lags"
    name = "Linear model on lags"
    aliases: ClassVar[tuple[str, ...]] = ("linear_regression", "ridge")
    gain = 0.9
    imports = ("from sklearn.linear_model import Ridge", *SCALED_IMPORTS)
    dates = False  # a month's number is no amount

    def settings(self, table: SeriesTable) -> Space:
        return {"alpha": Float(0.01, 1000.0, log=True)}

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        return (("", {"alpha": 1.0}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        return 0.01 + 2e-8 * table.n_rows * n_features(table), 1e-7

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        return scaled(call("Ridge", **params))
