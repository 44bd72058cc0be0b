"""Tables of answers, written a part at a time into one file that is whole or not there."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet

from trialbook._plain import check_folder, plain, whole_file
from trialbook.errors import OptionError


class _Sink(Protocol):
    """Takes one table after another, all of one schema."""

    def write(self, table: pa.Table) -> None: ...


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema, opened: contextlib.ExitStack) -> None:
        writer = pa.parquet.ParquetWriter(path, schema, compression="zstd")
        self._writer = opened.enter_context(writer)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)


class _Arrow:
    def __init__(self, path: Path, schema: pa.Schema, opened: contextlib.ExitStack) -> None:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self._writer = opened.enter_context(pa.ipc.new_file(path, schema, options=options))

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)


def _opened(path: Path, opened: contextlib.ExitStack) -> IO[str]:
    """A file of text, packed if its name says so: without the time, so that bytes repeat."""
    raw: Any = opened.enter_context(path.open("wb"))
    if path.suffix.lower() == ".gz":
        raw = opened.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
    return opened.enter_context(io.TextIOWrapper(raw, "utf-8", newline=""))


class _Delimited:
    def __init__(self, path: Path, schema: pa.Schema, opened: contextlib.ExitStack) -> None:
        self._file = _opened(path, opened)
        self._separator = "\t" if ".tsv" in [part.lower() for part in path.suffixes] else ","
        self._file.write(csv_text(schema.empty_table(), True, self._separator))

    def write(self, table: pa.Table) -> None:
        self._file.write(csv_text(table, False, self._separator))


class _Lines:
    def __init__(self, path: Path, schema: pa.Schema, opened: contextlib.ExitStack) -> None:
        self._file = _opened(path, opened)

    def write(self, table: pa.Table) -> None:
        for row in json_rows(table):
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")


# By the end of the file's name, ".gz" aside, which text formats take.
SINKS: Final[dict[str, type[Any]]] = {
    ".csv": _Delimited,
    ".tsv": _Delimited,
    ".parquet": _Parquet,
    ".feather": _Arrow,
    ".arrow": _Arrow,
    ".jsonl": _Lines,
    ".ndjson": _Lines,
}
_PACKED: Final = (".csv", ".tsv", ".jsonl", ".ndjson")
# In these, kept text stays as it was written.
_TEXTS: Final = (".csv", ".tsv")


def format_of(path: Path) -> str:
    """The format of an output by its name, before any work is done.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        A key of `SINKS`.

    Raises
    ------
    OptionError
        If the name does not end in a known format, or its folder does not exist.
    """
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    zipped = bool(endings) and endings[-1] == ".gz"
    ending = (endings[:-1] if zipped else endings)[-1:]
    known = bool(ending) and ending[0] in SINKS
    if not known or (zipped and ending[0] not in _PACKED):
        raise OptionError(
            f"cannot tell the format of '{path.name}'",
            place=str(path),
            remedy=f"End the name in one of {', '.join(SINKS)}.",
        )
    check_folder(path)
    return ending[0]


def is_text(path: Path) -> bool:
    """Whether an output is a file of text."""
    return format_of(path) in _PACKED


def keeps_text(path: Path) -> bool:
    """Whether kept text stays as it was written in the format of an output."""
    return format_of(path) in _TEXTS


def write_all(tables: Iterable[pa.Table], schema: pa.Schema, path: Path, form: str) -> None:
    """Write tables of one schema as one file.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
    schema : pyarrow.Schema
    path : Path
    form : str
        A key of `SINKS`.
    """
    with contextlib.ExitStack() as opened:
        sink: _Sink = SINKS[form](path, schema, opened)
        for table in tables:
            sink.write(table)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table that is in memory, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        Text gets its times no finer than they are: days alone where they are midnights.
    path : Path

    Raises
    ------
    OptionError
        As in `format_of`.
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    form = format_of(path)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    if form in _PACKED:
        for place, name in enumerate(frame.columns):
            if isinstance(frame[name].dtype, np.dtype) and frame[name].dtype.kind == "M":
                table = table.set_column(place, name, shortest(table[name]))
    with whole_file(path) as draft:
        write_all([table], table.schema, draft, form)


def shortest(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times without what is zero in all of them."""
    for kind in (pa.date32(), pa.timestamp("s")):
        short = pc.cast(times, kind, safe=False)
        if pc.all(pc.equal(pc.cast(short, times.type), times)).as_py() is not False:
            return short
    return times


# -- text ------------------------------------------------------------------------------------


def csv_text(table: pa.Table, header: bool, separator: str = ",") -> str:
    """Rows as delimited text, each written alike whatever rows are beside it.

    Parameters
    ----------
    table : pyarrow.Table
    header : bool
        Whether the names of the columns come first.
    separator : str, optional

    Returns
    -------
    str
    """
    columns = {name: _cells(table[name]) for name in table.column_names}
    frame = pd.DataFrame(columns)
    return str(frame.to_csv(index=False, header=header, sep=separator, lineterminator="\n"))


def _cells(column: pa.ChunkedArray) -> pd.Series:
    kind = column.type
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return _object(pc.cast(column, pa.string()).to_pylist())
    if pa.types.is_nested(kind):
        return _object([None if one is None else _as_json(one) for one in column.to_pylist()])
    if pa.types.is_integer(kind) and column.null_count:
        return pd.Series(column.to_pylist(), dtype="Int64")
    if pa.types.is_boolean(kind) and column.null_count:
        return _object(column.to_pylist())
    return column.to_pandas().reset_index(drop=True)


def _object(cells: Sequence[Any]) -> pd.Series:
    return pd.Series(np.array([*cells, None], dtype=object)[:-1], dtype=object)


def _as_json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def json_rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows as JSON holds them: what is missing or no number is null.

    Parameters
    ----------
    table : pyarrow.Table

    Yields
    ------
    dict
    """
    names = table.column_names
    columns = [[plain(cell) for cell in table[name].to_pylist()] for name in names]
    for cells in zip(*columns, strict=True):
        yield dict(zip(names, cells, strict=True))
