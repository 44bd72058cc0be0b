"""Models of lagged values, one for all series: what they are told, and how they forecast."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from trialbook.learners._base import Choice, Params, Space, Start
from trialbook.learners.series._base import SeriesLearner
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# Lags next to the forecast, at most, and seasons further back.
NEAR, SEASONS = 24, 3
# Rows of the rolling mean, at least and at most.
SHORTEST_MEAN, LONGEST_MEAN = 3, 168
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
# What a model is told of a series: itself, its changes from row to row or from season to season.
_DIFFERENCES = {
    "none": "[LocalStandardScaler()]",
    "step": "[Differences([1]), LocalStandardScaler()]",
    "season": "[Differences([SEASON]), LocalStandardScaler()]",
}
# How much each is worth, beside the best of them.
_WORTH = {"season": 1.0, "none": 0.8, "step": 0.7}
# Seconds: a fold's preparation, a step ahead, and a row's part of either.
FOLD_S, STEP_S, ROW_S = 0.05, 0.003, 4e-6


class LagLearner(SeriesLearner):
    """A regressor on lagged values of all series; forecasts become the next lags.

    Attributes
    ----------
    gain : float
        Of its best start; see `trialbook.learners.Start`.
    imports : tuple of str
        Import lines of the regressor.
    dates : bool
        Whether the parts of a date tell the regressor anything.
    every_difference : bool
        Whether it is worth trying with each difference; else with the best of them alone.
    """

    requires = "mlforecast"
    gain: ClassVar[float]
    imports: ClassVar[tuple[str, ...]]
    dates: ClassVar[bool] = True
    every_difference: ClassVar[bool] = True

    @abstractmethod
    def regressor(self, params: Params, table: SeriesTable) -> Code:
        """The regressor, not yet fitted."""

    @abstractmethod
    def regressor_s(self, params: Params, table: SeriesTable) -> tuple[float, float]:
        """Seconds to fit the regressor once, and to predict one row of it."""

    @abstractmethod
    def settings(self, table: SeriesTable) -> Space:
        """Hyperparameters of the regressor."""

    def defaults(self, table: SeriesTable) -> tuple[tuple[str, Params, float], ...]:
        """Tuned settings of the regressor: suffix of the name, values, worth."""
        return (("", {}, 1.0),)

    def direct(self, table: SeriesTable) -> int | None:
        """Steps ahead that have a model each; ``None`` if one model forecasts step by step."""
        return None

    def suits(self, table: SeriesTable) -> bool:
        """Whether it is worth trying."""
        return True

    def space(self, table: SeriesTable) -> Space:
        return {"difference": Choice(_differences(table)), **self.settings(table)}

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        if not self.suits(table):
            return ()
        tried = _differences(table)[: None if self.every_difference else 1]
        return tuple(
            Start(f"{one}{suffix}", {**params, "difference": one}, self.gain * worth * _WORTH[one])
            for suffix, params, worth in self.defaults(table)
            for one in tried
        )

    def cost(self, params: Params, table: SeriesTable) -> float:
        fit_s, row_s = self.regressor_s(params, table)
        models = self.direct(table) or 1
        steps_s = table.horizon * (STEP_S + table.n_series * (row_s + ROW_S))
        return FOLD_S + ROW_S * table.n_rows + models * fit_s + steps_s

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        own = {name: value for name, value in params.items() if name != "difference"}
        rolling = min(max(table.season, SHORTEST_MEAN), LONGEST_MEAN)
        direct = self.direct(table)
        features: dict[str, Any] = {
            **({} if direct is None else {"direct": Code("HORIZON")}),
            **({"least": Code("SEASON")} if params["difference"] == "season" else {}),
            "lags": _lags(table),
            "lag_transforms": Code(
                f"{{1: [RollingMean({rolling}, min_samples=1), ExponentiallyWeightedMean(0.3)]}}"
            ),
            "date_features": list(_dates(table)) if self.dates else [],
            "target_transforms": Code(_DIFFERENCES[str(params["difference"])]),
        }
        scalers = "LocalStandardScaler"
        if params["difference"] != "none":
            scalers = f"Differences, {scalers}"
        return ForecastCode(
            forecaster=call(
                "RecursiveForecaster",
                self.regressor(own, table),
                Code("FREQUENCY"),
                Code("SEASON"),
                Code("COVARIATES"),
                Code("STATIC"),
                **features,
            ),
            imports=(
                "import copy",
                *self.imports,
                "from mlforecast import MLForecast",
                "from mlforecast.lag_transforms import ExponentiallyWeightedMean, RollingMean",
                f"from mlforecast.target_transforms import {scalers}",
                "from utilsforecast.processing import make_future_dataframe",
            ),
            snippets=("last_season", "told_or_naive", "every_step", "RecursiveForecaster"),
        )


# Import lines of `scaled`.
SCALED_IMPORTS = (
    "from sklearn.impute import SimpleImputer",
    "from sklearn.pipeline import make_pipeline",
    "from sklearn.preprocessing import StandardScaler",
)


def scaled(regressor: Code) -> Code:
    """A regressor that wants columns on one scale, without missing cells."""
    steps = (Code("SimpleImputer(keep_empty_features=True)"), Code("StandardScaler()"))
    return call("make_pipeline", *steps, regressor)


def _differences(table: SeriesTable) -> tuple[str, ...]:
    earliest = table.shortest - (table.n_folds - 1) * table.horizon
    seasonal = table.season > 1 and earliest >= LEAST_SEASONS * table.season
    return ("season", "none", "step") if seasonal else ("step", "none")


def n_features(table: SeriesTable) -> int:
    """Columns that a regressor is told of a row."""
    return len(_lags(table)) + 2 + len(_dates(table)) + len(table.covariates) + len(table.static)


def _lags(table: SeriesTable) -> list[int]:
    season = table.season
    near = range(1, min(season if season > 1 else 4, NEAR) + 1)
    back = [season * k for k in range(1, SEASONS + 1) if season * (k + 1) <= table.longest]
    return sorted({*near, *(back if season > 1 else ())})


def _dates(table: SeriesTable) -> tuple[str, ...]:
    unit = table.frequency.split("-")[0].lstrip("0123456789")
    return _DATES.get(unit, _DATES.get(unit.rstrip("SE"), ()))
