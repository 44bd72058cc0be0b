"""Check, where Trialbook is not installed, that every trial is what its notebook says.

For each finished trial of an experiment:

1. its notebook is executed in a plain kernel, and the validation score that it prints must be the
   score of its run;
2. its model is loaded with ``mlflow.sklearn.load_model``, and must predict the first rows of the
   training table as it did when it was stored; a forecaster, loaded with
   ``mlflow.pyfunc.load_model``, the next rows of its series.

Usage: python tools/verify_notebooks.py WORKSPACE [--experiment NAME] [--trial LABEL ...]

The exit code is 0 when everything agrees to the tolerance (1e-6), 1 when something does not, 2
when there is nothing to check.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Of the difference, as a share of a value that is greater than 1.
TOLERANCE = 1e-6
CHECK_ROWS = 500
PARENT = "mlflow.parentRunId"

# "validation roc_auc: 0.961234567 ± 0.004000000"
SCORE_LINE = re.compile(
    r"^validation (?P<metric>\S+): (?P<mean>\S+) ± (?P<std>\S+)$", re.MULTILINE
)

HEADING = (
    f"{'trial':<28} {'score':>14} {'notebook':>14} {'rows':>5} {'model':>8} {'time':>8}  verdict"
)


class NothingToCheckError(Exception):
    """The workspace or the experiment is not there, or has no finished trial."""


@dataclass(frozen=True)
class Trial:
    """A finished trial: its name, its run's score and the folder of its artifacts."""

    label: str
    score: float
    folder: Path


@dataclass(frozen=True)
class Finding:
    """What came out for one trial; `problems` is empty when all agrees."""

    label: str
    score: float
    again: float | None
    difference: float | None
    rows: int
    seconds: float
    problems: tuple[str, ...]


def apart(first: Any, second: Any) -> float:
    """How far numbers are apart: absolutely when small, relatively when large."""
    import numpy as np

    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return float(np.max(np.abs(first - second) / np.maximum(1.0, np.abs(second))))


def artifacts_of(run: Any, workspace: Path) -> Path:
    """Find the artifacts of a run, also in a workspace that was moved."""
    for folder in workspace.glob(f"artifacts/*/{run.info.run_id}/artifacts"):
        return folder
    return Path(str(run.info.artifact_uri).removeprefix("file://"))


def find_trials(workspace: Path, experiment: str | None) -> tuple[str, Path, list[Trial]]:
    """Read the latest execution of an experiment from the workspace's MLflow database.

    Returns the experiment's name, the parent run's artifacts and the finished trials.
    """
    from mlflow import MlflowClient

    database = workspace / "mlflow.db"
    if not database.is_file():
        raise NothingToCheckError(f"{workspace} is not a workspace: it has no mlflow.db")
    client = MlflowClient(f"sqlite:///{database}")
    known = {one.experiment_id: one.name for one in client.search_experiments()}
    chosen = [key for key, name in known.items() if experiment in (None, name)]
    if not chosen:
        raise NothingToCheckError(f"no experiment '{experiment}'; known: {sorted(known.values())}")
    order = ["attributes.start_time DESC"]
    runs = client.search_runs(chosen, order_by=order, max_results=10_000)
    parents = [run for run in runs if PARENT not in run.data.tags]
    if not parents:
        raise NothingToCheckError("the experiment has no run")
    parent = parents[0]
    trials = [
        Trial(run.info.run_name, run.data.metrics["score"], artifacts_of(run, workspace))
        for run in reversed(runs)
        if run.data.tags.get(PARENT) == parent.info.run_id and run.info.status == "FINISHED"
    ]
    if not trials:
        raise NothingToCheckError("the experiment has no finished trial")
    return known[parent.info.experiment_id], artifacts_of(parent, workspace), trials


def execute(notebook: Path, timeout_s: float) -> dict[str, Any]:
    """Execute a notebook in its own folder, and return the executed one.

    Raises
    ------
    RuntimeError
        With the last lines of what went wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute"]
        command += ["--output-dir", folder, "--output", "executed", str(notebook.resolve())]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment |= {"JUPYTER_PREFER_ENV_PATH": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the notebook took more than {timeout_s:.0f} s") from None
        if done.returncode != 0:
            last = [line for line in done.stderr.splitlines() if line.strip()][-3:]
            raise RuntimeError("the notebook failed: " + " / ".join(last))
        executed: dict[str, Any] = json.loads(Path(folder, "executed.ipynb").read_text("utf-8"))
        return executed


def printed_score(notebook: dict[str, Any]) -> float:
    """Find the validation score in the outputs of an executed notebook."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            match = SCORE_LINE.search("".join(output.get("text", [])))
            if match:
                return float(match["mean"])
    raise RuntimeError("the notebook printed no line 'validation <metric>: <mean> ± <std>'")


