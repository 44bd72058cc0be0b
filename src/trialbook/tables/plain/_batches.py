"""Tables that come a batch at a time: typed, made one table, or put aside on disk.

A batch of rows may tell less of a column's type than the next one: all of its cells may be
missing, or whole, and in SQLite a column holds whatever it likes. So each batch has the types of
its own cells, and those of the whole table are found at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from trialbook.errors import DataError
from trialbook.memory import free_memory
from trialbook.tables.plain._normalise import column_names, from_arrow
from trialbook.tables.plain._parquet import ParquetTable, open_parquet
from trialbook.tables.plain._storage import as_text
from trialbook.tables.plain._temporary import TemporaryFolder

# Rows that are asked for at a time: enough for quick conversion, few even of wide tables.
BATCH_ROWS = 20_000
# A table takes its Arrow bytes about so often while it becomes a pandas table.
COPIES = 3

_NESTED = (list, tuple, dict, set)
_BYTES = (bytes, bytearray, memoryview)


def batch_of(names: Sequence[str], rows: Sequence[Sequence[Any]], *, place: str) -> pa.RecordBatch:
    """Make a batch of rows as a database driver gives them.

    Parameters
    ----------
    names : sequence of str
        Names of the columns.
    rows : sequence of sequence
        Python values.
    place : str
        Where they came from, for messages.

    Returns
    -------
    pyarrow.RecordBatch

    Raises
    ------
    DataError
        If two columns share a name.
    """
    names = column_names(list(names), place=place)
    columns = list(zip(*rows)) if rows else [()] * len(names)
    return pa.RecordBatch.from_arrays([column_of(cells) for cells in columns], names)


def column_of(cells: Sequence[Any]) -> pa.Array:
    """Make an Arrow array of Python values, in the type that all of them have in common."""
    kinds = {*map(type, cells)} - {type(None)}
    if not kinds:
        return pa.nulls(len(cells))
    if _all(kinds, bool):
        return pa.array(cells, pa.bool_())
    if _all(kinds, (int, float, Decimal)) and bool not in kinds:
        return _numbers(cells, kinds)
    if _all(kinds, date):  # a datetime is a date, too
        return pa.array([_time(cell) for cell in cells], pa.timestamp("us"))
    if _all(kinds, timedelta):
        return pa.array(cells, pa.duration("us"))
    if _all(kinds, str):
        return pa.array(cells, pa.string())
    if _all(kinds, _BYTES):
        return pa.array([None if cell is None else bytes(cell) for cell in cells], pa.binary())
    if any(issubclass(kind, (*_NESTED, *_BYTES)) for kind in kinds):
        return _nested(cells)
    return _texts(cells)


def _all(kinds: Iterable[type], wanted: type | tuple[type, ...]) -> bool:
    return all(issubclass(kind, wanted) for kind in kinds)


def _numbers(cells: Sequence[Any], kinds: set[type]) -> pa.Array:
    whole = _all(kinds, int) or (
        _all(kinds, (int, Decimal))
        and not any(isinstance(one, Decimal) and one.as_tuple().exponent for one in cells)
    )
    if whole:
        try:
            return pa.array([None if cell is None else int(cell) for cell in cells], pa.int64())
        except OverflowError:  # beyond 64 bits
            return _fractions(cells)
    return _fractions(cells)


def _fractions(cells: Sequence[Any]) -> pa.Array:
    return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())


def _time(cell: date | None) -> datetime | None:
    if cell is None or isinstance(cell, datetime):
        return cell
    return datetime(cell.year, cell.month, cell.day)


def _texts(cells: Sequence[Any]) -> pa.Array:
    return pa.array([None if cell is None else as_text(cell) for cell in cells], pa.string())


def _nested(cells: Sequence[Any]) -> pa.Array:
    try:
        array = pa.array(cells)
    except (pa.ArrowException, TypeError, ValueError):
        return _json(cells)
    # Objects without any key fit into no file.
    return _json(cells) if "struct<>" in str(array.type) else array


def _json(cells: Sequence[Any]) -> pa.Array:
    """Cells that have no common Arrow type: as bytes, for a text would be taken for a feature."""
    texts = [None if cell is None else json.dumps(cell, default=str).encode() for cell in cells]
    return pa.array(texts, pa.binary())


def plain(batch: pa.RecordBatch, *, place: str) -> pa.RecordBatch:
    """A batch as an engine gives it, in types that fit into any file.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Of any types.
    place : str
        Where it came from, for messages.

    Returns
    -------
    pyarrow.RecordBatch

    Raises
    ------
    DataError
        If two columns share a name.
    """
    names = column_names(list(batch.schema.names), place=place)
    arrays = [_plain(batch.column(i)) for i in range(batch.num_columns)]
    return pa.RecordBatch.from_arrays(arrays, names)


def _plain(array: pa.Array) -> pa.Array:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _texts(array.to_pylist())
    if pa.types.is_dictionary(kind):
        return array.dictionary_decode()
    if pa.types.is_decimal(kind):
        try:
            return array.cast(
                pa.int64() if kind.scale == 0 else pa.float64(), safe=kind.scale == 0
            )
        except pa.ArrowInvalid:
            return array.cast(pa.float64())
    if pa.types.is_interval(kind):
        return pa.array(map(_duration, array.to_pylist()), pa.duration("us"))
    if pa.types.is_union(kind):
        return column_of(array.to_pylist())
    return array


def _duration(cell: Any) -> timedelta | None:
    """An interval as time: a month has thirty days, as PostgreSQL's driver counts."""
    if cell is None:
        return None
    return timedelta(days=30 * cell.months + cell.days, microseconds=cell.nanoseconds // 1000)


# -- one type for all batches ----------------------------------------------------------------


def common_type(first: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type that holds the cells of two batches of one column."""
    if first == other or pa.types.is_null(other):
        return first
    if pa.types.is_null(first):
        return other
    if all(map(_is_number, (first, other))):
        fractions = any(map(pa.types.is_floating, (first, other)))
        return pa.float64() if fractions else pa.int64()
    if all(map(pa.types.is_temporal, (first, other))) and not any(
        pa.types.is_time(kind) or pa.types.is_duration(kind) for kind in (first, other)
    ):
        return pa.timestamp("us")
    kept = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
    return (
        pa.binary() if any(is_(kind) for is_ in kept for kind in (first, other)) else pa.string()
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )


def recast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """The cells of an array in the type that `common_type` found for them."""
    if array.type == kind:
        return array
    if pa.types.is_string(kind):
        return _texts(array.to_pylist())
    if pa.types.is_binary(kind):
        return _json(array.to_pylist())
    if pa.types.is_timestamp(kind) and getattr(array.type, "tz", None) is not None:
        array = pc.local_timestamp(array.cast(pa.timestamp(array.type.unit, "UTC")))
    return array.cast(kind, safe=False)


def _conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [recast(batch.column(i), field.type) for i, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _merge(schema: pa.Schema, other: pa.Schema) -> pa.Schema:
    return pa.schema(
        [(one.name, common_type(one.type, two.type)) for one, two in zip(schema, other)]
    )


# -- all of them -----------------------------------------------------------------------------


def gather(batches: Iterable[pa.RecordBatch], *, place: str) -> pd.DataFrame:
    """Make one table of batches, in memory.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        All of the same columns.
    place : str
        Where they come from, for messages.

    Returns
    -------
    DataFrame
        Normalised.

    Raises
    ------
    DataError
        If there are no rows, or more than fit into memory.
    """
    held: list[pa.RecordBatch] = []
    size = n_rows = 0
    for batch in filter(len, batches):
        held.append(batch)
        size, n_rows = size + batch.nbytes, n_rows + len(batch)
        # What is held already is no longer free: the rest is what turning it into a table takes.
        if (COPIES - 1) * size > free_memory():
            raise DataError(
                f"the table does not fit into memory: its first {n_rows:,} rows already take"
                f" {size / 2**30:.1f} GiB",
                place=place,
                remedy="Ask for fewer rows or columns with a query.",
            )
    schema = _schema([batch.schema for batch in held], place)
    table = pa.Table.from_batches((_conform(batch, schema) for batch in held), schema)
    del held
    return from_arrow(table, place=place, only_copy=True)


def spool(batches: Iterable[pa.RecordBatch], *, place: str) -> ParquetTable:
    """Put batches aside in files, so that a table larger than memory can be read in parts.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        As in `gather`.
    place : str
        Where they come from, for messages.

    Returns
    -------
    ParquetTable
        Its files are removed when it is no longer used.

    Raises
    ------
    DataError
        If there are no rows, or the disk is full.
    """
    with TemporaryFolder(place) as folder:
        try:
            files, schemas = _write(batches, folder.path)
            schema = _schema(schemas, place)
            for file, own in zip(files, schemas):
                if own != schema:
                    _rewrite(file, schema)
        except OSError as error:
            raise folder.full(error) from None
        table = open_parquet(files)
        if table is None:
            raise no_rows(place)
        return replace(table, place=place, folder=folder)


def no_rows(place: str) -> DataError:
    """What is said of a table or a query that has columns only."""
    return DataError("there are no rows", place=place, remedy="Name a table that has some.")


def _schema(schemas: Sequence[pa.Schema], place: str) -> pa.Schema:
    if not schemas:
        raise no_rows(place)
    whole = schemas[0]
    for schema in schemas[1:]:
        whole = _merge(whole, schema)
    return whole


def _write(batches: Iterable[pa.RecordBatch], folder: Path) -> tuple[list[Path], list[pa.Schema]]:
    """Write batches, a file for each run of them that has the same types."""
    files: list[Path] = []
    schemas: list[pa.Schema] = []
    writer: pa.parquet.ParquetWriter | None = None
    try:
        for batch in filter(len, batches):
            if writer is None or schemas[-1] != batch.schema:
                if writer is not None:
                    writer.close()
                files.append(folder / f"part-{len(files):05d}.parquet")
                schemas.append(batch.schema)
                writer = pa.parquet.ParquetWriter(files[-1], batch.schema)
            writer.write_batch(batch)
    finally:
        if writer is not None:
            writer.close()
    return files, schemas


def _rewrite(file: Path, schema: pa.Schema) -> None:
    part = file.with_suffix(".part")
    with pa.parquet.ParquetFile(file) as old, pa.parquet.ParquetWriter(part, schema) as new:
        for batch in old.iter_batches(BATCH_ROWS):
            new.write_batch(_conform(batch, schema))
    part.replace(file)
