"""Programs of forecasting trials."""

from trialbook.program.series._ensemble import forecast_voting_program
from trialbook.program.series._frame import ForecastCode, HierarchyCode, SeriesFrame
from trialbook.program.series._program import forecasting_program

__all__ = [
    "ForecastCode",
    "HierarchyCode",
    "SeriesFrame",
    "forecast_voting_program",
    "forecasting_program",
]
