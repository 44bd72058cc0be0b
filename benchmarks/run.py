"""Runs frameworks on sets, one after another: ``python -m benchmarks.run``.

A run whose row is in the table of results is left out, so that a stopped comparison goes on where
it stopped: call the same again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Protocol

from benchmarks.catalog import HERE, OURS, ROOT, Framework, read_catalog
from benchmarks.datasets import find_datasets
from benchmarks.process import Ended, ended_by_signals, kill_after, run_bounded
from benchmarks.results import (
    COLUMNS,
    Constraint,
    app_version,
    append,
    budget_of,
    done_keys,
    key_of,
    machine,
    now,
    read_results,
    total_memory,
)
from benchmarks.scoring import PredictionError

# Frameworks with a memory option are given this share; the rest is for the system and for native
# code, which such options do not count.
MEMORY_SHARE = 0.6
# Nothing is fetched and nothing is told to anyone during a run.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}
# The last words of a failed run in its row; the whole log stays beside the predictions.
INFO_LENGTH = 200
# Ends the name of a run's folder until the run has ended.
UNFINISHED = ".unfinished"


class Loaded(Protocol):
    """A set that was read: what `datasets.Split` says of tables, and `forecasting` of series."""

    answer: ClassVar[str]

    def write(self, scratch: Path) -> dict[str, Any]:
        """Write the tables for a run; what is asked about them."""

    def score(self, answer: Path) -> dict[str, Any]:
        """The columns of a row that an answer gives, ``result`` among them."""


class Task(Protocol):
    """A set."""

    @property
    def name(self) -> str:
        """Its name in results."""

    @property
    def task(self) -> str:
        """Its kind."""

    @property
    def fold(self) -> int:
        """Which of its splits."""

    @property
    def result_name(self) -> str:
        """The metric of its results."""

    def load(self) -> Loaded:
        """Read it."""


@dataclass(frozen=True)
class Plan:
    """One run that is asked for."""

    framework: Framework
    version: str
    dataset: Task
    constraint: Constraint
    seed: int
    machine: str

    @property
    def identity(self) -> dict[str, Any]:
        """The columns of its row that are known before it runs."""
        return {
            "id": self.dataset.name,
            "task": self.dataset.name,
            "framework": self.framework.name,
            "constraint": self.constraint.name,
            "fold": self.dataset.fold,
            "type": self.dataset.task,
            "metric": self.dataset.result_name,
            "mode": "local",
            "version": self.version,
            "params": json.dumps(dict(self.framework.params)) if self.framework.params else "",
            "seed": self.seed,
            "machine": self.machine,
        }

    def folder(self, results: Path) -> Path:
        """Where its request, log and predictions are kept."""
        fold = f"-fold{self.dataset.fold}" if self.dataset.fold else ""
        last = f"{self.constraint.name}-seed{self.seed}{fold}"
        return results / "runs" / self.framework.name / self.dataset.name / last


def version_of(framework: Framework) -> str:
    """The version that an environment has of a framework.

    Trialbook's is followed by a hash of its sources, because it changes between releases: a run is
    repeated when the code is another one.
    """
    code = f"import importlib.metadata as m; print(m.version({framework.package!r}))"
    command = [str(framework.environment.python), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    version = done.stdout.strip()
    return f"{version}+{source_hash(ROOT / 'src')}" if framework.package == OURS else version


def source_hash(folder: Path) -> str:
    """Eight letters that change with any source file of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


