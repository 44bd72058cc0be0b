"""Charts of forecasts as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trialbook._words import shorten
from trialbook.evaluation.charts._panels import (
    ABOVE,
    ACCENT,
    BELOW,
    DASHED,
    DPI,
    INK,
    LEFT,
    MAIN,
    PALE,
    RIGHT,
    dress,
    histogram,
    inches,
    legend,
    panel,
    unit_square,
)

_WIDTH, _HEIGHT, _GAP, _BESIDE = 9.0, 2.3, 0.95, 1.7
# Letters of a series' name, and inches of a bar with what is between it and the next.
_NAME, _BAR = 40, 0.22
UNIT = "error / seasonal naive error"


def draw_forecast_horizon(data: Mapping[str, Any]) -> Figure:
    """Draw known values and forecasts with their interval, a panel a series."""
    shown = data["series"]
    height = BELOW + len(shown) * _HEIGHT + (len(shown) - 1) * _GAP + ABOVE
    figure = Figure((LEFT + _WIDTH + _BESIDE, height), DPI)
    for i, one in enumerate(shown):
        bottom = BELOW + (len(shown) - 1 - i) * (_HEIGHT + _GAP)
        axes = panel(figure, LEFT, bottom, _WIDTH, _HEIGHT)
        entries = _over_time(axes, one, data["levels"])
        error = "" if one["error"] is None else f"MASE {one['error']:.3g}"
        dress(axes, _title(one, data), "", shorten(data["target"], 24), note=error)
        show_dates(axes.xaxis)
        if i == 0:
            legend(axes, entries, "", None)
    return figure


def draw_error_by_step(data: Mapping[str, Any]) -> Figure:
    """Draw errors by step of the horizon."""
    width, height = 5.6, 3.6
    figure = Figure((LEFT + width + RIGHT, BELOW + height + ABOVE), DPI)
    axes = panel(figure, LEFT, BELOW, width, height)
    steps = np.array(data["steps"])
    look = {"color": MAIN, "alpha": 0.18, "linewidth": 0}
    band = axes.fill_between(steps, data["low"], data["high"], **look)
    marker = "o" if len(steps) <= 30 else ""
    (line,) = axes.plot(steps, data["mean"], color=MAIN, linewidth=2, marker=marker, markersize=4)
    (bias,) = axes.plot(steps, data["bias"], color=ACCENT, linewidth=1.5, linestyle=DASHED)
    axes.axhline(0, color=INK, linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    note = f"{sum(data['rows']):,} rows"
    dress(axes, "Error by step", "step of the horizon", UNIT, note=note)
    entries = [(line, "mean absolute error"), (band, "its middle half"), (bias, "bias")]
    legend(axes, entries, "", "best")
    return figure


def draw_error_by_series(data: Mapping[str, Any]) -> Figure:
    """Draw the errors of the worst series by name, above a histogram of all."""
    names = [short_name(name) for name in data["names"]]
    left = max(LEFT, 0.3 + max(inches(name, 9) for name in names))
    n_series, n_named = data["n_series"], len(names)
    width, bars = 4.6, max(0.9, _BAR * n_named)
    all_shown = n_named == n_series
    lower, between = (0.0, 0.0) if all_shown else (0.9, 0.5)
    figure = Figure((left + width + RIGHT, BELOW + lower + between + bars + ABOVE), DPI)
    axes = panel(figure, left, BELOW + lower + between, width, bars)
    place = np.arange(n_named)
    axes.barh(place, data["errors"], color=MAIN, alpha=0.75, height=0.75)
    axes.axvline(data["median"], color=ACCENT, linewidth=1.6, linestyle=DASHED)
    middle = f"median {data['median']:.3g}"
    note = f"{n_series} series, {middle}" if all_shown else f"{n_named} of {n_series:,} series"
    unit = f"mean absolute {UNIT}"
    dress(axes, "The worst series", unit if all_shown else "", "", note=note)
    axes.set_yticks(place, names)
    axes.set_ylim(n_named - 0.4, -0.6)
    if all_shown:
        return figure
    below = panel(figure, left, BELOW, width, lower)
    histogram(below, data["histogram"], MAIN)
    line = below.axvline(data["median"], color=ACCENT, linewidth=1.6, linestyle=DASHED)
    dress(below, "", unit, "series")
    legend(below, [(line, middle)], "", "upper right")
    return figure


def draw_coverage(data: Mapping[str, Any]) -> Figure:
    """Draw the share of rows below each quantile, and within intervals, by what is promised."""
    side, low, between = 4.1, 0.85, 0.8
    several = len(data["windows"]) > 1
    bottom = BELOW + (low + between) * several
    figure = Figure((LEFT + side + RIGHT, bottom + side + ABOVE), DPI)
    axes = panel(figure, LEFT, bottom, side, side)
    (ideal,) = axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=DASHED)
    look = {"linewidth": 1.8, "markersize": 5}
    (quantile,) = axes.plot(data["levels"], data["below"], "o-", color=MAIN, **look)
    (interval,) = axes.plot(data["intervals"], data["kept"], "s-", color=ACCENT, **look)
    promised = data["intervals"][-1]
    note = f"{promised:.0%} interval: {data['kept'][-1]:.0%} of {data['rows']:,} rows"
    dress(axes, "Coverage", "promised share of rows", "share of rows", note=note)
    unit_square(axes)
    entries = [(ideal, "kept as promised"), (quantile, "at or below a quantile")]
    legend(axes, [*entries, (interval, "within an interval")], "", "upper left")
    if several:
        _windows(panel(figure, LEFT, BELOW, side, low), data, promised)
    return figure


def _windows(axes: Any, data: Mapping[str, Any], promised: float) -> None:
    """What the widest interval kept in each window."""
    kept = [one["kept"] for one in data["windows"]]
    place = np.arange(1, len(kept) + 1)
    axes.bar(place, kept, color=ACCENT, alpha=0.75, width=0.6)
    axes.axhline(promised, color=INK, linewidth=1, linestyle=DASHED)
    dress(axes, "", "window, the earliest first", f"{promised:.0%} interval")
    axes.set(xlim=(0.4, len(kept) + 0.6), ylim=(0, 1.02))
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))


def short_name(name: str) -> str:
    """A name, its middle cut where it is long: both ends tell series apart."""
    half = _NAME // 2
    return name if len(name) <= _NAME else f"{name[: half - 1]}…{name[-half:]}"


def _title(one: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    if data["n_series"] == 1:
        return "Forecasts and true values"
    role = f" ({one['role']} of {data['n_series']:,} series)" if one["role"] else ""
    return short_name(one["name"]) + role


def _over_time(axes: Any, one: Mapping[str, Any], levels: list[float]) -> list[tuple[Any, str]]:
    """The lines of a series, and the entries of a legend."""
    known = axes.plot(_dates(one["times"]), one["actual"], color=INK, linewidth=1.1, zorder=2)
    entries = [(known[0], "true value")]
    for window in one["windows"]:
        when = _dates(window["times"])
        # A window of one row is a dot with a bar.
        alone = {"marker": "o", "markersize": 4} if len(when) == 1 else {}
        look = {"color": MAIN, "alpha": 0.22, "linewidth": 0 if len(when) > 1 else 4}
        band = axes.fill_between(when, window["low"], window["high"], zorder=1, **look)
        (line,) = axes.plot(when, window["forecast"], color=MAIN, linewidth=1.6, zorder=3, **alone)
        axes.axvline(when[0], color=PALE, linewidth=0.8, zorder=0)
        share = f"interval of {levels[1] - levels[0]:.0%}"
        entries = [entries[0], (line, "forecast"), (band, share)]
    return entries


def show_dates(axis: Any) -> None:
    """Ticks at round dates, each said in as few letters as tell it from the one before."""
    locator_of: Any = AutoDateLocator
    formatter_of: Any = ConciseDateFormatter
    locator = locator_of(maxticks=10)
    axis.set_major_locator(locator)
    axis.set_major_formatter(formatter_of(locator))


def _dates(times: list[str]) -> np.ndarray:
    return np.array(times, dtype="datetime64[s]")
