"""From a job to an experiment: new ones, continued ones, previews, and edited notebooks."""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook import events
from trialbook.data import Guardrail, Prepared, Schema, Source, encode, prepare
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.evaluation import default_metric, metric
from trialbook.execution import Pool, Request
from trialbook.experiment import _balance, _state
from trialbook.experiment._engine import Engine
from trialbook.experiment._finish import Finish, tag_best
from trialbook.experiment._handle import ENSEMBLES, Experiment, Trial, config_tag
from trialbook.experiment._machine import memory_limit, n_cores, share_out
from trialbook.experiment._programs import Writer
from trialbook.job import Job
from trialbook.learners import Learner, available
from trialbook.program import Code, from_notebook, to_notebook
from trialbook.search import Ledger, Search, Step, portfolio
from trialbook.tasks import TabularTask, count_columns
from trialbook.tracking import Tracker, Workspace, disk_error, get_ready

if TYPE_CHECKING:
    from filelock import FileLock

    from trialbook.evaluation import Metric

Listeners = Sequence[events.Listener]

# A resumed experiment whose time is spent still gets this long to end in good order.
TIME_TO_FINISH_S = 30.0


@dataclass(frozen=True)
class Tables:
    """Tables that are in memory already."""

    data: Source | None = None
    validation: Source | None = None
    test: Source | None = None


@dataclass(frozen=True)
class PlanPreview:
    """What a job would do.

    Parameters
    ----------
    job : Job
    schema : Schema
    guardrails : tuple of Guardrail
    steps : tuple of (str, float)
        Labels with the projected seconds, in order.
    n_workers, cores_per_trial : int
    """

    job: Job
    schema: Schema
    guardrails: tuple[Guardrail, ...]
    steps: tuple[tuple[str, float], ...]
    n_workers: int
    cores_per_trial: int


@dataclass(frozen=True)
class _Design:
    """Everything about an experiment that does not depend on where it is kept."""

    job: Job
    prepared: Prepared
    metric: Metric
    learners: list[Learner]
    machine: _state.Machine
    plan: list[Step]
    balance: bool | None = None

    @property
    def task(self) -> TabularTask:
        return TabularTask(
            experiment=self.job.experiment_name,
            schema=self.prepared.schema,
            folds=self.prepared.folds,
            metric=self.metric,
            seed=self.job.seed,
            n_jobs=self.machine.cores_per_trial,
            y=_codes(self.prepared),
            balance=bool(self.balance),
            counts=count_columns(self.prepared.schema, self.prepared.train),
        )

    @property
    def steps(self) -> tuple[tuple[str, float], ...]:
        """The plan for people; a limit on the number of trials cuts it."""
        shown = self.plan[: self.job.max_trials]
        steps = [(f"{step.label} ({step.name})", step.projected_s) for step in shown]
        ensembles = [
            kind
            for kind, on in (("voting", self.job.voting), ("stacking", self.job.stacking))
            if on
        ]
        return (*steps, *((kind, 1.0) for kind in ensembles))


def _design(job: Job, prepared: Prepared) -> _Design:
    schema = prepared.schema
    n_classes = len(schema.classes)
    ranked_by = (
        metric(job.metric, schema.task, n_classes)
        if job.metric
        else default_metric(schema.task, n_classes)
    )
    learners = available(schema.task, job.allow, job.block)
    y = _codes(prepared)
    draft = TabularTask(job.experiment_name, schema, prepared.folds, ranked_by, job.seed, 1, y)
    table = draft.table()
    machine = share_out(job, table.n_rows * max(1, table.n_features))
    budget = Ledger(job.deadline_s, trial_timeout=job.trial_timeout).trial_budget_s()
    plan = portfolio(learners, replace(table, n_jobs=machine.cores_per_trial), budget)
    if not plan:
        raise OptionError(
            "none of the learners that are left suits this table",
            place="options allow and block",
            remedy="Allow more learners.",
        )
    return _Design(job, prepared, ranked_by, learners, machine, plan)


def _codes(prepared: Prepared) -> np.ndarray[Any, Any]:
    """The target as class positions, or as numbers."""
    schema = prepared.schema
    return np.asarray(encode(prepared.train[schema.target], schema.classes))


