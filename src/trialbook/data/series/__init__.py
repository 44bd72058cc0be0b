"""What makes a table a set of time series."""

from trialbook.data.series._checks import (
    constant,
    fits,
    gaps,
    intermittent,
    known_of_future,
    leaks,
    left_out,
    look_back,
    missing_covariates,
    past_only,
)
from trialbook.data.series._frequency import (
    canonical,
    infer_frequency,
    is_daily_or_coarser,
    is_daily_or_finer,
    read_frequency,
    season_of,
    step_name,
    usual_horizon,
)
from trialbook.data.series._hierarchy import (
    NODES_FILE,
    Hierarchy,
    balanced,
    hierarchy_note,
    settled,
    summed_test,
)
from trialbook.data.series._ids import missing_ids
from trialbook.data.series._look_back import LookBack
from trialbook.data.series._regular import Regular, regular
from trialbook.data.series._row_scales import RANGE_COLUMN, ranges, row_scales, series_scales
from trialbook.data.series._rows import Taken, frequency_note, settle_frequency, take_rows
from trialbook.data.series._scale import scales
from trialbook.data.series._short import (
    LEAST_ROWS,
    fate,
    padded,
    rows_of_all_windows,
    rows_to_validate,
)
from trialbook.data.series._spec import (
    LEVELS,
    SCALE_COLUMN,
    SEPARATOR,
    SERIES_COLUMN,
    TIME_COLUMN,
    UNKNOWN,
    SeriesSpec,
    levels_of,
)
from trialbook.data.series._steps import bins_of, steps_of
from trialbook.data.series._suggested import suggested
from trialbook.data.series._times import read_times, time_form, write_times
from trialbook.data.series._together import together
from trialbook.data.series._windows import planned_windows, windows

__all__ = [
    "LEAST_ROWS",
    "LEVELS",
    "NODES_FILE",
    "RANGE_COLUMN",
    "SCALE_COLUMN",
    "SEPARATOR",
    "SERIES_COLUMN",
    "TIME_COLUMN",
    "UNKNOWN",
    "Hierarchy",
    "LookBack",
    "Regular",
    "SeriesSpec",
    "Taken",
    "balanced",
    "bins_of",
    "canonical",
    "constant",
    "fate",
    "fits",
    "frequency_note",
    "gaps",
    "hierarchy_note",
    "infer_frequency",
    "intermittent",
    "is_daily_or_coarser",
    "is_daily_or_finer",
    "known_of_future",
    "leaks",
    "left_out",
    "levels_of",
    "look_back",
    "missing_covariates",
    "missing_ids",
    "padded",
    "past_only",
    "planned_windows",
    "ranges",
    "read_frequency",
    "read_times",
    "regular",
    "row_scales",
    "rows_of_all_windows",
    "rows_to_validate",
    "scales",
    "season_of",
    "series_scales",
    "settle_frequency",
    "settled",
    "step_name",
    "steps_of",
    "suggested",
    "summed_test",
    "take_rows",
    "time_form",
    "together",
    "usual_horizon",
    "windows",
    "write_times",
]
