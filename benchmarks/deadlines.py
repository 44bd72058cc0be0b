"""Whether deadlines hold, on tables of very different shape: ``python -m benchmarks.deadlines``.

The tables are made here, so that nothing has to be fetched.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.process import ended_by_signals
from benchmarks.training import Training, train

# What counts as an overrun: this share of the deadline, and a second.
TOLERANCE_SHARE, TOLERANCE_S = 0.03, 1.0
# The test of the winner counts, too.
OPTIONS = ("--test-size", "0.1")
HEADER = (
    "| table | rows x columns | classes | deadline | wall | overrun | first model | models "
    "| peak memory |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True)
class Shape:
    """A table to make.

    Parameters
    ----------
    rows, columns : int
        Columns without the target.
    classes : int
        0 for numbers.
    categories : int
        How many of the columns are categories of up to fifty levels.
    words : bool
        Whether one more column holds sentences.
    """

    rows: int
    columns: int
    classes: int
    categories: int = 0
    words: bool = False


SHAPES = {
    "tiny": Shape(200, 5, 2, 2),
    "three_columns": Shape(5_000, 3, 2),
    "wide": Shape(1_500, 3_000, 2),
    "wide_numbers": Shape(2_000, 1_000, 0),
    "many_classes": Shape(20_000, 20, 90, 5),
    "long": Shape(600_000, 12, 2, 4),
    "long_numbers": Shape(300_000, 20, 0, 5),
    "categories": Shape(30_000, 30, 3, 30),
    "sentences": Shape(8_000, 4, 4, 1, words=True),
    "plain_numbers": Shape(20_000, 10, 0),
    "imbalanced": Shape(50_000, 30, 2, 5),
    "many_columns": Shape(20_000, 300, 5, 20),
}
# Of the rarer class, in the table whose name says so.
RARE = 0.01


def make(name: str, shape: Shape) -> pd.DataFrame:
    """Make a table that can be learnt from, though not perfectly.

    Parameters
    ----------
    name : str
    shape : Shape

    Returns
    -------
    DataFrame
        Features and ``target``; every seventh column has missing values.
    """
    rng = np.random.default_rng(len(name) + shape.rows)
    values = rng.normal(size=(shape.rows, shape.columns)).astype(np.float32)
    signal = values[:, 0] + np.sin(2 * values[:, 1 % shape.columns])
    signal += values[:, 2 % shape.columns] * (values[:, 0] > 0) + rng.normal(size=shape.rows) / 2
    columns: dict[str, object] = {}
    for number in range(shape.columns):
        column = pd.Series(values[:, number])
        if number >= shape.columns - shape.categories:
            levels = pd.Index([f"level {i}" for i in range(2 + number % 49)])
            parts = pd.qcut(column, len(levels), labels=False)
            column = pd.Series(levels.take(parts.to_numpy()))
        if number % 7 == 6:
            column = column.mask(rng.random(shape.rows) < 0.1)
        columns[f"x{number}"] = column
    if shape.words:
        vocabulary = np.array([f"word{i}" for i in range(400)])
        start = np.clip(100 + 80 * signal, 0, 350).astype(int)
        drawn = start[:, None] + rng.integers(0, 50, size=(shape.rows, 12))
        columns["text"] = [" ".join(sentence) for sentence in vocabulary[drawn]]
    columns["target"] = _target(name, shape, signal)
    return pd.DataFrame(columns)


def _target(name: str, shape: Shape, signal: np.ndarray) -> np.ndarray:
    if not shape.classes:
        return np.asarray(signal.round(4))
    if name == "imbalanced":
        return np.where(signal > np.quantile(signal, 1 - RARE), "rare", "usual")
    parts = pd.qcut(signal, shape.classes, labels=False)
    return np.asarray(pd.Index([f"class {i}" for i in range(shape.classes)]).take(parts))


def row(name: str, shape: Shape, deadline_s: float, training: Training) -> str:
    """A line of the table.

    Parameters
    ----------
    name : str
    shape : Shape
    deadline_s : float
    training : Training

    Returns
    -------
    str
    """
    ended = training.ended
    over = max(0.0, ended.seconds - deadline_s)
    allowed = TOLERANCE_SHARE * deadline_s + TOLERANCE_S
    overrun = f"**{over:.1f} s**" if over > allowed else f"{over:.1f} s"
    return (
        f"| {name} | {shape.rows:,} x {shape.columns + shape.words} | {shape.classes or ''} "
        f"| {deadline_s:.0f} s | {ended.seconds:.1f} s | {overrun} | {training.first_model} "
        f"| {training.failure or training.n_models} | {training.peak_memory} |"
    )


def run(names: Sequence[str], deadlines: Sequence[float], say: Callable[[str], None]) -> None:
    """Measure every table at every deadline.

    Parameters
    ----------
    names : sequence of str
        Keys of `SHAPES`.
    deadlines : sequence of float
        Seconds.
    say : callable
        Told each line of the table.
    """
    say(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            table = Path(folder) / f"{name}.parquet"
            make(name, SHAPES[name]).to_parquet(table)
            for deadline_s in deadlines:
                workspace = Path(folder) / f"{name}-{deadline_s:.0f}"
                training = train(table, deadline_s, workspace, OPTIONS)
                shutil.rmtree(workspace, ignore_errors=True)
                say(row(name, SHAPES[name], deadline_s, training))
            table.unlink()


@ended_by_signals()
def main() -> int:
    """Print the table of deadlines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--deadlines", nargs="+", type=float, default=[15.0, 60.0])
    options = parser.parse_args()
    run(options.tables, options.deadlines, lambda text: print(text, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
