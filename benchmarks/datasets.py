"""The sets: a folder each, with ``meta.json`` beside a training and a test table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmarks.scoring import RESULT_NAMES, UNKNOWN_CLASS, score

TASKS = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Dataset:
    """What ``meta.json`` says of a set."""

    name: str
    folder: Path
    task: str
    target: str
    metric: str
    files: dict[str, str]

    # A set has one split.
    fold: ClassVar[int] = 0

    @property
    def result_name(self) -> str:
        """The public AutoML benchmark's name of the metric."""
        return RESULT_NAMES[self.metric]

    def load(self) -> Split:
        """Read the tables."""
        return load_split(self)


@dataclass(frozen=True)
class Split:
    """A set as everyone gets it.

    Parameters
    ----------
    dataset : Dataset
        What it is.
    train : DataFrame
        With the target: codes of the classes, or numbers.
    test : DataFrame
        Without the target.
    truth : ndarray of shape (n_test_rows,)
        The target of the test rows; only the runner sees it.
    classes : tuple of str
        Labels by code, sorted; empty for numbers.
    """

    dataset: Dataset
    train: pd.DataFrame
    test: pd.DataFrame
    truth: np.ndarray
    classes: tuple[str, ...]

    # What a run has made when there is something to score.
    answer: ClassVar[str] = "predictions.csv"

    def write(self, scratch: Path) -> dict[str, Any]:
        """Write the tables for a run; what is asked about them."""
        self.train.to_parquet(scratch / "train.parquet")
        self.test.to_parquet(scratch / "test.parquet")
        return {
            "train": str(scratch / "train.parquet"),
            "test": str(scratch / "test.parquet"),
            "target": self.dataset.target,
            "task": self.dataset.task,
            "metric": self.dataset.metric,
            "classes": len(self.classes),
        }

    def score(self, answer: Path) -> dict[str, Any]:
        """The columns of a row that predictions give.

        Raises
        ------
        PredictionError
            If they cannot be scored.
        """
        predictions = pd.read_csv(answer).to_numpy(float)
        found = score(self.dataset.metric, self.truth, predictions, len(self.classes))
        return {"result": found}


def find_datasets(folder: Path, names: Sequence[str] = ()) -> list[Dataset]:
    """Find the sets of a folder that are tables with one target.

    Parameters
    ----------
    folder : Path
        Holds one folder a set.
    names : sequence of str
        Which; all by default.

    Returns
    -------
    list of Dataset
        By name.

    Raises
    ------
    FileNotFoundError
        If there is none, or a name is not there.
    """
    return [
        Dataset(meta["name"], where, meta["task"], meta["target"], meta["metric"], meta["files"])
        for where, meta in find_metas(folder, TASKS, names)
    ]


def find_metas(
    folder: Path, tasks: Sequence[str], names: Sequence[str] = ()
) -> list[tuple[Path, dict[str, Any]]]:
    """What is said of the sets of a folder that have one of some tasks, each with its folder.

    Raises
    ------
    FileNotFoundError
        If there is none, or a name is not there.
    """
    metas = [(path.parent, _read(path)) for path in sorted(folder.glob("*/meta.json"))]
    found = {meta["name"]: (where, meta) for where, meta in metas if meta["task"] in tasks}
    lacking = [name for name in names if name not in found]
    if lacking or not found:
        raise FileNotFoundError(f"no set {', '.join(lacking) or 'at all'} in {folder}")
    return [one for name, one in found.items() if not names or name in names]


def load_split(dataset: Dataset) -> Split:
    """Read a set and code its target.

    Columns stay what the file says. Only booleans become text, because they are text in a CSV file
    and not all frameworks take them.
    """
    train, test = (read_table(dataset.folder / dataset.files[part]) for part in ("train", "test"))
    truth, features = test[dataset.target], test.drop(columns=[dataset.target])
    if dataset.task == "regression":
        return Split(dataset, plain(train), plain(features), truth.to_numpy(float), ())
    labels = train[dataset.target].astype(str)
    classes = tuple(sorted(labels.unique()))
    coded = plain(train)
    coded[dataset.target] = codes(labels, classes)
    truth_codes = codes(truth.astype(str), classes)
    return Split(dataset, coded, plain(features), truth_codes, classes)


def codes(labels: pd.Series, classes: Sequence[str]) -> np.ndarray:
    """Positions of labels among the classes; `UNKNOWN_CLASS` for another label."""
    positions = {label: position for position, label in enumerate(classes)}
    return np.array([positions.get(label, UNKNOWN_CLASS) for label in labels], dtype=int)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with booleans as text; missing cells stay missing."""
    result = table.copy()
    for name, column in table.items():
        if column.dtype in (bool, object):
            result[name] = column.map(_text_of_boolean)
    return result


def _text_of_boolean(cell: Any) -> Any:
    return str(cell) if isinstance(cell, (bool, np.bool_)) else cell


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV or Parquet file of a set."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    # "NA" and "None" are levels in some sets; only an empty cell is missing.
    return pd.read_csv(path, low_memory=False, keep_default_na=False, na_values=[""])
