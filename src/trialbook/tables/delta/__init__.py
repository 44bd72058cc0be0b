"""Delta Lake: folders with versions, and the names that a workspace gives to them."""

from __future__ import annotations

from trialbook.tables.delta._named import (
    NAME,
    TABLES,
    as_address,
    find_folder,
    find_table,
    is_delta_folder,
    is_name,
    is_table,
    open_big_version,
    pinned,
    read_version,
    table_names,
)
from trialbook.tables.delta._stored import (
    batches_of,
    check_names,
    stored_schema,
    stored_tables,
    streamed_schema,
)
from trialbook.tables.delta._versions import (
    Change,
    DeltaVersion,
    Part,
    add_version,
    create,
    is_delta,
    open_delta,
    require_deltalake,
    split_version,
    storage_of_type,
    write_part,
)

__all__ = [
    "NAME",
    "TABLES",
    "Change",
    "DeltaVersion",
    "Part",
    "add_version",
    "as_address",
    "batches_of",
    "check_names",
    "create",
    "find_folder",
    "find_table",
    "is_delta",
    "is_delta_folder",
    "is_name",
    "is_table",
    "open_big_version",
    "open_delta",
    "pinned",
    "read_version",
    "require_deltalake",
    "split_version",
    "storage_of_type",
    "stored_schema",
    "stored_tables",
    "streamed_schema",
    "table_names",
    "write_part",
]
