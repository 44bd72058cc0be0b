"""Where a trial runs: worker processes with a guard of time and memory."""

from trialbook.execution._messages import NOTEBOOK, OOF, PROGRAM, Message, Request
from trialbook.execution._oof import read_oof
from trialbook.execution._pool import Pool

__all__ = ["NOTEBOOK", "OOF", "PROGRAM", "Message", "Pool", "Request", "read_oof"]
