"""Models that answer: the scoring server, batch scoring, and the log of what they answered."""

from __future__ import annotations

from trialbook.serving._log import Logged, RequestLog, is_log, read_log

__all__ = ["Logged", "RequestLog", "is_log", "read_log"]
