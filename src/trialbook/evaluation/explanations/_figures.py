"""Pictures of an explanation, in the style of the charts of how a model errs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from trialbook.evaluation.charts._panels import (
    ABOVE,
    ACCENT,
    BELOW,
    DPI,
    INK,
    LEFT,
    MAIN,
    MUTED,
    PALE,
    PALETTE,
    RIGHT,
    SHADES,
    class_name,
    dress,
    inches,
    legend,
    panel,
    short,
)

if TYPE_CHECKING:
    from trialbook.evaluation.explanations._dependence import Dependence, Interaction
    from trialbook.evaluation.explanations._explanation import Explanation

# Bars of a chart, columns of a beeswarm, steps of a waterfall, classes of a stacked bar.
BARS, SWARMS, STEPS, CLASSES = 15, 12, 10, 7
# Inches beside a panel for names of classes.
LEGEND = 2.85
# Inches for a bar, a swarm; of a panel's width; of a small panel.
BAR, SWARM, WIDTH, SMALL = 0.27, 0.36, 4.6, (3.1, 2.3)
# From the colour of small cells to that of large ones.
LOW_HIGH = LinearSegmentedColormap.from_list("low_high", ["#0072b2", "#b9b3c4", "#d55e00"])
# Letters of a cell's text.
CELL = 18


def draw_all(found: Explanation, row: int) -> dict[str, Figure]:
    """Every picture of an explanation.

    Parameters
    ----------
    found : Explanation
    row : int
        Of the waterfall.

    Returns
    -------
    dict of str to Figure
    """
    figures = {
        "importance": draw_importance(found),
        "beeswarm": draw_beeswarm(found),
        "waterfall": draw_waterfall(found, row),
    }
    if found.values.engineered is not None:
        figures["features"] = draw_features(found)
    if len(found.permutation):
        figures["permutation"] = draw_permutation(found)
    if found.dependence:
        figures["dependence"] = draw_dependence(found)
    if found.interaction is not None:
        figures["interaction"] = draw_interaction(found, found.interaction)
    return figures


def _unit(found: Explanation, place: int | None = None) -> str:
    """What values are of: the probability of a class, or the target."""
    if not found.schema.classes:
        return short(found.schema.target)
    if place is None:
        return "probability"
    return f"probability of {class_name(found.schema.classes[place])}"


def _bars(names: Sequence[str], right: float = RIGHT) -> tuple[Figure, Any]:
    """A panel with room for names at its left."""
    left = max(LEFT, max(inches(name, 9) for name in names) + 0.25)
    height = max(1.2, BAR * len(names) + 0.15)
    figure = Figure((left + WIDTH + right, BELOW + height + ABOVE), DPI)
    axes = panel(figure, left, BELOW, WIDTH, height)
    return figure, axes


def _name_bars(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def draw_importance(found: Explanation) -> Figure:
    """Mean size of the values of each column; of several classes stacked."""
    table = found.importance.head(BARS)
    return _sizes(found, table, [short(name) for name in table["column"]], "Importance of columns")


def draw_features(found: Explanation) -> Figure:
    """The same of the features that learners get."""
    table = found.features.head(BARS)
    return _sizes(
        found, table, [short(name) for name in table["feature"]], "Importance of features"
    )


def _sizes(found: Explanation, table: pd.DataFrame, names: list[str], title: str) -> Figure:
    classes = found.schema.classes
    several = len(classes) > 2
    figure, axes = _bars(names, LEGEND if several else RIGHT)
    places = np.arange(len(table))
    if several:
        every = table[[f"importance_{label}" for label in classes]].to_numpy() / len(classes)
        order = np.argsort(-every.sum(axis=0), kind="stable")
        start, entries = np.zeros(len(table)), []
        for rank, place in enumerate(order[:CLASSES]):
            bar = axes.barh(places, every[:, place], left=start, color=PALETTE[rank], height=0.68)
            entries.append((bar, class_name(classes[place])))
            start = start + every[:, place]
        if len(order) > CLASSES:
            rest = every[:, order[CLASSES:]].sum(axis=1)
            bar = axes.barh(places, rest, left=start, color=PALE, height=0.68)
            entries.append((bar, f"{len(order) - CLASSES} other classes"))
        legend(axes, entries, "class", None)
    else:
        axes.barh(places, table["importance"], color=MAIN, height=0.68)
    unit = f"mean |{found.value_name}|, in units of {_unit(found)}"
    dress(axes, title, unit, "", note=_how(found))
    _name_bars(axes, names)
    return figure


def _how(found: Explanation) -> str:
    return f"{'exact' if found.exact else 'sampled'}, {len(found.rows)} rows"


def draw_beeswarm(found: Explanation) -> Figure:
    """The values of each row, coloured by how large the cell is."""
    place = found.shown
    names = list(found.importance["column"].head(SWARMS))
    columns = [str(name) for name in found.rows.columns]
    left = max(LEFT, max(inches(short(name), 9) for name in names) + 0.25)
    height = SWARM * len(names) + 0.3
    figure = Figure((left + WIDTH + 1.1, BELOW + height + ABOVE), DPI)
    axes = panel(figure, left, BELOW, WIDTH, height)
    axes.axvline(0, color=MUTED, linewidth=1)
    every = found.values.raw[:, [columns.index(name) for name in names], place]
    span, unordered = float(np.ptp(every)) or 1.0, False
    for line, name in enumerate(names):
        values = every[:, line]
        aside = _swarm(values, span)
        level = _levels(found.rows.iloc[:, columns.index(name)])
        plain = np.isnan(level)
        unordered = unordered or bool(plain.any())
        axes.scatter(values[plain], line + aside[plain], s=9, color=PALE, linewidths=0)
        rest = ~plain
        colours = LOW_HIGH(level[rest])
        axes.scatter(values[rest], line + aside[rest], s=9, color=colours, linewidths=0)
    title = "What each row's cells do"
    unit = f"{found.value_name}, in units of {_unit(found, place)}"
    dress(axes, title, unit, "", note=_how(found))
    _name_bars(axes, [short(name) for name in names])
    scale = panel(figure, left + WIDTH + 0.3, BELOW + 0.2 * height, 0.12, 0.6 * height)
    scale.imshow(
        np.linspace(1, 0, 100)[:, None], cmap=LOW_HIGH, aspect="auto", extent=(0, 1, 0, 1)
    )
    scale.set(xticks=[], yticks=[0, 1], yticklabels=["low", "high"])
    scale.yaxis.tick_right()
    scale.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    scale.set_title("cell", fontsize=8, color=MUTED, loc="left", y=1.0)
    if unordered:
        look = {"color": MUTED, "fontsize": 8, "va": "top", "transform": scale.transAxes}
        scale.text(0, -0.07, "grey: text\nor missing", **look)
    scale.set_frame_on(False)
    return figure


def _swarm(values: np.ndarray, span: float) -> np.ndarray:
    """How far aside each dot lies, so that none hides many."""
    bins = np.round(100 * values / span).astype(int)
    aside = np.zeros(len(values))
    _, where, counts = np.unique(bins, return_inverse=True, return_counts=True)
    most = counts.max()
    for group in range(len(counts)):
        mine = np.flatnonzero(where == group)
        rank = np.arange(len(mine))
        side = (rank + 1) // 2 * np.where(rank % 2, 1, -1)
        aside[mine] = side * min(0.07, 0.76 / max(1, most))
    return aside


def _levels(column: pd.Series[Any]) -> np.ndarray:
    """Ranks of cells from 0 to 1; NaN for what has no order, and for what is missing."""
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_numeric_dtype(column):
        ranks = column.rank(method="average")
    elif pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        ranks = column.map({True: 1.0, False: 0.0}).astype(float)
    else:
        return np.full(len(column), np.nan)
    low, high = ranks.min(), ranks.max()
    return np.asarray((ranks - low) / (high - low) if high > low else ranks * 0 + 0.5, dtype=float)


def draw_waterfall(found: Explanation, row: int) -> Figure:
    """How one row's prediction comes from the base, column by column."""
    table = found.row(row)
    base, end = table.attrs["base"], table.attrs["prediction"]
    steps = table.head(STEPS)
    names = [f"{short(one.column)} = {_cell(one.cell)}" for one in steps.itertuples()]
    values = list(steps["value"])
    if len(table) > STEPS:
        names.append(f"{len(table) - STEPS} other columns")
        values.append(float(table["value"].iloc[STEPS:].sum()))
    names, values = names[::-1], values[::-1]  # from the base at the bottom up
    figure, axes = _bars(names, 0.6)
    starts = base + np.concatenate([[0.0], np.cumsum(values)[:-1]])
    order = np.arange(len(values))[::-1]
    colours = [ACCENT if value > 0 else MAIN for value in values]
    axes.barh(order, values, left=starts, color=colours, height=0.68)
    reached = [base, *(starts + values)]
    for place, value in zip(order, reached[1:], strict=True):
        axes.plot([value, value], [place - 0.95, place + 0.34], color=MUTED, linewidth=0.8)
    axes.axvline(base, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
    low, high = min(reached), max(reached)
    room = 0.22 * ((high - low) or 1.0)
    for place, value, start in zip(order, values, starts, strict=True):
        at, align = (start + value, "left") if value > 0 else (start + value, "right")
        nudge = 0.012 * (high - low) * (1 if value > 0 else -1)
        text = _number(value, "+")
        axes.text(at + nudge, place, text, va="center", ha=align, fontsize=8, color=INK)
    axes.set_xlim(low - room, high + room)
    note = f"from {_number(base)} to {_number(end)}"
    dress(axes, found.title(row), f"{_unit(found, found.shown)}", "", note=note)
    _name_bars(axes, names[::-1])
    return figure


def _number(value: float, sign: str = "") -> str:
    """A number of about three digits, without an exponent where it need not have one."""
    form = ",.0f" if 1000 <= abs(value) < 1e7 else ".3g"
    return f"{value:{sign}{form}}".replace("-", "−")


def _cell(cell: Any) -> str:
    """A cell in few letters."""
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return "missing"
    if isinstance(cell, pd.Timestamp):
        return str(cell.date() if cell == cell.normalize() else cell.isoformat(" ", "minutes"))
    text = f"{cell:.4g}" if isinstance(cell, float) else " ".join(str(cell).split())
    text = text if len(text) <= CELL else f"{text[: CELL - 1].rstrip()}…"
    return text.replace("$", r"\$")


def draw_permutation(found: Explanation) -> Figure:
    """How much worse the score gets when cells of a column are mixed up, with its spread."""
    table = found.permutation.head(BARS)
    names = [_joined(columns) for columns in table["columns"]]
    figure, axes = _bars(names)
    colours = [MAIN if len(columns) == 1 else PALETTE[2] for columns in table["columns"]]
    places = np.arange(len(table))
    axes.barh(places, table["importance"], color=colours, height=0.68)
    look = {"ecolor": INK, "elinewidth": 1, "fmt": "none", "capsize": 2}
    axes.errorbar(table["importance"], places, xerr=table["std"], **look)
    axes.axvline(0, color=MUTED, linewidth=1)
    n_repeats = int(table["repeats"].max())
    note = f"{n_repeats} repeat{'' if n_repeats == 1 else 's'}"
    x = f"how much worse {found.metric} gets when its cells are mixed up"
    dress(axes, "Permutation importance", x, "", note=note)
    _name_bars(axes, names)
    return figure


def _joined(columns: Sequence[str]) -> str:
    text = " + ".join(short(name) for name in columns)
    return text if len(text) <= 40 else f"{short(columns[0])} + {len(columns) - 1} others"


def draw_dependence(found: Explanation) -> Figure:
    """Curves of the most important columns: of single rows, and their mean."""
    every = found.dependence
    n_columns = min(3, len(every))
    n_rows = -(-len(every) // n_columns)
    width, height = SMALL
    across, down = width + 0.75, height + 1.05
    size = (0.35 + across * n_columns, 0.45 + down * n_rows + 0.25)
    figure = Figure(size, DPI)
    place = found.shown
    low = min(float(np.quantile(one.curves[..., place], 0.02)) for one in every)
    high = max(float(np.quantile(one.curves[..., place], 0.98)) for one in every)
    edge = 0.06 * ((high - low) or 1.0)
    for number, one in enumerate(every):
        row, column = divmod(number, n_columns)
        left = 0.95 + across * column
        bottom = 0.85 + down * (n_rows - 1 - row)
        axes = panel(figure, left, bottom, width - 0.15, height)
        dress(axes, short(one.column), "", "" if column else _unit(found, place))
        _curves(axes, one, place)
        axes.set_ylim(low - edge, high + edge)
        axes.title.set_fontsize(10)
    what = "partial dependence (blue) and single rows (grey"
    levels = any(one.kind == "level" for one in every)
    what += "; of categories, where 80 % of them are)" if levels else ")"
    figure.text(0.95 / size[0], 0.14 / size[1], what, fontsize=9, color=MUTED)
    return figure


def _curves(axes: Any, one: Dependence, place: int) -> None:
    mean, curves = one.mean[:, place], one.curves[:, :, place]
    if one.kind == "level":
        x = np.arange(len(one.grid))
        axes.vlines(x, *np.quantile(curves, [0.1, 0.9], axis=0), color=PALE, linewidth=6)
        axes.plot(x, mean, "o", color=MAIN, markersize=6)
        labels = [_cell(cell) for cell in one.grid]
        turned = max(inches(label, 8) for label in labels) + 0.08 > SMALL[0] / (len(x) + 0.5)
        axes.set_xticks(
            x, labels, rotation=35 if turned else 0, ha="right" if turned else "center"
        )
        axes.set_xlim(-0.6, len(x) - 0.4)
        axes.tick_params(axis="x", labelsize=8)
        return
    x = (
        np.array(one.grid, dtype=float)
        if one.kind == "number"
        else pd.to_datetime(pd.Series(one.grid), format="ISO8601").to_numpy()
    )
    at = x if one.kind == "number" else _dates(axes, x)
    lines = [np.column_stack([at, curve]) for curve in curves]
    axes.add_collection(LineCollection(lines, colors=PALE, linewidths=0.6))
    axes.plot(at, mean, color=MAIN, linewidth=2.4)
    bottom = axes.get_xaxis_transform()
    axes.plot(at, np.full(len(at), 0.015), "|", color=MUTED, markersize=5, transform=bottom)


def _dates(axes: Any, x: np.ndarray) -> np.ndarray:
    """Dates as matplotlib counts them, with an axis that reads as such."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    locator = AutoDateLocator(minticks=3, maxticks=5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    return np.asarray(date2num(x))  # type: ignore[no-untyped-call]


def draw_interaction(found: Explanation, both: Interaction) -> Figure:
    """The surface of the two most important columns."""
    first, second = both.grids
    names = [[_cell(cell) for cell in grid] for grid in both.grids]
    left = max(LEFT, max(inches(name, 8) for name in names[1]) + 0.55)
    side = 3.6
    below = max(inches(name, 8) for name in names[0]) + 0.6
    unit = _unit(found, found.shown)
    figure = Figure((left + side + 0.4 + max(0.8, inches(unit, 8)), below + side + ABOVE), DPI)
    axes = panel(figure, left, below, side, side)
    mean = both.mean[:, :, found.shown].T
    image = axes.imshow(mean, cmap=SHADES, aspect="auto", origin="lower")
    note = f"interaction {both.strength:.2f}"
    dress(axes, "Two columns together", "", "", note=note, grid=False)
    axes.set_xticks(range(len(first)), names[0], rotation=90, fontsize=8)
    axes.set_yticks(range(len(second)), names[1], fontsize=8)
    axes.tick_params(length=0)
    axes.set_xlabel(short(both.columns[0]), color=MUTED, fontsize=10)
    axes.xaxis.set_label_coords(0.5, (0.16 - below) / side)
    axes.set_ylabel(short(both.columns[1]), color=MUTED, fontsize=10)
    axes.yaxis.set_label_coords((0.16 - left) / side, 0.5)
    bar = panel(figure, left + side + 0.2, below + 0.2 * side, 0.14, 0.6 * side)
    scale = figure.colorbar(image, cax=bar)
    scale.outline.set_visible(False)
    bar.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    bar.set_title(unit, fontsize=8, color=MUTED, loc="left")
    return figure
