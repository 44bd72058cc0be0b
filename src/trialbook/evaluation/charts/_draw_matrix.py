"""Confusion matrices as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from trialbook.evaluation.charts._panels import (
    ABOVE,
    DPI,
    INK,
    MUTED,
    RIGHT,
    count,
    dress,
    inches,
    panel,
    short,
)

# Counts and shares, or one of them alone, in the cells, and names at the axes up to these numbers.
MAX_COUNTED, MAX_NUMBERED, MAX_NAMED = 6, 14, 60
# Inches between names that lie; where there are fewer, they stand.
APART = 0.05


def draw_shares(data: Mapping[str, Any]) -> Figure:
    """Draw the shares of each true class, with counts where there is room."""
    return _draw(data, "Confusion matrix", counted=False)


def draw_counts(data: Mapping[str, Any]) -> Figure:
    """Draw the numbers of rows."""
    return _draw(data, "Confusion matrix, rows", counted=True)


def _draw(data: Mapping[str, Any], title: str, *, counted: bool) -> Figure:
    all_counts = np.asarray(data["matrix"], dtype=float)
    frequent = np.sort(np.argsort(-all_counts.sum(axis=1), kind="stable")[:MAX_NAMED])
    counts = all_counts[np.ix_(frequent, frequent)]
    totals = all_counts[frequent].sum(axis=1, keepdims=True)
    shares = counts / max(1.0, counts.max()) if counted else counts / np.where(totals, totals, 1)
    if not counted:
        shares = np.asarray(data["normalized"], dtype=float)[np.ix_(frequent, frequent)]
    n, labels = len(frequent), [short(data["class_labels"][k]) for k in frequent]
    numbered = n <= MAX_NUMBERED
    size = max(3.2, (0.62 if numbered else 0.16) * n)
    points = 9 if numbered else 7
    widest = max(inches(label, points) for label in labels)
    flat = widest + APART < size / n
    left, below = widest + 0.5, 0.6 if flat else widest + 0.5
    figure = Figure((left + size + (RIGHT if numbered else 1.05), below + size + ABOVE), DPI)
    axes = panel(figure, left, below, size, size)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    n_all = data["n_classes"]
    note = f"{n} most frequent of {n_all} classes" if n < n_all else ""
    if numbered:
        note = "" if counted else "% of the true class"
    if data["weighted"]:
        note = f"{note}, by weight" if note else "rows by their weight"
    dress(axes, title, "predicted class", "true class", note=note, grid=False)
    axes.xaxis.set_label_coords(0.5, (0.15 - below) / size)
    axes.yaxis.set_label_coords((0.15 - left) / size, 0.5)
    axes.set_frame_on(False)
    _name_cells(axes, labels, size, points, flat=flat)
    if numbered and counted:
        _count_cells(axes, counts, shares)
    elif numbered:
        _number_cells(axes, counts, shares)
    else:
        place = (left + size + 0.2, below + 0.25 * size, 0.15, 0.5 * size)
        _scale(panel(figure, *place), counts.max() if counted else None)
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
    zero = "0" if few else ""
    for (row, column), number in np.ndenumerate(counts):
        share = shares[row, column]
        percent = f"{share:.0%}" if few or share >= 0.005 else "·"
        axes.text(
            column,
            row,
            f"{number:,.0f}\n{percent}" if few and number else percent if number else zero,
            gid="cell",
            ha="center",
            va="center",
            fontsize=9 if few else 8,
            color="white" if share > 0.55 else INK if number else MUTED,
        )


def _count_cells(axes: Any, counts: np.ndarray, shares: np.ndarray) -> None:
    """Counts of rows, shortened where there is little room."""
    few = len(counts) <= MAX_COUNTED
    for (row, column), number in np.ndenumerate(counts):
        text = f"{number:,.0f}" if few or number < 1000 else count(float(f"{number:.2g}"))
        axes.text(
            column,
            row,
            text,
            gid="cell",
            ha="center",
            va="center",
            fontsize=9 if few else 8,
            color="white" if shares[row, column] > 0.55 else INK if number else MUTED,
        )


def _scale(axes: Any, most: float | None) -> None:
    """What the shades of a confusion matrix mean: shares, or numbers of rows up to the most."""
    axes.imshow(np.linspace(1, 0, 100)[:, None], cmap="Blues", aspect="auto", extent=(0, 1, 0, 1))
    names = ["0%", "50%", "100%"] if most is None else ["0", "", count(float(f"{most:.2g}"))]
    axes.set(xticks=[], yticks=[0, 0.5, 1], yticklabels=names)
    axes.yaxis.tick_right()
    axes.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    title = "rows" if most is not None else "share of the\ntrue class"
    axes.set_title(title, fontsize=8, color=MUTED, loc="left", y=1.0)
    axes.set_frame_on(False)
