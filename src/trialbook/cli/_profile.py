"""A profile in the terminal: one line a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trialbook._words import plural
from trialbook.cli._checks import guardrail_table
from trialbook.profiling import ColumnProfile, counts_of, share, size, summary

if TYPE_CHECKING:
    from trialbook.profiling import Profile

# More lines than this are not read in a terminal; the page has them.
MOST_COLUMNS = 60
# Bars of a distribution, and the characters of a column's values, in one line.
SKETCH_BARS, VALUE_CHARACTERS = 12, 44
_BLOCKS = " ▁▂▃▄▅▆▇█"


def show_profile(console: Console, profile: Profile) -> None:
    """Print what a profile says, as far as it fits."""
    console.print(Text(_headline(profile), style="bold"))
    for note in profile.notes:
        console.print(Text(note, style="dim"))
    console.print(_columns_table(profile))
    more = profile.n_columns - MOST_COLUMNS
    if more > 0:
        console.print(Text(f"and {more:,} more columns", style="dim"))
    if profile.time is not None:
        time = profile.time
        console.print(Text(f"time: {time.column} from {time.first} to {time.last}, {time.span}"))
    for pair in profile.correlations.redundant[:5] if profile.correlations else ():
        said = f"nearly the same: {pair.one} and {pair.other} ({pair.measure} {pair.value:.2f})"
        console.print(Text(said))
    found = [check for check in profile.guardrails if check.verdict != "passed"]
    if found:
        console.print(guardrail_table(found))


def _headline(profile: Profile) -> str:
    parts = [
        f"{profile.source}: {profile.n_rows:,} rows, {profile.n_columns:,} columns",
        f"{share(profile.missing_share)} of the cells missing",
        f"{plural(profile.duplicate_rows, 'row')} repeated",
        size(profile.memory_bytes),
    ]
    if profile.target is not None:
        parts.append(f"{profile.target.task} of {profile.target.name}")
    return ", ".join(parts)


def _columns_table(profile: Profile) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("column", overflow="fold")
    table.add_column("type")
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("distinct", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("values", no_wrap=True, overflow="ellipsis", max_width=VALUE_CHARACTERS)
    if profile.target is not None:
        table.add_column("tells target", justify="right", no_wrap=True)
    for column in profile.columns[:MOST_COLUMNS]:
        cells = [
            column.name,
            str(column.semantic),
            share(column.missing_share) if column.missing else "",
            f"{column.distinct:,}",
            blocks(counts_of(column)),
            summary(column),
        ]
        if profile.target is not None:
            cells.append(_told(column))
        style = "bold" if column.role == "target" else "dim" if column.role == "unused" else ""
        table.add_row(*map(Text, cells), style=style)
    return table


def _told(column: ColumnProfile) -> str:
    if column.role == "target":
        return "target"
    return "" if column.association is None else share(column.association.share)


def blocks(counts: Sequence[int]) -> str:
    """Draw a distribution with the blocks of a font.

    Examples
    --------
    >>> blocks([1, 4, 2, 0])
    '▂█▄ '
    """
    if not counts:
        return ""
    step = -(-len(counts) // SKETCH_BARS)
    joined = [sum(counts[start : start + step]) for start in range(0, len(counts), step)]
    most = max(joined) or 1
    # Whatever is there can be seen.
    return "".join(_BLOCKS[-(-8 * count // most)] for count in joined)
