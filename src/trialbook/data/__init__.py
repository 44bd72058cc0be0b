"""Data: types, guardrails and splits of a table.

`prepare` does it all for a job; the rest are its parts.
"""

from __future__ import annotations

from trialbook.data._big import BIG_ROWS, least_rows, trained_rows
from trialbook.data._columns import Column, Semantic
from trialbook.data._downsample import CLASS_SAMPLING, SAMPLE_WEIGHT
from trialbook.data._guardrails import (
    NAMED_ROWS,
    Guardrail,
    concerned,
    counts,
    ranked,
    row_numbers,
    told,
)
from trialbook.data._orders import orders_of
from trialbook.data._prepare import prepare
from trialbook.data._prepared import Prepared
from trialbook.data._read import FOLD_COLUMN
from trialbook.data._readings import readings
from trialbook.data._roles import check_columns
from trialbook.data._sampling import some_rows
from trialbook.data._schema import Schema
from trialbook.data._series_ids import tell_apart
from trialbook.data._splits import Folds, cut_test, make_folds
from trialbook.data._target import (
    check_target,
    encode,
    has_known_label,
    infer_task,
    keep_known_labels,
    prepare_target,
)
from trialbook.data._types import detect
from trialbook.data.checks._codes import measures
from trialbook.data.checks._shift import (
    CHANCE,
    FEWEST_ROWS,
    MOVED,
    NEW_LEVELS,
    RARE_LEVELS,
    Shift,
    shift_of,
)
from trialbook.data.series import (
    LEVELS,
    NODES_FILE,
    RANGE_COLUMN,
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    LookBack,
    SeriesSpec,
    bins_of,
    ranges,
    read_frequency,
    read_times,
    regular,
    row_scales,
    scales,
    series_scales,
    time_form,
    together,
    write_times,
)

__all__ = [
    "BIG_ROWS",
    "CHANCE",
    "CLASS_SAMPLING",
    "FEWEST_ROWS",
    "FOLD_COLUMN",
    "LEVELS",
    "MOVED",
    "NAMED_ROWS",
    "NEW_LEVELS",
    "NODES_FILE",
    "RANGE_COLUMN",
    "RARE_LEVELS",
    "SAMPLE_WEIGHT",
    "SCALE_COLUMN",
    "SERIES_COLUMN",
    "TIME_COLUMN",
    "Column",
    "Folds",
    "Guardrail",
    "LookBack",
    "Prepared",
    "Schema",
    "Semantic",
    "SeriesSpec",
    "Shift",
    "bins_of",
    "check_columns",
    "check_target",
    "concerned",
    "counts",
    "cut_test",
    "detect",
    "encode",
    "has_known_label",
    "infer_task",
    "keep_known_labels",
    "least_rows",
    "make_folds",
    "measures",
    "orders_of",
    "prepare",
    "prepare_target",
    "ranges",
    "ranked",
    "read_frequency",
    "read_times",
    "readings",
    "regular",
    "row_numbers",
    "row_scales",
    "scales",
    "series_scales",
    "shift_of",
    "some_rows",
    "tell_apart",
    "time_form",
    "together",
    "told",
    "trained_rows",
    "write_times",
]
