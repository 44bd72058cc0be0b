"""Tables: read from wherever they are, in one plain form, and kept by name in a workspace.

`_sources` knows all kinds of address, and `_catalogue` the tables of a workspace. Below them, from
the top: `mltable`, `databases` and `remote` (kinds of address), `files` and `delta` (what most of
those are made of), `text` (encodings, numbers and dates) and `plain` (what every reader makes).
"""

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
from trialbook.tables._sources import Source, open_big, open_stream, read_table, read_whole
from trialbook.tables.delta import (
    Change,
    DeltaVersion,
    as_address,
    find_folder,
    find_table,
    pinned,
)
from trialbook.tables.plain import Storage, storage_of

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
    "open_stream",
    "pinned",
    "read",
    "read_table",
    "read_whole",
    "show",
    "storage_of",
    "upload",
]
