"""Models of lagged values, one for all series: what they are told, and how they forecast."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from trialbook.learners._base import Choice, Params, Space, Start
from trialbook.learners.series._base import (
    LOG_WORTH,
    SeriesLearner,
    covariates_code,
    holiday_columns,
    longer_season,
    of_logarithms,
    told_of_holidays,
)
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# Lags next to the forecast, at most, and seasons further back.
NEAR, SEASONS = 24, 3
# Rows of the rolling mean, at least and at most.
SHORTEST_MEAN, LONGEST_MEAN = 3, 168
EXPONENTIAL = "ExponentiallyWeightedMean"
# Parts of a date that differ from row to row, by the unit of the frequency. All of Azure ML's
# (week, month, quarter and year more) are no better on bike_share (+1 % and -3 % of MASE),
# github_dau (+9 %, -2 %) and nyc_energy (+19 %, -2 %).
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
# What else may be told, one at a time, beside logarithms: the lags that the series suggest, and
# earlier values of columns. The latter gave LightGBM 10 % on bike_share, and took 3 % on
# github_dau; columns of the past gave and took 1 % on pbs_scripts and global_economy_gdp.
_FOUND_WORTH, _COLUMNS_WORTH = 0.3, 0.6
# Seconds: a fold's preparation, a step ahead, and a row's part of either.
FOLD_S, STEP_S, ROW_S = 0.05, 0.003, 1e-6


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
        differences = {"difference": Choice(_differences(table))}
        return {**differences, **_choices(table), **self.settings(table)}

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        if not self.suits(table):
            return ()
        tried = _differences(table)[: None if self.every_difference else 1]
        found = [
            Start(f"{one}{suffix}", {**params, "difference": one}, self.gain * worth * _WORTH[one])
            for suffix, params, worth in self.defaults(table)
            for one in tried
        ]
        first = found[0]
        for option, choice in _choices(table).items() if self.every_difference else ():
            other, worth = _OTHERS[option]
            params = {**first.params, option: choice.values[-1]}
            found.append(Start(f"{first.name}_{other}", params, first.gain * worth))
        return tuple(found)

    def cost(self, params: Params, table: SeriesTable) -> float:
        fit_s, row_s = self.regressor_s(params, table)
        models = self.direct(table) or 1
        steps_s = table.horizon * (STEP_S + table.n_series * (row_s + ROW_S))
        return FOLD_S + ROW_S * table.n_rows + models * fit_s + steps_s

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        own = {name: value for name, value in params.items() if name not in _OF_SERIES}
        direct, lagged = self.direct(table), _lagged(table, params)
        transforms = _transforms(table, params)
        dates = list(_dates(table)) if self.dates else []
        steps: dict[str, Any] = {}
        if direct is not None:
            # Of its date features and running means mlforecast tells a model by step those of the
            # first step when it learns, and those of its own step when it forecasts.
            transforms = [text for text in transforms if not text.startswith(EXPONENTIAL)]
            steps, dates = {"direct": Code("HORIZON"), "dates": dates}, []
        features: dict[str, Any] = {
            **steps,
            **({"least": Code("SEASON")} if params["difference"] == "season" else {}),
            **({} if lagged is None else {"lagged": lagged}),
            "lags": _lags(table, params),
            "lag_transforms": Code(f"{{1: {_listed(transforms)}}}"),
            "date_features": dates,
            "target_transforms": Code(_DIFFERENCES[str(params["difference"])]),
        }
        rolling = sorted({text.split("(")[0] for text in transforms})
        scalers = "LocalStandardScaler"
        if params["difference"] != "none":
            scalers = f"Differences, {scalers}"
        forecaster = call(
            "RecursiveForecaster",
            self.regressor(own, table),
            Code("FREQUENCY"),
            Code("SEASON"),
            covariates_code(holiday_columns(table)),
            Code("STATIC"),
            **features,
        )
        code = ForecastCode(
            forecaster=forecaster,
            imports=(
                "import copy",
                *self.imports,
                "from mlforecast import MLForecast",
                f"from mlforecast.lag_transforms import {', '.join(rolling)}",
                f"from mlforecast.target_transforms import {scalers}",
                "from utilsforecast.processing import make_future_dataframe",
            ),
            snippets=(
                *("last_season", "told_or_naive", "every_step", "with_lags", "with_dates"),
                "RecursiveForecaster",
            ),
        )
        code = of_logarithms(_decomposed(code, table.look_back.stl), params)
        return told_of_holidays(code, table.holidays)


def _decomposed(code: ForecastCode, stl: str) -> ForecastCode:
    """The part of a program in which the forecaster is spared what STL takes, if anything.

    No start asks for it: differences did better on air_passengers and fred_alcohol_sales.
    """
    if stl == "none":
        return code
    trend = {"trend": True} if stl == "season_trend" else {}
    return ForecastCode(
        forecaster=call("DecomposedForecaster", code.forecaster, Code("SEASON"), **trend),
        imports=(*code.imports, "from statsmodels.tsa.seasonal import STL"),
        snippets=(*code.snippets, "DecomposedForecaster"),
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
    seasonal = table.season > 1 and table.least_known >= LEAST_SEASONS * table.season
    if table.look_back.stl != "none":  # it takes the season already
        seasonal = False
    return ("season", "none", "step") if seasonal else ("step", "none")


def n_features(table: SeriesTable) -> int:
    """Columns that a regressor is told of a row."""
    columns = len(table.covariates) + len(table.static) + 2 * len(table.past_only)
    columns += len(holiday_columns(table))
    return len(_lags(table, {})) + 2 + len(_dates(table)) + columns


# Options of a configuration that say what a model is told, and how starts are named by them.
_OTHERS = {
    "lags": ("found", _FOUND_WORTH),
    "column_lags": ("columns", _COLUMNS_WORTH),
    "logarithm": ("log", LOG_WORTH),
}
_OF_SERIES = ("difference", *_OTHERS)


def _choices(table: SeriesTable) -> dict[str, Choice]:
    """What a model may be told beside the usual, as far as nobody said."""
    back = table.look_back
    found: dict[str, Choice] = {}
    suggested = (not back.lags and back.found_lags) or (not back.window and back.found_window)
    if suggested:
        found["lags"] = Choice(("usual", "found"))
    if back.columns and (table.past_only or table.covariates):
        found["column_lags"] = Choice((False, True))
    if table.positive:
        found["logarithm"] = Choice((False, True))
    return found


def _lags(table: SeriesTable, params: Params) -> list[int]:
    season, asked = table.season, table.look_back
    if asked.lags:
        return list(asked.lags)
    if params.get("lags") == "found" and asked.found_lags:
        return list(range(1, asked.found_lags + 1))
    near = range(1, min(season if season > 1 else 4, NEAR) + 1)
    back = [season * k for k in range(1, SEASONS + 1) if season * (k + 1) <= table.longest]
    longer = longer_season(table)
    far = [longer] if longer and 2 * longer <= table.most_known - table.horizon else []
    return sorted({*near, *(back if season > 1 else ()), *far})


def _transforms(table: SeriesTable, params: Params) -> list[str]:
    """What is told of the latest rows together."""
    back = table.look_back
    found = back.found_window if params.get("lags") == "found" else 0
    window = back.window or found
    kinds = ["RollingMax", "RollingMean", "RollingMin"]  # what Azure ML makes, but for a sum
    if not window:
        kinds, window = ["RollingMean"], min(max(table.season, SHORTEST_MEAN), LONGEST_MEAN)
    rolling = [f"{kind}({window}, min_samples=1)" for kind in kinds]
    return [*rolling, f"{EXPONENTIAL}(0.3)"]


def _listed(parts: Sequence[str]) -> str:
    """A list, one part a line if it is long."""
    short = len(parts) < 3
    return f"[{', '.join(parts)}]" if short else "[\n    " + ",\n    ".join(parts) + ",\n]"


def _lagged(table: SeriesTable, params: Params) -> Code | None:
    """How many rows earlier columns are told: those of the past as late as is known of all."""
    if not params.get("column_lags"):
        return None
    parts = []
    if table.past_only:
        more = ", HORIZON + SEASON" if table.season > 1 else ""
        parts.append(f"dict.fromkeys(PAST_ONLY, [HORIZON{more}])")
    if table.covariates:
        more = ", SEASON" if table.season > 1 else ""
        parts.append(f"dict.fromkeys(COVARIATES, [1{more}])")
    return Code(" | ".join(parts))


def _dates(table: SeriesTable) -> tuple[str, ...]:
    unit = table.frequency.split("-")[0].lstrip("0123456789")
    parts = _DATES.get(unit, _DATES.get(unit.rstrip("SE"), ()))
    return tuple(part for part in parts if part not in table.columns)
