"""Tables and queries of databases, through SQLAlchemy."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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
from trialbook.tables.plain import BATCH_ROWS, Asked, batch_of

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

# Names of databases in addresses, with what is installed to read them. SQLAlchemy knows the first
# ones by itself; for any other, its package says so when it is installed.
DRIVERS = {
    "postgresql": "trialbook[postgres]",
    "sqlite": "trialbook",
    "mysql": "mysqlclient",
    "mariadb": "mysqlclient",
    "oracle": "oracledb",
    "mssql": "pyodbc",
    "bigquery": "sqlalchemy-bigquery",
    "clickhouse": "clickhouse-sqlalchemy",
    "cockroachdb": "sqlalchemy-cockroachdb",
    "databricks": "databricks-sqlalchemy",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "teradatasql": "teradatasqlalchemy",
    "trino": "trino[sqlalchemy]",
}
# Where the name of a driver is not that of its package.
PACKAGES = {
    "MySQLdb": "mysqlclient",
    "psycopg": "trialbook[postgres]",
    "psycopg2": "psycopg2-binary",
}
# A server that does not answer in so many seconds is away.
CONNECT_S = 10
# Schemas of a database about itself.
_OWN = re.compile(r"information_schema|pg_.*|sys|mysql|performance_schema", re.IGNORECASE)
# What SQLite files are named.
SQLITE_FILES = ("sqlite", "sqlite3", "db")


def claims(asked: Asked) -> bool:
    """Whether an address is one of SQLAlchemy's, or a file of SQLite's."""
    if is_database_file(asked.address, *SQLITE_FILES):
        return True
    scheme = (scheme_of(asked.address) or "").partition("+")[0]
    return bool(scheme) and (scheme == "postgres" or scheme in DRIVERS or _installed(scheme))


def _installed(scheme: str) -> bool:
    from importlib.metadata import entry_points

    known = entry_points(group="sqlalchemy.dialects")
    return any(point.name.partition(".")[0] == scheme for point in known)


def batches(address: str) -> Generator[pa.RecordBatch, None, None]:
    """Send a query that only reads, and give its rows a batch at a time."""
    from sqlalchemy.exc import SQLAlchemyError

    place = place_of(address)
    target, fragment = split_fragment(address)
    url = _url(target, place)
    engine = _engine(url, place)
    connected = False
    try:
        with engine.connect() as connection:
            connected = True
            query, declared = _query(connection, fragment, place)
            options = {"stream_results": True, "max_row_buffer": BATCH_ROWS, "no_parameters": True}
            result = connection.execution_options(**options).exec_driver_sql(query)
            names = list(result.keys())
            while True:
                rows = result.fetchmany(BATCH_ROWS)
                batch = batch_of(names, rows, place=place)
                yield _typed(batch, declared) if declared else batch
                if len(rows) < BATCH_ROWS:
                    return
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _failure(error, url, place, connected=connected) from None
    finally:
        engine.dispose()


# -- connecting ------------------------------------------------------------------------------


def _url(target: str, place: str) -> URL:
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if scheme_of(target) is None:
        return URL.create("sqlite", database=target)
    scheme, rest = target.split("://", 1)
    if scheme.lower() in ("postgres", "postgresql"):
        scheme = "postgresql+psycopg"  # whatever SQLAlchemy would choose
    try:
        return make_url(f"{scheme}://{rest}")
    except (ArgumentError, ValueError):  # their text may hold the password
        raise DataError(
            "this is not the address of a database",
            place=place,
            remedy="Write it like postgresql://user@host:5432/database#table; a password's"
            " special signs are escaped, such as %23 for #.",
        ) from None


def _engine(url: URL, place: str) -> Engine:
    from sqlalchemy import create_engine, event, pool
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    arguments: dict[str, Any] = {}
    execution: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite" and str(url.database or "").startswith("file:"):
        url = url.update_query_dict({"mode": "ro", "uri": "true"})
    elif url.get_backend_name() == "sqlite":
        path = _sqlite_file(url, place)
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        return create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=pool.NullPool
        )
    if url.get_backend_name() == "postgresql":
        execution = {"postgresql_readonly": True}
        if "connect_timeout" not in url.query:
            arguments = {"connect_timeout": CONNECT_S}
    try:
        engine = create_engine(
            url, connect_args=arguments, execution_options=execution, poolclass=pool.NullPool
        )
    except NoSuchModuleError:
        package = DRIVERS.get(url.get_backend_name())
        raise DataError(
            f"nothing is installed that reads addresses of {url.drivername}",
            place=place,
            remedy=f"Install it: pip install '{package}'."
            if package
            else "Check what stands before '://'.",
        ) from None
    except ImportError as error:
        module = (error.name or "").partition(".")[0]
        package = PACKAGES.get(module, module or DRIVERS.get(url.get_backend_name(), "its driver"))
        raise DataError(
            f"the driver of {url.get_backend_name()} is not installed",
            place=place,
            remedy=f"Install it: pip install '{package}'.",
        ) from None
    except (ArgumentError, TypeError):  # their text may hold the password
        raise DataError(
            "the address has parameters that the database's driver does not know",
            place=place,
            remedy="Check what follows the '?'.",
        ) from None
    if engine.driver == "psycopg":
        event.listen(engine, "connect", _let_times_be_endless)
    return engine


def _sqlite_file(url: URL, place: str) -> Path:
    if url.database in (None, "", ":memory:"):
        raise DataError(
            "a database of SQLite in memory has no tables",
            place=place,
            remedy="Name a file, such as sqlite:///folder/shop.db#orders.",
        )
    path = path_of(str(url.database))
    if not path.is_file():  # SQLite would make it
        raise DataError(
            "there is no such file",
            place=place,
            remedy="Check the path; an absolute one has four slashes, as in sqlite:////data/x.db.",
        )
    return path


def _let_times_be_endless(connection: Any, record: object) -> None:
    """Let psycopg give a missing time for one beyond Python's calendar, such as infinity."""
    from psycopg import DataError as NoSuchTime
    from psycopg.types import datetime as times

    def lenient(loader: type) -> type:
        class Lenient(loader):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except NoSuchTime:
                    return None

        return Lenient

    for name in ("date", "timestamp", "timestamptz"):
        loader = getattr(times, f"{name.title()}Loader")
        connection.adapters.register_loader(name, lenient(loader))


