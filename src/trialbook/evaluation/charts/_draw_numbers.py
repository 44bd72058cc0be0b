"""Charts of predicted numbers as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from trialbook.evaluation.charts._panels import (
    ABOVE,
    ACCENT,
    BELOW,
    DASHED,
    DPI,
    INK,
    LEFT,
    MAIN,
    RIGHT,
    SHADES,
    dress,
    histogram,
    legend,
    panel,
    stacked,
)


def draw_residuals(data: Mapping[str, Any]) -> Figure:
    """Draw a histogram of residuals, beside a cloud of them by predicted value."""
    width, beside, height, gap = 4.4, 2.0, 3.4, 0.35
    figure = Figure((LEFT + width + gap + beside + RIGHT, BELOW + height + ABOVE), DPI)
    cloud = panel(figure, LEFT, BELOW, width, height)
    side = panel(figure, LEFT + width + gap, BELOW, beside, height)
    _cloud(cloud, data["cloud"])
    histogram(side, data, MAIN, lying=True)
    line = side.axhline(data["median"], color=ACCENT, linewidth=1.6, linestyle=(0, (4, 2)))
    note = _left_out(data["below"] + data["above"], data["rows"])
    dress(cloud, "Residuals", "predicted value", "predicted − true", note=note)
    dress(side, "", "weight of rows" if data["weighted"] else "rows", "")
    edges = data["bin_edges"]
    for axes in (cloud, side):
        axes.axhline(0, color=INK, linewidth=1)
        axes.set_ylim(edges[0], edges[-1])
    side.tick_params(labelleft=False)
    legend(side, [(line, f"median {data['median']:.3g}")], "", "upper right")
    return figure


def draw_predicted_vs_true(data: Mapping[str, Any]) -> Figure:
    """Draw predicted by true values with their mean and spread, above a histogram."""
    figure, axes, below = stacked(RIGHT)
    low, high = data["limits"]
    _cloud(axes, data["cloud"])
    (ideal,) = axes.plot([low, high], [low, high], color=INK, linewidth=1, linestyle=DASHED)
    entries: list[tuple[Any, str]] = [(ideal, "perfect")]
    x, mean, spread = (np.array(data[key]) for key in ("bin_true", "bin_averages", "bin_errors"))
    if len(x) > 1:
        band = axes.fill_between(x, mean - spread, mean + spread, color=ACCENT, alpha=0.2, lw=0)
        (line,) = axes.plot(x, mean, color=ACCENT, linewidth=2)
        entries += [(line, "mean prediction"), (band, "± 1 standard deviation")]
    histogram(below, data["histogram"], MAIN)
    note = _left_out(data["outside"], data["rows"])
    dress(axes, "Predicted and true values", "", "predicted value", note=note)
    dress(below, "", "true value", "weight" if data["weighted"] else "rows")
    axes.set(xlim=(low, high), ylim=(low, high))
    below.set_xlim(low, high)
    legend(axes, entries, "", "upper left")
    return figure


def _left_out(outside: int, rows: int) -> str:
    return f"{outside:,} of {rows:,} rows lie outside" if outside else ""


def _cloud(axes: Any, cloud: Mapping[str, Any]) -> None:
    """Dots, or cells that are darker where more rows are."""
    if "cells" not in cloud:
        look = {"markersize": 3.8, "color": MAIN, "alpha": 0.35, "markeredgewidth": 0}
        axes.plot(cloud["x"], cloud["y"], "o", **look)
        return
    x_edges, y_edges = np.array(cloud["x_edges"]), np.array(cloud["y_edges"])
    counts = np.full((len(y_edges) - 1, len(x_edges) - 1), np.nan)
    columns, rows, numbers = np.array(cloud["cells"]).T
    counts[rows, columns] = numbers
    norm = LogNorm(1, max(2.0, float(numbers.max())))
    extent = (x_edges[0], x_edges[-1], y_edges[0], y_edges[-1])
    look = {"cmap": SHADES, "norm": norm, "interpolation": "nearest", "aspect": "auto"}
    # Above the grid, below lines.
    axes.imshow(counts, origin="lower", extent=extent, zorder=1, **look)
    axes.margins(0.03)
