"""The catalogue of a workspace: tables by name, each with its versions.

``<workspace>/tables/<name>`` is a Delta Lake table that any other program may read, too.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.addresses import hide_password, path_of, place_of, title_of
from trialbook.errors import DataError, OptionError, WorkspaceError, nearest
from trialbook.tables import delta
from trialbook.tables.delta import (
    NAME,
    TABLES,
    Change,
    DeltaVersion,
    as_address,
    open_delta,
    split_version,
    table_names,
)
from trialbook.tables.plain import Storage

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from trialbook.tables._sources import Source
    from trialbook.tables.plain import Note

_LOCK = ".lock"
# What a workspace may hold before anything was trained in it; the tracking room knows the rest.
_WORKSPACE = ("mlflow.db", "artifacts", "locks", TABLES, ".write-test")
# Commits take milliseconds: who waits longer than this waits for a process that hangs.
LOCK_WAIT_S = 60.0

# An upload writes all the time: what has not changed for so long was left by one that was killed.
LEFT_S = 86_400.0
_LEFT = re.compile(rf"\.{NAME.pattern}-[0-9a-f]{{8}}")

# Windows keeps these names for devices.
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{n}{i}" for n in ("com", "lpt") for i in range(10)}
IN_MEMORY = "a table in memory"


@dataclass(frozen=True)
class TableEntry:
    """A version of a table of the catalogue.

    Parameters
    ----------
    name : str
    version : int
        Counted from 0.
    rows, columns : int
    bytes : int
        Size of its files.
    created : datetime
        When the version was made, in UTC.
    source : str or None
        What was uploaded; ``None`` where another program made the version.
    notes : tuple of str
        What was interpreted or left out when the source was read.
    """

    name: str
    version: int
    rows: int
    columns: int
    bytes: int
    created: datetime
    source: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableColumn:
    """A column of a table of the catalogue.

    Parameters
    ----------
    name : str
    storage : Storage
        How Trialbook keeps its cells: number, bool, string, datetime or nested.
    type : str
        How the table stores them.
    """

    name: str
    storage: Storage
    type: str


@dataclass(frozen=True)
class TableDetails:
    """What is known of a table of the catalogue.

    Parameters
    ----------
    entry : TableEntry
        The version that was asked for.
    schema : tuple of TableColumn
    sample : DataFrame
        Its first rows.
    versions : tuple of Change
        All versions, latest first.
    """

    entry: TableEntry
    schema: tuple[TableColumn, ...]
    sample: pd.DataFrame
    versions: tuple[Change, ...]


def upload(
    source: Source,
    name: str | None = None,
    workspace: str | Path = "trialbook",
    *,
    append: bool = False,
    notes: list[Note] | None = None,
) -> TableEntry:
    """Keep a table in the workspace under a name, as a new version of it.

    Parameters
    ----------
    source : path, address or table in memory
        Anything that can be trained on. Parquet files are copied in parts, so that they may be
        larger than the memory.
    name : str, optional
        Letters, digits, ``_`` and ``-``; that of the file by default.
    workspace : str or Path
        Folder that keeps it; made if it is not there.
    append : bool
        Whether the rows come after those of the latest version, in place of them.
    notes : list of Note, optional
        What the reader interpreted or left out is appended to it.

    Returns
    -------
    TableEntry
        The new version.

    Raises
    ------
    DataError
        If the source cannot be read, or its rows cannot be kept. Nothing is left behind then.
    OptionError
        If the name is none, or there is nothing to append to.
    WorkspaceError
        If the workspace cannot be written.

    Examples
    --------
    >>> import trialbook as tb
    >>> tb.tables.upload("data/bank.csv").name  # doctest: +SKIP
    'bank'
    """
    delta.require_deltalake()
    name = _check_name(_name_of(source) if name is None else name)
    home = _home(workspace)
    latest = _latest(home, name)
    if append and latest is None:
        raise OptionError(
            f"there is no table '{name}' to append to",
            place=str(home.parent),
            remedy=nearest(name, _names(home)) if _names(home) else "Upload it without append.",
        )
    made = home.exists()
    staging = home / f".{name}-{uuid.uuid4().hex[:8]}"
    try:
        noted = [] if notes is None else notes
        part = _write(source, staging, Path(workspace), latest if append else None, noted)
        with _locked(home):
            _sweep(home)
            _commit(home, name, staging, part, append=append)
    except OSError as error:
        raise _cannot_write(home, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not made and not _names(home):
            _remove_empty(home)
    return _entry(name, open_delta(home / name, name=name))


def list_tables(workspace: str | Path = "trialbook") -> list[TableEntry]:
    """List the tables of a workspace, each with its latest version.

    Parameters
    ----------
    workspace : str or Path

    Returns
    -------
    list of TableEntry
        By name.

    Raises
    ------
    WorkspaceError
        If there is no such workspace.
    """
    home = _existing(workspace)
    return [_entry(name, open_delta(home / name, name=name)) for name in _names(home)]


def show(table: str, workspace: str | Path = "trialbook", rows: int = 5) -> TableDetails:
    """Show what a table of the workspace is.

    Parameters
    ----------
    table : str
        Its name, with a version if another than the latest is meant: ``bank``, ``bank@3``.
    workspace : str or Path
    rows : int
        Rows of the sample.

    Returns
    -------
    TableDetails

    Raises
    ------
    DataError
        If there is no such table or version.
    """
    name, version = split_version(table)
    opened = _open(_existing(workspace), name, version)
    schema = tuple(
        TableColumn(column, delta.storage_of_type(kind), str(kind))
        for column, kind in opened.types
    )
    return TableDetails(_entry(name, opened), schema, opened.head(rows), opened.changes())


def read(table: str, workspace: str | Path = "trialbook") -> pd.DataFrame:
    """Read a table of the workspace.

    Parameters
    ----------
    table : str
        As in `show`.
    workspace : str or Path

    Returns
    -------
    DataFrame
        Normalised; see `read_table`.

    Raises
    ------
    DataError
        If there is no such table or version, or it cannot be read.
    """
    name, version = split_version(table)
    return _open(_existing(workspace), name, version).read()


def drop(name: str, workspace: str | Path = "trialbook") -> None:
    """Delete a table of the workspace with all of its versions.

    Experiments that were trained on it keep the rows that they used.

    Parameters
    ----------
    name : str
    workspace : str or Path

    Raises
    ------
    DataError
        If there is no such table.
    OptionError
        If a version is named: versions cannot be deleted one by one.
    """
    home = _existing(workspace)
    plain, version = split_version(name)
    if version is not None:
        raise OptionError(
            "a single version cannot be dropped",
            place=name,
            remedy=f"Drop the whole table: '{plain}'.",
        )
    folder = _folder(home, name)
    try:
        with _locked(home):
            # No one sees half of a table: it is out of sight before its files go.
            dropped = home / f".{name}-{uuid.uuid4().hex[:8]}"
            folder.rename(dropped)
        if dropped.is_symlink():  # what it leads to is someone else's
            dropped.unlink()
        else:
            shutil.rmtree(dropped)
    except OSError as error:
        raise _cannot_write(home, error) from error


# -- folders ----------------------------------------------------------------------------------


def _home(workspace: str | Path) -> Path:
    """The folder of tables of a workspace that is there, or may be made."""
    folder = path_of(workspace).absolute()
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(
            "the workspace is a file", place=str(folder), remedy="Choose a folder (--workspace)."
        )
    if "%" in str(folder):
        raise WorkspaceError(
            "the path of a workspace with tables cannot hold '%'",
            place=str(folder),
            remedy="Choose another folder (--workspace).",
        )
    children = [child.name for child in folder.iterdir()] if folder.exists() else []
    if _WORKSPACE[0] not in children and not all(name.startswith(_WORKSPACE) for name in children):
        raise WorkspaceError(
            "this folder holds other things and is not a workspace",
            place=str(folder),
            remedy="Choose a new or empty folder (--workspace).",
        )
    return folder / TABLES


def _existing(workspace: str | Path) -> Path:
    folder = path_of(workspace).absolute()
    if not folder.is_dir():
        raise WorkspaceError(
            "there is no such workspace",
            place=str(folder),
            remedy="Check the path, or upload a table first.",
        )
    delta.require_deltalake()
    return folder / TABLES


def _names(home: Path) -> list[str]:
    return table_names(home.parent)


def _folder(home: Path, name: str) -> Path:
    if name not in _names(home):
        found = _names(home)
        raise DataError(
            f"there is no table '{name}'",
            place=str(home.parent),
            remedy=nearest(name, found) if found else "The workspace has no tables yet.",
        )
    return home / name


def _open(home: Path, name: str, version: int | None) -> DeltaVersion:
    return open_delta(_folder(home, name), version, name=name)


def _latest(home: Path, name: str) -> DeltaVersion | None:
    """The latest version of a table, if there is one; no other may have nearly its name."""
    for other in _names(home):
        if other != name and other.casefold() == name.casefold():
            raise OptionError(
                f"there is a table '{other}', whose name differs in case only",
                place=f"name '{name}'",
                remedy="Use its name, or another one.",
            )
    return open_delta(home / name, name=name) if name in _names(home) else None


def _entry(name: str, opened: DeltaVersion) -> TableEntry:
    change = next((one for one in opened.changes() if one.version == opened.version), None)
    return TableEntry(
        name=name,
        version=opened.version,
        rows=opened.n_rows,
        columns=len(opened.types),
        bytes=opened.n_bytes,
        created=opened.written if change is None else change.created,
        source=None if change is None else change.source,
        notes=() if change is None else change.notes,
    )


def _name_of(source: Source) -> str:
    if not isinstance(source, str | Path):
        raise OptionError(
            "a table in memory has no name of its own",
            place="option name",
            remedy="Say what it is to be called.",
        )
    title = re.sub(r"[^A-Za-z0-9_-]+", "_", title_of(str(source))).strip("_-")[:100]
    if not title or title.casefold() in _DEVICES:
        raise OptionError(
            f"no name can be made of '{_place(source)}'",
            place="option name",
            remedy="Say what the table is to be called (--name).",
        )
    return title


def _place(source: Source) -> str:
    """Where a table came from, for messages."""
    return place_of(str(source)) if isinstance(source, str | Path) else IN_MEMORY


def _told(source: Source) -> str:
    """Where a table came from, as its log keeps it."""
    if not isinstance(source, str | Path):
        return IN_MEMORY
    # The name of a file may hold bytes that are no letters, and a log is text.
    return hide_password(as_address(source)).encode("utf-8", "replace").decode()


def _check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise OptionError(
            f"'{name}' cannot be the name of a table",
            place="option name",
            remedy="Use up to 100 letters from a to z, digits, _ and -; the first is no -.",
        )
    if name.casefold() in _DEVICES:
        raise OptionError(
            f"'{name}' cannot be the name of a table: Windows keeps it for a device",
            place="option name",
            remedy="Use another name.",
        )
    return name


# -- writing ----------------------------------------------------------------------------------


def _write(
    source: Source,
    folder: Path,
    workspace: Path,
    latest: DeltaVersion | None,
    notes: list[Note],
) -> delta.Part:
    """Write the rows of a source into a file of a new folder; added ones in the table's types."""
    from trialbook.tables._sources import open_big, read_whole
    from trialbook.tables.delta import (
        batches_of,
        check_names,
        stored_schema,
        stored_tables,
        streamed_schema,
    )

    place = _place(source)
    big = open_big(source, workspace=workspace, notes=notes)
    schema = None if big is None else streamed_schema(big)
    frames: Iterator[pd.DataFrame]
    if big is None or schema is None:
        # Codes such as 007 are text in the table, and so is 17 among the rows that are added.
        types = () if latest is None else latest.types
        text = {name for name, kind in types if delta.storage_of_type(kind) is Storage.STRING}
        table = read_whole(source, big, text=text, workspace=workspace, notes=notes)
        schema = stored_schema(table, place=place)
        frames = iter([table])
    else:
        check_names(schema.names, place=place)
        frames = batches_of(big, place, notes)
    if latest is not None:
        schema = _same_columns(schema.names, latest, place)
    folder.mkdir(parents=True)
    part = delta.write_part(folder, schema, stored_tables(frames, schema, place=place))
    notes[:] = dict.fromkeys(notes)  # what several batches say is said once
    return replace(part, source=_told(source), notes=tuple(map(str, notes)))