def model_difference(folder: Path, table: Path) -> tuple[float, int]:
    """Measure how far the loaded model is from its stored predictions, and on how many rows."""
    import pandas as pd
    from mlflow.models import Model

    stored = pd.read_parquet(folder / "model_check" / "predictions.parquet")
    path = folder / "model"
    signature = Model.load(str(path)).signature
    if signature is None:
        raise RuntimeError("the model has no signature")
    names = signature.inputs.input_names()
    with warnings.catch_warnings():
        # MLflow warns about every package that differs from the pinned one.
        warnings.simplefilter("ignore")
        if (path / "python_model.pkl").is_file():
            expected = stored.drop(columns=names)
            predicted = forecast(path, stored[names])[list(expected.columns)]
        else:
            expected = stored
            rows = pd.read_parquet(table, columns=names).head(CHECK_ROWS)
            predicted = predict(path, rows, of_classes="prediction" not in stored)
    if predicted.shape != expected.shape:
        raise RuntimeError(
            f"the model predicts a table of {predicted.shape}, stored is {expected.shape}"
        )
    return apart(predicted, expected), len(predicted)


def predict(path: Path, rows: Any, *, of_classes: bool) -> Any:
    """Numbers in one column, or the probabilities of classes."""
    import mlflow.sklearn
    import numpy as np

    model = mlflow.sklearn.load_model(str(path))
    if of_classes:
        return np.asarray(model.predict_proba(rows))
    return np.asarray(model.predict(rows), dtype=float).reshape(len(rows), -1)


def forecast(path: Path, rows: Any) -> Any:
    """Forecasts and their quantiles, in columns of these names."""
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(path)).predict(rows)


def check(trial: Trial, table: Path, timeout_s: float, tolerance: float) -> Finding:
    """Check the notebook and the model of one trial."""
    began = time.monotonic()
    again, difference, rows, problems = None, None, 0, []
    try:
        again = printed_score(execute(trial.folder / "program" / "trial.ipynb", timeout_s))
        if not apart(again, trial.score) <= tolerance:
            problems.append(f"the notebook gives {again:.9g}, the run has {trial.score:.9g}")
    except (RuntimeError, OSError, ValueError) as error:
        problems.append(str(error))
    try:
        difference, rows = model_difference(trial.folder, table)
        if not difference <= tolerance:
            problems.append(f"the model's predictions differ by {difference:.3g}")
    except Exception as error:  # noqa: BLE001 -- whatever stops a model from loading is a finding
        problems.append(f"the model cannot be used: {type(error).__name__}: {error}")
    seconds = time.monotonic() - began
    return Finding(trial.label, trial.score, again, difference, rows, seconds, tuple(problems))


def row(finding: Finding) -> str:
    """Write one line of the table."""
    again = "" if finding.again is None else f"{finding.again:.9g}"
    difference = "" if finding.difference is None else f"{finding.difference:.1e}"
    verdict = "; ".join(finding.problems) or "ok"
    return (
        f"{finding.label:<28} {finding.score:>14.9g} {again:>14} {finding.rows:>5} "
        f"{difference:>8} {finding.seconds:>6.1f} s  {verdict}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Check an experiment and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("workspace", type=Path, help="folder that trialbook trained into")
    parser.add_argument("--experiment", help="its name; else the latest")
    parser.add_argument("--trial", action="append", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at once")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for a notebook")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help="1e-6 by default",
    )
    parser.add_argument(
        "--with-trialbook", action="store_true", help="allow an environment that has Trialbook"
    )
    options = parser.parse_args(arguments)
    if not options.with_trialbook and importlib.util.find_spec("trialbook"):
        print("Trialbook is installed here, so this would prove nothing.", file=sys.stderr)
        return 2
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    try:
        name, parent, trials = find_trials(options.workspace.resolve(), options.experiment)
    except NothingToCheckError as error:
        print(f"Nothing to check: {error}.", file=sys.stderr)
        return 2
    if options.trial:
        trials = [trial for trial in trials if trial.label in options.trial]
    table = parent / "data" / "train.parquet"
    print(f"{name}: {len(trials)} trials of {options.workspace}, to {options.tolerance:g}\n")
    print(HEADING)
    findings = []
    with ThreadPoolExecutor(options.jobs) as pool:
        limits = (options.timeout, options.tolerance)
        for finding in pool.map(lambda trial: check(trial, table, *limits), trials):
            print(row(finding), flush=True)
            findings.append(finding)
    bad = sum(bool(finding.problems) for finding in findings)
    print(f"\n{len(findings) - bad} of {len(findings)} agree.")
    return 1 if bad or not findings else 0


if __name__ == "__main__":
    sys.exit(main())
