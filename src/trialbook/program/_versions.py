"""How a program reads a version of a table, rather than a copy of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialbook.program._code import Code, assign, literal, source_of

if TYPE_CHECKING:
    import pandas as pd

# Column of the file of rows that says which row of the table each of them is, from 0.
ROW_COLUMN = "__row"


@dataclass(frozen=True)
class TableCode:
    """The version of a Delta table that a program reads.

    Parameters
    ----------
    folder : Code
        Expression of the table's folder.
    version : int
    id : str
        What Delta Lake calls the table; another one may come to have its name.
    unused : tuple of str
        Columns that are neither the target nor features.
    """

    folder: Code
    version: int
    id: str
    unused: tuple[str, ...]


def table_constants(table: TableCode) -> list[str]:
    """Lines of the constants that say which version is read."""
    return [
        f"TABLE = {table.folder}  # a Delta table",
        f"TABLE_ID = {literal(table.id)}  # another table may come to have its name",
        f"VERSION = {table.version}",
    ]


def unused_constant(table: TableCode) -> list[str]:
    """The line that names the columns which are no features, if there are any."""
    return [assign("UNUSED", list(table.unused))] if table.unused else []


def table_imports() -> list[str]:
    """Import lines that `read_version` needs."""
    return [
        "import pyarrow as pa",
        "from deltalake import DeltaTable",
        "from deltalake.exceptions import DeltaError",
    ]


def read_version(folder: str, version: int, table_id: str) -> pd.DataFrame:
    """Read a version of a table as programs do.

    Parameters
    ----------
    folder : str
    version : int
    table_id : str

    Returns
    -------
    DataFrame

    Raises
    ------
    FileNotFoundError
        If it is gone.
    """
    from trialbook.program import _version_snippets

    read: Callable[[str, int, str], pd.DataFrame] = _version_snippets.read_version
    return read(folder, version, table_id)


def table_source() -> str:
    """Source of the function that reads a version."""
    from trialbook.program._version_snippets import read_version

    return source_of(read_version)
