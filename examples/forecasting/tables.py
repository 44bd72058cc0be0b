"""What the examples of this folder have in common: options, and tables to learn from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

MADE = Path(__file__).parents[1] / "azure"


def options(text: str | None, workspace: str) -> tuple[Path | None, dict[str, Any]]:
    """The folder of the tables, if one was named, and options of all experiments of an example."""
    parser = argparse.ArgumentParser(description=(text or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--data", type=Path, help="folder of train.csv.gz and test.csv.gz; else a small table"
    )
    parser.add_argument("--workspace", default=workspace)
    parser.add_argument("--timeout", default="1m", help="for each search, such as 30s or 5m")
    parser.add_argument("--max-trials", type=int, help="stop each search after so many trials")
    asked = vars(parser.parse_args())
    return asked.pop("data"), asked


def read(
    folder: Path | None, made: str, time: str, n_test: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from, and those that came later: a table is cut at one time for all series."""
    if folder is not None:
        return pd.read_csv(folder / "train.csv.gz"), pd.read_csv(folder / "test.csv.gz")
    table = pd.read_csv(MADE / made)
    later = pd.to_datetime(table[time]).rank(method="dense", ascending=False) <= n_test
    return table[~later], table[later].reset_index(drop=True)
