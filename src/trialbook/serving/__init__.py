"""Models that answer: the scoring server, batch scoring, the log of what they answered, and drift.

`server/` and `batch/` know nothing of each other; what they share lies beside them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trialbook.serving._log import Logged, RequestLog, is_log, read_log
from trialbook.serving._watch import drift
from trialbook.serving.batch import ROWS_PER_BATCH, Progress, Scored, format_of, score, write_frame

if TYPE_CHECKING:
    from trialbook.serving.server import (
        address_of,
        create_app,
        is_loopback,
        listen,
        names_at,
        read_token,
        run,
    )

__all__ = [
    "ROWS_PER_BATCH",
    "Logged",
    "Progress",
    "RequestLog",
    "Scored",
    "address_of",
    "create_app",
    "drift",
    "format_of",
    "is_log",
    "is_loopback",
    "listen",
    "names_at",
    "read_log",
    "read_token",
    "run",
    "score",
    "write_frame",
]

# What needs the extra `serve`, and is imported when it is first used.
_SERVER = frozenset(
    {"address_of", "create_app", "is_loopback", "listen", "names_at", "read_token", "run"}
)


def __getattr__(name: str) -> Any:
    if name not in _SERVER:
        raise AttributeError(f"module 'trialbook.serving' has no attribute '{name}'")
    from trialbook.errors import OptionError

    try:
        return getattr(importlib.import_module("trialbook.serving.server"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "starlette", "uvicorn", "httptools", "prometheus_client"):
            raise
        raise OptionError(
            f"serving needs the package {error.name}, which is not installed",
            remedy="pip install 'trialbook[serve]'",
        ) from None