def plan(job: Job, tables: Tables = Tables()) -> PlanPreview:
    """Say what a job would do, without doing it.

    Parameters
    ----------
    job : Job
    tables : Tables

    Returns
    -------
    PlanPreview
    """
    _check_names(job)
    design = _design(job, _prepare(job, tables))
    return PlanPreview(
        job,
        design.prepared.schema,
        design.prepared.guardrails,
        design.steps,
        design.machine.n_workers,
        design.machine.cores_per_trial,
    )


def train(
    job: Job,
    tables: Tables = Tables(),
    listeners: Listeners = (),
    started: float | None = None,
) -> Experiment:
    """Run a job from its table to its report.

    Parameters
    ----------
    job : Job
    tables : Tables
        Tables in memory, in place of those that the job names.
    listeners : sequence of Listener
        Told what happens.
    started : float, optional
        `time.monotonic` from which the deadline counts; now by default.

    Returns
    -------
    Experiment

    Raises
    ------
    TrialbookError
        If the data, an option or the workspace is not usable; nothing is written then.
    """
    started = time.monotonic() if started is None else started
    ledger = Ledger(job.deadline_s, trial_timeout=job.trial_timeout, started=started)
    _check_names(job)
    with _pool() as (pool, tracking):
        design = _design(job, _prepare(job, tables))
        tracking.wait()
        workspace = Workspace.open(job.workspace, job.tracking_uri, create=True)
        with _locked(workspace, job.experiment_name), _disk_errors(workspace):
            tracker = _create(workspace, design)
            return _run(design, tracker, pool, ledger, listeners)


def resume(
    workspace: str | Path,
    name: str | None = None,
    *,
    timeout: float | None = None,
    max_trials: int | None = None,
    tracking_uri: str | None = None,
    listeners: Listeners = (),
    started: float | None = None,
) -> Experiment:
    """Continue an experiment where it stopped.

    Parameters
    ----------
    workspace : str or Path
    name : str, optional
        The experiment; the latest one if it is not given.
    timeout : float, optional
        Seconds from now, in place of what the job's own deadline leaves.
    max_trials : int, optional
        Number of trials in all, in place of the job's own.
    tracking_uri : str, optional
    listeners : sequence of Listener
    started : float, optional
        As in `train`.

    Returns
    -------
    Experiment

    Raises
    ------
    WorkspaceError
        If there is nothing to resume, or its time is spent and no new time was given.
    """
    with _pool() as (pool, tracking):
        tracking.wait()
        space = Workspace.open(workspace, tracking_uri)
        tracker = Tracker.latest(space, name)
        with _locked(space, tracker.name), _disk_errors(space):
            job, prepared = _state.read_inputs(tracker.folder)
            spent = float(tracker.tags().get("elapsed_s", "0"))
            finished = tracker.status() == "finished"
            ledger = _resumed_ledger(job, spent, timeout, max_trials, finished=finished)
            ledger.started = time.monotonic() if started is None else started
            ledger.entries = _state.read_entries(tracker.folder)
            if max_trials is not None or timeout is not None:
                limits = {"max_trials": max_trials or (None if timeout else job.max_trials)}
                job = job.model_copy(update=limits)
            design = _design(job.model_copy(update={"name": tracker.name}), prepared)
            machine, steps = _state.read_plan(tracker.folder)
            design = replace(design, machine=machine, plan=steps)
            tracker.end("RUNNING")
            return _run(design, tracker, pool, ledger, listeners)


def _resumed_ledger(
    job: Job, spent: float, timeout: float | None, max_trials: int | None, *, finished: bool
) -> Ledger:
    if timeout is not None:
        return Ledger(spent + timeout, spent, job.trial_timeout)
    if max_trials is not None:
        return Ledger(None, spent, job.trial_timeout)
    if job.deadline_s is None:
        if finished:
            raise WorkspaceError(
                "the experiment is complete", remedy="Give it more: --max-trials or --timeout."
            )
        return Ledger(None, spent, job.trial_timeout)
    if finished:
        raise WorkspaceError(
            f"the experiment is complete: it used its {job.deadline_s:.0f} s or all it had to try",
            remedy="Give it more time: --timeout 5m.",
        )
    return Ledger(max(job.deadline_s, spent + TIME_TO_FINISH_S), spent, job.trial_timeout)


