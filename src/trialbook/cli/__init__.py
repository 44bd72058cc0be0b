"""The command line: thin, every command is one call of `trialbook.api`."""

from __future__ import annotations

from trialbook.cli._app import main

__all__ = ["main"]
