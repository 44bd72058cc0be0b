"""Prophet: a trend with changes, seasons and covariates, added or multiplied."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Float, Params, Space, Start
from trialbook.learners.series._base import SeriesLearner
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# A fit of each series takes long, and longer histories longer still.
MOST_SERIES, LONGEST = 200, 2500
SERIES_S, ROW_S = 0.1, 2e-4


class ProphetLearner(SeriesLearner):
    """Prophet for each series (Taylor and Letham 2018)."""

    key = "prophet"
    name = "Prophet"
    aliases = ("fbprophet", "facebook_prophet")
    requires = "prophet"
    import_s = 1.0

    def space(self, table: SeriesTable) -> Space:
        return {
            "seasonality_mode": Choice(("additive", "multiplicative")),
            "changepoint_prior_scale": Float(0.001, 0.5, log=True),
            "seasonality_prior_scale": Float(0.01, 10.0, log=True),
            "holidays_prior_scale": Float(0.01, 10.0, log=True),
        }

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        if table.n_series > MOST_SERIES:
            return ()
        return (
            Start("multiplicative", {"seasonality_mode": "multiplicative"}, 0.4),
            Start("additive", {"seasonality_mode": "additive"}, 0.4),
            Start(
                "steady", {"seasonality_mode": "additive", "changepoint_prior_scale": 0.01}, 0.2
            ),
        )

    def cost(self, params: Params, table: SeriesTable) -> float:
        rows = min(table.n_rows, table.n_series * LONGEST)
        return table.n_series * SERIES_S + rows * ROW_S

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        options: dict[str, Any] = {"seed": Code("SEED"), **params}
        if table.holidays is not None:
            options["country"] = table.holidays
        model = call("ProphetForecaster", Code("SEASON"), Code("COVARIATES"), **options)
        return ForecastCode(
            forecaster=model,
            imports=("import logging", "from prophet import Prophet"),
            snippets=("last_season", "told_or_naive", "ProphetForecaster"),
        )
