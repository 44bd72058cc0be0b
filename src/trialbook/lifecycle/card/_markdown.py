"""A model card as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from trialbook.lifecycle.card._blocks import (
    Bars,
    Block,
    Checks,
    Code,
    Facts,
    Grid,
    Heat,
    Pictures,
    Points,
    Section,
    Text,
)
from trialbook.profiling.page_parts import share

# What would be markup within a text. Underscores within words are not.
_MARKUP = re.compile(r"([\\`*<>\[\]#]|(?<!\w)_|_(?!\w))")


def card_text(
    kind: str, title: str, about: str, sections: Sequence[Section], pictures: str
) -> str:
    """The text of a card.

    Parameters
    ----------
    kind, title, about : str
        What stands above.
    sections : sequence of Section
    pictures : str
        Folder of the pictures, as the text refers to it.

    Returns
    -------
    str
        Markdown.
    """
    lines = [f"# {_plain(title)}", "", f"*{_plain(kind)}* · {_plain(about)}", ""]
    for section in sections:
        if not section.blocks:
            continue
        lines += [f"## {_plain(section.title)}", ""]
        lines += [_plain(section.lead), ""] if section.lead else []
        for block in section.blocks:
            lines += [*_block(block, pictures), ""]
    return "\n".join(lines).rstrip() + "\n"


def pictures_of(sections: Sequence[Section]) -> Mapping[str, bytes]:
    """The pictures of a card by the names of their files."""
    return {
        f"{one.name}.png": one.png
        for section in sections
        for block in section.blocks
        if isinstance(block, Pictures)
        for one in block.pictures
    }


def _block(block: Block, pictures: str) -> list[str]:
    match block:
        case Text(text, _):
            return [_plain(text)]
        case Facts(facts):
            return [f"- **{_plain(name)}**: {_plain(value)}" for name, value in facts if value]
        case Grid(head, rows, numeric, title):
            return [*_titled(title), *_table(head, rows, numeric)]
        case Bars(rows, title):
            cells = [(name, value) for name, _, value in rows]
            return [*_titled(title), *_table(("", ""), cells, (1,))]
        case Checks(checks):
            return [
                f"- **{verdict}** {_plain(name)}: {_plain(text)}" for verdict, name, text in checks
            ]
        case Points(points):
            return [f"- {_plain(one)}" for one in points]
        case Code(text, language):
            return [f"```{language}", text, "```"]
        case Heat():
            return _heat(block)
        case Pictures(shown):
            return [f"![{_plain(one.title)}]({pictures}/{one.name}.png)" for one in shown]


def _heat(block: Heat) -> list[str]:
    drawn = block.map
    rows = [
        [
            label,
            *(
                ""
                if cell.loss is None
                else (share(cell.loss) if block.is_rate else f"{cell.loss:,.4g}")
                + f" ({cell.rows:,})"
                for cell in line
            ),
        ]
        for label, line in zip(drawn.down, drawn.cells, strict=True)
    ]
    head = (" \\ ".join(drawn.columns), *drawn.across)
    return [*_titled(block.title), *_table(head, rows, range(1, len(head)))]


def _titled(title: str) -> list[str]:
    return [f"### {_plain(title)}", ""] if title else []


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int]
) -> list[str]:
    rule = ["---:" if place in numeric else "---" for place in range(len(head))]
    lines = [head, rule, *rows]
    cells = (
        [_plain(cell).replace("|", "\\|") if place != 1 else cell for cell in line]
        for place, line in enumerate(lines)
    )
    return ["| " + " | ".join(line) + " |" for line in cells]


def _plain(text: str) -> str:
    """Text of a table, in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", text).replace("\n", " ")
