"""Charts of how a model errs, as figures ready to be saved.

Figures are made without pyplot, so that drawing keeps no global state and works in any thread.
Every trial of a search pays for its charts, so they are quick to draw: each panel has a fixed
place in inches (a layout engine draws everything twice), and what has many parts, such as a
histogram, is one artist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from trialbook.evaluation._curves import Curve, curve
from trialbook.job import Task

INK, MUTED, PALE, FAINT = "#1f2933", "#6b7785", "#c3cad2", "#e4e8ec"
MAIN, ACCENT = "#2563a8", "#d9622b"
# Told apart by people who see few colours too (after Okabe and Ito), darkest first.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#555555")

# What stays legible: a colour for each class up to here, else only for the weakest classes ...
MAX_COLOURED, N_WEAKEST = len(PALETTE), 5
# ... counts and shares, or shares alone, in the cells of a confusion matrix, and names at its
# axes up to these numbers ...
MAX_COUNTED, MAX_NUMBERED, MAX_NAMED = 6, 14, 60
# ... letters of a class name, points of a line, and dots of a cloud before it becomes hexagons.
MAX_LETTERS, MAX_POINTS, MAX_DOTS = 24, 800, 2000

N_BINS = 10
SHADES = LinearSegmentedColormap.from_list("shades", ["#c9dcef", "#6aa3d5", "#0b3c74"])
DASHED = (0, (4, 4))

# Of a notebook's or a web page's width, and enough to read 9 point letters.
DPI = 80
# Inches around panels: title, tick labels with axis labels, a bit of air, a legend of names.
ABOVE, LEFT, BELOW, RIGHT, LEGEND = 0.6, 0.85, 0.65, 0.25, 2.85
# Inches from a panel to the middle of its axis labels.
LABEL_LEFT, LABEL_BELOW = 0.62, 0.4
# Heights of an upper panel, of the one below it and of what is between them.
UPPER, LOWER, BETWEEN = 3.5, 0.85, 0.2


def charts(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray,
    classes: Sequence[Any] = (),
    positive: int | None = None,
) -> dict[str, Figure]:
    """Draw the charts of a task.

    Parameters
    ----------
    task : {"classification", "regression"}
        What was learned.
    y : ndarray of shape (n,)
        Codes 0 to n_classes - 1 of the true classes, or true values.
    prediction : ndarray of shape (n, n_classes) or (n,)
        Probabilities, or predicted values.
    classes : sequence
        Names of the classes, in the order of the codes.
    positive : int, optional
        Code of the positive class of two.

    Returns
    -------
    dict of str to Figure
        ``confusion_matrix``, ``roc``, ``precision_recall`` and ``calibration``, or ``residuals``
        and ``predicted_vs_true``. A chart that is undefined on these rows is left out, as are
        all of them where a prediction is not finite.
    """
    y, prediction = np.asarray(y), np.asarray(prediction, dtype=float)
    if not len(y) or not np.isfinite(prediction).all():
        return {}
    if task == "regression":
        return {
            "residuals": _residuals(y.astype(float), prediction),
            "predicted_vs_true": _predicted_vs_true(y.astype(float), prediction),
        }
    names = [_short(name) for name in classes]
    figures = {"confusion_matrix": _confusion_matrix(y, prediction.argmax(axis=1), names)}
    shown = range(len(names)) if positive is None else [positive]
    curves = {k: found for k in shown if (found := curve(y == k, prediction[:, k]))}
    ranked = {k: found for k, found in curves.items() if np.isfinite(found.area)}
    if ranked:
        figures["roc"] = _roc(ranked, names)
        figures["precision_recall"] = _precision_recall(ranked, names)
    figures["calibration"] = _calibration(y, prediction, names, positive)
    return figures


def _confusion_matrix(y: np.ndarray, predicted: np.ndarray, names: list[str]) -> Figure:
    n_all = len(names)
    counts = np.bincount(y * n_all + predicted, minlength=n_all**2).reshape(n_all, n_all)
    frequent = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:MAX_NAMED])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    counts, shares = counts[np.ix_(frequent, frequent)], shares[np.ix_(frequent, frequent)]
    n, labels = len(frequent), [names[k] for k in frequent]
    numbered = n <= MAX_NUMBERED
    size = max(3.2, (0.62 if numbered else 0.16) * n)
    points = 9 if numbered else 7
    widest = max(_inches(label, points) for label in labels)
    flat = n <= 3 and widest < 0.95 * size / n
    left, below = widest + 0.5, 0.6 if flat else widest + 0.5
    figure = Figure((left + size + (RIGHT if numbered else 1.05), below + size + ABOVE), DPI)
    axes = _panel(figure, left, below, size, size)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    note = f"{n} most frequent of {n_all} classes" if n < n_all else ""
    note = "% of the true class" if numbered else note
    _dress(axes, "Confusion matrix", "predicted class", "true class", note=note, grid=False)
    axes.xaxis.set_label_coords(0.5, (0.15 - below) / size)
    axes.yaxis.set_label_coords((0.15 - left) / size, 0.5)
    axes.set_frame_on(False)
    _name_cells(axes, labels, size, points, flat=flat)
    if numbered:
        _number_cells(axes, counts, shares)
    else:
        _scale(_panel(figure, left + size + 0.2, below + 0.25 * size, 0.15, 0.5 * size))
    return figure


def _name_cells(axes: Any, labels: list[str], size: float, points: float, *, flat: bool) -> None:
    """Names of the classes at both axes; plain texts take a third of the time of tick labels."""
    axes.set(xticks=[], yticks=[])
    look = {"color": INK, "fontsize": points}
    rows = {"ha": "right", "va": "center", "transform": axes.get_yaxis_transform()}
    columns = {"ha": "center", "va": "top", "transform": axes.get_xaxis_transform()}
    for place, label in enumerate(labels):
        axes.text(-0.06 / size, place, label, gid="true class", **rows, **look)
        turned = {"rotation": 0 if flat else 90, **columns, **look}
        axes.text(place, -0.08 / size, label, gid="predicted class", **turned)


def _number_cells(axes: Any, counts: np.ndarray, shares: np.ndarray) -> None:
    """Counts of rows and shares of the true class; shares alone where there is little room."""
    few = len(counts) <= MAX_COUNTED
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        percent = f"{share:.0%}" if few or share >= 0.005 else "·"
        axes.text(
            column,
            row,
            f"{count:,}\n{percent}" if few and count else percent if count else "0" if few else "",
            gid="cell",
            ha="center",
            va="center",
            fontsize=9 if few else 8,
            color="white" if share > 0.55 else INK if count else MUTED,
        )


def _scale(axes: Any) -> None:
    """What the shades of a confusion matrix mean."""
    axes.imshow(np.linspace(1, 0, 100)[:, None], cmap="Blues", aspect="auto", extent=(0, 1, 0, 1))
    axes.set(xticks=[], yticks=[0, 0.5, 1], yticklabels=["0%", "50%", "100%"])
    axes.yaxis.tick_right()
    axes.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    axes.set_title("share of the\ntrue class", fontsize=8, color=MUTED, loc="left", y=1.0)
    axes.set_frame_on(False)


def _roc(curves: dict[int, Curve], names: list[str]) -> Figure:
    figure, axes = _square(len(curves))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=DASHED)
    lines = {
        k: (np.append(0, found.false_alarms), np.append(0, found.recall), found.area)
        for k, found in curves.items()
    }
    grid = np.linspace(0, 1, 201)
    mean = np.mean([np.interp(grid, x, height) for x, height, _ in lines.values()], axis=0)
    mean = np.append(0, mean), np.append(0, grid)
    _draw_classes(axes, lines, names, (mean[1], mean[0]), "AUC", "lower right")
    _dress(axes, "ROC curve", "false positive rate", "true positive rate (recall)")
    _unit_square(axes)
    return figure


def _precision_recall(curves: dict[int, Curve], names: list[str]) -> Figure:
    figure, axes = _square(len(curves))
    lines = {
        k: (
            np.append(0, found.recall),
            np.append(found.precision[0], found.precision),
            found.average_precision,
        )
        for k, found in curves.items()
    }
    grid = np.linspace(0, 1, 201)
    heights = [height[np.searchsorted(x, grid).clip(1)] for x, height, _ in lines.values()]
    corner = "lower left"
    if len(curves) == 1:
        (only,) = curves.values()
        axes.axhline(only.prevalence, color=MUTED, linewidth=1, linestyle=DASHED)
        # Where the curve of a rare class or of a weak model does not pass.
        corner = "lower left" if only.average_precision > 0.5 else "upper right"
    mean = grid, np.mean(heights, axis=0)
    _draw_classes(axes, lines, names, mean, "AP", corner, steps=True)
    _dress(axes, "Precision-recall curve", "recall", "precision")
    _unit_square(axes)
    return figure


def _draw_classes(
    axes: Any,
    lines: dict[int, tuple[np.ndarray, np.ndarray, float]],
    names: list[str],
    mean: tuple[np.ndarray, np.ndarray],
    measure: str,
    corner: str,
    *,
    steps: bool = False,
) -> None:
    """One line a class; where there are many, colour only the weakest, and show their mean."""
    style = "steps-pre" if steps else "default"
    weakest = sorted(lines, key=lambda k: lines[k][2])
    coloured = sorted(lines) if len(lines) <= MAX_COLOURED else weakest[:N_WEAKEST]
    entries: list[tuple[Any, str]] = []
    for k in weakest[::-1]:
        if k not in coloured:
            x, height, _ = lines[k]
            (rest,) = axes.plot(*_thinned(x, height), color=PALE, linewidth=0.7, drawstyle=style)
    for position, k in enumerate(coloured):
        x, height, area = lines[k]
        (line,) = axes.plot(
            *_thinned(x, height),
            color=MAIN if len(lines) == 1 else PALETTE[position],
            linewidth=2.2 if len(lines) == 1 else 1.4,
            drawstyle=style,
        )
        entries.append((line, f"{area:.3f}  {names[k]}"))
    if len(lines) > 1:
        (line,) = axes.plot(*mean, color=INK, linewidth=2.4)
        average = np.mean([area for _, _, area in lines.values()])
        entries.insert(0, (line, f"{average:.3f}  mean of classes"))
    if len(coloured) < len(lines):
        entries.append((rest, f"the other {len(lines) - len(coloured)} classes"))
    title = f"{measure}, weakest classes" if len(coloured) < len(lines) else measure
    _legend(axes, entries, title, None if len(lines) > 1 else corner)


def _calibration(
    y: np.ndarray, proba: np.ndarray, names: list[str], positive: int | None
) -> Figure:
    codes = range(len(names)) if positive is None else [positive]
    figure, axes, below = _stacked(LEGEND if len(codes) > 1 else RIGHT)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=DASHED)
    entries: list[tuple[Any, str]] = []
    if 1 < len(codes) <= MAX_COLOURED:
        for k in codes:
            x, share, _ = _binned_shares(y == k, proba[:, k], at_least=5)
            (line,) = axes.plot(x, share, color=PALETTE[k], linewidth=1, alpha=0.8)
            entries.append((line, names[k]))
    truth = (y[:, None] == np.arange(proba.shape[1]))[:, codes].ravel()
    scores = proba[:, codes].ravel()
    x, share, margin = _binned_shares(truth, scores)
    colour = MAIN if len(codes) == 1 else INK
    (line, *_) = axes.errorbar(
        x, share, yerr=margin, color=colour, marker="o", markersize=5, linewidth=2, elinewidth=1
    )
    entries.insert(0, (line, names[codes[0]] if len(codes) == 1 else "all classes together"))
    _histogram(below, scores, np.linspace(0, 1, 41), colour, log=len(codes) > 2)
    _dress(axes, "Calibration", "", "share that is of the class")
    _dress(below, "", "predicted probability", "rows" if len(codes) == 1 else "rows × classes")
    _unit_square(axes)
    below.set_xlim(axes.get_xlim())
    _legend(axes, entries, "", None if len(codes) > 1 else "upper left")
    return figure


def _residuals(y: np.ndarray, prediction: np.ndarray) -> Figure:
    residual = prediction - y
    low, high = _central(residual)
    width, beside, height, gap = 4.4, 2.0, 3.4, 0.35
    figure = Figure((LEFT + width + gap + beside + RIGHT, BELOW + height + ABOVE), DPI)
    cloud = _panel(figure, LEFT, BELOW, width, height)
    side = _panel(figure, LEFT + width + gap, BELOW, beside, height)
    inside = (residual >= low) & (residual <= high)
    _cloud(cloud, prediction[inside], residual[inside])
    _histogram(side, residual[inside], np.linspace(low, high, 61), MAIN, lying=True)
    median = float(np.median(residual))
    line = side.axhline(median, color=ACCENT, linewidth=1.6, linestyle=(0, (4, 2)))
    _dress(cloud, "Residuals", "predicted value", "predicted − true", note=_left_out(inside))
    _dress(side, "", "rows", "")
    for axes in (cloud, side):
        axes.axhline(0, color=INK, linewidth=1)
        axes.set_ylim(low, high)
    side.tick_params(labelleft=False)
    _legend(side, [(line, f"median {median:.3g}")], "", "upper right")
    return figure


def _predicted_vs_true(y: np.ndarray, prediction: np.ndarray) -> Figure:
    figure, axes, below = _stacked(RIGHT)
    low, high = _central(np.concatenate([y, prediction]))
    inside = (np.minimum(y, prediction) >= low) & (np.maximum(y, prediction) <= high)
    _cloud(axes, y[inside], prediction[inside])
    (ideal,) = axes.plot([low, high], [low, high], color=INK, linewidth=1, linestyle=DASHED)
    entries: list[tuple[Any, str]] = [(ideal, "perfect")]
    y, prediction = y[inside], prediction[inside]
    edges = np.unique(np.quantile(y, np.linspace(0, 1, 2 * N_BINS + 1)))
    groups = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, max(len(edges) - 2, 0))
    rows = [groups == group for group in np.unique(groups)]
    x = np.array([y[row].mean() for row in rows])
    mean = np.array([prediction[row].mean() for row in rows])
    spread = np.array([prediction[row].std() for row in rows])
    if len(x) > 1:
        band = axes.fill_between(x, mean - spread, mean + spread, color=ACCENT, alpha=0.2, lw=0)
        (line,) = axes.plot(x, mean, color=ACCENT, linewidth=2)
        entries += [(line, "mean prediction"), (band, "± 1 standard deviation")]
    _histogram(below, y, np.linspace(low, high, 61), MAIN)
    note = _left_out(inside)
    _dress(axes, "Predicted and true values", "", "predicted value", note=note)
    _dress(below, "", "true value", "rows")
    axes.set(xlim=(low, high), ylim=(low, high))
    below.set_xlim(low, high)
    _legend(axes, entries, "", "upper left")
    return figure


def _left_out(inside: np.ndarray) -> str:
    outside = int((~inside).sum())
    return f"{outside:,} of {len(inside):,} rows lie outside" if outside else ""


def _cloud(axes: Any, x: np.ndarray, height: np.ndarray) -> None:
    if len(x) <= MAX_DOTS:
        axes.plot(x, height, "o", markersize=3.8, color=MAIN, alpha=0.35, markeredgewidth=0)
    else:
        axes.hexbin(x, height, gridsize=55, bins="log", mincnt=1, cmap=SHADES, linewidths=0)


def _histogram(
    axes: Any,
    values: np.ndarray,
    edges: np.ndarray,
    colour: str,
    *,
    log: bool = False,
    lying: bool = False,
) -> None:
    """Numbers of rows as one filled outline, on an axis of a few short numbers."""
    counts = np.histogram(values, edges)[0]
    orientation = "horizontal" if lying else "vertical"
    axes.stairs(counts, edges, fill=True, color=colour, alpha=0.75, orientation=orientation)
    top = max(1, int(counts.max()))
    axis = axes.xaxis if lying else axes.yaxis
    if log:
        axes.set(yscale="log", ylim=(0.7, 2 * top))
        axis.set_major_locator(LogLocator(numticks=4))
        axis.set_minor_locator(NullLocator())
    else:
        axes.set(**{"xlim" if lying else "ylim": (0, 1.05 * top)})
        axis.set_major_locator(MaxNLocator(3, integer=True))
    axis.set_major_formatter(FuncFormatter(_count))


def _binned_shares(
    truth: np.ndarray, score: np.ndarray, at_least: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean score, share of truth and its 95 % margins (2, n_bins) in each bin with enough rows."""
    bins = np.minimum((score * N_BINS).astype(int), N_BINS - 1)
    n = np.bincount(bins, minlength=N_BINS)
    kept = n >= at_least
    n = n[kept]
    x = np.bincount(bins, weights=score, minlength=N_BINS)[kept] / n
    share = np.bincount(bins, weights=truth, minlength=N_BINS)[kept] / n
    z = 1.96  # Wilson's interval, which stays within 0 and 1
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    margins = np.array([share - (centre - half), centre + half - share])
    return x, share, np.maximum(margins, 0)


