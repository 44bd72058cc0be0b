"""Writes the sets as the public AutoML benchmark wants them: ``python -m benchmarks.amlb_sets``.

It makes ``amlb/data/NAME/NAME_train_0.csv`` and ``..._test_0.csv``, and the list of tasks,
``amlb/benchmarks/sets.yaml``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.catalog import HERE, ROOT
from benchmarks.datasets import Dataset, find_datasets, read_table


def task(dataset: Dataset) -> dict[str, Any]:
    """A set's entry in a list of tasks."""
    return {
        "name": dataset.name,
        "dataset": {
            "path": f"{{user}}/data/{dataset.name}",
            "target": dataset.target,
            # Named, because a class that is written as a number would be taken for a number.
            "type": dataset.task,
        },
        "folds": 1,
    }


def write(datasets: Sequence[Dataset], folder: Path) -> None:
    """Write sets and their list.

    Parameters
    ----------
    datasets : sequence of Dataset
        Which.
    folder : Path
        The user folder of the benchmark.
    """
    for dataset in datasets:
        where = folder / "data" / dataset.name
        where.mkdir(parents=True, exist_ok=True)
        for part in ("train", "test"):
            table = read_table(dataset.folder / dataset.files[part])
            table.to_csv(where / f"{dataset.name}_{part}_0.csv", index=False)
    listed = yaml.safe_dump([task(one) for one in datasets], sort_keys=False)
    path = folder / "benchmarks" / "sets.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n# Written by benchmarks/amlb_sets.py\n{listed}", "utf-8")


def main() -> int:
    """Write the sets that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    data = ROOT.parent / "shared" / "data" / "tabular"
    parser.add_argument("--data", type=Path, default=data, help="folder of the sets")
    parser.add_argument("--sets", nargs="+", default=[], metavar="SET")
    parser.add_argument("--output", type=Path, default=HERE / "amlb")
    options = parser.parse_args()
    write(find_datasets(options.data, options.sets), options.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
