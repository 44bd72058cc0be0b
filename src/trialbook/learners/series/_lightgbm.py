"""LightGBM on lagged values, one model for all series."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Float, Int, Params, Space, Start
from trialbook.learners.series._base import SeriesLearner
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# Lags next to the forecast, at most, and seasons further back.
NEAR, SEASONS = 24, 3
# Parts of a date that differ from row to row, by the unit of the frequency.
_DATES = {
    "M": ("month",),
    "Q": ("quarter",),
    "W": ("week",),
    "B": ("dayofweek", "month"),
    "D": ("dayofweek", "day", "dayofyear"),
    "h": ("hour", "dayofweek", "dayofyear"),
    "min": ("hour", "dayofweek"),
}
# A seasonal difference leaves nothing of a series of fewer seasons.
LEAST_SEASONS = 3


class LightGBMRecursive(SeriesLearner):
    """LightGBM on lagged values of all series; forecasts become the next lags."""

    key = "lightgbm_recursive"
    name = "LightGBM on lags"
    aliases = ("light_gbm", "lightgbm")
    requires = "mlforecast"

    def space(self, table: SeriesTable) -> Space:
        return {
            "difference": Choice(self._differences(table)),
            "n_estimators": Int(50, 1000, log=True),
            "learning_rate": Float(0.01, 0.2, log=True),
            "num_leaves": Int(4, 127, log=True),
            "min_child_samples": Int(3, 60, log=True),
            "feature_fraction": Float(0.4, 1.0),
        }

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        base = {"n_estimators": 300, "learning_rate": 0.05, "num_leaves": 31}
        small = {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 8}
        gains = {"season": 1.0, "step": 0.7, "none": 0.8}
        differences = self._differences(table)
        return (
            *(Start(f"{one}", {**base, "difference": one}, gains[one]) for one in differences),
            *(
                Start(f"{one}_small", {**small, "difference": one}, 0.5 * gains[one])
                for one in differences
            ),
        )

    def _differences(self, table: SeriesTable) -> tuple[str, ...]:
        seasonal = table.season > 1 and table.shortest >= LEAST_SEASONS * table.season
        return ("season", "none", "step") if seasonal else ("step", "none")

    def cost(self, params: Params, table: SeriesTable) -> float:
        trees = float(params.get("n_estimators") or 100)
        leaves = float(params.get("num_leaves") or 31)
        train = trees * (3e-4 + 2e-7 * table.n_rows * leaves**0.5)
        return float(0.5 + train + table.horizon * (0.01 + 2e-6 * table.n_series * trees))

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        given = {name: value for name, value in params.items() if name != "difference"}
        model = call(
            "LGBMRegressor",
            **given,
            random_state=Code("SEED"),
            n_jobs=Code("N_JOBS"),
            verbose=-1,
        )
        rolling = min(max(table.season, 3), 168)
        features: dict[str, Any] = {
            "lags": self._lags(table),
            "lag_transforms": Code(
                f"{{1: [RollingMean({rolling}, min_samples=1), ExponentiallyWeightedMean(0.3)]}}"
            ),
            "date_features": list(self._dates(table)),
            "target_transforms": Code(
                {
                    "season": "[Differences([SEASON]), LocalStandardScaler()]",
                    "step": "[Differences([1]), LocalStandardScaler()]",
                    "none": "[LocalStandardScaler()]",
                }[str(params["difference"])]
            ),
        }
        return ForecastCode(
            forecaster=call(
                "RecursiveForecaster",
                model,
                Code("FREQUENCY"),
                Code("COVARIATES"),
                Code("STATIC"),
                **features,
            ),
            imports=(
                "from lightgbm import LGBMRegressor",
                "from mlforecast import MLForecast",
                "from mlforecast.lag_transforms import ExponentiallyWeightedMean, RollingMean",
                "from mlforecast.target_transforms import Differences, LocalStandardScaler",
            ),
            snippets=("RecursiveForecaster",),
        )

    def _lags(self, table: SeriesTable) -> list[int]:
        season = table.season
        near = range(1, min(season if season > 1 else 4, NEAR) + 1)
        back = [season * k for k in range(1, SEASONS + 1) if season * (k + 1) <= table.longest]
        return sorted({*near, *(back if season > 1 else ())})

    def _dates(self, table: SeriesTable) -> tuple[str, ...]:
        unit = table.frequency.split("-")[0].lstrip("0123456789")
        return _DATES.get(unit, _DATES.get(unit.rstrip("SE"), ()))
