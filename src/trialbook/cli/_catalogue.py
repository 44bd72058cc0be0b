"""How the tables that a workspace keeps are shown in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from trialbook._words import shorten

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.tables import Change, TableDetails, TableEntry

# What a screen has room for; --json has all of it.
MAX_COLUMNS, MAX_VERSIONS, MAX_NAME, MAX_CELL = 60, 20, 32, 24
# Space between the columns, and the second of them.
BESIDES = 16


def entries_table(entries: Sequence[TableEntry]) -> Table:
    """Draw the tables of a workspace.

    Parameters
    ----------
    entries : sequence of TableEntry

    Returns
    -------
    rich.table.Table
    """
    table = _table(
        ("table", "version", "rows", "columns", "size", "of", "from"), right=(1, 2, 3, 4)
    )
    for entry in entries:
        cells = (
            entry.name,
            f"{entry.version}",
            f"{entry.rows:,}",
            f"{entry.columns:,}",
            f"{entry.bytes / 2**20:.2f} MB",
            _moment(entry.created),
            entry.source or "another program",
        )
        table.add_row(*map(Text, cells))
    return table


def show_details(console: Console, details: TableDetails) -> None:
    """Print what a table is: columns with their first values, and versions.

    Parameters
    ----------
    console : rich.console.Console
    details : TableDetails
    """
    entry = details.entry
    heading = f"{entry.name}@{entry.version}: {entry.rows:,} rows, {entry.columns:,} columns"
    console.print(Text(heading, style="bold"))
    console.print(_columns(details, console.width))
    if len(details.schema) > MAX_COLUMNS:
        console.print(Text(f"and {len(details.schema) - MAX_COLUMNS:,} more columns", style="dim"))
    for note in entry.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    console.print(_versions(details.versions, entry.version))
    if len(details.versions) > MAX_VERSIONS:
        more = len(details.versions) - MAX_VERSIONS
        console.print(Text(f"and {more:,} earlier ones", style="dim"))


def _columns(details: TableDetails, width: int) -> Table:
    with_sample = len(details.sample) > 0
    table = _table(("column", "kept as", *(["first rows"] if with_sample else [])))
    for column in details.schema[:MAX_COLUMNS]:
        cells = [shorten(column.name, MAX_NAME), column.storage.value]
        if with_sample:
            cells.append(_values(details.sample[column.name]))
        table.add_row(*(Text(" ".join(cell.split())) for cell in cells))
    # Where the screen is narrow, it is the cells that are cut.
    names = max(cell_len(str(cell)) for cell in ("column", *table.columns[0].cells))
    table.columns[-1].max_width = max(MAX_CELL, width - names - BESIDES)
    return table


def _values(column: pd.Series) -> str:
    """Some cells on one line."""
    cells = zip(column.tolist(), column.isna(), strict=True)
    return " | ".join("–" if missing else _cell(cell) for cell, missing in cells)


def _cell(cell: object) -> str:
    text = f"{cell:g}" if isinstance(cell, float) else " ".join(str(cell).split())
    return shorten(text.removesuffix(" 00:00:00"), MAX_CELL)  # a day has no time


def _versions(versions: Sequence[Change], shown: int) -> Table:
    table = _table(("version", "of", "rows", "made by", "from"), right=(0, 2))
    for change in versions[:MAX_VERSIONS]:
        cells = (
            f"{change.version}",
            _moment(change.created),
            "" if change.rows is None else f"{change.rows:,}",
            "upload" if change.source is not None else change.operation.lower(),
            change.source or "",
        )
        table.add_row(*map(Text, cells), style="bold" if change.version == shown else "")
    return table


def _table(headings: Sequence[str], right: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for position, heading in enumerate(headings):
        justify: JustifyMethod = "right" if position in right else "left"
        if heading == "from":  # a path goes on in the next line
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis")
    return table


def _moment(when: datetime) -> str:
    """A time by the clock of this machine."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}"
