"""Files elsewhere: fetched from object stores and servers, then read as files are."""

from __future__ import annotations

from typing import Final

from trialbook.tables.plain import Kind
from trialbook.tables.remote._fetch import Fetched, claims, fetch, open_big, open_stream, read

__all__ = ["REMOTE", "Fetched", "fetch"]

REMOTE: Final = Kind("files elsewhere", claims, read, open_big, open_stream)
