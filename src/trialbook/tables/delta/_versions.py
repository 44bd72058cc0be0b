"""Delta Lake: one version of a table in a folder, read, and a new version written."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from trialbook.errors import DataError
from trialbook.tables.plain import ParquetTable, Storage, from_arrow, open_parquet

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake.transaction import AddAction

Result = TypeVar("Result")

LOG = "_delta_log"
# A version follows the name of a table, or the path of its folder.
_VERSION = re.compile(r"(?P<table>.+)@(?P<version>\d+)")
# What a commit says of itself besides what every writer of Delta tables says.
SOURCE, ROWS, NOTES = "trialbook.source", "trialbook.rows", "trialbook.notes"
# Columns may have other names in the files than in the table; deltalake reads such as missing.
_MAPPING = "delta.columnMapping.mode"


@dataclass(frozen=True)
class Change:
    """One version of a table, and what made it.

    Parameters
    ----------
    version : int
    created : datetime
        In UTC.
    rows : int or None
        Rows of the whole table then; ``None`` where the one who wrote it did not say.
    operation : str
        What was done, in Delta's words: ``CREATE TABLE``, ``WRITE``, ``DELETE``, …
    source : str or None
        What was uploaded; ``None`` where another program made the version.
    notes : tuple of str
        What was interpreted or left out when the source was read.
    """

    version: int
    created: datetime
    rows: int | None
    operation: str
    source: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeltaVersion:
    """One version of a Delta table.

    Parameters
    ----------
    folder : Path
    version : int
    place : str
        The table and its version, for messages.
    """

    folder: Path
    version: int
    place: str
    _table: DeltaTable

    def read(self) -> pd.DataFrame:
        """The whole table, normalised; see `read_table`."""
        big = self.open_big()
        return self._read_all() if big is None else big.read()

    def _read_all(self) -> pd.DataFrame:
        dataset = self._dataset()
        return from_arrow(self._of_files(dataset.to_table), place=self.place, only_copy=True)

    def open_big(self) -> ParquetTable | None:
        """The version as Parquet files; ``None`` where these alone do not tell its rows."""
        if self._table.metadata().partition_columns:
            return None
        self._dataset()  # refuses what it cannot read rightly
        if any(not file.is_file() for file in self.files):
            raise self._vacuumed()
        found = open_parquet(self.files) if self.files else None
        names = [name for name, _ in self.types]
        return found if found is not None and list(found.columns.values()) == names else None

    @property
    def files(self) -> tuple[Path, ...]:
        """Its Parquet files; sorted by name, those of the catalogue are in order of upload."""
        paths = pa.table(self._table.get_add_actions(flatten=True))["path"].to_pylist()
        return tuple(self.folder / path for path in sorted(paths))

    @property
    def id(self) -> str:
        """What Delta Lake calls the table, whatever its folder is named."""
        return str(self._table.metadata().id)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self._of_files(self._dataset().count_rows))

    @property
    def n_bytes(self) -> int:
        """Size of its files."""
        actions = pa.table(self._table.get_add_actions(flatten=True))
        return sum(actions["size_bytes"].to_pylist())

    @property
    def written(self) -> datetime:
        """When the latest of its files was written, in UTC."""
        times = pa.table(self._table.get_add_actions(flatten=True))["modification_time"]
        return datetime.fromtimestamp(max(times.to_pylist(), default=0) / 1000, UTC)

    @property
    def types(self) -> list[tuple[str, pa.DataType]]:
        """Columns with their types."""
        schema = pa.schema(self._table.schema().to_arrow())
        return [(field.name, field.type) for field in schema]

    def head(self, rows: int) -> pd.DataFrame:
        """The first rows, normalised."""
        table = self._of_files(partial(self._dataset().head, rows))
        return from_arrow(table, place=self.place) if len(table) else table.to_pandas()

    def changes(self) -> tuple[Change, ...]:
        """What made each version so far, latest first."""
        from deltalake import DeltaTable

        # An earlier version has the same history, but numbers it from its own.
        return tuple(_change(one) for one in DeltaTable(str(self.folder)).history())

    def _dataset(self) -> pa.dataset.Dataset:
        """Its files as one table, always in the same order."""
        from deltalake.exceptions import DeltaProtocolError

        if self._table.metadata().configuration.get(_MAPPING, "none") != "none":
            raise self._unsupported("column mapping")
        try:
            dataset = self._table.to_pyarrow_dataset()
        except DeltaProtocolError as error:
            named = re.search(r"\{(.*?)\}", str(error))
            raise self._unsupported(named[1].replace("'", "") if named else str(error)) from None
        if not isinstance(dataset, pa.dataset.FileSystemDataset):  # a table without files
            return dataset
        parts = sorted(dataset.get_fragments(), key=lambda part: part.path)
        return pa.dataset.FileSystemDataset(
            parts, dataset.schema, dataset.format, dataset.filesystem
        )

    def _of_files(self, work: Callable[[], Result]) -> Result:
        """What is found in the files, some of which may be gone or damaged."""
        try:
            return work()
        except FileNotFoundError:
            raise self._vacuumed() from None
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _vacuumed(self) -> DataError:
        return DataError(
            "files of this version are gone: a vacuum removes those of old versions",
            place=self.place,
            remedy="Use the latest version, or upload the rows again.",
        )

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(
            f"the table cannot be read: {str(error).splitlines()[0]}",
            place=self.place,
            remedy="Its files may be damaged: use another version, or write it again.",
        )

    def _unsupported(self, features: str) -> DataError:
        return DataError(
            f"the Delta table uses features that cannot be read rightly here: {features}",
            place=self.place,
            remedy="Write its rows into a table without them, or into Parquet files.",
        )


def is_delta(folder: Path) -> bool:
    """Whether a folder is a Delta table."""
    try:
        return (folder / LOG).is_dir()
    except OSError:  # a query is too long to be a path
        return False


def split_version(text: str) -> tuple[str, int | None]:
    """A name or path, and the version that follows it if one does: ``bank@3``."""
    found = _VERSION.fullmatch(text)
    return (found["table"], int(found["version"])) if found else (text, None)


def open_delta(folder: Path, version: int | None = None, *, name: str) -> DeltaVersion:
    """Open a version of a Delta table.

    Parameters
    ----------
    folder : Path
    version : int, optional
        The latest by default.
    name : str
        What the table is called in messages.

    Returns
    -------
    DeltaVersion

    Raises
    ------
    DataError
        If it is no table, or has no such version.
    """
    require_deltalake()
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        table = DeltaTable(str(folder))
        latest = table.version()
        if version is not None and version < latest:
            table = DeltaTable(str(folder), version=version)
    except DeltaError as error:
        what = "the Delta table cannot be opened"
        if version is not None:
            what = f"version {version} of the table cannot be opened"
        raise DataError(
            f"{what}: {str(error).splitlines()[0]}",
            place=name,
            remedy="Its log may be damaged or cleaned up: use another version or another copy.",
        ) from None
    if version is not None and version > latest:
        known = "only version 0" if latest == 0 else f"versions 0 to {latest}"
        raise DataError(
            f"the table has no version {version}",
            place=name,
            remedy=f"It has {known}; leave the number out for the latest.",
        )
    number = table.version()
    return DeltaVersion(folder, number, f"{name}@{number}", table)


def require_deltalake() -> None:
    """Say what to install where Delta tables cannot be read or written."""
    try:
        import deltalake  # noqa: F401
    except ImportError:
        raise DataError(
            "the package that reads and writes Delta tables is not installed",
            place="package deltalake",
            remedy="Install it with: pip install 'trialbook[tables]'",
        ) from None


def storage_of_type(kind: pa.DataType) -> Storage:
    """How the cells of a column of a stored type are kept in a normalised table."""
    if pa.types.is_boolean(kind):
        return Storage.BOOL
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Storage.NUMBER
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Storage.DATETIME
    return Storage.NESTED if pa.types.is_nested(kind) or _is_bytes(kind) else Storage.STRING


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _change(entry: Mapping[str, Any]) -> Change:
    rows = entry.get(ROWS)
    return Change(
        version=int(entry["version"]),
        created=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        rows=None if rows is None else int(rows),
        operation=str(entry.get("operation", "")),
        source=entry.get(SOURCE),
        notes=tuple(json.loads(entry.get(NOTES, "[]"))),
    )


# -- writing ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A Parquet file that is to become part of a table.

    Parameters
    ----------
    file : Path
    schema : pyarrow.Schema
    n_rows : int
    source : str
        What the log is to say that it comes from.
    notes : tuple of str
        What was interpreted or left out when it was read.
    """

    file: Path
    schema: pa.Schema
    n_rows: int
    source: str = ""
    notes: tuple[str, ...] = ()

    def action(self) -> AddAction:
        """How the log of the table names it."""
        from deltalake.transaction import AddAction

        stats = json.dumps({"numRecords": self.n_rows})
        size, now = self.file.stat().st_size, int(time.time() * 1000)
        return AddAction(self.file.name, size, {}, now, True, stats)


