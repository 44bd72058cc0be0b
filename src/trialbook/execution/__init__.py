"""Where a trial runs: worker processes with a guard of time and memory."""

from trialbook.execution._explain import DRAWING_S, Explained, explain_trial
from trialbook.execution._explain_series import explain_forecasts
from trialbook.execution._lasting import lasting_workers
from trialbook.execution._messages import (
    CHARTS,
    FIRST_FOLD,
    NOTEBOOK,
    OOF,
    PROGRAM,
    Message,
    Request,
)
from trialbook.execution._oof import read_oof
from trialbook.execution._pool import Pool

__all__ = [
    "CHARTS",
    "DRAWING_S",
    "FIRST_FOLD",
    "NOTEBOOK",
    "OOF",
    "PROGRAM",
    "Explained",
    "Message",
    "Pool",
    "Request",
    "explain_forecasts",
    "explain_trial",
    "lasting_workers",
    "read_oof",
]
