"""From a job to an experiment: new ones, and continued ones."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from trialbook import events
from trialbook.addresses import title_of
from trialbook.data import Guardrail, counts, told
from trialbook.ensemble import LiveVote
from trialbook.errors import WorkspaceError
from trialbook.execution import Pool
from trialbook.experiment import _balance, state
from trialbook.experiment._design import (
    NO_TABLES,
    Design,
    Tables,
    check_names,
    make_design,
    read_tables,
)
from trialbook.experiment._engine import Engine
from trialbook.experiment._explain_best import kept_s
from trialbook.experiment._exploration import write_exploration
from trialbook.experiment._finish import Finish
from trialbook.experiment._machine import memory_limit
from trialbook.experiment._origin import keep, origin_of, pin
from trialbook.experiment._programs import Writer
from trialbook.experiment._ranking import ENSEMBLES
from trialbook.experiment._refit import refit_share
from trialbook.experiment._session import disk_errors, locked, workers
from trialbook.job import Job
from trialbook.search import Growth, Ledger, Search, Step
from trialbook.tasks import ForecastingTask, Table
from trialbook.tracking import Tracker, Workspace, check_server

# A resumed experiment whose time is spent still gets this long to end in good order.
TIME_TO_FINISH_S = 30.0
# A vote of forecasts counts the best trial of each kind up to this many times the lowest error.
SPARED_FORECASTS = 1.5


def train(
    job: Job,
    tables: Tables = NO_TABLES,
    listeners: Sequence[events.Listener] = (),
    started: float | None = None,
    plan: Sequence[Step] = (),
) -> Tracker:
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
    plan : sequence of Step
        What is tried, in place of the portfolio.

    Returns
    -------
    Tracker
        Of the experiment.

    Raises
    ------
    TrialbookError
        If the data, an option or the workspace is not usable; nothing is written then.
    """
    started = time.monotonic() if started is None else started
    ledger = Ledger(job.deadline_s, trial_timeout=job.trial_timeout, started=started)
    job = check_names(job)
    check_server(job.tracking_uri)
    job = pin(job, tables)
    with workers() as (pool, tracking):
        design = make_design(job, read_tables(job, tables))
        design = replace(design, plan=list(plan)) if plan else design
        tracking.wait()
        workspace = Workspace.open(job.workspace, job.tracking_uri, create=True)
        with locked(workspace, job.experiment_name), disk_errors(workspace):
            tracker = _create(workspace, design, ledger)
            design = design.slim()
            return _run(design, tracker, pool, ledger, listeners)


