"""An edited notebook as a new trial of the experiment that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from trialbook import events
from trialbook.errors import DataError, WorkspaceError
from trialbook.execution import Request
from trialbook.experiment import state
from trialbook.experiment._design import make_design
from trialbook.experiment._engine import Engine
from trialbook.experiment._finish import tag_best
from trialbook.experiment._machine import memory_limit
from trialbook.experiment._origin import origin_of
from trialbook.experiment._programs import Writer
from trialbook.experiment._ranking import config_tag
from trialbook.experiment._session import disk_errors, locked, workers
from trialbook.program import from_notebook
from trialbook.search import Ledger, Search, Step
from trialbook.tracking import Tracker, TrialRecord, Workspace


def rerun(
    notebook: str | Path,
    *,
    workspace: str | Path | None = None,
    name: str | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[events.Listener] = (),
) -> TrialRecord:
    """Run an edited notebook as a new trial of the experiment that it comes from.

    Parameters
    ----------
    notebook : str or Path
        A trial's notebook or script, edited; it must still define what the engine calls.
    workspace : str or Path, optional
        Where the experiment is kept; else the workspace that the notebook lies in.
    name : str, optional
        The experiment, of which the latest execution is taken; else the execution that the
        notebook says it comes from.
    tracking_uri : str, optional
    listeners : sequence of Listener

    Returns
    -------
    TrialRecord

    Raises
    ------
    DataError
        If it is no notebook, or it failed; the trial is then on the leaderboard as failed.
    WorkspaceError
        If the experiment cannot be found, or is running.
    """
    path = Path(notebook)
    program, metadata = from_notebook(path)
    space = Workspace.open(workspace or _workspace_of(path), tracking_uri)
    tracker = _tracker_of(space, name, metadata)
    with locked(space, tracker.name), disk_errors(space), workers(1) as (pool, _):
        job, prepared = state.read_inputs(tracker.folder)
        design = make_design(job.model_copy(update={"name": tracker.name}), prepared)
        ledger = Ledger(None)
        pool.resize(1, memory_limit(job, 1))
        writer = Writer(tracker, design.task, origin_of(tracker.folder, space))
        engine = Engine(
            tracker=tracker,
            writer=writer,
            pool=pool,
            search=Search([], [], design.task.table(), ledger, job.seed, 1),
            ledger=ledger,
            metric=design.metric,
            learners={},
            listeners=listeners,
        )
        number = 1 + max((record.number for record in tracker.trials()), default=0)
        origin = metadata.get("trial", path.stem)
        step = Step(number, "edited", f"edit of {origin}", {}, 0.0, "edited")
        tags = {
            "configuration": step.name,
            "origin": "edited",
            "edited": "true",
            "config": config_tag({}),
            "edited_from": str(metadata.get("run_id", "")),
        }
        run_id = tracker.start_trial(number, step.label, "edited", tags)
        folder = tracker.new_folder(run_id)
        writer.write(folder, program)
        payload = writer.payload(run_id, step, learner=None)
        answer = engine.run_request(
            Request(number, "trial", str(folder), payload, job.trial_timeout, job.trial_timeout)
        )
        if answer.kind == "failed":
            tracker.fail_trial(run_id, answer.payload["reason"])
            raise DataError(
                f"the notebook failed: {answer.payload['reason']}",
                place=str(path),
                remedy=f"Repair it; the trial's log is {folder / 'trial.log'}.",
            )
        engine.keep(number, run_id, answer.payload, step)
        tag_best(tracker, design.metric, job.max_predict_ms)
        return next(one for one in tracker.trials() if one.run_id == run_id)


def _tracker_of(space: Workspace, name: str | None, metadata: Mapping[str, str]) -> Tracker:
    """The execution that a notebook comes from, else the latest of its experiment."""
    run_id = metadata.get("parent_run_id") if name is None else None
    found = None if run_id is None else Tracker.at(space, run_id)
    return found or Tracker.latest(space, name or metadata.get("experiment"))


def _workspace_of(path: Path) -> Path:
    """The workspace that a file lies in."""
    for folder in path.absolute().parents:
        if (folder / "mlflow.db").is_file():
            return folder
    raise WorkspaceError(
        "the notebook lies in no workspace",
        place=str(path),
        remedy="Say where its experiment is kept (--workspace).",
    )
