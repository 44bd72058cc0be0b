"""Charts of lines as pictures: one a class, and the averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from trialbook.evaluation.charts._panels import (
    DASHED,
    INK,
    MAIN,
    MUTED,
    PALE,
    PALETTE,
    RIGHT,
    class_name,
    dress,
    histogram,
    inches,
    legend,
    square,
    stacked,
    unit_square,
)

# A colour for each class up to here, else only for the weakest.
MAX_COLOURED, N_TOLD = len(PALETTE), 5
# Inches of a legend: for the sample of a line with a number, and for names or its title.
NUMBERS, LEAST_NAMES = 1.15, 1.1
_AVERAGES = {
    "macro": "mean of classes",
    "micro": "all classes together",
    "weighted": "mean by rows",
}
_STYLES: dict[str, Any] = {"macro": "solid", "micro": (0, (5, 2)), "weighted": (0, (1.5, 1.5))}

Line = Mapping[str, Any]


def draw_roc(data: Mapping[str, Any]) -> Figure:
    """Draw the shares of right and false alarms."""
    lines = _shown(data)
    figure, axes = square(_beside(lines))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=DASHED)
    entries, title = _draw(
        axes, lines, ("false_positive_rate", "true_positive_rate"), "area", "AUC"
    )
    legend(axes, entries, title, None if len(lines) > 1 else "lower right")
    dress(
        axes, "ROC curve", "false positive rate", "true positive rate (recall)", note=_note(data)
    )
    unit_square(axes)
    return figure


def draw_precision_recall(data: Mapping[str, Any]) -> Figure:
    """Draw how precise a class is called at each share of it that is found."""
    lines = _shown(data)
    figure, axes = square(_beside(lines))
    corner: str | None = None
    if len(lines) == 1:
        (only,) = lines
        if "prevalence" in only:
            axes.axhline(only["prevalence"], color=MUTED, linewidth=1, linestyle=DASHED)
        # Where the curve of a rare class or of a weak model does not pass.
        corner = "lower left" if only["average_precision"] > 0.5 else "upper right"
    entries, title = _draw(
        axes, lines, ("recall", "precision"), "average_precision", "AP", steps=True
    )
    legend(axes, entries, title, corner)
    dress(axes, "Precision-recall curve", "recall", "precision", note=_note(data))
    unit_square(axes)
    return figure


def draw_gains(data: Mapping[str, Any]) -> Figure:
    """Draw the share of a class that is among the rows of the highest scores."""
    lines = _shown(data)
    figure, axes = square(_beside(lines))
    entries: list[tuple[Any, str]] = []
    if len(lines) == 1 and "prevalence" in lines[0]:
        perfect = [0, lines[0]["prevalence"], 1], [0, 1, 1]
        (drawn,) = axes.plot(*perfect, color=INK, linewidth=1, linestyle=DASHED)
        entries.append((drawn, "perfect"))
    (drawn,) = axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    entries.append((drawn, "at random"))
    found, title = _draw(axes, lines, ("share_of_rows", "share_of_class"), None, "")
    legend(axes, [*found, *entries], title, None if len(lines) > 1 else "lower right")
    dress(
        axes,
        "Cumulative gains",
        "share of rows, highest scores first",
        "share of the class that is found",
        note=_note(data),
    )
    unit_square(axes)
    return figure


def draw_lift(data: Mapping[str, Any]) -> Figure:
    """Draw how many times as frequent a class is among the rows of the highest scores."""
    lines = _shown(data)
    figure, axes = square(_beside(lines))
    baseline = axes.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    found, title = _draw(axes, lines, ("share_of_rows", "lift"), None, "")
    entries = [*found, (baseline, "at random")]
    legend(axes, entries, title, None if len(lines) > 1 else "upper right")
    dress(
        axes,
        "Lift",
        "share of rows, highest scores first",
        "times as frequent as in all rows",
        note=_note(data),
    )
    top = max([1.0, *(max(line["lift"]) for line in lines)])
    axes.set(xlim=(-0.01, 1.01), ylim=(0, 1.06 * top))
    return figure


def draw_calibration(data: Mapping[str, Any]) -> Figure:
    """Draw how often a probability comes true, above a histogram of the probabilities."""
    lines = _shown(data)
    figure, axes, below = stacked(_beside(lines))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=DASHED)
    entries: list[tuple[Any, str]] = []
    classes = [line for line in lines if not line["average"]]
    averages = [line for line in lines if line["average"]]
    alone = len(lines) == 1
    if len(classes) > MAX_COLOURED:
        classes = sorted(classes, key=lambda line: -float(line["calibration_error"]))[:N_TOLD]
    if not alone:
        for position, line in enumerate(classes):
            points = line["mean_probability"], line["share"]
            (drawn,) = axes.plot(*points, color=PALETTE[position], linewidth=1, alpha=0.8)
            entries.append((drawn, _named(line, "calibration_error")))
    for line in reversed(lines if alone else averages):
        x, share = np.array(line["mean_probability"]), np.array(line["share"])
        margins = None
        if "low" in line:
            margins = [share - np.array(line["low"]), np.array(line["high"]) - share]
        style = _STYLES.get(line["name"], "solid") if len(averages) > 1 else "solid"
        look = {"color": MAIN if alone else INK, "markersize": 5, "linewidth": 2, "elinewidth": 1}
        drawn, *_ = axes.errorbar(x, share, yerr=margins, marker="o", linestyle=style, **look)
        entries.insert(0, (drawn, _named(line, "calibration_error")))
    positive = "positive" in data
    colour = MAIN if alone else INK
    histogram(below, data["histogram"], colour, log=len(data["class_labels"]) > 2)
    dress(axes, "Calibration", "", "share that is of the class", note=_note(data))
    dress(below, "", "predicted probability", "rows" if positive else "rows × classes")
    unit_square(axes)
    below.set_xlim(axes.get_xlim())
    if entries:
        fewer = len(classes) + len(averages) < len(lines)
        title = "mean error, worst classes" if fewer else "mean error"
        legend(axes, entries, title, "upper left" if alone else None)
    return figure


def _shown(data: Mapping[str, Any]) -> list[Line]:
    return [line for line in data["curves"] if line["shown"]]


def _beside(lines: Sequence[Line]) -> float:
    """Inches beside a panel: for the legend of several lines, with a number before each name."""
    if len(lines) == 1:
        return RIGHT
    longest = sorted((_named(line, None) for line in lines), key=len)[-5:]
    widest = max([inches(text, 9) for text in longest], default=0.0)
    return NUMBERS + max(widest, LEAST_NAMES)


def _note(data: Mapping[str, Any]) -> str:
    return "rows by their weight" if data["weighted"] else ""


def _named(line: Line, measure: str | None) -> str:
    name = _AVERAGES[line["name"]] if line["average"] else class_name(line["name"])
    return name if measure is None else f"{line[measure]:.3f}  {name}"


def _draw(
    axes: Any,
    lines: Sequence[Line],
    keys: tuple[str, str],
    measure: str | None,
    title: str,
    *,
    steps: bool = False,
) -> tuple[list[tuple[Any, str]], str]:
    """Draw lines; where there are many classes, colour only the weakest.

    What is to stand in the legend is returned, with its title.
    """
    style = "steps-pre" if steps else "default"
    classes = [line for line in lines if not line["average"]]
    averages = [line for line in lines if line["average"]]
    ranked = sorted(classes, key=lambda line: _strength(line, measure))
    coloured = classes if len(classes) <= MAX_COLOURED else ranked[:N_TOLD]
    told = {line["name"] for line in coloured}
    entries: list[tuple[Any, str]] = []
    for line in ranked[::-1]:
        if line["name"] not in told:
            look = {"color": PALE, "linewidth": 0.7, "drawstyle": style}
            (rest,) = axes.plot(line[keys[0]], line[keys[1]], **look)
    for position, line in enumerate(coloured):
        (drawn,) = axes.plot(
            line[keys[0]],
            line[keys[1]],
            color=MAIN if len(lines) == 1 else PALETTE[position],
            linewidth=2.2 if len(lines) == 1 else 1.4,
            drawstyle=style,
        )
        entries.append((drawn, _named(line, measure)))
    for line in averages[::-1]:
        (drawn,) = axes.plot(
            line[keys[0]],
            line[keys[1]],
            color=INK,
            linewidth=2.4,
            linestyle=_STYLES[line["name"]] if len(averages) > 1 else "solid",
        )
        entries.insert(0, (drawn, _named(line, measure)))
    if len(told) < len(classes):
        entries.append((rest, f"the other {len(classes) - len(told)} classes"))
        title = f"{title}, weakest classes" if title else "weakest classes"
    return entries, title


def _strength(line: Line, measure: str | None) -> float:
    """How well a class is told from the others: by its area, if the chart has one."""
    if measure is not None:
        return float(line[measure])
    x = np.array(line["share_of_rows"])
    found = np.array(line["lift"]) * x if "lift" in line else np.array(line["share_of_class"])
    return float(found.mean() / (1 - line["prevalence"] / 2))  # beside a perfect ranking
