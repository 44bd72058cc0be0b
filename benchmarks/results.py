"""The table of results: one row a run, in the columns of the public AutoML benchmark."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

# Those of the public AutoML benchmark (its results.csv), so that tables can be put together.
AMLB_COLUMNS = [
    "id",
    "task",
    "framework",
    "constraint",
    "fold",
    "type",
    "result",
    "metric",
    "mode",
    "version",
    "params",
    "app_version",
    "utc",
    "duration",
    "training_duration",
    "predict_duration",
    "models_count",
    "seed",
    "info",
]
OUR_COLUMNS = ["peak_memory_mb", "single_row_ms", "machine"]
COLUMNS = [*AMLB_COLUMNS, *OUR_COLUMNS]
NUMBERS = [
    "result",
    "duration",
    "training_duration",
    "predict_duration",
    "models_count",
    "peak_memory_mb",
    "single_row_ms",
]
# A run is done when a row agrees in these.
KEY = ("framework", "version", "params", "task", "fold", "constraint", "seed", "machine")
# What changes while a framework is worked on; the last run counts, whatever they were.
CHANGING = ("version", "params")
# Where a control group says what its processes may hold: version 2, and version 1.
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Constraint:
    """What each run may use.

    Parameters
    ----------
    budget_s : float
        Seconds for training.
    cores : int
        Cores.
    """

    budget_s: float
    cores: int

    @property
    def name(self) -> str:
        """Such as ``1m2c``: a minute on two cores."""
        budget = self.budget_s
        time = f"{budget / 60:g}m" if budget % 60 == 0 else f"{budget:g}s"
        return f"{time}{self.cores}c"


def budget_of(constraint: str) -> float:
    """Seconds for training that the name of a constraint stands for; a number alone is seconds.

    Raises
    ------
    ValueError
        If it is no such name.
    """
    match = re.fullmatch(r"(?P<number>[\d.]+)(?P<unit>[smh]?)(\d+c)?", constraint)
    if match is None:
        raise ValueError(f"'{constraint}' is no budget such as 60s, 5m, 1h or 5m2c")
    return float(match["number"]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match["unit"]]


def machine() -> str:
    """The kind of machine: processor, cores and memory; results of one kind can be compared."""
    memory = total_memory() / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{_processor()}, {cores} cores, {memory:.0f} GB"


def total_memory() -> int:
    """Bytes of the machine, or fewer if a control group has a limit."""
    found = [int(psutil.virtual_memory().total)]
    for path in MEMORY_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"
            found.append(int(path.read_text("utf-8")))
    return min(found)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text("utf-8") if info.exists() else ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return " ".join(match[1].split()) if match else "unknown processor"


def app_version(root: Path) -> str:
    """The commit of this harness, such as ``dev [main, 1a2b3c4]``."""
    asked = ("rev-parse", "--abbrev-ref", "HEAD"), ("rev-parse", "--short", "HEAD")
    answers = []
    for question in asked:
        done = subprocess.run(
            ["git", "-C", root, *question], capture_output=True, text=True, check=False
        )
        answers.append(done.stdout.strip() or "unknown")
    return f"dev [{', '.join(answers)}]"


def now() -> str:
    """The time in UTC as the public benchmark writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def key_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What identifies a run."""
    return tuple(str(row[column]) for column in KEY)


def read_results(
    path: Path, columns: Sequence[str] = COLUMNS, numbers: Sequence[str] = NUMBERS
) -> pd.DataFrame:
    """Read a table of results.

    Parameters
    ----------
    path : Path
        A ``results.csv``; it need not exist.
    columns, numbers : sequence of str
        What it has, and which of them are numbers.

    Returns
    -------
    DataFrame
        Text, but for the numbers.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(columns))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in table.columns.intersection(list(numbers)):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    return table


def done_keys(table: pd.DataFrame) -> set[tuple[str, ...]]:
    """The keys of all runs of a table, whether they succeeded or not."""
    return {key_of(row) for row in table.to_dict("records")}


def latest(table: pd.DataFrame) -> pd.DataFrame:
    """The last row of each framework, set, fold, constraint, seed and machine."""
    keys = [column for column in KEY if column not in CHANGING]
    return table.drop_duplicates(keys, keep="last").reset_index(drop=True)


def append(
    path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS
) -> None:
    """Add rows to a table of results; what is there is never rewritten.

    Parameters
    ----------
    path : Path
        A ``results.csv``; it need not exist.
    rows : iterable of mapping
        What a row lacks stays empty.
    columns : sequence of str
        Those of the table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        if is_new:
            writer.writeheader()
        writer.writerows({key: _plain(row.get(key)) for key in columns} for row in rows)


def _plain(value: Any) -> Any:
    """A number with as many digits as mean something; nothing for what is missing."""
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
