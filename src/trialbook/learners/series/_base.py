"""What learners of time series have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from trialbook.learners._base import Learner, Params, Space, Start
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# Copies of the rows that a trial holds at its peak, of eight bytes a cell.
COPIES, CELL_BYTES = 12, 8
# Rows at the end of a series that a model is fitted to, as in `StatisticalForecaster` itself:
# longer histories say no more of the next season, and take longer (AutoGluon's limit).
LONGEST = 2500
# Seconds that the fastest model takes.
START_S = 0.02
# Seasons beside the usual one, by the unit of the frequency: a week of hours, 52 weeks of days.
# Regressors on lags forecast pedestrians by 0 to 14 % better with the week, and with the year
# wp_log_peyton_manning (-22 to +5 % of MASE) and github_dau (-11 to +9 %); 365 days did less.
_LONGER = {"h": 168, "D": 364, "B": 260}
# How much a start on logarithms is worth beside the same one on the series as they are.
LOG_WORTH = 0.8
# What `with_holidays` of programs tells of a row; the first is what all it is about.
HOLIDAYS = ("holiday", "paid_time_off", "before_holiday", "after_holiday")


def holiday_columns(table: SeriesTable, most: int = len(HOLIDAYS)) -> tuple[str, ...]:
    """Columns of the holidays of the country that was named, if one was."""
    if table.holidays is None:
        return ()
    return tuple(f"{kind}_{table.holidays}" for kind in HOLIDAYS[:most])


def longer_season(table: SeriesTable) -> int:
    """Rows of a season beside the usual one, a longer one; 0 if there is none."""
    rows = _LONGER.get(table.frequency, 0)
    return rows if rows > table.season else 0


def covariates_code(holidays: Sequence[str]) -> Code:
    """The columns that are known of the future, with those of holidays."""
    told = ", ".join(f'"{name}"' for name in holidays)
    return Code(f"[*COVARIATES, {told}]" if holidays else "COVARIATES")


def told_of_holidays(code: ForecastCode, country: str | None) -> ForecastCode:
    """The part of a program in which the forecaster is told the holidays of a country, if any."""
    if country is None:
        return code
    return ForecastCode(
        forecaster=call("HolidayForecaster", code.forecaster, country),
        imports=(*code.imports, "import holidays"),
        snippets=(*code.snippets, "with_holidays", "HolidayForecaster"),
    )


def of_logarithms(code: ForecastCode, params: Params) -> ForecastCode:
    """The part of a program in which the forecaster sees logarithms, if the configuration says."""
    if not params.get("logarithm"):
        return code
    return ForecastCode(
        forecaster=call("LogForecaster", code.forecaster),
        imports=code.imports,
        snippets=(*code.snippets, "LogForecaster"),
    )


class SeriesLearner(Learner):
    """One way to forecast series."""

    tasks: ClassVar[tuple[str, ...]] = ("forecasting",)
    requires: ClassVar[str] = "statsforecast"
    extra: ClassVar[str | None] = "forecast"

    def memory(self, params: Params, table: SeriesTable) -> float:
        return float(COPIES * CELL_BYTES * table.n_rows * (3 + len(table.covariates)))


class StatisticalLearner(SeriesLearner):
    """A model of ``statsforecast`` for each series.

    Attributes
    ----------
    model : str
        Its class there.
    gain : float
        Of its only start; see `trialbook.learners.Start`.
    row_s : float
        Seconds that one row takes to fit.
    covariates : bool
        Whether it takes the columns that are known of the future.
    most_holidays : int
        Columns of holidays that it is told, with these: some mean the same in a country.
    others : tuple of str
        Further classes that its arguments name.
    logarithms : bool
        Whether it is worth trying on logarithms: it knows no seasons or trends that multiply.
    """

    model: ClassVar[str]
    gain: ClassVar[float]
    row_s: ClassVar[float]
    covariates: ClassVar[bool] = False
    most_holidays: ClassVar[int] = 1
    others: ClassVar[tuple[str, ...]] = ()
    logarithms: ClassVar[bool] = False

    def space(self, table: SeriesTable) -> Space:
        return {}

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        if not self.suits(table):
            return ()
        auto = Start("auto", {}, gain=self.gain)
        if not (self.logarithms and table.positive):
            return (auto,)
        return (auto, Start("log", {"logarithm": True}, gain=self.gain * LOG_WORTH))

    def suits(self, table: SeriesTable) -> bool:
        """Whether it is worth trying."""
        return True

    def rows(self, table: SeriesTable) -> int:
        """Rows at the end of a series that it is fitted to."""
        return LONGEST

    def cost(self, params: Params, table: SeriesTable) -> float:
        rows = min(table.n_rows, table.n_series * self.rows(table))
        return START_S + rows * self.row_s

    @abstractmethod
    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        """Arguments of the model."""

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        model = call(self.model, **self.arguments(params, table))
        names = ", ".join(sorted({self.model, *self.others, "SeasonalNaive"}))
        country = table.holidays if self.covariates else None
        options: dict[str, Any] = {}
        if self.covariates:
            options["covariates"] = covariates_code(holiday_columns(table, self.most_holidays))
        if self.rows(table) != LONGEST:
            options["longest"] = self.rows(table)
        places = (Code("FREQUENCY"), Code("SEASON"))
        code = ForecastCode(
            forecaster=call("StatisticalForecaster", model, *places, **options),
            imports=(
                "from statsforecast import StatsForecast",
                f"from statsforecast.models import {names}",
                "from utilsforecast.processing import make_future_dataframe",
            ),
            snippets=("last_season", "told_or_naive", "every_step", "StatisticalForecaster"),
        )
        return told_of_holidays(of_logarithms(code, params), country)
