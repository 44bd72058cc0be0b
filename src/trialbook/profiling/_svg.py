"""Charts as SVG: small pure functions from figures to markup.

The charts stretch with the page and hold no text, so that it stays readable on any screen; names
and scales are HTML around them. Colours are classes of the page's style.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

# A stroke of one unit in a chart that stretches; the page's style gives its width.
_HEIGHT = 100.0
# Part of a bar's width that is left free beside it.
_FREE = 0.14


def _heights(counts: Sequence[float]) -> list[float]:
    """Heights of bars; the smallest that is not nothing can still be seen."""
    most = max(counts, default=0) or 1
    return [max(2.5, _HEIGHT * count / most) if count else 0.0 for count in counts]


def sketch(counts: Sequence[float], label: str, kind: str = "") -> str:
    """A distribution the size of a word.

    Parameters
    ----------
    counts : sequence of float
        Height of each bar.
    label : str
        What it shows, for those who cannot see it.
    kind : str, optional
        Class of its colour.

    Returns
    -------
    str
        SVG with one path.
    """
    parts = []
    for place, height in enumerate(_heights(counts)):
        if height:
            width = 1 - _FREE
            parts.append(f"M{place} 100v-{height:.0f}h{width:.2f}v{height:.0f}z")
    return _svg(max(1, len(counts)), label, f'<path d="{"".join(parts)}"/>', f"sketch {kind}")


def bars(counts: Sequence[float], names: Sequence[str], label: str, kind: str = "") -> str:
    """A histogram, each bar of which says what it is when it is pointed at.

    Parameters
    ----------
    counts : sequence of float
    names : sequence of str
        What each bar counts.
    label : str
        What the chart shows.
    kind : str, optional
        Class of its colour.

    Returns
    -------
    str
    """
    parts = []
    for place, (height, name) in enumerate(zip(_heights(counts), names)):
        bar = f'<rect x="{place}" y="{_HEIGHT - height:.1f}" width="{1 - _FREE / 2:.2f}"'
        # The rest of the bar's place is part of it for the pointer.
        free = f'<rect class="free" x="{place}" y="0" width="1" height="100"/>'
        title = f"<title>{html.escape(name)}</title>"
        parts.append(f'<g>{title}{free}{bar} height="{height:.1f}"/></g>')
    return _svg(max(1, len(counts)), label, "".join(parts), f"chart {kind}")


def line(values: Sequence[float | None], low: float, high: float, label: str) -> str:
    """Values by period as a line that breaks where there is none.

    Parameters
    ----------
    values : sequence of float or None
    low, high : float
        Ends of the scale.
    label : str
        What the chart shows.

    Returns
    -------
    str
    """
    width = (high - low) or 1.0
    path, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        height = 96 - 92 * (value - low) / width
        # A value between two that are missing is a dot.
        path.append(f"{pen}{place + 0.5:.1f} {height:.1f}" + "h0.01" * (pen == "M"))
        pen = "L"
    body = f'<path d="{"".join(path)}"/>'
    return _svg(max(1, len(values)), label, body, "chart line")


def _svg(width: float, label: str, body: str, kind: str) -> str:
    return (
        f'<svg class="{kind.strip()}" viewBox="0 0 {width:g} {_HEIGHT:g}" role="img"'
        f' preserveAspectRatio="none" aria-label="{html.escape(label)}">{body}</svg>'
    )


def heat_map(
    names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    label: str,
    written: Sequence[Sequence[str]],
) -> str:
    """How closely columns go together, each pair once, as a triangle of squares.

    Parameters
    ----------
    names : sequence of str, length n
        Shortened.
    values : sequence of sequence of float or None, shape (n, n)
        From -1 to 1.
    label : str
        What the chart shows.
    written : sequence of sequence of str, shape (n, n)
        What each square says when it is pointed at.

    Returns
    -------
    str
        SVG with text, to be shown in its own size.
    """
    cell, margin, n_names = 22, 150, len(names)
    size = cell * n_names
    parts = []
    for i in range(n_names):
        middle = i * cell + cell / 2
        parts.append(
            f'<text x="{margin - 8}" y="{middle + 4}" text-anchor="end">'
            f"{html.escape(names[i])}</text>"
        )
        for j in range(i):
            value = values[i][j]
            side = "none" if value is None else "plus" if value >= 0 else "minus"
            strength = 0.06 if value is None else 0.06 + 0.94 * abs(value)
            parts.append(
                f'<rect class="{side}" x="{margin + j * cell}" y="{i * cell}" width="{cell - 2}" '
                f'height="{cell - 2}" rx="3" fill-opacity="{strength:.2f}">'
                f"<title>{html.escape(written[i][j])}</title></rect>"
            )
        # The name of each column again, at the head of its squares.
        place = f"translate({margin + i * cell + cell / 2 - 3},{i * cell + cell - 4})"
        if i < n_names - 1:
            parts.append(f'<text transform="{place} rotate(-45)">{html.escape(names[i])}</text>')
    width, height = margin + size + 110, size
    return (
        f'<svg class="heat" role="img" aria-label="{html.escape(label)}" '
        f'viewBox="0 -6 {width} {height + 6}" width="{width}" height="{height + 6}">'
        f"{''.join(parts)}</svg>"
    )
