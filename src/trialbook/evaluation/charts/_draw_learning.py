"""How a model gets better with rows and with rounds, as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from trialbook.evaluation.charts._panels import (
    ABOVE,
    ACCENT,
    BELOW,
    DPI,
    INK,
    LEFT,
    MAIN,
    RIGHT,
    count,
    dress,
    legend,
    panel,
)

_COLOURS = {"training": ACCENT, "validation": MAIN}
# The first rounds are far from the others and would flatten them: the axis holds what comes after
# this part of each line.
_STEEP = 0.08


def draw_learning_curve(data: Mapping[str, Any]) -> Figure:
    """Draw the score by rows that were trained on."""
    figure, axes = _wide()
    entries: list[tuple[Any, str]] = []
    for curve in data["curves"]:
        if not curve["shown"]:
            continue
        rows, score = np.array(curve["rows"]), np.array(curve["score"], dtype=float)
        spread, colour = np.array(curve["std"], dtype=float), _COLOURS[curve["name"]]
        (line,) = axes.plot(rows, score, color=colour, linewidth=2, marker="o", markersize=5)
        if max(curve["folds"], default=1) > 1:
            limits = score - spread, score + spread
            axes.fill_between(rows, *limits, color=colour, alpha=0.15, linewidth=0)
        name = "rows that train" if curve["name"] == "training" else "validation rows"
        entries.append((line, name))
    better = "higher is better" if data["greater_is_better"] else "lower is better"
    dress(axes, "Learning curve", "training rows", data["metric"], note=better)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(count))
    legend(axes, entries, "", "best")
    return figure


def draw_training_rounds(data: Mapping[str, Any]) -> Figure:
    """Draw what was recorded round by round; a dot is where a model ends."""
    figure, axes = _wide()
    entries: dict[str, Any] = {}
    seen: list[float] = []
    for curve in data["curves"]:
        if not curve["shown"]:
            continue
        x, score = np.array(curve["rounds"]), np.array(curve["score"], dtype=float)
        colour = _COLOURS[curve["set"]]
        (line,) = axes.plot(x, score, color=colour, linewidth=1.3, alpha=0.85)
        entries.setdefault(curve["set"], line)
        after = score[int(_STEEP * len(score)) :]
        seen += after[np.isfinite(after)].tolist()
        if curve["set"] == "validation" and data["kept"]:
            end = data["kept"][curve["fold"] - 1]
            height = np.interp(end, x, score)
            axes.plot([end], [height], "o", color=INK, markersize=4, zorder=3)
    dress(axes, "Training in rounds", "round", data["measure"], note="one line a fold")
    low, high = min(seen), max(seen)
    margin = 0.05 * (high - low) or 0.5
    axes.set_ylim(low - margin, high + margin)
    names = {"training": "rows that train", "validation": "validation rows"}
    legend(axes, [(line, names[name]) for name, line in entries.items()], "", "upper right")
    return figure


def _wide() -> tuple[Figure, Any]:
    width, height = 5.6, 3.6
    figure = Figure((LEFT + width + RIGHT, BELOW + height + ABOVE), DPI)
    return figure, panel(figure, LEFT, BELOW, width, height)