# -- what is asked for -----------------------------------------------------------------------


def _query(connection: Connection, fragment: str | None, place: str) -> tuple[str, dict[str, str]]:
    """The query to send, and the types of the columns that SQLite keeps as something else."""
    from sqlalchemy import inspect

    if fragment is not None and is_query(fragment):
        return single_query(fragment, place=place), {}
    inspector = inspect(connection)
    own = inspector.default_schema_name

    def tables(schema: str | None) -> list[Name]:
        names = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
        if connection.dialect.name == "postgresql":
            names |= {*inspector.get_materialized_view_names(schema)}
        return [Name(schema, name) for name in sorted(names)]

    def elsewhere() -> list[Name]:
        schemas = inspector.get_schema_names()
        return [
            name
            for schema in schemas
            if schema != own and not _OWN.fullmatch(schema)
            for name in tables(schema)
        ]

    name = choose(fragment, tables(None), elsewhere, own=own, place=place)
    declared = {}
    if connection.dialect.name == "sqlite":
        columns = inspector.get_columns(name.table, name.schema)
        declared = {one["name"]: type(one["type"]).__name__.upper() for one in columns}
    quote_name = connection.dialect.identifier_preparer.quote_identifier
    parts = [part for part in (name.schema, name.table) if part is not None]
    return f"SELECT * FROM {'.'.join(map(quote_name, parts))}", declared


def _typed(batch: pa.RecordBatch, declared: dict[str, str]) -> pa.RecordBatch:
    """Give SQLite's columns the types that their table declares, where all cells allow it."""
    kinds = [declared.get(name, "") for name in batch.schema.names]
    arrays = [_declared(array, kind) for array, kind in zip(batch.columns, kinds)]
    return pa.RecordBatch.from_arrays(arrays, batch.schema.names)


def _declared(array: pa.Array, kind: str) -> pa.Array:
    if kind == "BOOLEAN" and pa.types.is_integer(array.type):
        return array.cast(pa.bool_()) if {*array.unique().to_pylist()} <= {0, 1, None} else array
    if kind in ("DATE", "DATETIME", "TIMESTAMP") and pa.types.is_string(array.type):
        try:
            return array.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            return array  # not written as a time, and so a text
    return array


# -- what can go wrong -----------------------------------------------------------------------


def _failure(error: Exception, url: URL, place: str, *, connected: bool) -> DataError:
    """What a database says of a query, without the password."""
    reason = _reason(error, url)
    folded = reason.casefold()
    if "not a database" in folded:
        return DataError(
            "the file is not a database of SQLite",
            place=place,
            remedy="Check which file it is.",
        )
    if not connected:
        return DataError(
            f"the database cannot be opened: {reason}",
            place=place,
            remedy="Check that it runs, and the host, port, name, user and password.",
        )
    if "permission denied" in folded or "access denied" in folded or "denied to user" in folded:
        return DataError(
            f"the table may not be read: {reason}",
            place=place,
            remedy="Ask for the right to SELECT from it, or connect as another user.",
        )
    return DataError(
        f"the database refuses the query: {reason}",
        place=place,
        remedy="Check the names in it, and try it in the database's own shell.",
    )


def _reason(error: Exception, url: URL) -> str:
    """The line of a driver's message that says what is wrong."""
    lines = [
        line.strip(" -\t") for line in str(getattr(error, "orig", None) or error).splitlines()
    ]
    lines = [line for line in lines if line]
    heading = len(lines) > 1 and lines[0].endswith(":")  # a list of attempts follows
    line = (lines[1] if heading else lines[0]) if lines else type(error).__name__
    if url.password is not None and str(url.password):
        for secret in (str(url.password), quote(str(url.password), safe="")):
            line = line.replace(secret, "***")
    return line.rstrip(".")
