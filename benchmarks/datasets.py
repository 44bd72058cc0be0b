"""The sets: a folder each, with ``meta.json`` beside a training and a test table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scoring import UNKNOWN_CLASS

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


@dataclass(frozen=True)
class Split:
    """A set as everyone gets it.

    Parameters
    ----------
    train : DataFrame
        With the target: codes of the classes, or numbers.
    test : DataFrame
        Without the target.
    truth : ndarray of shape (n_test_rows,)
        The target of the test rows; only the runner sees it.
    classes : tuple of str
        Labels by code, sorted; empty for numbers.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    truth: np.ndarray
    classes: tuple[str, ...]


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
    metas = [(path.parent, _read(path)) for path in sorted(folder.glob("*/meta.json"))]
    found = {
        meta["name"]: Dataset(
            meta["name"], where, meta["task"], meta["target"], meta["metric"], meta["files"]
        )
        for where, meta in metas
        if meta["task"] in TASKS
    }
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
        return Split(plain(train), plain(features), truth.to_numpy(float), ())
    labels = train[dataset.target].astype(str)
    classes = tuple(sorted(labels.unique()))
    coded = plain(train)
    coded[dataset.target] = codes(labels, classes)
    return Split(coded, plain(features), codes(truth.astype(str), classes), classes)


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
