"""A model card as one HTML page."""

from __future__ import annotations

import base64
from collections.abc import Sequence

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
from trialbook.profiling.page_parts import document, esc, pairs, ranking, share, table

# Pixels from which on a picture has a line of its own.
WIDE = 700
# Beside the look of every page.
STYLE = """
.pictures { display: grid; gap: 16px; margin-top: 12px; align-items: start; }
.pictures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); }
.pictures .card { margin: 0; }
.pictures img { max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
.pictures img { display: block; margin: 0 auto; }
.pictures { grid-auto-flow: dense; }
.pictures .wide { grid-column: 1 / -1; }
pre { background: var(--faint); border-radius: 8px; padding: 12px 14px; margin: 0; }
pre { overflow-x: auto; }
pre code { white-space: pre; }
.points { margin-bottom: 0; padding-left: 20px; }
.points li { margin: 4px 0; overflow-wrap: anywhere; }
.pairs dd { overflow-wrap: anywhere; }
table.map td { text-align: center; padding: 6px 8px; border-bottom: 1px solid var(--card); }
table.map th { padding-right: 8px; font-weight: 500; }
table.map thead th { text-align: center; }
table.map td small { display: block; opacity: 0.75; font-size: 11px; }
table.map th, table.map td { overflow-wrap: normal; white-space: nowrap; }
table.map .unsure { color: var(--muted); }
td { overflow-wrap: break-word; }
td:first-child { min-width: 96px; }
.card > * + * { margin-top: 14px; }
.card > h3 + * { margin-top: 8px; }
"""


def card_page(kind: str, title: str, about: str, sections: Sequence[Section]) -> str:
    """The page of a card.

    Parameters
    ----------
    kind, title, about : str
        What stands above.
    sections : sequence of Section

    Returns
    -------
    str
        HTML that asks for nothing from anywhere else.
    """
    parts = {one.key: (esc(one.title), _section(one)) for one in sections}
    return document(kind, title, about, parts, style=STYLE)


def _section(section: Section) -> str:
    if not section.blocks:
        return ""
    lead = f'<p class="muted">{esc(section.lead)}</p>' if section.lead else ""
    head = f"<h2>{esc(section.title)}</h2>{lead}"
    inside, body = "", ""
    for block in section.blocks:
        if isinstance(block, Pictures):
            body += f'<div class="card">{inside}</div>' if inside else ""
            inside, body = "", body + _pictures(block)
        else:
            inside += _block(block)
    return head + body + (f'<div class="card">{inside}</div>' if inside else "")


def _block(block: Block) -> str:
    match block:
        case Text(text, muted):
            return f'<p class="muted small">{esc(text)}</p>' if muted else f"<p>{esc(text)}</p>"
        case Facts(facts):
            return pairs([(esc(name), value) for name, value in facts])
        case Grid(head, rows, numeric, title):
            cells = [[esc(cell) for cell in row] for row in rows]
            return _titled(title) + table([esc(one) for one in head], cells, numeric=numeric)
        case Bars(rows, title):
            bars = [(name, length, esc(value), "", "") for name, length, value in rows]
            return _titled(title) + ranking(bars)
        case Checks(checks):
            items = "".join(
                f'<li><span class="pill {verdict}">{verdict}</span>'
                f"<p><strong>{esc(name)}</strong><br>{esc(text)}</p></li>"
                for verdict, name, text in checks
            )
            return f'<ul class="checks">{items}</ul>'
        case Points(points):
            return f'<ul class="points">{"".join(f"<li>{esc(one)}</li>" for one in points)}</ul>'
        case Code(text, _):
            return f"<pre><code>{esc(text)}</code></pre>"
        case Heat():
            return _heat(block)
        case Pictures():
            return _pictures(block)


def _titled(title: str) -> str:
    return f"<h3>{esc(title)}</h3>" if title else ""


def _pictures(block: Pictures) -> str:
    figures = "".join(
        f'<figure class="card{" wide" if _width(one.png) > WIDE else ""}">'
        f"<figcaption>{esc(one.title)}</figcaption>"
        f'<img alt="{esc(one.title)}" src="data:image/png;base64,'
        f'{base64.b64encode(one.png).decode("ascii")}"></figure>'
        for one in block.pictures
    )
    return f'<div class="pictures">{figures}</div>'


def _width(png: bytes) -> int:
    """Pixels from left to right, as the first chunk of a PNG has them."""
    return int.from_bytes(png[16:20], "big")


def _heat(block: Heat) -> str:
    """A table whose cells are the darker the further they are above what is usual."""
    drawn = block.map
    most = max(
        (cell.loss for line in drawn.cells for cell in line if cell.is_sure and cell.loss),
        default=0.0,
    )
    rows = ""
    for label, line in zip(drawn.down, drawn.cells, strict=True):
        cells = ""
        for cell in line:
            if cell.loss is None:
                cells += "<td></td>"
                continue
            tint = round(70 * cell.loss / most) if most and cell.is_sure else 0
            look = f"background: color-mix(in srgb, var(--warm) {tint}%, transparent)"
            unsure = "" if cell.is_sure else ' class="unsure"'
            text = share(cell.loss) if block.is_rate else f"{cell.loss:,.4g}"
            cells += f'<td{unsure} style="{look}">{text}<small>{cell.rows:,}</small></td>'
        rows += f'<tr><th scope="row">{esc(label)}</th>{cells}</tr>'
    top = "".join(f'<th scope="col">{esc(label)}</th>' for label in drawn.across)
    corner = esc(" \\ ".join(drawn.columns))
    return (
        f'{_titled(block.title)}<div class="scroll"><table class="map"><thead><tr>'
        f'<th scope="col">{corner}</th>{top}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
