"""Pictures of what forecasts are made of, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from trialbook._words import shorten
from trialbook.evaluation.charts._draw_forecasts import short_name, show_dates
from trialbook.evaluation.charts._panels import (
    ABOVE,
    BELOW,
    DASHED,
    DPI,
    INK,
    LEFT,
    MAIN,
    MUTED,
    PALE,
    PALETTE,
    dress,
    legend,
    panel,
)
from trialbook.evaluation.explanations.forecasts._parts import shown_rows

if TYPE_CHECKING:
    from trialbook.evaluation.explanations.forecasts._explanation import ForecastExplanation
    from trialbook.evaluation.explanations.forecasts._parts import Parts

# Inches of panels, what is between them, and of a legend beside one.
_WIDTH, _TALL, _LOW, _GAP, _BESIDE = 8.0, 2.3, 1.25, 0.42, 2.3
# Effects that have a colour of their own; others are put together. Parts that have a panel.
_COLOURS, _PANELS = 7, 9


def draw_forecasts(found: ForecastExplanation, row: int) -> dict[str, Figure]:
    """The pictures over time: of the series that a forecast is of.

    Parameters
    ----------
    found : ForecastExplanation
    row : int
        Its position.

    Returns
    -------
    dict of str to Figure
    """
    figures = {"horizon": draw_horizon(found, row)}
    apart = found.parts_of(row, own=False)
    if apart is not None:
        figures["decomposition"] = draw_parts(found, apart, "What the series is made of")
    own = found.parts_of(row, own=True)
    if own is not None:
        figures["components"] = draw_parts(found, own, "The model's own parts")
    return figures


def draw_horizon(found: ForecastExplanation, row: int) -> Figure:
    """What moves each forecast of a horizon, as bars from the mean of the series."""
    name = found.keys["unique_id"].iloc[row]
    mine = np.flatnonzero(found.keys["unique_id"] == name)
    columns = [str(one) for one in found.rows.columns]
    values = found.values.raw[mine, :, 0]
    order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")
    figure = Figure((LEFT + _WIDTH + _BESIDE, BELOW + 3.2 + ABOVE), DPI)
    axes = panel(figure, LEFT, BELOW, _WIDTH, 3.2)
    steps = np.arange(1, len(mine) + 1)
    above, below = np.zeros(len(mine)), np.zeros(len(mine))
    entries: list[tuple[Any, str]] = []
    shares = [(values[:, place], shorten(columns[place], 24)) for place in order[:_COLOURS]]
    if len(order) > _COLOURS:
        shares.append((values[:, order[_COLOURS:]].sum(axis=1), f"{len(order) - _COLOURS} others"))
    for rank, (part, label) in enumerate(shares):
        start = np.where(part >= 0, above, below)
        colour = PALETTE[rank] if rank < _COLOURS else PALE
        bar = axes.bar(steps, part, 0.8, bottom=start, color=colour, alpha=0.85)
        above, below = above + np.maximum(part, 0), below + np.minimum(part, 0)
        entries.append((bar, label))
    (line,) = axes.plot(steps, values.sum(axis=1), color=INK, linewidth=1.6, marker="o", ms=3.5)
    axes.axhline(0, color=MUTED, linewidth=1)
    unit = f"{shorten(found.schema.target, 20)} beside the mean"
    mean = found.values.bases[mine[0], 0]
    several = found.keys["unique_id"].nunique() > 1
    title = short_name(str(name)) if several else "What moves the forecasts"
    dress(axes, title, "step of the horizon", unit, note=f"mean of the series {mean:,.4g}")
    legend(axes, [(line, "forecast"), *entries], "", None)
    return figure


def _most_telling(shown: Parts) -> list[tuple[str, np.ndarray]]:
    """The parts that have a panel, in their order: those that vary most, and the rest."""
    vary = {name: float(np.nanstd(part)) for name, part in shown.parts.items()}
    names = sorted(vary, key=lambda name: (name != "rest", -vary[name]))[:_PANELS]
    return [(name, part) for name, part in shown.parts.items() if name in names]


def draw_parts(found: ForecastExplanation, whole: Parts, title: str) -> Figure:
    """A series with its forecast above its parts."""
    season = 1 if found.schema.series is None else found.schema.series.season
    n_ahead = len(whole.values) - whole.n_known
    shown = whole.last(shown_rows(season, n_ahead))
    parts = _most_telling(shown)
    height = BELOW + _TALL + len(parts) * (_LOW + _GAP) + ABOVE
    figure = Figure((LEFT + 0.25 + _WIDTH + _BESIDE, height), DPI)
    times = shown.times.astype("datetime64[s]")
    bottom = height - ABOVE - _TALL
    axes = panel(figure, LEFT + 0.25, bottom, _WIDTH, _TALL)
    known = slice(0, shown.n_known)
    ahead = slice(max(0, shown.n_known - 1), None)
    (past,) = axes.plot(times[known], shown.values[known], color=INK, linewidth=1.1)
    (told,) = axes.plot(times[ahead], shown.values[ahead], color=MAIN, linewidth=1.8)
    several = found.keys["unique_id"].nunique() > 1
    name = short_name(whole.series) if several else title
    dress(axes, name, "", shorten(found.schema.target, 22), note=f"by {whole.by}")
    legend(axes, [(past, "true value"), (told, "forecast")], "", None)
    every = [axes]
    for label, values in parts:
        bottom -= _GAP + _LOW
        axes = panel(figure, LEFT + 0.25, bottom, _WIDTH, _LOW)
        axes.plot(times, values, color=MAIN, linewidth=1.2)
        dress(axes, "", "", shorten(label, 16))
        every.append(axes)
    for axes in every:
        axes.set_xlim(times[0], times[-1])
        axes.axvline(times[min(shown.n_known, len(times) - 1)], color=MUTED, linestyle=DASHED)
        axes.tick_params(labelbottom=axes is every[-1])
        show_dates(axes.xaxis)
    return figure
