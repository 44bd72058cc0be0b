"""Tables: read from wherever they are, in one plain form, and kept by name in a workspace."""

from __future__ import annotations

from trialbook.tables._catalogue import (
    TableColumn,
    TableDetails,
    TableEntry,
    drop,
    read,
    show,
    upload,
)
from trialbook.tables._catalogue import list_tables as list
from trialbook.tables._delta import Change, DeltaVersion
from trialbook.tables._named import as_address, find_folder, find_table, pinned
from trialbook.tables._sources import Source, open_big, read_table, read_whole
from trialbook.tables._storage import Storage, storage_of

__all__ = [
    "Change",
    "DeltaVersion",
    "Source",
    "Storage",
    "TableColumn",
    "TableDetails",
    "TableEntry",
    "as_address",
    "drop",
    "find_folder",
    "find_table",
    "list",
    "open_big",
    "pinned",
    "read",
    "read_table",
    "read_whole",
    "show",
    "storage_of",
    "upload",
]
