"""Tables and queries of DuckDB's files, through its own package."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from trialbook.addresses import (
    is_database_file,
    is_query,
    path_of,
    place_of,
    scheme_of,
    split_fragment,
)
from trialbook.errors import DataError
from trialbook.tables.databases._queries import Name, choose, single_query
from trialbook.tables.plain import BATCH_ROWS, Asked, plain

if TYPE_CHECKING:
    import duckdb

FILES = ("duckdb", "ddb")
# Where such a file says what it is, for ".db" may be a file of DuckDB's or of SQLite's.
_MAGIC_AT, _MAGIC = 8, b"DUCK"
# The schema that needs no name.
_OWN = "main"


def claims(asked: Asked) -> bool:
    """Whether an address is a file of DuckDB's."""
    if scheme_of(asked.address) == "duckdb" or is_database_file(asked.address, *FILES):
        return True
    return is_database_file(asked.address, "db") and _is_duckdb(split_fragment(asked.address)[0])


def _is_duckdb(path: str) -> bool:
    try:
        with path_of(path).open("rb") as file:
            return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC
    except OSError:
        return False  # whoever reads it says what is wrong with it


def batches(address: str) -> Generator[pa.RecordBatch, None, None]:
    """Send a query that only reads, and give its rows a batch at a time."""
    place = place_of(address)
    target, fragment = split_fragment(address)
    path = _file(target, place)
    try:
        import duckdb
    except ImportError:
        raise DataError(
            "DuckDB is not installed",
            place=place,
            remedy="Install it: pip install 'trialbook[tables]'.",
        ) from None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            reader = connection.sql(_query(connection, fragment, place)).to_arrow_reader(
                BATCH_ROWS
            )
            for batch in reader:
                yield plain(batch, place=place)
    except duckdb.Error as error:
        raise _failure(error, place) from None


def _file(target: str, place: str) -> Path:
    name = target
    if scheme_of(target) is not None:
        name = unquote(target.split("://", 1)[1].removeprefix("/").partition("?")[0])
    path = path_of(name)
    if not path.is_file():
        raise DataError(
            "there is no such file",
            place=place,
            remedy="Check the path; after duckdb:// an absolute one has two slashes more, as in"
            " duckdb:////data/x.duckdb.",
        )
    return path


def _query(connection: duckdb.DuckDBPyConnection, fragment: str | None, place: str) -> str:
    if fragment is not None and is_query(fragment):
        return single_query(fragment, place=place)
    found: list[tuple[str, str]] = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_catalog = current_database()"
        " AND table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY ALL"
    ).fetchall()
    near = [Name(None, table) for schema, table in found if schema == _OWN]
    far = [Name(schema, table) for schema, table in found if schema != _OWN]
    name = choose(fragment, near, lambda: far, own=_OWN, place=place)
    parts = (name.schema or _OWN, name.table)
    return "SELECT * FROM " + ".".join('"{}"'.format(part.replace('"', '""')) for part in parts)


def _failure(error: Any, place: str) -> DataError:
    reason = str(error).strip().split("\n")[0].rstrip(".")
    folded = reason.casefold()
    if "not a valid duckdb" in folded:
        return DataError(
            "the file is not a database of DuckDB", place=place, remedy="Check which file it is."
        )
    if "conflicting lock" in folded:
        return DataError(
            f"another process holds the database: {reason}",
            place=place,
            remedy="End that process, or copy the file.",
        )
    return DataError(
        f"DuckDB refuses the query: {reason}",
        place=place,
        remedy="Check the names in it, and try it in DuckDB itself.",
    )
