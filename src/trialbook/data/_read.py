"""Reading a job's table: the rows that are used, and which of them are set aside to test."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data._big import (
    BIG_ROWS,
    affordable_rows,
    draw,
    sampled,
)
from trialbook.data._columns import Column, Semantic
from trialbook.data._downsample import SAMPLE_WEIGHT
from trialbook.data._guardrails import Guardrail
from trialbook.data._readings import readings
from trialbook.data._roles import (
    FoldColumns,
    check_columns,
    check_weights,
    group_codes,
    read_fold_columns,
    time_values,
)
from trialbook.data._sampling import strata_of
from trialbook.data._schema import Task
from trialbook.data._splits import cut_test
from trialbook.data._target import (
    check_target,
    check_target_name,
    infer_task,
    prepare_target,
)
from trialbook.errors import DataError, OptionError
from trialbook.job import Job
from trialbook.tables import Source, open_big, read_whole
from trialbook.tables.plain import Note, ParquetTable, take_annotations, written
from trialbook.tables.text import settle

# Names of columns that hold the sides of folds begin so.
FOLD_COLUMN = "__fold_{}"


@dataclass(frozen=True)
class Used:
    """The rows with a target that are used, test rows among them, and what was found of them.

    `positions` says which row of the job's table each of them is, counted from 0; `forms` how the
    cells of columns were written where that was not the plain way; `annotations` what the table
    says its columns mean.
    """

    table: pd.DataFrame
    positions: np.ndarray
    roles: Roles
    cut: np.ndarray
    task: Task
    unread: tuple[Column, ...]
    notes: tuple[Guardrail, ...]
    forms: dict[str, str]
    annotations: dict[str, str]


def read_used(job: Job, source: Source, test_frame: Source | None, memory: int | None) -> Used:
    """Read the table, or first what steers its splits and then as many rows as are worth it.

    Parameters
    ----------
    job : Job
    source : Source
        The table to learn from.
    test_frame : Source, optional
        A test table in memory; no rows are cut off then.
    memory : int, optional
        Bytes that the whole run may use.

    Returns
    -------
    Used

    Raises
    ------
    DataError, OptionError
        If the table, or a column that the job names, cannot be used.
    """
    read: list[Note] = []
    big, table = _open(source, job, memory, read)
    told = take_annotations(table)
    if len(table) < 2:
        raise DataError(
            "the table has only one row", place=job.place, remedy="Give a table with more rows."
        )
    check_target(table, job.target)
    _check_options(table.columns if big is None else big.names, job)
    task, notes = _task(table, job)
    roles, found = _roles(table, job)
    notes += found
    present = table[job.target].notna().to_numpy()
    roles = roles.take(present)
    table, _, _, found = prepare_target(table, job.target, task)
    notes += found
    cut, found = _cut_off(table, job, task, roles, test_frame)
    notes += found
    if big is None:
        notes = (*readings(read), *notes)
        return Used(
            table, np.flatnonzero(present), roles, cut, task, (), notes, written(read), told
        )
    table, drawn, found = _draw(big, job, table[job.target], task, present, cut, memory)
    told |= take_annotations(table)
    table = settle(table, (), read)
    return Used(
        table,
        np.flatnonzero(present)[drawn],
        roles.take(drawn),
        cut[drawn],
        task,
        _unread(job, big),
        (*readings(dict.fromkeys(read)), *notes, *found),
        written(read),
        told,
    )


# -- big tables ------------------------------------------------------------------------------


def chance(job: Job) -> np.random.Generator:
    """A stream of its own, so that nothing else depends on whether a table is big."""
    return np.random.default_rng((job.seed, 2))


def _open(
    source: Source, job: Job, memory: int | None, notes: list[Note]
) -> tuple[ParquetTable | None, pd.DataFrame]:
    """The table, or one that is read in parts and the columns of it that steer the splits."""
    big = open_big(source, workspace=job.workspace, notes=notes)
    if big is not None:
        most, _ = affordable_rows(big.row_bytes, len(big.names), 0, memory=memory, deadline_s=None)
        if big.n_rows > min(most, BIG_ROWS):
            check_target_name(big.names, job.target)
            return big, settle(big.read(_steering(job)), (), notes)
    return None, read_whole(source, big, workspace=job.workspace, notes=notes)


def _steering(job: Job) -> set[str]:
    """The columns that say which rows train, validate and test."""
    roles = {job.target, job.weight, job.group_column, job.time_column, *job.fold_columns}
    return {name for name in roles if name is not None}


def _draw(
    big: ParquetTable,
    job: Job,
    target: pd.Series,
    task: Task,
    present: np.ndarray,
    cut: np.ndarray,
    memory: int | None,
) -> tuple[pd.DataFrame, np.ndarray, tuple[Guardrail, ...]]:
    """Read the rows of a big table that are worth it, and tell which of those with a target."""
    classification = task == "classification"
    read = [name for name in big.names if name not in _ignored(job)]
    limit, reason = affordable_rows(
        big.row_bytes,
        len(read),
        int(target.nunique()) if classification else 0,
        memory=memory,
        deadline_s=job.deadline_s,
    )
    notes: tuple[Guardrail, ...] = ()
    drawn = np.ones(len(target), dtype=bool)
    if len(target) > limit:
        y = pd.factorize(target)[0] if classification else target.to_numpy(dtype=np.float64)
        strata = strata_of(y, classification)
        drawn = draw(strata, cut, limit, chance(job))
        notes = (sampled(big.n_rows, cut, drawn, reason=reason, classes=classification),)
    rows = present.copy()
    rows[present] = drawn
    return big.read(read, None if rows.all() else rows), drawn, notes


def _ignored(job: Job) -> set[str]:
    """Columns that need not be read."""
    return {*job.ignore} - _steering(job) - {*job.types}


def _unread(job: Job, big: ParquetTable) -> tuple[Column, ...]:
    return tuple(
        Column(name, Semantic.UNSUPPORTED, "string", "not read", 0, 0, "ignored by request")
        for name in big.names
        if name in _ignored(job)
    )


def _task(table: pd.DataFrame, job: Job) -> tuple[Task, tuple[Guardrail, ...]]:
    if job.task is not None:
        return job.task, ()
    task, evidence = infer_task(table[job.target])
    return task, (Guardrail("Task", "passed", evidence, task, (job.target,)),)


# -- options ---------------------------------------------------------------------------------


def _check_options(columns: Collection[str], job: Job) -> None:
    one = {"weight": job.weight, "group_column": job.group_column, "time_column": job.time_column}
    options = {name: (column,) for name, column in one.items() if column is not None}
    check_columns(columns, options | {"fold_columns": job.fold_columns, "ignore": job.ignore})
    reserved = FOLD_COLUMN.format("")
    taken = [name for name in columns if name.startswith(reserved) or name == SAMPLE_WEIGHT]
    if taken:
        kept = f"names that begin with {reserved} are kept for folds"
        raise DataError(
            f"the name of column '{taken[0]}' is reserved",
            remedy=f"Rename it: {kept}, and {SAMPLE_WEIGHT} for weights.",
        )
    used_twice = {*job.fold_columns} & {job.target, job.weight}
    if used_twice:
        raise OptionError(
            f"column '{used_twice.pop()}' cannot be a fold column and something else",
            place="option fold_columns",
            remedy="Name another column.",
        )


# -- roles and test rows --------------------------------------------------------------------


@dataclass(frozen=True)
class Roles:
    """What the columns that steer the splits say about each row."""

    test: np.ndarray
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    folds: pd.DataFrame | None = None

    def take(self, rows: np.ndarray) -> Roles:
        """The same for the rows under a mask."""
        return Roles(
            self.test[rows],
            None if self.groups is None else pd.factorize(self.groups[rows])[0],
            None if self.times is None else self.times[rows],
            None if self.folds is None else self.folds[rows].reset_index(drop=True),
        )


def _roles(table: pd.DataFrame, job: Job) -> tuple[Roles, tuple[Guardrail, ...]]:
    notes: tuple[Guardrail, ...] = ()
    groups = times = None
    own = FoldColumns(None, np.zeros(len(table), dtype=bool))
    if job.weight is not None:
        check_weights(table[job.weight])
    if job.fold_columns:
        own = read_fold_columns(table[list(job.fold_columns)])
    if job.group_column is not None:
        groups = group_codes(table[job.group_column])
    if job.time_column is not None:
        times, notes = time_values(table[job.time_column])
    return Roles(own.test, groups, times, own.matrix), notes


def _cut_off(
    table: pd.DataFrame, job: Job, task: Task, roles: Roles, test_frame: Source | None
) -> tuple[np.ndarray, tuple[Guardrail, ...]]:
    """Set the test rows aside first, so that nothing that follows sees them."""
    cut = roles.test
    if job.test_size is not None and test_frame is None:
        classification = task == "classification"
        target = table[job.target]
        _, rows = cut_test(
            pd.factorize(target, sort=True)[0] if classification else target.to_numpy(),
            job.test_size,
            classification=classification,
            seed=job.seed,
            groups=roles.groups,
            times=roles.times,
        )
        cut = np.zeros(len(table), dtype=bool)
        cut[rows] = True
    if not cut.any():
        return cut, ()
    finding = f"{plural(int(cut.sum()), 'row')} of {len(table):,}"
    if job.test is not None or test_frame is not None:
        note = f"{finding} are named test, besides the separate test table"
        return cut, (Guardrail("Test rows", "alerted", note, "these rows are left out"),)
    how = "touched once, at the end"
    note = f"{finding} are set aside to test the winner"
    return cut, (Guardrail("Test rows", "fixed", note, how),)
