"""What a kind of address is: how it is told from others, and how its tables are read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from trialbook.tables.plain._notes import Note
from trialbook.tables.plain._parquet import ParquetTable
from trialbook.tables.plain._stream import Stream


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Parameters
    ----------
    address : str
        A path, a URL or a name, as it was given.
    text : collection of str
        Columns that stay text even where all cells look like numbers, if cells come as text.
    workspace : Path, optional
        Folder whose catalogue of tables is asked for a table by name.
    notes : list of Note, optional
        Is told what was interpreted or left out.
    """

    address: str
    text: Collection[str] = ()
    workspace: Path | None = None
    notes: list[Note] = field(default_factory=list)


def _never(asked: Asked) -> ParquetTable | None:
    return None


def _no_stream(asked: Asked) -> Stream | None:
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of address.

    Parameters
    ----------
    name : str
        For people.
    claims : callable
        Whether an address is of this kind; the first kind that claims it reads it.
    read : callable
        Gives the whole table, normalised.
    open_big : callable, optional
        Gives the table as one that can be read in parts, or ``None`` if it cannot be.
    open_stream : callable, optional
        Gives the table as one that is gone through once, or ``None``; asked where `open_big`
        gives nothing.
    """

    name: str
    claims: Callable[[Asked], bool]
    read: Callable[[Asked], pd.DataFrame]
    open_big: Callable[[Asked], ParquetTable | None] = _never
    open_stream: Callable[[Asked], Stream | None] = _no_stream
