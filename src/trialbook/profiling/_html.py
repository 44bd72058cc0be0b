"""Pieces of the page: small pure functions from figures to HTML."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence

from trialbook.profiling import _svg as svg
from trialbook.profiling._figures import ColumnProfile, Histogram, Periods
from trialbook.profiling._format import figure

# A bar of a ranking: name, length from 0 to 1, value, class of its colour, and what more is said.
Bar = tuple[str, float, str, str, str]


def esc(text: object) -> str:
    """Text of the table, in which nothing is markup."""
    return html.escape(str(text))


def fact(name: str, value: str, note: str) -> str:
    """A card of the overview."""
    small = f"<small>{esc(note)}</small>" if note else ""
    kind = ' class="word"' if value.isalpha() else ""
    return f'<div class="card"><dt>{name}</dt><dd{kind}>{esc(value)}{small}</dd></div>'


def type_badge(column: ColumnProfile) -> str:
    """The type of a column, with its colour."""
    return f'<span class="type {column.semantic}">{column.semantic}</span>'


def meter(length: float, kind: str = "") -> str:
    """A short bar beside a number that says the same."""
    return (
        f'<span class="meter {kind}" aria-hidden="true">'
        f'<span style="width:{100 * length:.1f}%"></span></span>'
    )


def ranking(rows: Sequence[Bar], kind: str = "") -> str:
    """Bars with names, the longest first."""
    items = []
    for name, length, value, tone, more in rows:
        title = esc(f"{name}: {value}" + (f"; {more}" if more else ""))
        items.append(
            f'<li title="{title}"><span class="name">{esc(name)}</span>{meter(length, tone)}'
            f'<span class="value">{value}</span></li>'
        )
    return f'<ol class="ranking {kind}">{"".join(items)}</ol>'


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[int] = ()
) -> str:
    """A plain table of cells that are HTML already."""
    kinds = [' class="number"' if place in numeric else "" for place in range(len(head))]
    top = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in zip(head, kinds))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def pairs(facts: Sequence[tuple[str, str]]) -> str:
    """Names and figures, in as many columns as there is room for."""
    items = "".join(
        f"<div><dt>{name}</dt><dd>{esc(value)}</dd></div>" for name, value in facts if value
    )
    return f'<dl class="pairs">{items}</dl>'


def scale(*marks: str) -> str:
    """What stands below a chart: its two ends, and something between."""
    spans = "".join(f"<span>{esc(mark)}</span>" for mark in marks)
    return f'<div class="scale" aria-hidden="true">{spans}</div>'


def histogram_figure(found: Histogram, label: str, kind: str, unit: str = "") -> str:
    """A histogram with its scale, and what lies outside it."""
    if not found.counts:
        return '<p class="muted small">The values are too far apart to draw.</p>'
    inside = 0.5 if found.whole else 0.0
    bins = [
        (figure(low + inside), figure(high - inside))
        for low, high in itertools.pairwise(found.edges)
    ]
    names = [low if low == high else f"{low} to {high}" for low, high in bins]
    ends = (bins[0][0], bins[-1][1])
    titles = [f"{name}{unit}: {count:,}" for name, count in zip(names, found.counts)]
    drawn = svg.bars(found.counts, titles, f"{label}, from {ends[0]} to {ends[1]}{unit}", kind)
    beyond = [
        f"{count:,} {side}"
        for count, side in ((found.below, "below"), (found.above, "above"))
        if count
    ]
    note = f" · beyond the chart: {', '.join(beyond)}" if beyond else ""
    caption = f"<figcaption>{esc(label)}{note}</figcaption>"
    marks = (ends[0], ends[1] + unit) if len(found.counts) > 1 else (ends[0] + unit,)
    return f"<figure>{caption}{drawn}{scale(*marks)}</figure>"


def periods_figure(found: Periods, label: str) -> str:
    """Rows over time with a scale."""
    titles = [f"{start}: {count:,}" for start, count in zip(found.starts, found.counts)]
    starts = found.starts
    drawn = svg.bars(
        found.counts, titles, f"{label}, from {starts[0]} to {starts[-1]}", "datetime"
    )
    beyond = [
        f"{count:,} {side}"
        for count, side in ((found.below, "earlier"), (found.above, "later"))
        if count
    ]
    note = f" · beyond the chart: {', '.join(beyond)}" if beyond else ""
    marks = (starts[0], starts[len(starts) // 2], starts[-1]) if len(starts) > 2 else starts
    return f"<figure><figcaption>{esc(label)}{note}</figcaption>{drawn}{scale(*marks)}</figure>"


def named_bars(counts: Sequence[int], names: Sequence[str], label: str, kind: str) -> str:
    """Bars of few things in a fixed order, such as the days of the week."""
    titles = [f"{name}: {count:,}" for name, count in zip(names, counts)]
    drawn = svg.bars(counts, titles, label, kind)
    marks = names if len(names) <= 7 else (names[0], names[len(names) // 2], names[-1])
    return f"<figure><figcaption>{esc(label)}</figcaption>{drawn}{scale(*marks)}</figure>"
