"""From a job to everything that trials need: rows, schema, folds and guardrails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trialbook._languages import SPACELESS
from trialbook.data._big import (
    BIG_ROWS,
    SAMPLING,
    arrange,
    unsampled,
)
from trialbook.data._columns import Semantic
from trialbook.data._downsample import SAMPLE_WEIGHT, fewer_of_largest
from trialbook.data._guardrails import Guardrail, Verdict
from trialbook.data._orders import check_orders, native_names, ordered_columns
from trialbook.data._prepare_series import prepare_series
from trialbook.data._prepared import Prepared
from trialbook.data._read import FOLD_COLUMN, chance, read_used
from trialbook.data._readings import readings
from trialbook.data._roles import (
    check_weights,
)
from trialbook.data._sampling import strata_of
from trialbook.data._schema import Schema, Task
from trialbook.data._splits import Folds, make_folds
from trialbook.data._target import (
    encode,
    has_known_label,
    keep_known_labels,
    prepare_target,
)
from trialbook.data._types import detect
from trialbook.data.checks import Look, Part, Sets, check, check_sets
from trialbook.errors import DataError
from trialbook.job import Job
from trialbook.tables import Source, read_table
from trialbook.tables.plain import Note

# What a column of free text becomes for trees, about.
TEXT_FEATURES = 30


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
    if job.task == "forecasting":
        return prepare_series(job, frame=frame, test_frame=test_frame, memory=memory)
    used = read_used(job, job.data if frame is None else frame, test_frame, memory)
    table, roles, cut, task, notes = used.table, used.roles, used.cut, used.task, used.notes
    kept, source = ~cut, job.test if test_frame is None else test_frame
    test = _test_table(table, used.positions, cut, source, job)
    roles, positions = roles.take(kept), used.positions[kept]
    table = table[kept].reset_index(drop=True)
    table, classes, positive, _ = prepare_target(table, job.target, task, job.positive_label)

    schema = _schema(table, job, task, classes, positive, used.annotations)
    schema = replace(schema, columns=(*schema.columns, *used.unread), forms=used.forms)
    notes += check_orders(job, schema.columns)
    notes += check(Look(table, positions, schema, job.time_column))
    train = schema.conform(table, require_target=True)
    train, _ = keep_known_labels(train, schema, "training")
    if schema.weight is not None:
        train[schema.weight] = table[schema.weight].astype(np.float64)
    del table, used
    tested, found = _test_rows(test, schema)
    source = job.validation if validation_frame is None else validation_frame
    train, validation, notes_of_validation = _with_validation(train, schema, source, job)
    notes += notes_of_validation
    own = len(positions)
    positions = np.append(positions, np.full(len(train) - own, -1))
    folds = make_folds(
        encode(train[job.target], classes),
        job,
        classification=task == "classification",
        groups=roles.groups,
        times=roles.times,
        columns=roles.folds,
        validates=None if validation is None else positions < 0,
        n_features=_width(schema),
    )
    others = tuple(part for part in (validation, tested) if part is not None)
    training = Part(train[:own], positions[:own], "training")
    notes += check_sets(Sets(training, others, schema, folds.matrix[:own], job.time_column))
    prepared = Prepared(
        train, None if tested is None else tested.frame, schema, folds, notes, positions
    )
    if len(train) > BIG_ROWS:
        prepared = _big(prepared, job)
    train, folds = prepared.train, prepared.folds
    notes = (*prepared.guardrails, _validation(folds, job), *folds.guardrails, *found)
    sides = {FOLD_COLUMN.format(i): folds.matrix[:, i] for i in range(folds.n_folds)}
    train = pd.concat([train, pd.DataFrame(sides)], axis=1)
    return replace(prepared, train=train, guardrails=notes)


def _width(schema: Schema) -> int:
    """Features that models will see, about."""
    return len(schema.used) + TEXT_FEATURES * len(schema.of(Semantic.TEXT))


def _big(prepared: Prepared, job: Job) -> Prepared:
    """A big table in an order that can be cut anywhere, with fewer rows of a far larger class."""
    train, schema, notes = prepared.train, prepared.schema, prepared.guardrails
    y = encode(train[schema.target], schema.classes)
    strata = strata_of(y, bool(schema.classes))
    order, folds = arrange(prepared.folds, strata, chance(job))
    if all(note.name != SAMPLING for note in notes):
        notes += (unsampled(len(train)),)
    fewer = None
    if schema.classes:
        fewer = fewer_of_largest(
            y[order],
            schema.classes,
            folds,
            n_features=_width(schema),
            deadline_s=job.deadline_s,
        )
    if fewer is not None:
        order = order[fewer.kept]
        folds = replace(folds, matrix=folds.matrix[fewer.kept])
        notes += (replace(fewer.guardrail, columns=(schema.target,)),)
    train = train.take(order).reset_index(drop=True)
    if fewer is not None:
        schema = replace(schema, weight=schema.weight or SAMPLE_WEIGHT)
        given = train[schema.weight] if schema.weight in train.columns else 1.0
        train[schema.weight] = given * fewer.weights
    positions = None if prepared.positions is None else prepared.positions[order]
    return replace(
        prepared, train=train, schema=schema, folds=folds, guardrails=notes, positions=positions
    )


# -- test rows -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Test:
    """Test rows: read once the schema is known, for it says which columns are text.

    `positions` says which rows of the job's table they are, if they are rows of it.
    """

    read: Callable[[Schema, list[Note]], pd.DataFrame]
    positions: np.ndarray | None


def _test_table(
    table: pd.DataFrame, positions: np.ndarray, cut: np.ndarray, source: Source | None, job: Job
) -> _Test | None:
    """The rows that were cut off, unless there is a separate test table."""
    if source is not None:
        return _Test(
            lambda schema, notes: read_table(
                source, text=schema.text, workspace=job.workspace, notes=notes
            ),
            None,
        )
    if not cut.any():
        return None
    rest = table[cut].reset_index(drop=True)
    return _Test(lambda schema, notes: rest, positions[cut])


def _test_rows(test: _Test | None, schema: Schema) -> tuple[Part | None, tuple[Guardrail, ...]]:
    if test is None:
        return None, ()
    read: list[Note] = []
    rows, notes = _conformed(test.read(schema, read), schema, "test", test.positions)
    return rows, (*readings(read, "test"), *notes)


def _with_validation(
    train: pd.DataFrame, schema: Schema, source: Source | None, job: Job
) -> tuple[pd.DataFrame, Part | None, tuple[Guardrail, ...]]:
    """Append the rows of a separate validation table, and give these alone as well."""
    if source is None:
        return train, None, ()
    read: list[Note] = []
    table = read_table(source, text=schema.text, workspace=job.workspace, notes=read)
    part, notes = _conformed(table, schema, "validation")
    notes = (*readings(read, "validation"), *notes)
    return pd.concat([train, part.frame], ignore_index=True), part, notes


def _conformed(
    table: pd.DataFrame, schema: Schema, what: str, positions: np.ndarray | None = None
) -> tuple[Part, tuple[Guardrail, ...]]:
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
    places = np.arange(len(rows)) if positions is None else positions
    places = places[has_known_label(rows[schema.target], schema)]
    rows, notes = keep_known_labels(rows, schema, what, positions)
    return Part(rows, places, what, separate=positions is None), notes


# -- schema and report -----------------------------------------------------------------------


def _schema(
    table: pd.DataFrame,
    job: Job,
    task: Task,
    classes: tuple[object, ...],
    positive: int | None,
    annotations: dict[str, str],
) -> Schema:
    roles = {job.target, job.weight, job.group_column, *job.fold_columns}
    features = table[[name for name in table.columns if name not in roles]]
    ignored = {name: "ignore" for name in job.ignore if name in features.columns}
    native = {name: kind for name, kind in native_names(job).items() if name in features.columns}
    columns = detect(
        features,
        overrides={name: kind for name, kind in native.items() if name not in annotations}
        | dict(job.types)
        | ignored,
        annotations=annotations,
        spaceless=job.language in SPACELESS,
    )
    columns = ordered_columns(job, columns)
    schema = Schema(task, job.target, classes, positive, columns, job.weight)
    if not schema.used:
        reasons = [f"'{column.name}' ({column.dropped})" for column in columns[:5]]
        what = (
            f"no column can be used as a feature: {', '.join(reasons)}"
            if reasons
            else ("the table has no columns besides the target")
        )
        raise DataError(
            what, place=job.place, remedy="Add columns, or name their types with the option types."
        )
    return schema


def _validation(folds: Folds, job: Job) -> Guardrail:
    asked = job.folds or job.validation_size or folds.kind not in {"hold-out", "k-fold", "group"}
    verdict: Verdict = "passed" if asked else "fixed"
    action = "as asked" if asked else "chosen by the size of the table and the time"
    return Guardrail("Validation split", verdict, f"{folds.kind}: {folds.description}", action)
