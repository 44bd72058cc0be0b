"""Models that answer: the scoring server, batch scoring, and the log of what they answered."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trialbook.serving._batch import ROWS_PER_BATCH, Progress, Scored, score
from trialbook.serving._batch_write import format_of
from trialbook.serving._log import Logged, RequestLog, is_log, read_log
from trialbook.serving._watch import drift

if TYPE_CHECKING:
    from trialbook.serving._app import create_app
    from trialbook.serving._server import address_of, listen, read_token, run

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
    "listen",
    "read_log",
    "read_token",
    "run",
    "score",
]

# What needs the extra `serve`, and is imported when it is first used.
_SERVER = {"create_app": "_app", "address_of": "_server", "listen": "_server"} | {
    "read_token": "_server",
    "run": "_server",
}


def __getattr__(name: str) -> Any:
    if name not in _SERVER:
        raise AttributeError(f"module 'trialbook.serving' has no attribute '{name}'")
    from trialbook.errors import OptionError

    try:
        return getattr(importlib.import_module(f"trialbook.serving.{_SERVER[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "starlette", "uvicorn", "prometheus_client"):
            raise
        raise OptionError(
            f"serving needs the package {error.name}, which is not installed",
            remedy="pip install 'trialbook[serve]'",
        ) from None
