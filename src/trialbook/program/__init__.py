"""A configuration becomes the trial's program: cells, script, notebook, module."""

from trialbook.program._calibration import AdjustmentKind
from trialbook.program._code import Code, call, set_constant
from trialbook.program._ensemble import stacking_program, voting_program
from trialbook.program._exploration import exploration_program
from trialbook.program._exploration_series import series_exploration_program
from trialbook.program._needs import (
    Columns,
    Extra,
    Preprocessing,
    category_width,
    extra_width,
    possible_extras,
)
from trialbook.program._notebook import (
    from_notebook,
    import_program,
    to_notebook,
    with_absolute_paths,
)
from trialbook.program._tabular import (
    Frame,
    MetricCode,
    ModelCode,
    tabular_program,
    with_first_folds,
)
from trialbook.program._versions import ROW_COLUMN, TableCode, read_version

__all__ = [
    "ROW_COLUMN",
    "AdjustmentKind",
    "Code",
    "Columns",
    "Extra",
    "Frame",
    "MetricCode",
    "ModelCode",
    "Preprocessing",
    "TableCode",
    "call",
    "category_width",
    "exploration_program",
    "extra_width",
    "from_notebook",
    "import_program",
    "possible_extras",
    "read_version",
    "series_exploration_program",
    "set_constant",
    "stacking_program",
    "tabular_program",
    "to_notebook",
    "voting_program",
    "with_absolute_paths",
    "with_first_folds",
]
