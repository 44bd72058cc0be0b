"""Thousands of series in time and memory: ``python -m benchmarks.forecasting.many_series``.

The series are those of a set, and then the same again with other levels and other noise, until
there are as many as were asked for.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.catalog import ROOT
from benchmarks.forecasting.sets import SeriesSet, find_sets, load_split
from benchmarks.forecasting.systems.shared import ID, TARGET, TIME
from benchmarks.process import ended_by_signals
from benchmarks.training import TRIALBOOK, Training, train

SERIES, DEADLINE_S, MEMORY = 3_000, 300.0, "8GB"
# Logarithms of a copy's level, and of what is added to each of its rows.
LEVEL, NOISE = 1.0, 0.03
HEADER = (
    "| series | rows | deadline | wall | peak memory | first model | models | score | exit |\n"
    "|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def many(table: pd.DataFrame, n_series: int, seed: int = 0) -> pd.DataFrame:
    """Make as many series as are asked for.

    Parameters
    ----------
    table : DataFrame
        `ID`, `TIME`, `TARGET`.
    n_series : int
    seed : int
        Fixes the copies.

    Returns
    -------
    DataFrame
        ``series``, ``time``, ``target``. The first ones are those of the table; in copies, what
        is not above zero stays what it is.
    """
    rng = np.random.default_rng(seed)
    groups = [rows for _, rows in table.groupby(ID, sort=True)]
    parts = []
    for number in range(n_series):
        rows = groups[number % len(groups)]
        factor = np.ones(len(rows))
        if number >= len(groups):
            factor = np.exp(LEVEL * rng.normal() + NOISE * rng.normal(size=len(rows)))
        values = rows[TARGET].to_numpy()
        part = {"series": f"S{number:05d}", "time": rows[TIME].to_numpy()}
        parts.append(
            pd.DataFrame(part | {"target": np.where(values > 0, values * factor, values)})
        )
    return pd.concat(parts, ignore_index=True)


def options_of(one: SeriesSet, memory: str) -> list[str]:
    """What the command line is told beside table, target and deadline."""
    asked = {"task": "forecasting", "time-column": "time", "series": "series"}
    asked |= {"horizon": str(one.horizon), "season": str(one.season)}
    asked |= {"frequency": one.frequency, "total-memory": memory}
    return [word for key, value in asked.items() for word in (f"--{key}", value)]


def row(table: pd.DataFrame, deadline_s: float, training: Training) -> str:
    """A line of the table.

    Parameters
    ----------
    table : DataFrame
        What it was trained on.
    deadline_s : float
    training : Training

    Returns
    -------
    str
    """
    score = re.search(r"validation (\S+ \S+) ±", training.report)
    return (
        f"| {table['series'].nunique():,} | {len(table):,} | {deadline_s:.0f} s "
        f"| {training.ended.seconds:.1f} s | {training.peak_memory} | {training.first_model} "
        f"| {training.n_models} | {score[1] if score else 'none'} | {training.failure or 0} |"
    )


@ended_by_signals()
def main() -> int:
    """Make series, train on them, and print what was seen."""
    data = ROOT.parent / "shared" / "data" / "forecasting"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data, help="folder of the sets")
    parser.add_argument("--set", default="m3_monthly", help="whose series are taken")
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--deadline", type=float, default=DEADLINE_S, help="in seconds")
    parser.add_argument("--memory", default=MEMORY, help="for the whole run")
    parser.add_argument("--scratch", type=Path, help="keeps the workspace and the log")
    parser.add_argument("--trialbook", default=str(TRIALBOOK), help="its command")
    options = parser.parse_args()
    (one,) = find_sets(options.data, [options.set])
    table = many(load_split(one).train, options.series)
    with tempfile.TemporaryDirectory() as folder:
        scratch = (options.scratch or Path(folder)).absolute()
        scratch.mkdir(parents=True, exist_ok=True)
        path = scratch / "many_series.parquet"
        table.to_parquet(path)
        training = train(
            path,
            options.deadline,
            scratch / "many_series",
            options_of(one, options.memory),
            shlex.split(options.trialbook),
        )
        print(HEADER)
        print(row(table, options.deadline, training))
    return 1 if training.failure else 0


if __name__ == "__main__":
    sys.exit(main())