def _same_columns(names: list[str], latest: DeltaVersion, place: str) -> pa.Schema:
    """The types of a table, if rows with these columns can be added to it."""
    import pyarrow as pa

    types = dict(latest.types)
    lacking = [name for name in types if name not in names]
    extra = [name for name in names if name not in types]
    if lacking or extra:
        wrong = [f"lack '{lacking[0]}'"] if lacking else []
        wrong += [f"have '{extra[0]}' besides"] if extra else []
        raise DataError(
            f"the rows {' and '.join(wrong)}, unlike the table {latest.place}",
            place=place,
            remedy="Rows that are appended need the columns of the table.",
        )
    return pa.schema(list(types.items()))


def _commit(home: Path, name: str, staging: Path, part: delta.Part, *, append: bool) -> None:
    """Make a file that was written aside the next version of a table, or its first."""
    latest = _latest(home, name)
    if latest is None:
        delta.create(staging, part)
        staging.rename(home / name)
        return
    file = home / name / part.file.name
    part.file.rename(file)
    try:
        delta.add_version(latest, replace(part, file=file), append=append)
    except BaseException:
        # Interrupted after the commit, the new version has the file.
        if open_delta(latest.folder, name=name).version == latest.version:
            file.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one process at a time change which versions there are."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / _LOCK)
    try:
        lock.acquire(timeout=LOCK_WAIT_S)
    except Timeout:
        raise WorkspaceError(
            "another process is changing the tables of the workspace and does not end",
            place=str(home),
            remedy="Look for an upload that hangs, stop it and try again.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _sweep(home: Path) -> None:
    """Take away what uploads and drops left that were killed."""
    for folder in home.iterdir():
        if _LEFT.fullmatch(folder.name) is None or not folder.is_dir():
            continue
        with contextlib.suppress(FileNotFoundError):  # whoever made it takes it away now
            latest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - latest > LEFT_S:
                shutil.rmtree(folder, ignore_errors=True)


def _remove_empty(home: Path) -> None:
    """Take away the folders that an upload made and then had no use for."""
    with contextlib.suppress(OSError):  # someone else has use for them
        if all(child.name == _LOCK for child in home.iterdir()):
            (home / _LOCK).unlink(missing_ok=True)
            home.rmdir()
            home.parent.rmdir()


def _cannot_write(home: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"cannot write the table: {error.strerror or error}",
        place=str(home),
        remedy="Free some space, or choose a folder that you may write to (--workspace).",
    )
