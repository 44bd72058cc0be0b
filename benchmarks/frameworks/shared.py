"""What all adapters have in common: the request, the clocks and the answer.

An adapter runs in its framework's environment: ``python -m benchmarks.frameworks.NAME REQUEST``.
This module needs pandas and pyarrow, and nothing else of this folder.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# A single row is predicted this many times at most, but for no longer than these seconds.
SINGLE_ROWS = 30
SINGLE_ROWS_S = 10.0


@dataclass(frozen=True)
class Request:
    """What a framework is asked.

    Parameters
    ----------
    train, test : DataFrame
        The training rows with the target: codes of the classes, or numbers. The test rows are
        without it.
    target : str
        Column to predict.
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    metric : str
        ``roc_auc``, ``log_loss`` or ``rmse``.
    classes : int
        Number of classes; 0 for numbers.
    budget_s : float
        Seconds for training.
    cores, memory_mb, seed : int
        Limits and seed, for frameworks that have such options.
    scratch : Path
        Folder for anything; it is removed at the end.
    params : dict
        Options of this framework.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    target: str
    task: str
    metric: str
    classes: int
    budget_s: float
    cores: int
    memory_mb: int
    seed: int
    scratch: Path
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def X(self) -> pd.DataFrame:
        """The training rows without the target."""
        return self.train.drop(columns=[self.target])

    @property
    def y(self) -> pd.Series:
        """The target of the training rows."""
        return self.train[self.target]


class Adapter(ABC):
    """A framework as the harness sees it. Only `fit` counts as training time."""

    def start(self, request: Request) -> None:
        """Do what comes before training, such as starting a server."""
        return

    @abstractmethod
    def fit(self, request: Request) -> None:
        """Train within the budget."""

    def ready(self) -> None:
        """Do what comes between training and predicting, such as loading a model."""
        return

    @abstractmethod
    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Predict: shape (n_rows, n_classes) in the order of the codes, or (n_rows,)."""

    def models_count(self) -> int:
        """Number of models that were trained."""
        return 1

    def stop(self) -> None:
        """End what `start` started."""
        return


def main(adapter: Adapter) -> None:
    """Do what the request says that the command line names."""
    path = Path(sys.argv[1])
    raw = json.loads(path.read_text("utf-8"))
    output = Path(raw.pop("output"))
    tables = {part: pd.read_parquet(raw.pop(part)) for part in ("train", "test")}
    request = Request(**tables, scratch=Path(raw.pop("scratch")), **raw)
    try:
        adapter.start(request)
        run(adapter, request, output)
    finally:
        adapter.stop()


def run(adapter: Adapter, request: Request, output: Path) -> None:
    """Train and predict, and write the answer as soon as there is one.

    Parameters
    ----------
    adapter : Adapter
        Started.
    request : Request
        What is asked.
    output : Path
        Folder for ``predictions.csv`` and ``result.json``.
    """
    started = time.perf_counter()
    adapter.fit(request)
    said: dict[str, Any] = {"training_s": time.perf_counter() - started}
    _write(output, said)
    adapter.ready()
    started = time.perf_counter()
    predictions = np.asarray(adapter.predict(request.test), dtype=float)
    said["predict_s"] = time.perf_counter() - started
    _write(output, said)
    table = pd.DataFrame(predictions.reshape(len(request.test), -1))
    table.to_csv(output / "predictions.csv.part", index=False)
    (output / "predictions.csv.part").rename(output / "predictions.csv")
    # What comes now may fail: the predictions count nevertheless.
    said["models_count"] = adapter.models_count()
    _write(output, said)
    said["single_row_ms"] = single_row_ms(adapter, request.test)
    _write(output, said)


def single_row_ms(adapter: Adapter, rows: pd.DataFrame) -> float:
    """Median milliseconds for one row, each time another one.

    The first one is not counted: many libraries prepare themselves then.
    """
    taken: list[float] = []
    began = time.perf_counter()
    for number in range(SINGLE_ROWS + 1):
        row = rows.iloc[[number % len(rows)]].reset_index(drop=True)
        started = time.perf_counter()
        adapter.predict(row)
        taken.append(1000 * (time.perf_counter() - started))
        if time.perf_counter() - began > SINGLE_ROWS_S:
            break
    return statistics.median(taken[1:] or taken)


def both_classes(positive: np.ndarray) -> np.ndarray:
    """Probabilities of two classes from those of the second."""
    second = np.asarray(positive, dtype=float).reshape(-1)
    return np.column_stack([1 - second, second])


def in_order(table: pd.DataFrame, classes: int) -> np.ndarray:
    """Probabilities in the order of the codes; a class that a framework left out has none.

    Parameters
    ----------
    table : DataFrame
        A column a class, named by its code.
    classes : int
        Number of classes.
    """
    named = table.rename(columns=lambda name: int(float(name)))
    return np.asarray(named.reindex(columns=range(classes), fill_value=0.0), dtype=float)


def _write(output: Path, said: dict[str, Any]) -> None:
    (output / "result.json").write_text(json.dumps(said, indent=1), "utf-8")
