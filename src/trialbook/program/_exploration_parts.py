"""Parts of cells that the exploration notebooks share: text and tables in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from trialbook.data import ranked, told

if TYPE_CHECKING:
    from trialbook.data import Column, Guardrail

# A table of columns that is longer than this is not read; types are then counted instead.
MAX_LISTED = 100


def markdown(*lines: str) -> str:
    """A cell of text."""
    text = "\n".join(lines).strip().split("\n")
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in text)


def code(source: str) -> str:
    """A cell of code."""
    return "# %%\n" + source.strip("\n")


def guardrail_table(guardrails: Sequence[Guardrail]) -> list[str]:
    """Lines of a table of checks, those first that need a person."""
    if not guardrails:
        return ["No checks were made."]
    return rows_of(
        ("check", "verdict", "finding", "action"),
        (
            (plain(one.name), f"**{one.verdict}**", plain(told(one)), plain(one.action))
            for one in ranked(guardrails)
        ),
    )


def column_table(columns: Sequence[Column]) -> list[str]:
    """Lines of a table of columns with their types; of very many the first ones."""
    listed = columns if len(columns) <= MAX_LISTED else columns[:MAX_LISTED]
    lines = rows_of(
        ("column", "type", "why", "missing", "different values", "used"),
        (
            (
                name_of(column.name),
                column.semantic.value,
                plain(column.evidence),
                f"{column.missing:,}",
                f"{column.distinct:,}",
                "yes" if column.dropped is None else f"no: {plain(column.dropped)}",
            )
            for column in listed
        ),
    )
    if len(listed) < len(columns):
        kinds = Counter(column.semantic.value for column in columns[len(listed) :])
        counts = ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
        lines += ["", f"And {len(columns) - len(listed):,} more columns: {counts}."]
    return lines


def rows_of(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(row) + " |" for row in lines]


def plain(text: object) -> str:
    """Text on one line, in which nothing is markup."""
    line = " ".join(str(text).split())
    for character in "\\`*_{}[]<>#|$~":
        line = line.replace(character, f"\\{character}")
    return line


def name_of(name: str) -> str:
    """A column's name as code."""
    line = " ".join(str(name).split()).replace("`", "'").replace("|", "\\|")
    return f"`{line}`" if line else "(no name)"
