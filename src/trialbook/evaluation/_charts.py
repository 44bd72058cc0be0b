"""Charts of how a model errs, as figures ready to be saved.

Figures are made without pyplot, so that drawing keeps no global state and works in any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from trialbook.evaluation._curves import Curve, curve
from trialbook.job import Task

INK, MUTED, PALE, FAINT = "#1f2933", "#6b7785", "#c3cad2", "#e4e8ec"
MAIN, ACCENT = "#2563a8", "#d9622b"
# Told apart by people who see few colours too (after Okabe and Ito), darkest first.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#555555")

# What stays legible: a colour for each class up to here, else only for the weakest classes ...
MAX_COLOURED, N_WEAKEST = len(PALETTE), 5
# ... numbers in the cells and names at the axes of a confusion matrix up to these numbers ...
MAX_NUMBERED, MAX_NAMED = 14, 60
# ... letters of a class name, points of a line, and dots of a cloud before it becomes hexagons.
MAX_LETTERS, MAX_POINTS, MAX_DOTS = 24, 800, 2000

N_BINS = 10
SHADES = LinearSegmentedColormap.from_list("shades", ["#c9dcef", "#6aa3d5", "#0b3c74"])


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
    n = len(frequent)
    cell = 0.62 if n <= MAX_NUMBERED else 0.19
    size = max(3.2, cell * n)
    figure = _figure(size + 2.6, size + 1.5)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    labels = [names[k] for k in frequent]
    axes.set_xticks(range(n), labels, rotation=0 if n <= 3 else 90)
    axes.set_yticks(range(n), labels)
    if n <= MAX_NUMBERED:
        for row in range(n):
            for column in range(n):
                share = shares[row, column]
                text = f"{counts[row, column]:,}\n{share:.0%}" if counts[row, column] else "0"
                axes.text(
                    column,
                    row,
                    text,
                    ha="center",
                    va="center",
                    fontsize=9 if n <= 6 else 7,
                    color="white" if share > 0.55 else INK if counts[row, column] else MUTED,
                )
    left_out = f" ({n} most frequent of {n_all} classes)" if n < n_all else ""
    _dress(
        axes,
        f"Confusion matrix{left_out}",
        "predicted class",
        "true class",
        grid=False,
        tick_size=9 if n <= MAX_NUMBERED else 7,
    )
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, format=_percent)
    bar.set_label("share of the true class", color=MUTED, fontsize=9)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    return figure


def _roc(curves: dict[int, Curve], names: list[str]) -> Figure:
    figure, axes = _one_panel(len(curves))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    lines = {
        k: (np.append(0, found.false_alarms), np.append(0, found.recall), found.area)
        for k, found in curves.items()
    }
    grid = np.linspace(0, 1, 201)
    mean = np.mean([np.interp(grid, x, height) for x, height, _ in lines.values()], axis=0)
    mean = np.append(0, mean), np.append(0, grid)
    _draw_classes(axes, lines, names, (mean[1], mean[0]), "AUC")
    _dress(axes, "ROC curve", "false positive rate", "true positive rate (recall)")
    _unit_square(axes)
    return figure


def _precision_recall(curves: dict[int, Curve], names: list[str]) -> Figure:
    figure, axes = _one_panel(len(curves))
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
    if len(curves) == 1:
        (only,) = curves.values()
        axes.axhline(only.prevalence, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    _draw_classes(axes, lines, names, (grid, np.mean(heights, axis=0)), "AP", steps=True)
    _dress(axes, "Precision-recall curve", "recall", "precision")
    _unit_square(axes)
    return figure


def _draw_classes(
    axes: Any,
    lines: dict[int, tuple[np.ndarray, np.ndarray, float]],
    names: list[str],
    mean: tuple[np.ndarray, np.ndarray],
    measure: str,
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
    _legend(axes, entries, title, outside=len(lines) > 1)


def _calibration(
    y: np.ndarray, proba: np.ndarray, names: list[str], positive: int | None
) -> Figure:
    codes = range(len(names)) if positive is None else [positive]
    figure, axes, below = _two_panels(wide=len(codes) > 1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
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
    below.hist(scores, bins=np.linspace(0, 1, 41), color=colour, alpha=0.75, log=len(codes) > 2)
    _dress(axes, "Calibration", "", "share that is of the class")
    _dress(below, "", "predicted probability", "rows" if len(codes) == 1 else "rows × classes")
    _unit_square(axes, equal=False)
    axes.tick_params(labelbottom=False)
    _legend(axes, entries, "", outside=len(codes) > 1)
    return figure


def _residuals(y: np.ndarray, prediction: np.ndarray) -> Figure:
    residual = prediction - y
    low, high = _central(residual)
    figure = _figure(8.2, 4.4)
    cloud, side = figure.subplots(1, 2, sharey=True, width_ratios=(2.4, 1))
    inside = (residual >= low) & (residual <= high)
    _cloud(cloud, prediction[inside], residual[inside])
    side.hist(residual[inside], bins=60, color=MAIN, alpha=0.75, orientation="horizontal")
    for axes in (cloud, side):
        axes.axhline(0, color=INK, linewidth=1)
    median = float(np.median(residual))
    line = side.axhline(median, color=ACCENT, linewidth=1.6, linestyle=(0, (4, 2)))
    _dress(cloud, f"Residuals{_left_out(inside)}", "predicted value", "predicted − true")
    _dress(side, "", "rows", "")
    cloud.set_ylim(low, high)
    _legend(side, [(line, f"median {median:.3g}")], "")
    return figure


def _predicted_vs_true(y: np.ndarray, prediction: np.ndarray) -> Figure:
    figure, axes, below = _two_panels()
    low, high = _central(np.concatenate([y, prediction]))
    inside = (np.minimum(y, prediction) >= low) & (np.maximum(y, prediction) <= high)
    _cloud(axes, y[inside], prediction[inside])
    (ideal,) = axes.plot([low, high], [low, high], color=INK, linewidth=1, linestyle=(0, (4, 4)))
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
    below.hist(y, bins=50, color=MAIN, alpha=0.75)
    _dress(axes, f"Predicted and true values{_left_out(inside)}", "", "predicted value")
    _dress(below, "", "true value", "rows")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.tick_params(labelbottom=False)
    _legend(axes, entries, "")
    return figure


def _left_out(inside: np.ndarray) -> str:
    outside = int((~inside).sum())
    return f" ({outside:,} of {len(inside):,} rows lie outside)" if outside else ""


def _cloud(axes: Any, x: np.ndarray, height: np.ndarray) -> None:
    if len(x) <= MAX_DOTS:
        axes.scatter(x, height, s=14, color=MAIN, alpha=0.35, linewidths=0)
    else:
        axes.hexbin(x, height, gridsize=55, bins="log", mincnt=1, cmap=SHADES, linewidths=0)


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


def _figure(width: float, height: float) -> Figure:
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    return Figure(figsize=(width, height), layout=layout)


def _one_panel(n_lines: int) -> tuple[Figure, Any]:
    figure = _figure(5.6 if n_lines == 1 else 7.8, 5.0)
    return figure, figure.add_subplot()


def _two_panels(*, wide: bool = False) -> tuple[Figure, Any, Any]:
    figure = _figure(7.8 if wide else 6.0, 5.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    return figure, upper, lower


def _dress(
    axes: Any, title: str, x: str, height: str, *, grid: bool = True, tick_size: int = 9
) -> None:
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=INK, pad=10)
    axes.set_xlabel(x, color=MUTED, fontsize=10)
    axes.set_ylabel(height, color=MUTED, fontsize=10)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(PALE)
    axes.tick_params(color=PALE, labelcolor=INK, labelsize=tick_size)
    if grid:
        axes.grid(color=FAINT, linewidth=0.8)
        axes.set_axisbelow(True)


def _unit_square(axes: Any, *, equal: bool = True) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    if equal:
        axes.set_box_aspect(1)


def _legend(
    axes: Any, entries: Iterable[tuple[Any, str]], title: str, *, outside: bool = False
) -> None:
    handles, labels = zip(*entries)
    legend = axes.legend(
        handles,
        labels,
        title=title,
        loc="upper left" if outside else "best",
        bbox_to_anchor=(1.01, 1.0) if outside else None,
        fontsize=9,
        title_fontsize=9,
        alignment="left",
        frameon=not outside,
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


def _percent(share: float, _position: int) -> str:
    return f"{share:.0%}"


def _short(name: Any) -> str:
    """A class's name on one line, its middle cut where long; ``$`` would start a formula."""
    text = " ".join(str(name).split())
    if len(text) > MAX_LETTERS:
        half = MAX_LETTERS // 2
        text = f"{text[:half].rstrip()}…{text[-half:].lstrip()}"
    return text.replace("$", r"\$")
