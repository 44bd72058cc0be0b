"""What an experiment keeps beside its trials, and where: the parent run's artifacts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.data import NODES_FILE
from trialbook.job import Job
from trialbook.search import Entry, Ledger, Step

if TYPE_CHECKING:
    from trialbook.data import Prepared

JOB = "job.json"
SCHEMA = "data/schema.json"
TRAIN = "data/train.parquet"
TEST = "data/test.parquet"
NODES = f"data/{NODES_FILE}"
TABLE = "data/table.json"
ROWS = "data/rows.parquet"
FOLDS = "data/folds.json"
GUARDRAILS = "guardrails.json"
PLAN = "plan.json"
BALANCE = "data/class_weights.json"
LEDGER = "ledger.json"
LEADERBOARD = "leaderboard.csv"
REPORT = "report.md"
EXPLORATION = "exploration/exploration.ipynb"
EXPLORATION_SCRIPT = "exploration/exploration.py"
PROFILE = "exploration/profile.json"
PROFILE_PAGE = "exploration/profile.html"

# Folder of a trial with what was found on test rows.
TESTED = "test"


@dataclass(frozen=True)
class Machine:
    """How the machine is shared out.

    Parameters
    ----------
    n_workers : int
        Trials that run at once.
    cores_per_trial : int
    """

    n_workers: int
    cores_per_trial: int


def write_json(path: Path, document: Any) -> None:
    """Write a document so that it is whole or not there at all.

    Parameters
    ----------
    path : Path
    document : object
        Anything that JSON can hold.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    part.replace(path)


def read_json(path: Path) -> Any:
    """Read a document."""
    return json.loads(path.read_text("utf-8"))


def write_inputs(folder: Path, job: Job, prepared: Prepared) -> None:
    """Keep what the trials start from: job, rows, schema, folds and guardrails.

    Parameters
    ----------
    folder : Path
        Artifacts of the parent run.
    job : Job
    prepared : Prepared
    """
    (folder / TRAIN).parent.mkdir(parents=True, exist_ok=True)
    prepared.train.to_parquet(folder / TRAIN, index=False)
    if prepared.test is not None:
        prepared.test.to_parquet(folder / TEST, index=False)
    if prepared.nodes is not None:
        prepared.nodes.to_parquet(folder / NODES, index=False)
    write_json(folder / JOB, job.told())
    write_json(folder / SCHEMA, prepared.schema.to_dict())
    folds = {
        "kind": prepared.folds.kind,
        "description": prepared.folds.description,
        "growable": prepared.folds.growable,
    }
    write_json(folder / FOLDS, folds)
    write_json(folder / GUARDRAILS, [asdict(one) for one in prepared.guardrails])


def read_inputs(folder: Path) -> tuple[Job, Prepared]:
    """Read what `write_inputs` kept.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Job, Prepared
    """
    import pandas as pd

    from trialbook.data import FOLD_COLUMN, Folds, Guardrail, Prepared, Schema

    job = Job.from_fields(read_json(folder / JOB))
    train = pd.read_parquet(folder / TRAIN)
    test = pd.read_parquet(folder / TEST) if (folder / TEST).exists() else None
    sides = [name for name in train.columns if name.startswith(FOLD_COLUMN.format(""))]
    folds = Folds(train[sides].to_numpy(), **read_json(folder / FOLDS), guardrails=())
    guardrails = tuple(map(Guardrail.from_dict, read_json(folder / GUARDRAILS)))
    schema = Schema.from_dict(read_json(folder / SCHEMA))
    return job, Prepared(train, test, schema, folds, guardrails)


def write_plan(folder: Path, machine: Machine, plan: Sequence[Step]) -> None:
    """Keep the plan."""
    write_json(folder / PLAN, {**asdict(machine), "steps": [asdict(step) for step in plan]})


def read_plan(folder: Path) -> tuple[Machine, list[Step]]:
    """Read the plan."""
    plan = read_json(folder / PLAN)
    steps = [Step(**step) for step in plan["steps"]]
    return Machine(plan["n_workers"], plan["cores_per_trial"]), steps


def read_entries(folder: Path) -> list[Entry]:
    """Read what the trials of earlier sessions took."""
    path = folder / LEDGER
    return [Entry(**entry) for entry in read_json(path)["trials"]] if path.exists() else []


def write_ledger(folder: Path, ledger: Ledger) -> None:
    """Keep the account of time."""
    account: Mapping[str, Any] = {
        "deadline_s": ledger.deadline_s,
        "elapsed_s": round(ledger.elapsed_s, 2),
        "trials": [asdict(entry) for entry in ledger.entries],
        "skipped": ledger.skipped,
        "ended": ledger.ended,
    }
    write_json(folder / LEDGER, account)
