"""Tables that are gone through once, a batch at a time, in the order of their rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import pandas as pd
import pyarrow as pa

from trialbook.tables.plain._batches import common_type, recast
from trialbook.tables.plain._normalise import from_arrow
from trialbook.tables.plain._notes import Note
from trialbook.tables.plain._parquet import ParquetTable

# What is read of a file at a time to know its contents again.
_CHUNK = 8 * 2**20


def from_arrow_tables(tables: pa.Table) -> pd.DataFrame:
    """The plain form of rows whose types are stored with them."""
    return from_arrow(tables)


@dataclass(frozen=True)
class Stream:
    """A table that is read a batch at a time.

    Parameters
    ----------
    place : str
        Where it comes from, for messages.
    names : tuple of str
        Its columns.
    read : callable
        Given names of columns, yields pyarrow tables of them, as they are stored, in the order
        of the rows. How many rows each has is for the reader to say: few enough for memory.
    mark : callable
        Gives a text that is another one when the rows are others.
    n_rows : int, optional
        Rows, if that is known before they are read.
    exact : bool
        Whether `n_rows` is a count, or about right.
    plain : callable
        Turns rows that were read, in their order and without gaps, into a normalised table.
    remembers : bool
        Whether `plain` reads later rows as it read the first, so that it must see all.
    as_text : bool
        Whether cells come as text, so that a number is one only by its looks.
    whole : str, optional
        Why the table was read as a whole, if it was.
    has : callable, optional
        Whether there is a column that `names` lacks: rows of JSON may lack keys.
    notes : list of Note
        What was interpreted or left out up to now.
    held : object, optional
        What must not be removed while it is read, such as a folder of fetched files.
    """

    place: str
    names: tuple[str, ...]
    read: Callable[[Collection[str]], Iterator[pa.Table]]
    mark: Callable[[], str]
    n_rows: int | None = None
    exact: bool = True
    plain: Callable[[pa.Table], pd.DataFrame] = from_arrow_tables
    remembers: bool = False
    as_text: bool = False
    whole: str | None = None
    has: Callable[[str], bool] | None = None
    notes: list[Note] = field(default_factory=list)
    held: object = None


def stream_parquet(table: ParquetTable) -> Stream:
    """Go through Parquet files.

    Parameters
    ----------
    table : ParquetTable

    Returns
    -------
    Stream
    """

    def read(names: Collection[str]) -> Iterator[pa.Table]:
        for batch in table.batches(names):
            yield pa.Table.from_batches([batch])

    return Stream(
        place=table.place or _place_of(table.files),
        names=tuple(table.names),
        read=read,
        mark=lambda: mark_of(table.files),
        n_rows=table.n_rows,
        held=table.folder,
    )


def stream_frame(frame: pd.DataFrame, place: str, why: str | None) -> Stream:
    """Go through a table that is in memory.

    Parameters
    ----------
    frame : DataFrame
        Normalised.
    place : str
    why : str or None
        Why it was read as a whole, if it was.

    Returns
    -------
    Stream
    """

    def read(names: Collection[str]) -> Iterator[pa.Table]:
        kept = [name for name in frame.columns if name in names]
        rows = 65_536
        for start in range(0, len(frame), rows):
            part = frame[kept].iloc[start : start + rows]
            yield pa.table({name: _array(part[name]) for name in kept})

    def mark() -> str:
        hashed = blake2b(digest_size=16)
        for table in read(list(frame.columns)):
            for column in table.columns:
                for text in (str(column.type), str(column.to_pylist())):
                    hashed.update(text.encode("utf-8", "surrogatepass"))
        return hashed.hexdigest()

    return Stream(
        place=place,
        names=tuple(map(str, frame.columns)),
        read=read,
        mark=mark,
        n_rows=len(frame),
        whole=why,
    )


def _array(column: pd.Series) -> pa.Array:
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):  # nested cells of several kinds
        return pa.array([None if cell is None else str(cell) for cell in column], pa.string())


def _place_of(files: Collection[Path]) -> str:
    first = next(iter(files))
    return str(first if len(files) == 1 else first.parent)


def mark_of(files: Iterable[Path]) -> str:
    """A text that is another one when the contents of files are others.

    Parameters
    ----------
    files : iterable of Path
        In their order.

    Returns
    -------
    str
    """
    whole = blake2b(digest_size=16)
    for path in files:
        hashed = blake2b(digest_size=16)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
        whole.update(hashed.digest())
    return whole.hexdigest()


def together(tables: Collection[pa.Table]) -> pa.Table:
    """One table of several of the same columns, in types that hold all of their cells.

    Parameters
    ----------
    tables : collection of pyarrow.Table
        At least one. A column that one of them lacks is missing there.

    Returns
    -------
    pyarrow.Table
    """
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    columns: dict[str, pa.ChunkedArray] = {}
    for name in names:
        parts = [
            table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table))])
            for table in tables
        ]
        kind = parts[0].type
        for part in parts[1:]:
            kind = common_type(kind, part.type)
        columns[name] = pa.chunked_array(
            [recast(chunk, kind) for part in parts for chunk in part.chunks], kind
        )
    return pa.table(columns)


def rebatch(tables: Iterable[pa.Table], n_rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of so many each, the last of which may have fewer.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
    n_rows : int

    Yields
    ------
    pyarrow.Table
    """
    held: list[pa.Table] = []
    waiting = 0
    for table in tables:
        start = 0
        while start < len(table):
            part = table.slice(start, n_rows - waiting)
            held.append(part)
            waiting += len(part)
            start += len(part)
            if waiting == n_rows:
                yield together(held) if len(held) > 1 else held[0]
                held, waiting = [], 0
    if held:
        yield together(held)
