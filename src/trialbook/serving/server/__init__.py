"""The scoring server: a model, or two, that answer over HTTP."""

from __future__ import annotations

from trialbook.serving.server._app import create_app
from trialbook.serving.server._hosts import is_loopback, names_at
from trialbook.serving.server._process import address_of, listen, read_token, run

__all__ = ["address_of", "create_app", "is_loopback", "listen", "names_at", "read_token", "run"]
