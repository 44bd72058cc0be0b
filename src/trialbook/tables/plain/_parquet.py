"""Parquet files larger than memory: some columns of all rows, or all columns of some rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from trialbook.errors import DataError
from trialbook.tables.plain._annotations import with_annotations
from trialbook.tables.plain._normalise import INDEX_COLUMN, check_width, column_names, from_arrow
from trialbook.tables.plain._temporary import TemporaryFolder

# Rows that are held before those that are wanted are kept of them.
BATCH_ROWS = 65_536
# A cell of a pandas table: a number, or where to find an object.
CELL_BYTES = 8
# What Python adds to a text. Texts that come again are one object, and a column of such texts
# takes few bytes a row in the file.
TEXT_BYTES, REPEATED_BYTES = 57, 6


@dataclass(frozen=True)
class ParquetTable:
    """One table in one or more Parquet files, of which only the metadata was read.

    Parameters
    ----------
    files : tuple of Path
        In the order of their rows.
    columns : mapping of str to str
        Names as Trialbook knows them, with those in the files.
    schema : pyarrow.Schema
        Of all files together.
    n_rows : int
    row_bytes : float
        What a row takes as pandas table, about.
    place : str, optional
        Where it came from, for messages; the folder of its files by default.
    folder : TemporaryFolder, optional
        The files were put aside there for this table alone.
    """

    files: tuple[Path, ...]
    columns: dict[str, str]
    schema: pa.Schema
    n_rows: int
    row_bytes: float
    place: str | None = None
    folder: TemporaryFolder | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

    def read(
        self, names: Collection[str] | None = None, rows: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Read some columns of some rows, a batch at a time.

        Parameters
        ----------
        names : collection of str, optional
            Columns; all by default.
        rows : ndarray of bool, shape (n_rows,), optional
            Rows that are wanted; all by default.

        Returns
        -------
        DataFrame
            Normalised, in the order of the files.
        """
        wanted = [
            stored for name, stored in self.columns.items() if names is None or name in names
        ]
        schema = pa.schema([self.schema.field(name) for name in wanted])
        table = pa.Table.from_batches(self._batches(schema, rows), schema)
        try:
            place = self.place or str(self.files[0].parent)
            return from_arrow(table, place=place, only_copy=True)
        finally:
            del table
            pa.default_memory_pool().release_unused()

    def batches(self, names: Collection[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows as they are stored, a batch at a time, under the names of `columns`."""
        wanted = [name for name in self.names if names is None or name in names]
        schema = pa.schema([self.schema.field(self.columns[name]) for name in wanted])
        for batch in self._batches(schema, None):
            yield batch.rename_columns(wanted)

    def _batches(self, schema: pa.Schema, rows: np.ndarray | None) -> Iterator[pa.RecordBatch]:
        start = 0
        for path in self.files:
            for batch in _stored(path, schema.names):
                kept = None if rows is None else rows[start : start + len(batch)]
                start += len(batch)
                if kept is not None and not kept.any():
                    continue
                part = _cast(batch.select(schema.names), schema)
                yield part if kept is None or kept.all() else part.filter(pa.array(kept))


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A file's rows in the types of all files; whole numbers become fractions as pandas' do."""
    arrays = [
        array.cast(field.type, safe=not pa.types.is_floating(field.type))
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _stored(path: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a file; damage of its pages shows only now."""
    try:
        with pa.parquet.ParquetFile(
            path, memory_map=True, page_checksum_verification=True
        ) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"the file cannot be read as Parquet: {str(error).splitlines()[0].rstrip('.')}",
            place=str(path),
            remedy="It may have been cut off or damaged: copy or write it again.",
        ) from None


def open_parquet(files: Sequence[Path]) -> ParquetTable | None:
    """Look at the metadata of Parquet files.

    Parameters
    ----------
    files : sequence of Path

    Returns
    -------
    ParquetTable or None
        ``None`` if they cannot be read in parts; reading them as a whole then tells why.

    Raises
    ------
    DataError
        If a column has one type in one file and another in the next.
    """
    schemas, n_rows, total = [], 0, 0.0
    for path in files:
        try:
            with pa.parquet.ParquetFile(path, memory_map=True) as file:
                check_width(len(file.schema_arrow), place=str(path))
                schemas.append(with_annotations(file.schema_arrow).remove_metadata())
                n_rows += file.metadata.num_rows
                total += _table_bytes(file)
        except (pa.ArrowException, OSError):
            return None
    if n_rows == 0 or any(set(one.names) != set(schemas[0].names) for one in schemas):
        return None
    stored = [name for name in schemas[0].names if not INDEX_COLUMN.fullmatch(name)]
    names = column_names(stored, place=str(files[0]))
    return ParquetTable(
        tuple(files),
        dict(zip(names, stored, strict=True)),
        _unified(schemas, files),
        n_rows,
        total / n_rows,
    )


def _unified(schemas: Sequence[pa.Schema], files: Sequence[Path]) -> pa.Schema:
    whole = schemas[0]
    for schema, path in zip(schemas, files, strict=True):
        try:
            whole = pa.unify_schemas([whole, schema], promote_options="permissive")
        except pa.ArrowException as error:
            raise DataError(
                f"its columns have other types than in the files before: {error}",
                place=str(path),
                remedy="Give each column one type in all files.",
            ) from None
    return whole


def _table_bytes(file: pa.parquet.ParquetFile) -> float:
    """What the rows of a file take as a pandas table, about."""
    metadata = file.metadata
    texts = {field.name for field in file.schema_arrow if _is_text(field.type)}
    total = float(CELL_BYTES * metadata.num_rows * len(file.schema_arrow.names))
    for group in range(metadata.num_row_groups):
        part = metadata.row_group(group)
        for position in range(part.num_columns):
            column = part.column(position)
            if column.path_in_schema not in texts:
                continue
            if column.total_uncompressed_size > REPEATED_BYTES * part.num_rows:
                total += column.total_uncompressed_size + TEXT_BYTES * part.num_rows
    return total


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
    )
