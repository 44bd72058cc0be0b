"""Nearest neighbours of lagged values, of all series."""

from __future__ import annotations

from trialbook.learners._base import Choice, Int, Params, Space
from trialbook.learners.series._lags import SCALED_IMPORTS, LagLearner, n_features, scaled
from trialbook.program import Code, call
from trialbook.tasks import SeriesTable

# Every step ahead looks through all rows, and the model keeps them.
MOST_ROWS = 50_000
NEIGHBOURS = 10


class KNNRecursive(LagLearner):
    """What followed where the lagged values were most alike; forecasts become the next lags."""

    key = "knn_recursive"
    name = "Nearest neighbours of lags"
    aliases = ("knn", "k_nearest_neighbors", "k_nearest_neighbours")
    gain = 0.08
    imports = ("from sklearn.neighbors import KNeighborsRegressor", *SCALED_IMPORTS)
    every_difference = False

    def suits(self, table: SeriesTable) -> bool:
        return table.n_rows <= MOST_ROWS

    def settings(self, table: SeriesTable) -> Space:
        return {
            "n_neighbors": Int(2, max(3, min(100, table.n_rows // 20)), log=True),
            "weights": Choice(("distance", "uniform")),
            "p": Choice((1, 2)),
        }

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        few = max(2, min(NEIGHBOURS, table.n_rows // 20))
        return (("", {"n_neighbors": few, "weights": "distance", "p": 2}, 1.0),)

    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        return 0.01 + 1e-8 * table.n_rows * n_features(table), 1e-5 + 3e-9 * table.n_rows

    def regressor(self, params: Params, table: SeriesTable) -> Code:
        return scaled(call("KNeighborsRegressor", **params, n_jobs=Code("N_JOBS")))
