"""Files, folders and globs of them: delimited text, JSON, Parquet and their like."""

from __future__ import annotations

from trialbook.tables.files._delimited import read_delimited
from trialbook.tables.files._files import (
    FORMATS,
    contents,
    find_files,
    guarded,
    join,
    natural_order,
    open_big_files,
    read_files,
    read_parquet,
    same_columns,
)
from trialbook.tables.files._json import read_json
from trialbook.tables.files._streams import open_stream_files

__all__ = [
    "FORMATS",
    "contents",
    "find_files",
    "guarded",
    "join",
    "natural_order",
    "open_big_files",
    "open_stream_files",
    "read_delimited",
    "read_files",
    "read_json",
    "read_parquet",
    "same_columns",
]
