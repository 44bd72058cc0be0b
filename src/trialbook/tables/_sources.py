"""Where tables come from: addresses of many kinds, and tables in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import pandas as pd
import pyarrow as pa

from trialbook.addresses import hide_password, without_file_scheme
from trialbook.errors import DataError
from trialbook.tables.databases import (
    DATABASE,
    DUCKDB,
    SPARK,
    is_spark,
    open_big_frame,
    read_frame,
)
from trialbook.tables.delta import (
    as_address,
    is_delta_folder,
    is_table,
    open_big_version,
    read_version,
)
from trialbook.tables.files import open_big_files, open_stream_files, read_files
from trialbook.tables.mltable import is_mltable, open_big_mltable, read_mltable
from trialbook.tables.plain import (
    Asked,
    Kind,
    Note,
    ParquetTable,
    Stream,
    from_arrow,
    normalise,
    stream_frame,
    stream_parquet,
)
from trialbook.tables.remote import REMOTE
from trialbook.tables.text import settle

# An address, or a table in memory: pandas, polars, Spark or Arrow. Named loosely, for some of
# these are optional.
Source: TypeAlias = "str | Path | pd.DataFrame | pa.Table | object"

# The first that claims an address reads it. Names of tables come first, so that ``./bank`` is the
# file. Files come last: they claim whatever nothing else does, and say what is wrong with it.
KINDS: Final[tuple[Kind, ...]] = (
    Kind("tables by name", is_table, read_version, open_big_version),
    Kind("MLTable", is_mltable, read_mltable, open_big_mltable),
    Kind("Delta tables", is_delta_folder, read_version, open_big_version),
    SPARK,
    DUCKDB,
    DATABASE,
    REMOTE,
    Kind("files", lambda asked: True, read_files, open_big_files, open_stream_files),
)


def read_table(
    source: Source,
    *,
    text: Collection[str] = (),
    workspace: str | Path | None = None,
    notes: list[Note] | None = None,
) -> pd.DataFrame:
    """Read a table from wherever it is.

    Parameters
    ----------
    source : str, Path, pandas, polars or Spark DataFrame, or pyarrow.Table
        A CSV, TSV, Parquet, JSON-lines or Arrow/Feather file (also gzipped), a folder or a glob
        of files of one format, a folder with a file ``MLTable``, the folder of a Delta table, the
        name of a table of the workspace (with ``@3`` a version of it), or a table in memory. Files
        may be in an object store or on the web. A table or query of a database: its SQLAlchemy
        URL or its file, then ``#`` and the table or the query; of Spark: ``spark:`` and the table
        or the query.
    text : collection of str, optional
        Columns of a delimited file that stay text even where all cells look like numbers. Give
        those that were text in training when reading a table to predict.
    workspace : str or Path, optional
        Folder whose catalogue of tables is asked for a table by name.
    notes : list of Note, optional
        What the reader interpreted or left out is appended to it.

    Returns
    -------
    DataFrame
        Shape (n_rows, n_columns), normalised: numbers are int64 or float64, booleans bool (or
        object of True, False and None), text is object of str and NaN, times are datetime64[ns]
        in UTC without a zone. The index is a `RangeIndex`.

    Raises
    ------
    DataError
        If the table cannot be read; the message names the file, the line and the remedy.
    """
    noted = [] if notes is None else notes
    return settle(_read(source, text, workspace, noted), text, noted)


def open_big(
    source: Source,
    *,
    workspace: str | Path | None = None,
    notes: list[Note] | None = None,
) -> ParquetTable | None:
    """Open a table so that it can be read in parts.

    Parameters
    ----------
    source : str, Path or a table in memory
    workspace, notes
        As in `read_table`.

    Returns
    -------
    ParquetTable or None
        Of Parquet files, only the metadata is read. What a database, Spark or a server gives is
        put aside in such files. ``None`` for anything else.

    Raises
    ------
    DataError
        If there is no such table.
    """
    noted = [] if notes is None else notes
    if isinstance(source, (str, Path)):
        asked = replace(_asked(source, (), workspace), notes=noted)
        return _kind(asked).open_big(asked)
    return open_big_frame(source, noted) if is_spark(source) else None


def open_stream(
    source: Source,
    *,
    text: Collection[str] = (),
    workspace: str | Path | None = None,
    notes: list[Note] | None = None,
) -> Stream:
    """Open a table to go through it once, in bounded memory wherever that can be done.

    Parameters
    ----------
    source, text, workspace, notes
        As in `read_table`.

    Returns
    -------
    Stream
        Of Parquet, delimited text, JSON lines and Arrow files, a batch at a time is in memory.
        What a database, Spark or a server gives is put aside on disk first. All else is read as
        a whole, and `Stream.whole` says so.

    Raises
    ------
    DataError
        If there is no such table, or it cannot be read.
    """
    noted = [] if notes is None else notes
    stream: Stream | None = None
    why = None
    if isinstance(source, (str, Path)):
        asked = replace(_asked(source, text, workspace), notes=noted)
        kind = _kind(asked)
        big = kind.open_big(asked)
        stream = kind.open_stream(asked) if big is None else stream_parquet(big)
        why = "a table of this form cannot be read in parts"
    elif is_spark(source):
        stream = stream_parquet(open_big_frame(source, noted))
    if stream is not None:
        return stream
    frame = read_table(source, text=text, workspace=workspace, notes=noted)
    place = "the table" if why is None else hide_password(str(source))
    return replace(stream_frame(frame, place, why), notes=noted)


def read_whole(
    source: Source,
    big: ParquetTable | None,
    *,
    text: Collection[str] = (),
    workspace: str | Path | None = None,
    notes: list[Note] | None = None,
) -> pd.DataFrame:
    """Read a table as a whole that `open_big` has opened: what was fetched is not fetched again.

    Parameters
    ----------
    source : str, Path or a table in memory
    big : ParquetTable, optional
        What `open_big` gave for it.
    text, workspace, notes
        As in `read_table`.

    Returns
    -------
    DataFrame
        As of `read_table`.

    Raises
    ------
    DataError
        As `read_table`.
    """
    if big is None or big.folder is None:
        return read_table(source, text=text, workspace=workspace, notes=notes)
    return settle(big.read(), text, [] if notes is None else notes)


def _read(
    source: Source, text: Collection[str], workspace: str | Path | None, notes: list[Note]
) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return normalise(source, notes=notes)
    if isinstance(source, pa.Table):
        return from_arrow(source, notes=notes)
    if isinstance(source, (str, Path)):
        asked = replace(_asked(source, text, workspace), notes=notes)
        return _kind(asked).read(asked)
    if type(source).__module__.split(".")[0] == "polars":
        return _read_polars(source, notes)
    if is_spark(source):
        return read_frame(source)
    raise DataError(
        f"a {type(source).__name__} is not a table",
        remedy="Give a path, a pandas, polars or Spark DataFrame, or a pyarrow Table.",
    )


def _asked(source: str | Path, text: Collection[str], workspace: str | Path | None) -> Asked:
    return Asked(
        without_file_scheme(as_address(source)),
        text,
        None if workspace is None else Path(workspace),
    )


def _kind(asked: Asked) -> Kind:
    return next(kind for kind in KINDS if kind.claims(asked))


def _read_polars(source: object, notes: list[Note]) -> pd.DataFrame:
    frame = source.collect() if hasattr(source, "collect") else source
    if not hasattr(frame, "to_arrow") or not hasattr(frame, "columns"):
        raise DataError(
            f"a polars {type(source).__name__} is not a table", remedy="Give a polars DataFrame."
        )
    return from_arrow(frame.to_arrow(), notes=notes)
