"""Export every trial and compare: ``python -m benchmarks.onnx WORKSPACE [WORKSPACE ...]``.

What is printed is Markdown: of each trial how long its file takes to write and how large it is,
and how far its answers are from those of the model in Python on rows of a table. ``--train SET``
trains first, into a workspace that need not exist.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import trialbook
from trialbook.errors import ExportError
from trialbook.models import Model
from trialbook.models.onnx import OnnxModel, Parity, compare, to_onnx

# Rows on which answers are compared, at most: of the table that is given, or of the training one.
ROWS = 2000
HEADER = (
    "| trial | learner | write s | load s | MB | rows/s Python | rows/s ONNX |"
    " largest difference | within the tolerance | rows over it | of these on a threshold |"
    " other labels | holds |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)


@dataclass(frozen=True)
class Exported:
    """What came of one trial.

    Parameters
    ----------
    trial, learner : str
    refusal : str, optional
        Why there is no file.
    parity : Parity, optional
    written_s, loaded_s, python_s, onnx_s : float
        Seconds: to write the file, to load it, and to answer all rows.
    size : int
        Bytes of the file.
    """

    trial: str
    learner: str
    refusal: str | None = None
    parity: Parity | None = None
    written_s: float = 0.0
    loaded_s: float = 0.0
    python_s: float = 0.0
    onnx_s: float = 0.0
    size: int = 0

    @property
    def line(self) -> str:
        """Its line of the table."""
        if self.parity is None:
            return f"| {self.trial} | {self.learner} |" + " |" * 10 + f" refused: {self.refusal} |"
        found = self.parity
        cells = [
            self.trial,
            self.learner,
            f"{self.written_s:.1f}",
            f"{self.loaded_s:.1f}",
            f"{self.size / 1e6:.1f}",
            f"{found.n_rows / self.python_s:,.0f}",
            f"{found.n_rows / self.onnx_s:,.0f}",
            f"{found.max_difference:.1e}",
            f"{found.typical_difference:.1e}",
            str(found.n_over),
            str(found.n_explained),
            str(found.n_labels),
            "yes" if found.holds else "**no**",
        ]
        return "| " + " | ".join(cells) + " |"


def export(label: str, learner: str, model: Model, rows: pd.DataFrame) -> Exported:
    """Write one model and compare.

    Parameters
    ----------
    label, learner : str
    model : Model
    rows : DataFrame
        A table with its features.

    Returns
    -------
    Exported
    """
    X = model.conform(rows)
    started = time.perf_counter()
    try:
        content = to_onnx(model.estimator, model.schema).SerializeToString()
    except ExportError as error:
        return Exported(label, learner, refusal=str(error))
    written_s = time.perf_counter() - started
    started = time.perf_counter()
    runs = OnnxModel(content)
    loaded_s = time.perf_counter() - started
    started = time.perf_counter()
    runs.answers(X)
    onnx_s = time.perf_counter() - started
    started = time.perf_counter()
    if model.is_classification:
        model.estimator.predict_proba(X)
    else:
        model.estimator.predict(X)
    python_s = time.perf_counter() - started
    parity = compare(model, content, X)
    times = {"written_s": written_s, "loaded_s": loaded_s, "python_s": python_s, "onnx_s": onnx_s}
    return Exported(label, learner, None, parity, size=len(content), **times)


def rows_of(experiment: trialbook.Experiment, table: Path | None) -> pd.DataFrame:
    """The rows to compare on: of a table, or those that the search trained on.

    Parameters
    ----------
    experiment : Experiment
    table : Path, optional
        CSV or Parquet.

    Returns
    -------
    DataFrame
        `ROWS` at most.
    """
    path = table or experiment.folder / "data" / "train.parquet"
    read = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    return read.sample(min(ROWS, len(read)), random_state=0)


def trained(name: str, folder: Path, workspace: Path, n_rows: int, max_trials: int) -> Path:
    """Train on some rows of a set.

    Parameters
    ----------
    name : str
        Of the set.
    folder : Path
        Holds a folder a set; see ``benchmarks/datasets.py``.
    workspace : Path
    n_rows, max_trials : int

    Returns
    -------
    Path
        The set's table of test rows.
    """
    meta = json.loads((folder / name / "meta.json").read_text("utf-8"))
    table = pd.read_csv(folder / name / meta["files"]["train"])
    table = table.sample(min(n_rows, len(table)), random_state=0)
    train = trialbook.regress if meta["task"] == "regression" else trialbook.classify
    train(table, meta["target"], max_trials=max_trials, workspace=workspace, name=name)
    return folder / name / meta["files"]["test"]


def main(arguments: list[str] | None = None) -> int:
    """Run it; see the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onnx", description=__doc__)
    parser.add_argument("workspaces", nargs="+", type=Path)
    parser.add_argument("--table", type=Path, help="rows to compare on (CSV or Parquet)")
    parser.add_argument("--train", metavar="SET", help="train on this set first")
    parser.add_argument("--data", type=Path, help="folder of the sets")
    parser.add_argument("--n-rows", type=int, default=5000, help="rows to train on")
    parser.add_argument("--max-trials", type=int, default=8)
    given = parser.parse_args(arguments)
    failed = False
    for workspace in given.workspaces:
        table = given.table
        if given.train:
            found = trained(given.train, given.data, workspace, given.n_rows, given.max_trials)
            table = table or found
        experiment = trialbook.open(workspace=workspace)
        rows = rows_of(experiment, table)
        print(f"## {experiment.name}: {len(rows):,} rows\n\n{HEADER}", flush=True)
        for trial in experiment.trials:
            if trial.score is None:
                continue
            made = export(trial.label, trial.learner, experiment.model(trial.label), rows)
            failed |= made.parity is None or not made.parity.holds
            print(made.line, flush=True)
        print()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
