"""Programs of forecasting trials."""

from trialbook.program.series._ensemble import forecast_voting_program
from trialbook.program.series._frame import ForecastCode, SeriesFrame
from trialbook.program.series._program import forecasting_program

__all__ = [
    "ForecastCode",
    "SeriesFrame",
    "forecast_voting_program",
    "forecasting_program",
]