def execute(plan: Plan, split: Loaded, results: Path) -> dict[str, Any]:
    """Run one framework on one set.

    Parameters
    ----------
    plan : Plan
        What to run.
    split : Loaded
        The set's tables.
    results : Path
        Folder of the results.

    Returns
    -------
    dict
        The row of the table of results.
    """
    folder = own_folder(plan.folder(results))
    # Short, because sockets below it may not have long names.
    scratch = Path(tempfile.mkdtemp(prefix="tbb-"))
    try:
        request = write_request(plan, split, folder, scratch)
        ended = run_bounded(
            [
                plan.framework.environment.python,
                "-m",
                plan.framework.module,
                request,
            ],
            cwd=scratch,
            log=folder / "log.txt",
            environ=environment(scratch),
            cores=plan.constraint.cores,
            limit_s=kill_after(plan.constraint.budget_s),
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    row = plan.identity | outcome(split, folder, ended)
    shutil.rmtree(plan.folder(results), ignore_errors=True)
    folder.rename(plan.folder(results))
    return row


def own_folder(final: Path) -> Path:
    """Make a folder that no other run writes to, beside the one that a run has in the end.

    If a runner is killed, its run may live on and write predictions that are nobody's any more.
    """
    for left in final.parent.glob(f"{final.name}.*{UNFINISHED}"):
        shutil.rmtree(left, ignore_errors=True)
    folder = final.with_name(f"{final.name}.{uuid.uuid4().hex}{UNFINISHED}")
    folder.mkdir(parents=True)
    return folder


def environment(scratch: Path) -> dict[str, str]:
    """The environment of a run: everything temporary goes to its own folder."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return inherited | OFFLINE | {"PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)}


def write_request(plan: Plan, split: Loaded, folder: Path, scratch: Path) -> Path:
    """Write the tables and what is asked."""
    request = split.write(scratch) | {
        "budget_s": plan.constraint.budget_s,
        "cores": plan.constraint.cores,
        "memory_mb": int(total_memory() / 2**20 * MEMORY_SHARE),
        "seed": plan.seed,
        "params": dict(plan.framework.params),
        "scratch": str(scratch),
        "output": str(folder.resolve()),
    }
    path = folder / "request.json"
    path.write_text(json.dumps(request, indent=1), "utf-8")
    return path.resolve()


def outcome(split: Loaded, folder: Path, ended: Ended) -> dict[str, Any]:
    """The columns of a row that are known after a run."""
    report = folder / "result.json"
    said = json.loads(report.read_text("utf-8")) if report.exists() else {}
    scored, info = judge(split, folder, ended)
    if "models" in said:
        scored["models"] = ", ".join(said["models"])
    return scored | {
        "info": info,
        "app_version": app_version(ROOT),
        "utc": now(),
        "duration": ended.seconds,
        "training_duration": said.get("training_s"),
        "predict_duration": said.get("predict_s"),
        "models_count": said.get("models_count"),
        "single_row_ms": said.get("single_row_ms"),
        "peak_memory_mb": ended.peak_memory_mb,
    }


def judge(split: Loaded, folder: Path, ended: Ended) -> tuple[dict[str, Any], str]:
    """Score a run's answer, or say why there is no score.

    An answer counts even if the run failed later, while it measured its speed; that is said.
    """
    path, log = folder / split.answer, folder / "log.txt"
    why = failure(ended, log.read_text("utf-8", "replace") if log.exists() else "")
    if not path.exists():
        return {"result": None}, why
    try:
        scored = split.score(path)
    except (PredictionError, ValueError) as error:
        return {"result": None}, f"{type(error).__name__}: {error}"[:INFO_LENGTH]
    failed = ended.timed_out or ended.exit_code != 0
    return scored, f"after its predictions: {why}"[:INFO_LENGTH] if failed else ""


def failure(ended: Ended, log: str) -> str:
    """Why a run did not end well, in one line."""
    if ended.timed_out:
        return f"TimeoutError: ended after {ended.seconds:.0f} s"
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    return f"exit code {ended.exit_code}: {last}"[:INFO_LENGTH]


@ended_by_signals()
def main() -> int:
    """Run what the command line asks for and the table of results does not have."""
    options = _options()
    constraint = Constraint(budget_of(options.budget), options.cores)
    versions = versions_of(read_catalog().choose(options.frameworks))
    plans = [
        Plan(one, version, dataset, constraint, options.seed, machine())
        for dataset in find_datasets(options.data, options.sets)
        for one, version in versions
    ]
    table = options.results / "results.csv"
    run_plans(plans, table, options.results, again=options.again, dry_run=options.dry_run)
    return 0


def versions_of(frameworks: Sequence[Framework]) -> list[tuple[Framework, str]]:
    """The frameworks that can be used, with their versions; the others are named on the screen."""
    found = []
    for one in frameworks:
        missing = one.environment.missing()
        if missing:
            print(f"{one.name} is left out: {'; '.join(missing)}", file=sys.stderr)
        else:
            found.append((one, version_of(one)))
    return found


def run_plans(
    plans: Sequence[Plan],
    table: Path,
    results: Path,
    *,
    columns: Sequence[str] = COLUMNS,
    again: bool = False,
    dry_run: bool = False,
) -> None:
    """Run what is not in a table of results, and add each row as soon as there is one.

    Parameters
    ----------
    plans : sequence of Plan
        Those of a set follow each other, so that it is read once.
    table : Path
        The table of results.
    results : Path
        Folder for what the runs write.
    columns : sequence of str
        Of the table.
    again : bool
        Also run what the table has.
    dry_run : bool
        Only say what would run.
    """
    done = set() if again else done_keys(read_results(table))
    wanted = [plan for plan in plans if key_of(plan.identity) not in done]
    for dataset, group in groupby(wanted, key=lambda plan: plan.dataset):
        split = None if dry_run else dataset.load()
        for plan in group:
            if split is None:
                which = f"{plan.framework.name} {plan.version}, seed {plan.seed}"
                print(f"{_named(dataset.name, dataset.fold)}: {which}")
                continue
            row = execute(plan, split, results)
            append(table, [row], columns)
            print(line(row), flush=True)


def _named(name: str, fold: int) -> str:
    return f"{name}, fold {fold}" if fold else name


def line(row: Mapping[str, Any]) -> str:
    """A row for the screen."""
    score = f"{row['result']:.5g}" if row["result"] is not None else f"failed: {row['info']}"
    training = row["training_duration"]
    seconds = f"trained {training:.1f} s, " if training is not None else ""
    name = _named(row["task"], row["fold"])
    return (
        f"{name:<24} {row['framework']:<22} {row['metric']} {score}  ({seconds}"
        f"all {row['duration']:.1f} s, {row['peak_memory_mb']:.0f} MB)"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add_options(parser)
    parser.add_argument("--frameworks", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def add_options(
    parser: argparse.ArgumentParser, data: str = "tabular", results: Path = HERE / "results"
) -> None:
    """Add the options that all commands that run frameworks have."""
    sets = ROOT.parent / "shared" / "data" / data
    parser.add_argument("--data", type=Path, default=sets, help="folder of the sets")
    parser.add_argument("--sets", nargs="+", default=[], metavar="SET")
    parser.add_argument("--budget", default="60s", help="for training, such as 60s or 5m")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, default=results)
    parser.add_argument("--again", action="store_true", help="repeat what was run before")
    parser.add_argument("--dry-run", action="store_true", help="only say what would run")


if __name__ == "__main__":
    raise SystemExit(main())
