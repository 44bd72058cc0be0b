"""A table larger than memory comfort, in time and memory: ``python -m benchmarks.big_table``.

The table is made here, row group by row group, so that nothing has to be fetched and at no time
more than a row group is held.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from benchmarks.process import ended_by_signals
from benchmarks.training import TRIALBOOK, Training, train

ROWS, GROUP_ROWS = 10_000_000, 250_000
# With the target thirty columns.
N_NUMBERS, N_WHOLE, N_CATEGORIES, N_DATES = 16, 4, 7, 2
LEVELS = (2, 4, 9, 20, 50, 200, 1_000)
MISSING = 0.08
FIRST_DAY, DAYS = np.datetime64("2015-01-01"), 3_000
HEADER = (
    "| rows | deadline | wall | peak memory | first model | models | score | exit |\n"
    "|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def rows(group: int, n_rows: int) -> pa.Table:
    """Make one row group.

    Parameters
    ----------
    group : int
        Its number, which is also the seed.
    n_rows : int

    Returns
    -------
    pyarrow.Table
        Numbers, whole numbers, categories, dates and ``target``, which is ``yes`` for about a
        third of the rows. Every third feature has missing values.
    """
    rng = np.random.default_rng(group)
    numbers = rng.normal(size=(N_NUMBERS, n_rows))
    whole = rng.poisson(8, size=(N_WHOLE, n_rows))
    codes = [rng.integers(0, levels, n_rows) for levels in LEVELS[:N_CATEGORIES]]
    days = rng.integers(0, DAYS, size=(N_DATES, n_rows))
    # What every level of a category adds is the same in all row groups.
    effects = [np.random.default_rng(levels).normal(size=levels) for levels in LEVELS]
    signal = numbers[0] + np.sin(2 * numbers[1]) + numbers[2] * (numbers[0] > 0)
    signal += 0.1 * (whole[0] - 8) + 0.5 * np.cos(days[0] * 2 * np.pi / 365.25)
    signal += 0.4 * sum(effect[code] for effect, code in zip(effects, codes, strict=True))
    signal += rng.normal(size=n_rows)
    columns = {f"number_{i}": pa.array(values) for i, values in enumerate(numbers)}
    columns |= {f"whole_{i}": pa.array(values) for i, values in enumerate(whole)}
    for i, code in enumerate(codes):
        names = pa.array([f"level {level}" for level in range(LEVELS[i])])
        columns[f"category_{i}"] = pa.DictionaryArray.from_arrays(pa.array(code), names)
    columns |= {f"date_{i}": pa.array(FIRST_DAY + values) for i, values in enumerate(days)}
    for name in list(columns)[::3]:
        present = pa.array(rng.random(n_rows) >= MISSING)
        column = columns[name]
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        columns[name] = pa.compute.if_else(present, plain, pa.scalar(None, plain.type))
    columns["target"] = pa.array(np.where(signal > 1, "yes", "no"))
    return pa.table(columns).cast(_schema())


def _schema() -> pa.Schema:
    """Types that do not depend on which column has missing values."""
    kinds = {"number": pa.float64(), "whole": pa.int64(), "date": pa.timestamp("ms")}
    counts = (("number", N_NUMBERS), ("whole", N_WHOLE), ("category", N_CATEGORIES))
    names = [f"{kind}_{i}" for kind, n in (*counts, ("date", N_DATES)) for i in range(n)]
    fields = [(name, kinds.get(name.split("_")[0], pa.string())) for name in names]
    return pa.schema([*fields, ("target", pa.string())])


def write(path: Path, n_rows: int, group_rows: int = GROUP_ROWS) -> None:
    """Write a table, one row group after another.

    Parameters
    ----------
    path : Path
    n_rows, group_rows : int
    """
    # A table that was only begun must not be taken for one that can be used again.
    unfinished = path.with_name(f"{path.name}.part")
    with pq.ParquetWriter(unfinished, _schema()) as file:
        for group, start in enumerate(range(0, n_rows, group_rows)):
            made = rows(group, min(group_rows, n_rows - start))
            file.write_table(made, row_group_size=group_rows)
    unfinished.rename(path)


def row(n_rows: int, deadline_s: float, training: Training) -> str:
    """A line of the table.

    Parameters
    ----------
    n_rows : int
    deadline_s : float
    training : Training

    Returns
    -------
    str
    """
    score = re.search(r"validation (\S+ \S+) ±", training.report)
    return (
        f"| {n_rows:,} | {deadline_s:.0f} s | {training.ended.seconds:.1f} s "
        f"| {training.peak_memory} | {training.first_model} | {training.n_models} "
        f"| {score[1] if score else 'none'} | {training.failure or 0} |"
    )


def said(report: str) -> list[str]:
    """The lines of a report that say what was sampled.

    Parameters
    ----------
    report : str

    Returns
    -------
    list of str
    """
    starts = ("| Sampling |", "| Validation rows |", "Trials trained on ")
    return [line for line in report.splitlines() if line.startswith(starts)]


@ended_by_signals()
def main() -> int:
    """Make a table, train on it, and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--deadline", type=float, default=600.0, help="in seconds")
    parser.add_argument("--memory", default="16GB", help="for the whole run")
    parser.add_argument("--table", type=Path, help="made there, unless it exists")
    parser.add_argument("--only-make", action="store_true", help="the table, and train nothing")
    parser.add_argument("--scratch", type=Path, help="keeps the workspace and the log")
    parser.add_argument("--trialbook", default=str(TRIALBOOK), help="its command")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = options.table or Path(folder) / "big_table.parquet"
        if not table.exists():
            write(table, options.rows)
        if options.only_make:
            return 0
        n_rows = pq.ParquetFile(table).metadata.num_rows
        scratch = options.scratch or Path(folder)
        scratch.mkdir(parents=True, exist_ok=True)
        training = train(
            table.absolute(),
            options.deadline,
            scratch.absolute() / "big_table",
            ("--total-memory", options.memory),
            shlex.split(options.trialbook),
        )
        print(HEADER)
        print(row(n_rows, options.deadline, training))
        print("\n".join(["", *said(training.report)]))
    return 1 if training.failure else 0


if __name__ == "__main__":
    sys.exit(main())
