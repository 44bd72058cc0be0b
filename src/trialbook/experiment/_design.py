"""What an experiment is going to do: its data, metric, learners, machine and plan."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

from trialbook.data import (
    BIG_ROWS,
    CLASS_SAMPLING,
    SCALE_COLUMN,
    SERIES_COLUMN,
    Guardrail,
    Prepared,
    Schema,
    orders_of,
    prepare,
)
from trialbook.errors import OptionError
from trialbook.evaluation import Metric, default_metric, metric, tasks_of
from trialbook.experiment import state
from trialbook.experiment._machine import share_out, table_memory
from trialbook.job import Job
from trialbook.learners import Learner, available, find
from trialbook.search import Ledger, Step, portfolio
from trialbook.tables import Source
from trialbook.tasks import AnyTable, AnyTask, ForecastingTask, TabularTask, count_columns


@dataclass(frozen=True)
class Tables:
    """Tables that are in memory already, and what was found when they were made."""

    data: Source | None = None
    validation: Source | None = None
    test: Source | None = None
    notes: tuple[Guardrail, ...] = ()


NO_TABLES = Tables()
# What suits a big table, and in which order, is told by as many of its rows: trials compare
# configurations on samples.
PLANNED_ROWS = BIG_ROWS


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
class Design:
    """Everything about an experiment that does not depend on where it is kept."""

    job: Job
    prepared: Prepared
    metric: Metric
    learners: list[Learner]
    machine: state.Machine
    plan: list[Step]
    counts: tuple[str, ...] = ()
    balance: bool | None = None

    def slim(self) -> Design:
        """The same without the features, once they are on disk: only workers need them."""
        prepared = self.prepared
        of_series = [SERIES_COLUMN, SCALE_COLUMN] if prepared.schema.series else []
        train = prepared.train[[prepared.schema.target, *of_series]].copy()
        test = None if prepared.test is None else prepared.test[[prepared.schema.target]].copy()
        return replace(self, prepared=replace(prepared, train=train, test=test))

    @functools.cached_property
    def task(self) -> AnyTask:
        """What all trials share."""
        return task_of(
            self.job,
            self.prepared,
            self.metric,
            self.machine.cores_per_trial,
            balance=bool(self.balance),
            counts=self.counts,
        )

    @property
    def steps(self) -> tuple[tuple[str, float], ...]:
        """The plan for people; a limit on the number of trials cuts it."""
        shown = self.plan[: self.job.max_trials]
        steps = [(f"{step.label} ({step.name})", step.projected_s) for step in shown]
        refit = ["refit"] if self.job.refit else []
        return (*steps, *((kind, 1.0) for kind in (*self.ensembles, *refit)))

    @property
    def ensembles(self) -> list[str]:
        """Kinds of ensembles that follow the search, of those that are asked for."""
        return self.task.ensembles(voting=self.job.voting, stacking=self.job.stacking)


def takes_weights(learner: Learner, table: AnyTable) -> bool:
    """Whether a learner heeds the weights of rows.

    Where rows of a class stand for others, the probabilities of one that does not are wrong.
    """
    starts = learner.starts(table)
    return not starts or learner.code(starts[0].params, table).weights


def task_of(
    job: Job,
    prepared: Prepared,
    ranked_by: Metric,
    n_jobs: int,
    *,
    balance: bool = False,
    counts: tuple[str, ...] = (),
) -> AnyTask:
    """What all trials of an experiment share.

    Parameters
    ----------
    job : Job
    prepared : Prepared
    ranked_by : Metric
    n_jobs : int
        Threads that a trial may use.
    balance : bool
        Whether classes are weighted against their frequency.
    counts : tuple of str
        See `trialbook.tasks.count_columns`.

    Returns
    -------
    TabularTask or ForecastingTask
    """
    common: dict[str, Any] = {
        "experiment": job.experiment_name,
        "schema": prepared.schema,
        "folds": prepared.folds,
        "metric": ranked_by,
        "seed": job.seed,
        "n_jobs": n_jobs,
    }
    if prepared.schema.series is not None:
        sizes = prepared.train.groupby(SERIES_COLUMN, sort=False).size().to_numpy()
        positive = bool((prepared.train[prepared.schema.target] > 0).all())
        return ForecastingTask(**common, sizes=sizes, positive=positive)
    return TabularTask(
        **common,
        y=prepared.truth,
        balance=balance,
        counts=counts,
        orders=orders_of(job, prepared.schema.columns),
    )


def make_design(job: Job, prepared: Prepared) -> Design:
    schema = prepared.schema
    n_classes = len(schema.classes)
    ranked_by = (
        metric(job.metric, schema.task, n_classes)
        if job.metric
        else default_metric(schema.task, n_classes)
    )
    learners = available(schema.task, job.allow, job.block)
    draft = task_of(job, prepared, ranked_by, 1)
    table = draft.table(PLANNED_ROWS)
    machine = share_out(job, draft.table().n_rows * max(1, table.n_features))
    budget = Ledger(job.deadline_s, trial_timeout=job.trial_timeout).trial_budget_s()
    if any(one.name == CLASS_SAMPLING for one in prepared.guardrails):
        learners = [one for one in learners if one.key in job.allow or takes_weights(one, table)]
    plan = portfolio(learners, replace(table, n_jobs=machine.cores_per_trial), budget)
    if not plan:
        raise OptionError(
            "none of the learners that are left suits this table",
            place="options allow and block",
            remedy="Allow more learners.",
        )
    counts = () if schema.series else count_columns(schema, prepared.train)
    return Design(job, prepared, ranked_by, learners, machine, plan, counts)


def check_names(job: Job) -> Job:
    """Refuse unknown metrics and learners before any table is read.

    A metric that only one task has names the task, too: RMSE of a target of few whole numbers is
    a regression.
    """
    for learner in (*job.allow, *job.block):
        find(learner, job.task)
    if job.metric is None:
        return job
    # A forecast is always asked for by name.
    tasks = tasks_of(job.metric)
    if job.task is None and len(tasks) > 1:
        tasks = tuple(task for task in tasks if task != "forecasting")
    if job.task is not None:
        # Whether it is for two classes only, or for more, is asked when the classes are known.
        if job.task not in tasks:
            metric(job.metric, job.task)
        return job
    return job.model_copy(update={"task": tasks[0]}) if len(tasks) == 1 else job


def read_tables(job: Job, tables: Tables) -> Prepared:
    prepared = prepare(
        job,
        frame=tables.data,
        validation_frame=tables.validation,
        test_frame=tables.test,
        memory=table_memory(job),
    )
    return replace(prepared, guardrails=(*tables.notes, *prepared.guardrails))


def check(job: Job, tables: Tables = NO_TABLES) -> tuple[Guardrail, ...]:
    """Check the data of a job, and do no more.

    Parameters
    ----------
    job : Job
    tables : Tables

    Returns
    -------
    tuple of Guardrail
    """
    return read_tables(check_names(job), tables).guardrails


def plan(job: Job, tables: Tables = NO_TABLES) -> PlanPreview:
    """Say what a job would do, without doing it.

    Parameters
    ----------
    job : Job
    tables : Tables

    Returns
    -------
    PlanPreview
    """
    job = check_names(job)
    design = make_design(job, read_tables(job, tables))
    return PlanPreview(
        job,
        design.prepared.schema,
        design.prepared.guardrails,
        design.steps,
        design.machine.n_workers,
        design.machine.cores_per_trial,
    )
