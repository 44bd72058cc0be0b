"""What makes a table a set of time series."""

from trialbook.data.series._frequency import infer_frequency, read_frequency, season_of, step_name
from trialbook.data.series._regular import Regular, regular
from trialbook.data.series._spec import (
    LEVELS,
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    SeriesSpec,
)
from trialbook.data.series._windows import default_windows, windows

__all__ = [
    "LEVELS",
    "SCALE_COLUMN",
    "SERIES_COLUMN",
    "TIME_COLUMN",
    "Regular",
    "SeriesSpec",
    "default_windows",
    "infer_frequency",
    "read_frequency",
    "regular",
    "season_of",
    "step_name",
    "windows",
]
