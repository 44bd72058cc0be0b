"""From a job to everything that trials need: rows, schema, folds and guardrails."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trialbook.data._big import (
    BIG_ROWS,
    SAMPLING,
    affordable_rows,
    arrange,
    draw,
    sampled,
    unsampled,
)
from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import (
    Guardrail,
    Verdict,
    check_classes,
    check_features,
    rows_text,
)
from trialbook.data._parquet import ParquetTable
from trialbook.data._roles import (
    FoldColumns,
    check_columns,
    check_weights,
    group_codes,
    read_fold_columns,
    time_values,
)
from trialbook.data._sampling import strata_of
from trialbook.data._schema import Schema, Task
from trialbook.data._sources import Source, open_big, read_table
from trialbook.data._splits import Folds, cut_test, make_folds
from trialbook.data._target import (
    check_target,
    check_target_name,
    encode,
    infer_task,
    keep_known_labels,
    prepare_target,
)
from trialbook.data._types import detect
from trialbook.errors import DataError, OptionError
from trialbook.job import Job

# Name of the column that holds the sides of fold i in the training table.
FOLD_COLUMN = "__fold_{}"
# What a column of free text becomes for trees, about.
TEXT_FEATURES = 30


@dataclass(frozen=True)
class Prepared:
    """What a job's data came to.

    Parameters
    ----------
    train : DataFrame
        The used features, the target, the weights if any, and a column per fold
        (`FOLD_COLUMN`) with 1 where a row trains, 0 where it validates, -1 for neither.
    test : DataFrame or None
        The used features, the target, and the weights if the table has them.
    schema : Schema
        Columns and classes.
    folds : Folds
        The design of the validation.
    guardrails : tuple of Guardrail
        Every check, in the order in which they were made.
    """

    train: pd.DataFrame
    test: pd.DataFrame | None
    schema: Schema
    folds: Folds
    guardrails: tuple[Guardrail, ...]


def prepare(
    job: Job,
    *,
    frame: Source | None = None,
    validation_frame: Source | None = None,
    test_frame: Source | None = None,
    memory: int | None = None,
) -> Prepared:
    """Read a job's tables and make them ready for trials.

    Parameters
    ----------
    job : Job
        What is asked.
    frame, validation_frame, test_frame : table, optional
        Tables in memory that take the place of those that the job names.
    memory : int, optional
        Bytes that the whole run may use. Of Parquet files for which that, or the job's deadline,
        is too little, a sample of the rows is read.

    Returns
    -------
    Prepared

    Raises
    ------
    DataError
        If a table cannot be read or used as asked.
    OptionError
        If an option names a column, type or class that does not exist.
    """
    used = _read(job, job.data if frame is None else frame, test_frame, memory)
    table, roles, cut, task, notes = used.table, used.roles, used.cut, used.task, used.notes
    kept, source = ~cut, job.test if test_frame is None else test_frame
    test = _test_table(table, cut, source)
    roles = roles.take(kept)
    table = table[kept].reset_index(drop=True)
    table, classes, positive, _ = prepare_target(table, job.target, task, job.positive_label)

    schema = _schema(table, job, task, classes, positive)
    schema = replace(schema, columns=(*schema.columns, *used.unread))
    notes += check_features(table, schema)
    train = schema.conform(table, require_target=True)
    train, _ = keep_known_labels(train, schema, "training")
    if schema.weight is not None:
        train[schema.weight] = table[schema.weight].astype(np.float64)
    del table, used
    notes += check_classes(encode(train[job.target], classes), classes, job.target)
    source = job.validation if validation_frame is None else validation_frame
    train, validates, found = _with_validation(train, schema, source)
    notes += found
    folds = make_folds(
        encode(train[job.target], classes),
        job,
        classification=task == "classification",
        groups=roles.groups,
        times=roles.times,
        columns=roles.folds,
        validates=validates,
        n_features=len(schema.used) + TEXT_FEATURES * len(schema.of(Semantic.TEXT)),
    )
    if len(train) > BIG_ROWS:
        strata = strata_of(encode(train[job.target], classes), task == "classification")
        order, folds = arrange(folds, strata, _chance(job))
        train = train.take(order).reset_index(drop=True)
        if all(note.name != SAMPLING for note in notes):
            notes += (unsampled(len(train)),)
    notes += (_validation(folds, job), *folds.guardrails)
    sides = {FOLD_COLUMN.format(i): folds.matrix[:, i] for i in range(folds.n_folds)}
    train = pd.concat([train, pd.DataFrame(sides)], axis=1)
    tested, found = _test_rows(test, schema)
    return Prepared(train, tested, schema, folds, (*notes, *found))


@dataclass(frozen=True)
class _Used:
    """The rows with a target that are used, test rows among them, and what was found of them."""

    table: pd.DataFrame
    roles: _Roles
    cut: np.ndarray
    task: Task
    unread: tuple[Column, ...]
    notes: tuple[Guardrail, ...]


def _read(job: Job, source: Source, test_frame: Source | None, memory: int | None) -> _Used:
    """Read the table, or first what steers its splits and then as many rows as are worth it."""
    big = _open_big(source, job, memory)
    table = read_table(source) if big is None else big.read(_steering(job))
    if len(table) < 2:
        raise DataError(
            "the table has only one row", place=job.data, remedy="Give a table with more rows."
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
        return _Used(table, roles, cut, task, (), notes)
    table, drawn, found = _draw(big, job, table[job.target], task, present, cut, memory)
    return _Used(table, roles.take(drawn), cut[drawn], task, _unread(job, big), (*notes, *found))


# -- big tables ------------------------------------------------------------------------------


def _chance(job: Job) -> np.random.Generator:
    """A stream of its own, so that nothing else depends on whether a table is big."""
    return np.random.default_rng((job.seed, 2))


def _open_big(source: Source, job: Job, memory: int | None) -> ParquetTable | None:
    """The table if it is one that may have to be read in parts."""
    big = open_big(source)
    if big is None:
        return None
    most, _ = affordable_rows(big.row_bytes, len(big.names), 0, memory=memory, deadline_s=None)
    if big.n_rows <= min(most, BIG_ROWS):
        return None
    check_target_name(big.names, job.target)
    return big


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
        drawn = draw(strata, cut, limit, _chance(job))
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
    taken = [name for name in columns if name.startswith(reserved)]
    if taken:
        raise DataError(
            f"the name of column '{taken[0]}' is reserved",
            remedy=f"Rename it: names that begin with {reserved} are kept for folds.",
        )
    used_twice = {*job.fold_columns} & {job.target, job.weight}
    if used_twice:
        raise OptionError(
            f"column '{used_twice.pop()}' cannot be a fold column and something else",
            place="option fold_columns",
            remedy="Name another column.",
        )


# -- test rows -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Roles:
    """What the columns that steer the splits say about each row."""

    test: np.ndarray
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    folds: pd.DataFrame | None = None

    def take(self, rows: np.ndarray) -> _Roles:
        """The same for the rows under a mask."""
        return _Roles(
            self.test[rows],
            None if self.groups is None else pd.factorize(self.groups[rows])[0],
            None if self.times is None else self.times[rows],
            None if self.folds is None else self.folds[rows].reset_index(drop=True),
        )


def _roles(table: pd.DataFrame, job: Job) -> tuple[_Roles, tuple[Guardrail, ...]]:
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
    return _Roles(own.test, groups, times, own.matrix), notes


@dataclass(frozen=True)
class _Test:
    """Test rows: read once the schema is known, for it says which columns are text."""

    read: Callable[[Schema], pd.DataFrame]


def _cut_off(
    table: pd.DataFrame, job: Job, task: Task, roles: _Roles, test_frame: Source | None
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
    finding = f"{rows_text(int(cut.sum()))} of {len(table):,}"
    if job.test is not None or test_frame is not None:
        note = f"{finding} are named test, besides the separate test table"
        return cut, (Guardrail("Test rows", "alerted", note, "these rows are left out"),)
    how = "touched once, at the end"
    note = f"{finding} are set aside to test the winner"
    return cut, (Guardrail("Test rows", "fixed", note, how),)


def _test_table(table: pd.DataFrame, cut: np.ndarray, source: Source | None) -> _Test | None:
    """The rows that were cut off, unless there is a separate test table."""
    if source is not None:
        return _Test(lambda schema: read_table(source, text=schema.text))
    if not cut.any():
        return None
    rest = table[cut].reset_index(drop=True)
    return _Test(lambda _: rest)


def _test_rows(
    test: _Test | None, schema: Schema
) -> tuple[pd.DataFrame | None, tuple[Guardrail, ...]]:
    if test is None:
        return None, ()
    return _conformed(test.read(schema), schema, "test")


def _with_validation(
    train: pd.DataFrame, schema: Schema, source: Source | None
) -> tuple[pd.DataFrame, np.ndarray | None, tuple[Guardrail, ...]]:
    """Append the rows of a separate validation table, and tell which these are."""
    if source is None:
        return train, None, ()
    rows, notes = _conformed(read_table(source, text=schema.text), schema, "validation")
    validates = np.repeat([False, True], [len(train), len(rows)])
    return pd.concat([train, rows], ignore_index=True), validates, notes


def _conformed(
    table: pd.DataFrame, schema: Schema, what: str
) -> tuple[pd.DataFrame, tuple[Guardrail, ...]]:
    try:
        rows = schema.conform(table, require_target=True)
    except DataError as error:
        place = f"{what} table" + (f", {error.place}" if error.place else "")
        raise DataError(error.cause, place=place, remedy=error.remedy) from None
    # Weights belong to training; a test table may come without.
    if schema.weight is not None and (what == "validation" or schema.weight in table.columns):
        if schema.weight not in table.columns:
            raise DataError(
                f"the table lacks the weight column '{schema.weight}'",
                place=f"{what} table",
                remedy="Add it, or train without weights.",
            )
        rows[schema.weight] = check_weights(table[schema.weight], place=f"{what} table")
    return keep_known_labels(rows, schema, what)


# -- schema and report -----------------------------------------------------------------------


def _schema(
    table: pd.DataFrame,
    job: Job,
    task: Task,
    classes: tuple[object, ...],
    positive: int | None,
) -> Schema:
    roles = {job.target, job.weight, job.group_column, *job.fold_columns}
    features = table[[name for name in table.columns if name not in roles]]
    overrides = dict(job.types) | {
        name: "ignore" for name in job.ignore if name in features.columns
    }
    columns = detect(features, overrides=overrides)
    schema = Schema(task, job.target, classes, positive, columns, job.weight)
    if not schema.used:
        reasons = [f"'{column.name}' ({column.dropped})" for column in columns[:5]]
        what = (
            f"no column can be used as a feature: {', '.join(reasons)}"
            if reasons
            else ("the table has no columns besides the target")
        )
        raise DataError(
            what, place=job.data, remedy="Add columns, or name their types with the option types."
        )
    return schema


def _validation(folds: Folds, job: Job) -> Guardrail:
    asked = job.folds or job.validation_size or folds.kind not in {"hold-out", "k-fold", "group"}
    verdict: Verdict = "passed" if asked else "fixed"
    action = "as asked" if asked else "chosen by the size of the table and the time"
    return Guardrail("Validation split", verdict, f"{folds.kind}: {folds.description}", action)