def write_part(folder: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> Part:
    """Write tables of one schema into one new Parquet file of a folder.

    Parameters
    ----------
    folder : Path
    schema : pyarrow.Schema
    tables : iterator of pyarrow.Table
        One after another, so that not all need to be in memory.

    Returns
    -------
    Part
    """
    # Names in order of time: sorted by name, what was appended comes after what was there.
    path = folder / f"{time.time_ns():020d}-{uuid4().hex[:8]}.parquet"
    n_rows = 0
    with pa.parquet.ParquetWriter(path, schema) as writer:
        for table in tables:
            writer.write_table(table)
            n_rows += len(table)
    return Part(path, schema, n_rows)


def create(folder: Path, part: Part) -> None:
    """Make a Delta table of a part that lies in its folder."""
    from deltalake import Schema
    from deltalake.transaction import create_table_with_add_actions

    create_table_with_add_actions(
        str(folder),
        Schema.from_arrow(part.schema),
        [part.action()],
        commit_properties=_properties(part, part.n_rows),
    )


def add_version(table: DeltaVersion, part: Part, *, append: bool) -> None:
    """Write a new version of a table: the part alone, or all rows so far and the part.

    Parameters
    ----------
    table : DeltaVersion
        The latest version.
    part : Part
        It lies in the table's folder.
    append : bool

    Raises
    ------
    DataError
        If another program made a version meanwhile.
    """
    from deltalake.exceptions import CommitFailedError

    rows = part.n_rows + (table.n_rows if append else 0)
    mode = "append" if append else "overwrite"
    try:
        table._table.create_write_transaction(
            [part.action()], mode, part.schema, commit_properties=_properties(part, rows)
        )
    except CommitFailedError:
        raise DataError(
            "another program changed the table at the same moment",
            place=table.place,
            remedy="Nothing of this upload is in it: upload again.",
        ) from None


def _properties(part: Part, rows: int) -> CommitProperties:
    from deltalake import CommitProperties

    told = {SOURCE: part.source, ROWS: str(rows), NOTES: json.dumps(part.notes)}
    return CommitProperties(custom_metadata=told)
