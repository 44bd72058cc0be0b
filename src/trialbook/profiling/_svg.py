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
_FREE = 0.12
# Squares of a heat map: of few columns there is room for the figure in each.
CELL, LARGE_CELL, FEW_NAMES = 22, 38, 18


def _esc(text: str) -> str:
    return html.escape(text)


def _heights(counts: Sequence[float]) -> list[float]:
    """Heights of bars; the smallest that is not nothing can still be seen."""
    most = max(counts, default=0) or 1
    return [max(3.0, _HEIGHT * count / most) if count else 0.0 for count in counts]


def _drawn(counts: Sequence[float]) -> str:
    """Bars as one path."""
    width = 1 - _FREE
    bars = [
        f"M{place} 100v-{height:.0f}h{width:.2f}v{height:.0f}z"
        for place, height in enumerate(_heights(counts))
        if height
    ]
    return f'<path d="{"".join(bars)}"/>'


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
    return _svg(max(1, len(counts)), label, _drawn(counts), f"sketch {kind}")


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
    titles = "".join(
        f'<rect x="{place}" width="1" height="100"><title>{_esc(name)}</title></rect>'
        for place, name in enumerate(names)
    )
    return _svg(max(1, len(counts)), label, titles + _drawn(counts), f"chart {kind}")


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
        f' preserveAspectRatio="none" aria-label="{_esc(label)}">{body}</svg>'
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
    n_names = len(names)
    cell = CELL if n_names > FEW_NAMES else LARGE_CELL
    parts = []
    for i in range(n_names):
        # A name stands before its row and, turned, above its column.
        middle = (i + 0.5) * cell
        if i:
            parts.append(
                f'<text x="-8" y="{middle + 4:g}" text-anchor="end">{_esc(names[i])}</text>'
            )
        if i < n_names - 1:
            place = f"translate({middle:g},{(i + 1) * cell - 5:g})"
            parts.append(f'<text transform="{place} rotate(-45)">{_esc(names[i])}</text>')
        for j in range(i):
            parts.append(_square(values[i][j], written[i][j], j * cell, i * cell, cell))
    size, left, right = cell * n_names, 160, 110
    # The first row has no squares, and the first turned name needs room.
    top = 90 - cell
    width, height = left + size + right, top + size
    return (
        f'<svg class="heat" role="img" aria-label="{_esc(label)}" '
        f'viewBox="{-left} {-top} {width} {height}" width="{width}" height="{height}">'
        f"{''.join(parts)}</svg>"
    )


def _square(value: float | None, title: str, x: float, y: float, cell: float) -> str:
    side = "none" if value is None else "plus" if value >= 0 else "minus"
    strength = 0.06 if value is None else 0.06 + 0.94 * abs(value)
    said = ""
    if cell > CELL and value is not None:
        place = f'x="{x + cell / 2 - 1:g}" y="{y + cell / 2 + 3:g}" text-anchor="middle"'
        figure = f"{value:.2f}".replace("-0.00", "0.00")
        said = f'<text class="{"on" if strength > 0.6 else ""}" {place}>{figure}</text>'
    return (
        f'<g><title>{_esc(title)}</title><rect class="{side}" x="{x:g}" y="{y:g}" rx="3" '
        f'width="{cell - 2:g}" height="{cell - 2:g}" fill-opacity="{strength:.2f}"/>{said}</g>'
    )
