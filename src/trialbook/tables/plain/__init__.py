"""One plain form for every table: what all readers make, and the parts that they share."""

from __future__ import annotations

from trialbook.tables.plain._annotations import take_annotations
from trialbook.tables.plain._batches import (
    BATCH_ROWS,
    COPIES,
    batch_of,
    column_of,
    common_type,
    gather,
    plain,
    recast,
    spool,
)
from trialbook.tables.plain._kinds import Asked, Kind
from trialbook.tables.plain._normalise import (
    ZONED,
    assemble,
    check_width,
    column_names,
    from_arrow,
    normalise,
    normalise_column,
)
from trialbook.tables.plain._notes import Note, file_of, written
from trialbook.tables.plain._parquet import ParquetTable, open_parquet
from trialbook.tables.plain._storage import Storage, as_text, example, shown, storage_of
from trialbook.tables.plain._stream import (
    Stream,
    mark_of,
    rebatch,
    stream_frame,
    stream_parquet,
    together,
)
from trialbook.tables.plain._temporary import TemporaryFolder

__all__ = [
    "BATCH_ROWS",
    "COPIES",
    "ZONED",
    "Asked",
    "Kind",
    "Note",
    "ParquetTable",
    "Storage",
    "Stream",
    "TemporaryFolder",
    "as_text",
    "assemble",
    "batch_of",
    "check_width",
    "column_names",
    "column_of",
    "common_type",
    "example",
    "file_of",
    "from_arrow",
    "gather",
    "mark_of",
    "normalise",
    "normalise_column",
    "open_parquet",
    "plain",
    "rebatch",
    "recast",
    "shown",
    "spool",
    "storage_of",
    "stream_frame",
    "stream_parquet",
    "take_annotations",
    "together",
    "written",
]
