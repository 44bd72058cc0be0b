"""Tables: read from wherever they are, in one plain form."""

from __future__ import annotations

from trialbook.tables._sources import Source, open_big, read_table
from trialbook.tables._storage import Storage, storage_of

__all__ = ["Source", "Storage", "open_big", "read_table", "storage_of"]