def _central(values: np.ndarray) -> tuple[float, float]:
    """Limits that hold nearly all values, so that a few far ones do not flatten the picture."""
    low, middle_low, middle_high, high = np.quantile(values, (0.0, 0.005, 0.995, 1.0))
    width = middle_high - middle_low
    low, high = max(low, middle_low - 0.5 * width), min(high, middle_high + 0.5 * width)
    margin = 0.04 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place given in inches."""
    all_width, all_height = figure.get_size_inches()
    place = (left / all_width, bottom / all_height, width / all_width, height / all_height)
    return figure.add_axes(place)


def _square(n_lines: int) -> tuple[Figure, Any]:
    right, side = RIGHT if n_lines == 1 else LEGEND, 4.1
    figure = Figure((LEFT + side + right, BELOW + side + ABOVE), DPI)
    return figure, _panel(figure, LEFT, BELOW, side, side)


def _stacked(right: float) -> tuple[Figure, Any, Any]:
    """A panel, and a low one below it with the same horizontal axis."""
    width, bottom = 4.7, BELOW + LOWER + BETWEEN
    figure = Figure((LEFT + width + right, bottom + UPPER + ABOVE), DPI)
    upper = _panel(figure, LEFT, bottom, width, UPPER)
    upper.tick_params(labelbottom=False)
    return figure, upper, _panel(figure, LEFT, BELOW, width, LOWER)


def _dress(
    axes: Any, title: str, x: str, height: str, *, note: str = "", grid: bool = True
) -> None:
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
        if not isinstance(axis.get_major_formatter(), FuncFormatter):
            axis.get_major_formatter().set_powerlimits((-3, 5))
    if grid:
        axes.grid(color=FAINT, linewidth=0.8)
        axes.set_axisbelow(True)


def _unit_square(axes: Any) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))


def _legend(axes: Any, entries: Sequence[tuple[Any, str]], title: str, corner: str | None) -> None:
    """A legend in a corner of the panel; without one, to the right of it."""
    handles, labels = zip(*entries)
    legend = axes.legend(
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
    legend.get_title().set_color(MUTED)


def _thinned(x: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= MAX_POINTS:
        return x, height
    kept = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).astype(int))
    return x[kept], height[kept]


def _inches(text: str, points: float) -> float:
    """Width of a text."""
    font = FontProperties(size=points)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def _count(number: float, _position: int) -> str:
    """A number of rows in few letters."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:g}{letter}"
    return f"{number:g}"


def _short(name: Any) -> str:
    """A class's name on one line, its middle cut where long; ``$`` would start a formula."""
    text = " ".join(str(name).split())
    if len(text) > MAX_LETTERS:
        half = MAX_LETTERS // 2
        text = f"{text[:half].rstrip()}…{text[-half:].lstrip()}"
    return text.replace("$", r"\$")
