"""Statistical models of StatsForecast: one alone, or the median of several."""

from __future__ import annotations

import pandas as pd
from statsforecast import StatsForecast
from statsforecast import models as library

from benchmarks.forecasting.systems.shared import (
    FORECAST,
    ID,
    LEVELS,
    TARGET,
    TIME,
    Adapter,
    Request,
    Window,
    main,
    regular,
)

# Intervals whose ends are the deciles around the middle one.
INTERVALS = [20, 40, 60, 80]
# Longer seasons are more than the state of these models can hold: they are left out.
LONGEST_SEASON = 24
# An ARIMA is searched on the last seasons, for more rows take minutes a series.
SEASONS, LEAST_ROWS, MOST_ROWS = 20, 200, 1000


class Statistics(Adapter):
    """Models that the parameters name, fitted to each series by itself."""

    rolls = True

    def fit(self, request: Request) -> None:
        """Keep what is asked: these models are fitted when they forecast."""
        self.request = request

    def forecast(self, window: Window) -> pd.DataFrame:
        """The median of the models, quantile by quantile."""
        request, season = self.request, self.request.season
        rows = regular(window.history[[ID, TIME, TARGET]], request.frequency)
        tables = [
            one_model(name, last_rows(rows, name, season), request)
            for name in request.params["models"]
        ]
        together = pd.concat(tables).groupby([ID, TIME], sort=True).median()
        return together.reset_index()

    def models(self) -> list[str]:
        """As the parameters have them."""
        return list(self.request.params["models"])


def last_rows(rows: pd.DataFrame, name: str, season: int) -> pd.DataFrame:
    """What a model is fitted to."""
    if name != "AutoARIMA":
        return rows
    whole = SEASONS * season if season <= LONGEST_SEASON else MOST_ROWS
    return rows.groupby(ID, sort=False).tail(min(MOST_ROWS, max(LEAST_ROWS, whole)))


def one_model(name: str, rows: pd.DataFrame, request: Request) -> pd.DataFrame:
    """The forecast of one model with its deciles."""
    is_naive = name == "SeasonalNaive"
    season = request.season if is_naive or request.season <= LONGEST_SEASON else 1
    runner = StatsForecast(
        models=[getattr(library, name)(season_length=season)],
        freq=request.frequency,
        n_jobs=request.cores,
        fallback_model=library.SeasonalNaive(season_length=season),
    )
    found = runner.forecast(df=rows, h=request.horizon, level=INTERVALS)
    table = found[[ID, TIME]].assign(**{FORECAST: found[name]})
    for tenth, level in enumerate(LEVELS, 1):
        side = "lo" if tenth < 5 else "hi"
        middle = f"{name}-{side}-{abs(100 - 20 * tenth)}"
        table[level] = found[name] if tenth == 5 else found[middle]
    return table


if __name__ == "__main__":
    main(Statistics())