def resume(
    workspace: str | Path,
    name: str | None = None,
    *,
    timeout: float | None = None,
    max_trials: int | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[events.Listener] = (),
    started: float | None = None,
) -> Tracker:
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
    Tracker
        Of the experiment.

    Raises
    ------
    WorkspaceError
        If there is nothing to resume, or its time is spent and no new time was given.
    """
    with workers() as (pool, tracking):
        tracking.wait()
        space = Workspace.open(workspace, tracking_uri)
        tracker = Tracker.latest(space, name)
        with locked(space, tracker.name), disk_errors(space):
            job, prepared = state.read_inputs(tracker.folder)
            spent = float(tracker.tags().get("elapsed_s", "0"))
            finished = tracker.status() == "finished"
            ledger = _resumed_ledger(job, spent, timeout, max_trials, finished=finished)
            ledger.started = time.monotonic() if started is None else started
            ledger.entries = state.read_entries(tracker.folder)
            if max_trials is not None or timeout is not None:
                limits = {"max_trials": max_trials or (None if timeout else job.max_trials)}
                job = job.model_copy(update=limits)
            design = make_design(job.model_copy(update={"name": tracker.name}), prepared)
            machine, steps = state.read_plan(tracker.folder)
            design = replace(design, machine=machine, plan=steps).slim()
            del prepared
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
    design: Design,
    tracker: Tracker,
    pool: Pool,
    ledger: Ledger,
    listeners: Sequence[events.Listener],
) -> Tracker:
    """Run what a design and the trials so far leave to be done."""
    job = design.job
    limit = memory_limit(job, design.machine.n_workers)
    pool.resize(design.machine.n_workers, limit)
    search = _search(design, ledger, limit)
    engine = Engine(
        tracker=tracker,
        writer=Writer(tracker, design.task, origin_of(tracker.folder, tracker.workspace)),
        pool=pool,
        search=search,
        ledger=ledger,
        metric=design.metric,
        learners={learner.key: learner for learner in design.learners},
        listeners=listeners,
        n_test_rows=0 if design.prepared.test is None else len(design.prepared.test),
        refit_share=refit_share(design.prepared.folds.matrix) if job.refit else 0.0,
        ensembles=bool(design.ensembles),
    )
    ledger.explain_s = kept_s(ledger.deadline_s) if job.explain else 0.0
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
    return tracker


def _search(design: Design, ledger: Ledger, memory: int) -> Search:
    """What chooses trials; it looks at a vote of them only if an ensemble follows."""
    job = design.job
    return Search(
        plan=design.plan,
        learners=design.learners,
        table=design.task.table(),
        ledger=ledger,
        seed=job.seed,
        n_workers=design.machine.n_workers,
        max_trials=job.max_trials,
        early_termination=job.early_termination,
        vote=_vote(design) if job.early_termination and design.ensembles else None,
        growth=_growth(design, ledger, memory),
    )


def _growth(design: Design, ledger: Ledger, memory: int) -> Growth | None:
    """What decides on how many rows of a big table a trial trains."""
    task = design.task
    if not design.prepared.folds.growable or isinstance(task, ForecastingTask):
        return None
    return Growth(
        learners={learner.key: learner for learner in design.learners},
        table=task.table(),
        ledger=ledger,
        fewest_rows=task.fewest_rows,
        memory_limit=memory,
        max_trials=design.job.max_trials,
    )


def _vote(design: Design) -> LiveVote:
    """An empty vote over the validation rows, in the order of out-of-fold predictions."""
    folds, metric = design.prepared.folds.matrix, design.metric
    rows = np.concatenate([np.flatnonzero(side == 0) for side in folds.T])
    sign = -1.0 if metric.greater_is_better else 1.0
    positive = design.prepared.schema.positive
    return LiveVote(
        design.prepared.truth[rows],
        lambda y, prediction: sign * metric.score(y, prediction, positive),
        sign * metric.best,
        spared=SPARED_FORECASTS if isinstance(design.task, ForecastingTask) else 1.0,
    )


def _decide_balance(engine: Engine, design: Design) -> Design:
    """Find out once for an experiment whether class weights help, and keep the answer."""
    folder = engine.tracker.folder
    if (folder / state.BALANCE).exists():
        helps = state.read_json(folder / state.BALANCE)
    else:
        helps = None
        if _balance.worth_asking(engine, design.prepared.guardrails):
            helps = _balance.weights_help(engine, design.learners)
            _balance.clean(folder)
        guardrails = _balance.verdict(design.prepared.guardrails, helps)
        design = replace(design, prepared=replace(design.prepared, guardrails=guardrails))
        state.write_json(folder / state.GUARDRAILS, [asdict(one) for one in guardrails])
        _log_guardrails(engine.tracker, guardrails)
        state.write_json(folder / state.BALANCE, helps)
    design = replace(design, balance=helps)
    engine.writer.task = design.task
    engine.search.table = table = design.task.table()
    if engine.search.growth is not None and isinstance(table, Table):
        engine.search.growth.table = table
    return design


def _log_guardrails(tracker: Tracker, guardrails: Sequence[Guardrail]) -> None:
    """Say on the page of the experiment in MLflow how the checks ended, and which are alerted."""
    metrics = {f"guardrails_{verdict}": float(n) for verdict, n in counts(guardrails).items()}
    alerted = dict.fromkeys(one.name for one in guardrails if one.verdict == "alerted")
    tracker.log(tracker.run_id, metrics=metrics, tags={"alerted": ", ".join(alerted) or "none"})


def _announce(engine: Engine, design: Design) -> None:
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
            series=prepared.series_told,
        )
    )
    for one in prepared.guardrails:
        engine.emit(events.GuardrailChecked(one.name, one.verdict, told(one), one.action))
    machine = design.machine
    engine.emit(events.PlanReady(design.steps, machine.n_workers, machine.cores_per_trial))


def _replay(engine: Engine) -> None:
    """Take over the trials of earlier sessions; those that were under way run again."""
    for record in engine.tracker.trials():
        engine.search.reserve(record.number)
        if record.status == "running":
            engine.tracker.fail_trial(
                record.run_id, "its session ended before it did", status="killed"
            )
        edited = record.tags.get("edited") == "true"
        if record.learner in ENSEMBLES or record.refitted or edited:
            continue
        if record.status in ("finished", "failed", "stopped"):
            step = Step(
                record.number,
                record.learner,
                record.tags.get("configuration", ""),
                record.config,
                0.0,
                record.tags.get("origin", "portfolio"),
                rows=record.rows,
            )
            scored = record.score is not None and math.isfinite(record.score)
            loss = engine.loss(record.score) if scored and record.score is not None else None
            first = record.metrics.get("score_fold_0") if record.status == "stopped" else None
            first_loss = None if first is None else engine.loss(first)
            prediction = None if record.partial else engine.prediction(record.folder)
            known = None if record.partial else loss
            engine.search.replay(step, known, prediction, first_loss)
            if loss is not None:
                engine.best_loss = min(engine.best_loss, loss)
                engine.foresee(engine.cost(record.learner, loss, record.metrics))


def _create(workspace: Workspace, design: Design, ledger: Ledger) -> Tracker:
    """Open the parent run and keep everything that trials start from."""
    job, prepared = design.job, design.prepared
    told = job.told()
    tags = {
        "task": prepared.schema.task,
        "target": job.target,
        "metric": design.metric.name,
        "data": told["data"],
        "seed": str(job.seed),
        "validation": prepared.folds.description,
    }
    if job.max_predict_ms is not None:
        tags["max_predict_ms"] = repr(job.max_predict_ms)
    tracker = Tracker.create(workspace, job.experiment_name, tags, job.tags)
    if job.description:  # the report, which begins with it, takes its place
        tracker.describe(tracker.run_id, job.description)
    folder = tracker.new_folder(tracker.run_id)
    state.write_inputs(folder, job, prepared)
    keep(folder, job, prepared, workspace)
    state.write_plan(folder, design.machine, design.plan)
    write_exploration(folder, tracker, design, ledger)
    params = {key: value for key, value in told.items() if value not in (None, [], {})}
    tracker.log(tracker.run_id, params=params)
    with (folder / state.TRAIN).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
    tracker.log_table(title_of(job.data) or job.data, digest, told["data"])
    tracker.publish(tracker.run_id)
    return tracker
