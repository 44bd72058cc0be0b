"""The pictures of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

from benchmarks import summary
from benchmarks.catalog import CONSTANT, OURS
from benchmarks.summary import Comparison

mpl.use("Agg")
from matplotlib import pyplot as plt

# Ours stands out; the others are told apart by their names.
OURS_COLOR, OTHER_COLOR = "#c8452f", "#8796a5"
DPI = 110


def draw(comparison: Comparison, folder: Path, constraint: str) -> list[Path]:
    """Draw what there is to draw.

    Parameters
    ----------
    comparison : Comparison
        What was found.
    folder : Path
        Made if need be.
    constraint : str
        Begins the files' names.

    Returns
    -------
    list of Path
        The pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_times(comparison, folder / f"{constraint}-times.png")]
    if len(comparison.peers) and len(comparison.peers.columns) > 1:
        paths.append(_scaled(comparison.peers, folder / f"{constraint}-scaled.png"))
        if OURS in comparison.peers:
            ratios = summary.error_ratios(comparison.errors)
            paths.append(_ratios(ratios, folder / f"{constraint}-ratios.png"))
    return paths


def _color(name: str) -> str:
    return OURS_COLOR if name == OURS else OTHER_COLOR


def _save(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=DPI, bbox_inches="tight")
    plt.close(figure)
    return path


def _scaled(grid: pd.DataFrame, path: Path) -> Path:
    """Boxes of scaled scores, the best mean rank first."""
    scaled = summary.scaled_scores(grid)
    names = [name for name in summary.mean_ranks(grid).index if name != CONSTANT]
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(names) + 1.2))
    for position, name in enumerate(reversed(names)):
        values = scaled[name].dropna()
        axes.boxplot(
            values, positions=[position], orientation="horizontal", widths=0.6, showfliers=False
        )
        axes.plot(values, np.full(len(values), position), "o", color=_color(name), alpha=0.6)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("scaled score: 0 is the random forest, 1 the best of a set")
    return _save(figure, path)


def _ratios(ratios: pd.DataFrame, path: Path) -> Path:
    """Our error by the best peer's, a bar a set; by the last column where there is no peer."""
    title = "best peer" if "best peer" in ratios else str(ratios.columns[-1])
    order = ratios[title].sort_values(ascending=False)
    figure, axes = plt.subplots(figsize=(8, 0.25 * len(order) + 1.2))
    # In logarithms, so that half and twice are equally far from 1.
    axes.barh(
        range(len(order)), np.log2(order), color=np.where(order < 1, OURS_COLOR, OTHER_COLOR)
    )
    axes.set_yticks(range(len(order)), order.index)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"log2 of {OURS}'s error / that of {title}: left is better than it")
    return _save(figure, path)


def _times(comparison: Comparison, path: Path) -> Path:
    """Training time of every run, in budgets; wall time of those that were ended from outside."""
    rows = comparison.rows
    shares, ended = summary.budget_shares(rows), summary.ended_from_outside(rows)
    names = list(comparison.grid.columns)
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(names) + 1.2))
    for position, name in enumerate(reversed(names)):
        for chosen, marker in ((~ended, "o"), (ended, "x")):
            share = shares[chosen & (rows["framework"] == name)].dropna()
            axes.plot(share, np.full(len(share), position), marker, color=_color(name), alpha=0.6)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlim(left=0)
    axes.set_xlabel("training time / budget; a cross is the wall time of a run that was ended")
    return _save(figure, path)
