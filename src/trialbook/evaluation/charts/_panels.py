"""What all pictures share: colours, panels at places in inches, axes, legends.

Figures are made without pyplot, so that drawing keeps no global state and works in any thread.
They are quick to draw: each panel has a fixed place in inches (a layout engine draws everything
twice), and what has many parts, such as a histogram, is one artist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, ScalarFormatter

INK, MUTED, PALE, FAINT = "#1f2933", "#6b7785", "#c3cad2", "#e4e8ec"
MAIN, ACCENT = "#2563a8", "#d9622b"
# Told apart by people who see few colours too (after Okabe and Ito), darkest first.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#555555")
SHADES = LinearSegmentedColormap.from_list("shades", ["#c9dcef", "#6aa3d5", "#0b3c74"])
DASHED = (0, (4, 4))

# Letters of a class name.
MAX_LETTERS = 24
# Of a notebook's or a web page's width, and enough to read 9 point letters.
DPI = 80
# Inches around panels: title, tick labels with axis labels, a bit of air.
ABOVE, LEFT, BELOW, RIGHT = 0.6, 0.85, 0.65, 0.25
# Inches from a panel to the middle of its axis labels.
LABEL_LEFT, LABEL_BELOW = 0.62, 0.4
# Heights of an upper panel, of the one below it and of what is between them.
UPPER, LOWER, BETWEEN = 3.5, 0.85, 0.2


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place given in inches."""
    all_width, all_height = figure.get_size_inches()
    place = (left / all_width, bottom / all_height, width / all_width, height / all_height)
    return figure.add_axes(place)


def square(right: float) -> tuple[Figure, Any]:
    """A square panel, with so many inches to the right of it."""
    side = 4.1
    figure = Figure((LEFT + side + right, BELOW + side + ABOVE), DPI)
    return figure, panel(figure, LEFT, BELOW, side, side)


def stacked(right: float) -> tuple[Figure, Any, Any]:
    """A panel, and a low one below it with the same horizontal axis; inches to the right."""
    width, bottom = 4.7, BELOW + LOWER + BETWEEN
    figure = Figure((LEFT + width + right, bottom + UPPER + ABOVE), DPI)
    upper = panel(figure, LEFT, bottom, width, UPPER)
    upper.tick_params(labelbottom=False)
    return figure, upper, panel(figure, LEFT, BELOW, width, LOWER)


def dress(
    axes: Any, title: str, x: str, height: str, *, note: str = "", grid: bool = True
) -> None:
    """Title, note, labels and grid of a panel."""
    # A given height of the title spares the search for one; an exponent fits below it.
    places: dict[str, Any] = {"y": 1.0, "pad": 16}
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=INK, **places)
    axes.set_title(note, loc="right", fontsize=9, color=MUTED, **places)
    axes.set_xlabel(x, color=MUTED, fontsize=10, va="center")
    axes.set_ylabel(height, color=MUTED, fontsize=10, va="center")
    box = axes.get_window_extent()
    axes.xaxis.set_label_coords(0.5, -LABEL_BELOW * DPI / box.height)
    axes.yaxis.set_label_coords(-LABEL_LEFT * DPI / box.width, 0.5)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(PALE)
    axes.tick_params(color=PALE, labelcolor=INK, labelsize=9)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(fontsize=9, color=MUTED)
        if isinstance(axis.get_major_formatter(), ScalarFormatter):
            axis.get_major_formatter().set_powerlimits((-3, 5))
    if grid:
        axes.grid(color=FAINT, linewidth=0.8)
        axes.set_axisbelow(True)


def unit_square(axes: Any) -> None:
    """Both axes from 0 to 1."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))


def legend(axes: Any, entries: Sequence[tuple[Any, str]], title: str, corner: str | None) -> None:
    """A legend in a corner of the panel; without one, to the right of it."""
    handles, labels = zip(*entries, strict=True)
    drawn = axes.legend(
        handles,
        labels,
        title=title,
        loc=corner or "upper left",
        bbox_to_anchor=None if corner else (1.01, 1.0),
        fontsize=9,
        title_fontsize=9,
        alignment="left",
        frameon=corner is not None,
        framealpha=0.9,
        edgecolor="none",
        labelcolor=INK,
    )
    drawn.get_title().set_color(MUTED)


def histogram(
    axes: Any,
    bars: Mapping[str, Any],
    colour: str,
    *,
    log: bool = False,
    lying: bool = False,
) -> None:
    """Numbers of rows as one filled outline, on an axis of a few short numbers."""
    counts = np.asarray(bars["bin_counts"], dtype=float)
    orientation = "horizontal" if lying else "vertical"
    look = {"fill": True, "color": colour, "alpha": 0.75, "orientation": orientation}
    axes.stairs(counts, bars["bin_edges"], **look)
    top = max(1.0, float(counts.max()))
    axis = axes.xaxis if lying else axes.yaxis
    if log:
        axes.set(yscale="log", ylim=(0.7, 2 * top))
        axis.set_major_locator(LogLocator(numticks=4))
        axis.set_minor_locator(NullLocator())
    else:
        axes.set(**{"xlim" if lying else "ylim": (0, 1.05 * top)})
        axis.set_major_locator(MaxNLocator(3, integer=True))
    axis.set_major_formatter(FuncFormatter(count))


def inches(text: str, points: float) -> float:
    """Width of a text."""
    font = FontProperties(size=points)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def count(number: float, _position: int = 0) -> str:
    """A number of rows in few letters."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:g}{letter}"
    return f"{number:g}"


def class_name(label: Any) -> str:
    """A class as a legend or an axis calls it: a mere number would read as a measure."""
    name = short(label)
    return name if any(letter.isalpha() for letter in name) else f"class {name}"


def short(name: Any) -> str:
    """A class's name on one line, its middle cut where long; ``$`` would start a formula."""
    text = " ".join(str(name).split())
    if len(text) > MAX_LETTERS:
        half = MAX_LETTERS // 2
        text = f"{text[:half].rstrip()}…{text[-half:].lstrip()}"
    return text.replace("$", r"\$")