def _run(
    design: _Design, tracker: Tracker, pool: Pool, ledger: Ledger, listeners: Listeners
) -> Experiment:
    """Run what a design and the trials so far leave to be done."""
    job = design.job
    pool.resize(design.machine.n_workers, memory_limit(job, design.machine.n_workers))
    task = design.task
    search = Search(
        plan=design.plan,
        learners=design.learners,
        table=task.table(),
        ledger=ledger,
        seed=job.seed,
        n_workers=design.machine.n_workers,
        max_trials=job.max_trials,
        early_termination=job.early_termination,
    )
    engine = Engine(
        tracker=tracker,
        writer=Writer(tracker, task),
        pool=pool,
        search=search,
        ledger=ledger,
        metric=design.metric,
        learners={learner.key: learner for learner in design.learners},
        listeners=listeners,
    )
    search.exit_loss = None if job.exit_score is None else engine.loss(job.exit_score)
    try:
        design = _decide_balance(engine, design)
        _announce(engine, design)
        _replay(engine)
        with engine.graceful_interrupt():
            engine.run_trials()
            Finish(engine, job, design.prepared).run()
    except BaseException as error:
        tracker.end_if_possible("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    return Experiment(tracker)


def _decide_balance(engine: Engine, design: _Design) -> _Design:
    """Find out once for an experiment whether class weights help, and keep the answer."""
    folder = engine.tracker.folder
    if (folder / _state.BALANCE).exists():
        helps = _state.read_json(folder / _state.BALANCE)
    else:
        helps = None
        if _balance.worth_asking(engine, design.prepared.guardrails):
            helps = _balance.weights_help(engine, design.learners)
            _balance.clean(folder)
        guardrails = _balance.verdict(design.prepared.guardrails, helps)
        design = replace(design, prepared=replace(design.prepared, guardrails=guardrails))
        _state.write_json(folder / _state.GUARDRAILS, [asdict(one) for one in guardrails])
        _state.write_json(folder / _state.BALANCE, helps)
    design = replace(design, balance=helps)
    engine.writer.task = design.task
    engine.search.table = design.task.table()
    return design


def _announce(engine: Engine, design: _Design) -> None:
    prepared, job = design.prepared, design.job
    engine.emit(
        events.Started(
            experiment=job.experiment_name,
            task=prepared.schema.task,
            metric=design.metric.name,
            n_rows=len(prepared.train),
            n_features=len(prepared.schema.used),
            validation=prepared.folds.description,
            workspace=str(engine.tracker.workspace.path),
            deadline_s=engine.ledger.deadline_s,
        )
    )
    for one in prepared.guardrails:
        engine.emit(events.GuardrailChecked(one.name, one.verdict, one.finding, one.action))
    machine = design.machine
    engine.emit(events.PlanReady(design.steps, machine.n_workers, machine.cores_per_trial))


def _replay(engine: Engine) -> None:
    """Take over the trials of earlier sessions; those that were under way run again."""
    for record in engine.tracker.trials():
        engine.search.reserve(record.number)
        if record.status == "running":
            engine.tracker.fail_trial(
                record.run_id, "its session ended before it did", killed=True
            )
        if record.learner in ENSEMBLES or record.tags.get("edited") == "true":
            continue
        if record.status in ("finished", "failed"):
            step = Step(
                record.number,
                record.learner,
                record.tags.get("configuration", ""),
                record.config,
                0.0,
                record.tags.get("origin", "portfolio"),
            )
            scored = record.score is not None and math.isfinite(record.score)
            loss = engine.loss(record.score) if scored and record.score is not None else None
            engine.search.replay(step, loss)
            if loss is not None:
                engine.best_loss = min(engine.best_loss, loss)


def _create(workspace: Workspace, design: _Design) -> Tracker:
    """Open the parent run and keep everything that trials start from."""
    job, prepared = design.job, design.prepared
    tags = {
        "task": prepared.schema.task,
        "target": job.target,
        "metric": design.metric.name,
        "data": job.data,
        "seed": str(job.seed),
        "validation": prepared.folds.description,
    }
    tracker = Tracker.create(workspace, job.experiment_name, tags)
    folder = tracker.new_folder(tracker.run_id)
    _state.write_inputs(folder, job, prepared)
    _state.write_plan(folder, design.machine, design.plan)
    _write_exploration(folder, tracker, design)
    params = {
        key: value
        for key, value in job.model_dump(mode="json").items()
        if value not in (None, [], {})
    }
    tracker.log(tracker.run_id, params=params)
    digest = hashlib.sha256((folder / _state.TRAIN).read_bytes()).hexdigest()[:8]
    tracker.log_table(Path(job.data).name, digest, job.data)
    tracker.publish(tracker.run_id)
    return tracker


def _write_exploration(folder: Path, tracker: Tracker, design: _Design) -> None:
    from trialbook.program import exploration_program

    prepared = design.prepared
    program = exploration_program(
        title=f"A look at the data of {design.job.experiment_name}",
        schema=prepared.schema,
        guardrails=prepared.guardrails,
        data=Code(f'"../{_state.TRAIN}"'),
        n_rows=len(prepared.train),
        task=prepared.schema.task,
    )
    (folder / _state.EXPLORATION_SCRIPT).parent.mkdir(parents=True, exist_ok=True)
    (folder / _state.EXPLORATION_SCRIPT).write_text(program, "utf-8")
    metadata = {"experiment": tracker.name, "parent_run_id": tracker.run_id}
    (folder / _state.EXPLORATION).write_text(to_notebook(program, metadata), "utf-8")


def rerun(
    notebook: str | Path,
    *,
    workspace: str | Path | None = None,
    name: str | None = None,
    tracking_uri: str | None = None,
    listeners: Listeners = (),
) -> Trial:
    """Run an edited notebook as a new trial of the experiment that it comes from.

    Parameters
    ----------
    notebook : str or Path
        A trial's notebook or script, edited; it must still define what the engine calls.
    workspace : str or Path, optional
        Where the experiment is kept; else the workspace that the notebook lies in.
    name : str, optional
        The experiment; else the one that the notebook says it comes from.
    tracking_uri : str, optional
    listeners : sequence of Listener

    Returns
    -------
    Trial

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
    tracker = Tracker.latest(space, name or metadata.get("experiment"))
    with _locked(space, tracker.name), _disk_errors(space), _pool(1) as (pool, _):
        job, prepared = _state.read_inputs(tracker.folder)
        design = _design(job.model_copy(update={"name": tracker.name}), prepared)
        ledger = Ledger(None)
        pool.resize(1, memory_limit(job, 1))
        writer = Writer(tracker, design.task)
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
        tag_best(tracker, design.metric)
        return Experiment(tracker).trial(step.label)


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


def _check_names(job: Job) -> None:
    """Refuse unknown metrics and learners before any table is read."""
    from trialbook.learners import find

    for learner in (*job.allow, *job.block):
        find(learner, job.task)
    if job.metric is not None and job.task is not None:
        metric(job.metric, job.task)


def _prepare(job: Job, tables: Tables) -> Prepared:
    return prepare(
        job, frame=tables.data, validation_frame=tables.validation, test_frame=tables.test
    )


class _TrackingReady(threading.Thread):
    """Gets MLflow ready while the table is read.

    Nobody else may import it meanwhile: two threads that import the same libraries from two ends
    can hand each other half of a module.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._error: Exception | None = None

    def run(self) -> None:
        """Import, and keep what goes wrong for `wait`."""
        try:
            get_ready()
        except Exception as error:  # noqa: BLE001 -- raised again where it is waited for
            self._error = error

    def wait(self) -> None:
        """Wait until it is done, and raise what went wrong."""
        self.join()
        if self._error is not None:
            raise self._error


@contextlib.contextmanager
def _pool(n_workers: int | None = None) -> Iterator[tuple[Pool, _TrackingReady]]:
    """Workers that import their libraries while the table is read."""
    tracking = _TrackingReady()
    tracking.start()
    pool = Pool(n_workers or n_cores(), threads=n_cores())
    pool.start()
    try:
        yield pool, tracking
    finally:
        pool.close()


@contextlib.contextmanager
def _locked(workspace: Workspace, name: str) -> Iterator[FileLock]:
    lock = workspace.lock(name)
    try:
        yield lock
    finally:
        lock.release()


@contextlib.contextmanager
def _disk_errors(workspace: Workspace) -> Iterator[None]:
    """Say what a full or read-only disk means."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, MlflowException, SQLAlchemyError) as error:
        told = disk_error(workspace.path, error)
        if told is None:
            raise
        raise told from error
