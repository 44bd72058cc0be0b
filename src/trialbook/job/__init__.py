"""The job: one description of what is asked, checked when it is made."""

from trialbook.job._agreement import EXCLUSIVE, NOT_OF_SERIES, OF_SERIES
from trialbook.job._amounts import n_bytes, read_seconds, seconds
from trialbook.job._job import DEFAULT_TIMEOUT_S, Job, Label, Task

__all__ = [
    "DEFAULT_TIMEOUT_S",
    "EXCLUSIVE",
    "NOT_OF_SERIES",
    "OF_SERIES",
    "Job",
    "Label",
    "Task",
    "n_bytes",
    "read_seconds",
    "seconds",
]
