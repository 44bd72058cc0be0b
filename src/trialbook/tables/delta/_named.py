"""Tables by name, and folders that are Delta tables: which version an address means."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd

from trialbook.addresses import path_of
from trialbook.tables.delta._versions import DeltaVersion, is_delta, open_delta, split_version
from trialbook.tables.plain import Asked, ParquetTable

# Where a workspace keeps the tables of its catalogue.
TABLES = "tables"
# Names are folders, on any system.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")


def table_names(workspace: Path | None) -> list[str]:
    """Names of the tables in a workspace, sorted; none if there is no workspace."""
    home = None if workspace is None else path_of(workspace) / TABLES
    if home is None or not home.is_dir():
        return []
    return sorted(
        child.name for child in home.iterdir() if NAME.fullmatch(child.name) and is_delta(child)
    )


def is_name(text: str) -> bool:
    """Whether a text could be the name of a table, with a version or not."""
    return NAME.fullmatch(split_version(text)[0]) is not None


def as_address(source: str | Path) -> str:
    """A source as text; a path stays one, even where a table may have the same name."""
    text = str(source)
    return os.path.join(".", text) if isinstance(source, Path) and is_name(text) else text


def find_table(text: str, workspace: Path | None) -> DeltaVersion | None:
    """The table of a workspace's catalogue that a name means.

    Parameters
    ----------
    text : str
        ``bank`` or ``bank@3``.
    workspace : Path, optional

    Returns
    -------
    DeltaVersion or None
        ``None`` if there is no such name.

    Raises
    ------
    DataError
        If the table has no such version.
    """
    name, version = split_version(text)
    if workspace is None or name not in table_names(workspace):
        return None
    return open_delta(path_of(workspace) / TABLES / name, version, name=name)


def find_folder(text: str) -> DeltaVersion | None:
    """The Delta table that lies in a folder, such as ``lake/bank`` or ``lake/bank@3``.

    Parameters
    ----------
    text : str

    Returns
    -------
    DeltaVersion or None
        ``None`` if there is none.

    Raises
    ------
    DataError
        If the table has no such version.
    """
    if is_delta(path_of(text)):
        return open_delta(path_of(text), name=text)
    path, version = split_version(text)
    folder = path_of(path)
    return (
        open_delta(folder, version, name=path)
        if version is not None and is_delta(folder)
        else None
    )


def pinned(text: str, workspace: Path | None) -> str:
    """An address with the version that it means now, if it is that of a table with versions.

    Parameters
    ----------
    text : str
    workspace : Path, optional

    Returns
    -------
    str
        ``bank@3`` for ``bank``; anything else as it is.

    Raises
    ------
    DataError
        If the table has no such version.
    """
    found = find_table(text, workspace) or find_folder(text)
    return text if found is None else found.place


# -- kinds of sources -------------------------------------------------------------------------


def is_table(asked: Asked) -> bool:
    """Whether it is the name of a table of the catalogue."""
    return split_version(asked.address)[0] in table_names(asked.workspace)


def is_delta_folder(asked: Asked) -> bool:
    """Whether it is a folder with a Delta table."""
    paths = (asked.address, split_version(asked.address)[0])
    return any(is_delta(path_of(path)) for path in paths)


def read_version(asked: Asked) -> pd.DataFrame:
    """Read a version of a table as a whole; see `read_table`."""
    return _version(asked).read()


def open_big_version(asked: Asked) -> ParquetTable | None:
    """A version of a table as one that can be read in parts; see `open_big`."""
    return _version(asked).open_big()


def _version(asked: Asked) -> DeltaVersion:
    found = find_table(asked.address, asked.workspace) or find_folder(asked.address)
    assert found is not None  # it was claimed
    return found
