"""What learners of time series have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from trialbook.learners._base import Learner, Params, Space, Start
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# Copies of the rows that a trial holds at its peak, of eight bytes a cell.
COPIES, CELL_BYTES = 12, 8


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
    """

    model: ClassVar[str]
    gain: ClassVar[float]
    row_s: ClassVar[float]
    # Longer histories say no more of the next season, and take longer (AutoGluon's limit).
    longest: ClassVar[int] = 2500

    def space(self, table: SeriesTable) -> Space:
        return {}

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        return (Start("auto", {}, gain=self.gain),) if self.suits(table) else ()

    def suits(self, table: SeriesTable) -> bool:
        """Whether it is worth trying."""
        return True

    def cost(self, params: Params, table: SeriesTable) -> float:
        rows = min(table.n_rows, table.n_series * self.longest)
        return 0.2 + rows * self.row_s

    @abstractmethod
    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        """Arguments of the model."""

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        model = call(self.model, **self.arguments(params, table))
        names = ", ".join(sorted({self.model, "SeasonalNaive"}))
        return ForecastCode(
            forecaster=call("StatisticalForecaster", model, Code("FREQUENCY"), Code("SEASON")),
            imports=(
                "from statsforecast import StatsForecast",
                f"from statsforecast.models import {names}",
            ),
            snippets=("StatisticalForecaster",),
        )
