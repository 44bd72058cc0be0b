"""From a table to its profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trialbook.data import (
    Column,
    Guardrail,
    Schema,
    Semantic,
    check_columns,
    check_target,
    detect,
    infer_task,
    prepare_target,
    some_rows,
)
from trialbook.data.checks import Look, check
from trialbook.errors import OptionError
from trialbook.profiling import _association as association
from trialbook.profiling import _describe as describe
from trialbook.profiling import _times
from trialbook.profiling._association import Coded
from trialbook.profiling._figures import Association, ColumnProfile, Level
from trialbook.profiling._measures import explained
from trialbook.profiling._profile import (
    REDUNDANT,
    Correlations,
    Pair,
    Profile,
    Target,
    TimeCoverage,
)
from trialbook.profiling._read import Looked
from trialbook.tables import Storage
from trialbook.tables.plain import as_text
from trialbook.tables.text import parse

# Rows by which associations are told: the standard error of a correlation is then below 0.01.
ASSOCIATION_ROWS = 20_000
# Rows of the pairs of columns, of which there are many.
PAIR_ROWS = 10_000
# Rows whose texts are measured: what a table takes in memory is told to two digits.
MEASURED_ROWS = 10_000
# Columns that are compared with each other: a picture of more cannot be read.
PAIRED_COLUMNS = 40
# Pairs and classes that a person reads.
MOST_PAIRS, MOST_CLASSES = 50, 50

# Columns of these types hold numbers, dates or text as they are stored.
_AS_STORED = {Semantic.IDENTIFIER, Semantic.CONSTANT, Semantic.DUPLICATE}


@dataclass(frozen=True)
class _Read:
    """A column as its figures need it: at most one of these is given.

    `codes` come with `values`; `times` with `unread`, the cells that were no dates.
    """

    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    values: np.ndarray | None = None
    times: pd.Series | None = None
    text: pd.Series | None = None
    unread: int = 0

    @property
    def measured(self) -> np.ndarray | None:
        """Numbers, dates as days, texts as characters; NaN where missing."""
        if self.times is not None:
            nanoseconds = self.times.astype(np.int64).to_numpy().astype(float)
            return np.where(self.times.isna(), np.nan, nanoseconds / 86_400e9)
        if self.text is not None:
            return np.asarray(self.text.str.len(), dtype=float)
        return self.numbers


def profile_of(
    looked: Looked,
    *,
    source: str,
    target: str | None = None,
    types: Mapping[str, str] | None = None,
    time_column: str | None = None,
) -> Profile:
    """Make the profile of a table.

    Parameters
    ----------
    looked : Looked
        Its rows, or a sample of them.
    source : str
        What the table is called.
    target : str, optional
        Column that would be predicted.
    types : mapping of str to str, optional
        Column types that override detection, as in `trialbook.classify`.
    time_column : str, optional
        The column of dates by which time coverage is told; the fullest by default.

    Returns
    -------
    Profile

    Raises
    ------
    DataError
        If there is no such target, or it cannot be predicted.
    OptionError
        If an override names an unknown column or type, or one that the values cannot have.
    """
    frame = looked.frame
    if target is not None:
        check_target(frame, target)
    if time_column is not None:
        check_columns(frame.columns, {"time_column": (time_column,)})
    features = frame.drop(columns=[] if target is None else [target])
    overrides = {name: kind for name, kind in (types or {}).items() if name != target}
    columns = {column.name: column for column in detect(features, overrides=overrides)}
    aim: _Aim | None = None
    checks: tuple[Guardrail, ...] = ()
    if target is not None:
        task, evidence = infer_task(frame[target])
        table, classes, positive, found = prepare_target(frame, target, task)
        schema = Schema(task, target, classes, positive, tuple(columns.values()))
        aim = _aim(frame, schema, evidence)
        checks = (*found, *check(Look(table, looked.rows[aim.rows], schema, time_column)))
        columns = {name: columns.get(name, aim.column) for name in frame.columns}
    if time_column is not None and columns[time_column].semantic is not Semantic.DATETIME:
        raise OptionError(
            f"the column '{time_column}' holds no dates",
            place="option time_column",
            remedy="Name another, or leave it out.",
        )
    return _profile(looked, columns, aim, source, time_column, checks)


def profile_of_training(
    looked: Looked,
    schema: Schema,
    guardrails: tuple[Guardrail, ...],
    *,
    source: str,
    time_column: str | None = None,
) -> Profile:
    """Make the profile of a training table, whose types and checks are known.

    Parameters
    ----------
    looked : Looked
        Its rows, or a sample of them; columns that are not used may be left out.
    schema : Schema
    guardrails : tuple of Guardrail
    source : str
        What the table is called.
    time_column : str, optional
        The column of dates by which time coverage is told, if it is one.

    Returns
    -------
    Profile
    """
    aim = _aim(looked.frame, schema, infer_task(looked.frame[schema.target])[1])
    columns = {column.name: column for column in schema.columns}
    columns[schema.target] = aim.column
    return _profile(looked, columns, aim, source, time_column, guardrails)


def _profile(
    looked: Looked,
    columns: Mapping[str, Column],
    aim: _Aim | None,
    source: str,
    time_column: str | None,
    checks: tuple[Guardrail, ...],
) -> Profile:
    """Make the figures of columns whose types are known."""
    frame = looked.frame
    known = np.arange(len(frame)) if aim is None else aim.rows
    sample = known[some_rows(len(known), ASSOCIATION_ROWS)]
    aimed = None if aim is None else aim.coded(frame, sample)
    profiles = []
    hashes = np.zeros(len(frame), dtype=np.uint64)
    for name, column in columns.items():
        if name not in frame:
            profiles.append(_column(column, None, _Read(), looked.rows))
            continue
        read = _read(frame[name], column)
        hashes = hashes * np.uint64(1_000_003) + _hashed(frame[name], read)
        found = _column(column, frame[name], read, looked.rows)
        if aim is not None and aimed is not None:
            if name == aim.column.name:
                found = replace(found, role="target")
            else:
                found = replace(found, association=_associated(_coded(name, read, sample), aimed))
        profiles.append(found)
    n_looked = len(frame)
    missing = sum(column.missing for column in profiles)
    profile = Profile(
        source=source,
        n_rows=looked.n_rows,
        n_columns=len(profiles),
        looked_at=n_looked,
        memory_bytes=_memory(looked),
        duplicate_rows=n_looked - len(np.unique(hashes)),
        missing_cells=missing,
        missing_share=missing / (n_looked * len(profiles)),
        types=dict(Counter(str(column.semantic) for column in profiles).most_common()),
        columns=tuple(profiles),
        target=None if aim is None else aim.told,
        guardrails=checks,
    )
    return replace(
        profile,
        correlations=_correlations(profile, frame, columns, aim, known),
        time=_time_coverage(profile, frame, columns, aim, time_column),
        notes=_notes(profile, len(sample)),
    )


def _memory(looked: Looked) -> int:
    """Bytes of the whole table; what is asked of each text is asked of some rows."""
    some = looked.frame.take(some_rows(len(looked.frame), MEASURED_ROWS))
    used = float(some.memory_usage(index=False, deep=True).sum())
    return int(used * looked.n_rows / len(some))


# -- the target -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Aim:
    """The target: its column and classes, what is told of it, and the rows that have one."""

    column: Column
    schema: Schema
    told: Target
    rows: np.ndarray

    def coded(self, frame: pd.DataFrame, sample: np.ndarray) -> Coded:
        """The target of some rows, to compare columns with."""
        name = self.told.name
        if self.told.task == "regression":
            return association.coded_numbers(name, self.numbers(frame)[sample])
        codes = self.codes(frame)[sample]
        return association.coded_levels(name, codes, true=self.schema.positive)

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Position of the class of each row; -1 without one."""
        index = pd.Index(list(self.schema.classes), dtype=object)
        return np.asarray(index.get_indexer(frame[self.told.name].astype(object)))

    def numbers(self, frame: pd.DataFrame) -> np.ndarray:
        """The target of each row as a number; NaN without one."""
        return np.asarray(pd.to_numeric(frame[self.told.name]), dtype=float)


def _aim(frame: pd.DataFrame, schema: Schema, evidence: str) -> _Aim:
    name = schema.target
    column = detect(frame[[name]], overrides={})[0]
    numeric = schema.task == "regression"
    if numeric or column.semantic is not Semantic.BOOLEAN:
        semantic = Semantic.NUMERIC if numeric else Semantic.CATEGORICAL
        column = replace(column, semantic=semantic)
    column = replace(column, evidence=evidence, dropped=None)
    shown: tuple[Level, ...] = ()
    if schema.classes:
        counts = frame[name].value_counts()
        shown = tuple(
            Level(as_text(label), int(n), float(n / counts.sum()))
            for label, n in counts.head(MOST_CLASSES).items()
        )
    told = Target(name, schema.task, evidence, shown, len(schema.classes))
    return _Aim(column, schema, told, np.flatnonzero(frame[name].notna().to_numpy()))


# -- columns ----------------------------------------------------------------------------------


def _read(cells: pd.Series, column: Column) -> _Read:
    """A column in the form that its figures are made of."""
    semantic, storage = column.semantic, column.storage
    if semantic is Semantic.UNSUPPORTED:
        return _Read()
    as_stored = semantic in _AS_STORED
    if semantic is Semantic.NUMERIC or (as_stored and storage == Storage.NUMBER):
        return _Read(numbers=np.asarray(pd.to_numeric(cells, errors="coerce"), dtype=float))
    if semantic is Semantic.DATETIME or (as_stored and storage == Storage.DATETIME):
        if column.datetime_format is None:
            return _Read(times=cells)
        times = parse(cells, column.datetime_format)
        return _Read(times=times, unread=int((times.isna() & cells.notna()).sum()))
    if semantic is Semantic.TEXT:
        return _Read(text=cells)
    codes, values = pd.factorize(cells)
    return _Read(codes=codes, values=np.asarray(values))


def _column(
    column: Column, cells: pd.Series | None, read: _Read, rows: np.ndarray
) -> ColumnProfile:
    """The figures of one column; of one that was left out of the table, what is known of it."""
    missing = column.missing if cells is None else int(cells.isna().sum())
    profile = ColumnProfile(
        name=column.name,
        semantic=column.semantic,
        evidence=column.evidence,
        storage=column.storage,
        role="feature" if column.used else "unused",
        dropped=column.dropped,
        missing=missing,
        missing_share=missing / len(rows),
        distinct=column.distinct,
    )
    if read.numbers is not None:
        return replace(profile, numbers=describe.numbers(read.numbers, rows))
    if read.times is not None:
        return replace(profile, times=_times.times(read.times, rows, read.unread))
    if read.text is not None:
        return replace(profile, texts=describe.texts(read.text))
    if read.codes is not None and read.values is not None:
        return replace(profile, levels=describe.levels(read.codes, read.values))
    return profile


def _hashed(cells: pd.Series, read: _Read) -> np.ndarray:
    """A number for each cell, equal for equal cells, by which repeated rows are found."""
    if read.codes is not None:
        return np.asarray(pd.util.hash_array(read.codes))
    values = cells.to_numpy()
    if values.dtype == object:
        values = pd.factorize(cells.astype(str))[0]
    elif values.dtype.kind == "f":
        values = values + 0.0  # minus zero is zero
    return np.asarray(pd.util.hash_array(values))


# -- association ------------------------------------------------------------------------------


def _coded(name: str, read: _Read, sample: np.ndarray) -> Coded | None:
    """A column of some rows, ready to be compared with others."""
    if read.codes is not None and read.values is not None:
        binary = len(read.values) == 2 and not isinstance(read.values[0], str)
        true = int(np.argmax(read.values)) if binary else None
        return association.coded_levels(name, read.codes[sample], true=true)
    measured = read.measured
    return None if measured is None else association.coded_numbers(name, measured[sample])


def _associated(coded: Coded | None, target: Coded) -> Association | None:
    if coded is None or coded.missing.all():
        return None
    lacking = None
    if coded.missing.any():
        lacking = explained(coded.missing.astype(np.int64), target.codes)
    value, measure = association.correlation(coded, target)
    return Association(explained(coded.codes, target.codes), lacking, value, measure)


def _correlations(
    profile: Profile,
    frame: pd.DataFrame,
    columns: Mapping[str, Column],
    aim: _Aim | None,
    known: np.ndarray,
) -> Correlations | None:
    """Compare the target and the columns that say most about it, each with each."""
    usable = [c for c in profile.columns if c.role == "feature" and c.missing < profile.looked_at]
    if aim is not None:
        ranked = {column.name: rank for rank, column in enumerate(profile.strongest)}
        usable.sort(key=lambda column: ranked.get(column.name, len(ranked)))
    sample = known[some_rows(len(known), PAIR_ROWS)]
    coded = [] if aim is None else [aim.coded(frame, sample)]
    for column in usable[: PAIRED_COLUMNS - len(coded)]:
        found = _coded(column.name, _read(frame[column.name], columns[column.name]), sample)
        coded += [] if found is None else [found]
    if len(coded) < 2:
        return None
    matrix: list[list[float | None]] = [[1.0] * len(coded) for _ in coded]
    close = []
    for i, one in enumerate(coded):
        for j in range(i):
            value, measure = association.correlation(one, coded[j])
            matrix[i][j] = matrix[j][i] = value
            if value is not None and abs(value) >= REDUNDANT:
                close.append(Pair(coded[j].name, one.name, value, measure))
    close.sort(key=lambda pair: -abs(pair.value))
    return Correlations(
        tuple(one.name for one in coded),
        tuple(tuple(row) for row in matrix),
        tuple(one.numbers is not None for one in coded),
        tuple(close[:MOST_PAIRS]),
    )


# -- time ---------------------------------------------------------------------------------------


def _time_coverage(
    profile: Profile,
    frame: pd.DataFrame,
    columns: Mapping[str, Column],
    aim: _Aim | None,
    time_column: str | None,
) -> TimeCoverage | None:
    dated = [one for one in profile.columns if one.times is not None]
    if not dated:
        return None
    chosen = min(dated, key=lambda one: (one.name != time_column, one.missing))
    figures = chosen.times
    assert figures is not None
    coverage = TimeCoverage(
        chosen.name,
        figures.first,
        figures.last,
        figures.span,
        figures.periods,
        figures.gap_count,
        figures.gaps,
    )
    if aim is None:
        return coverage
    if aim.told.task == "regression":
        y, label = aim.numbers(frame), f"mean of {aim.told.name}"
    elif aim.schema.positive is not None:
        codes = aim.codes(frame)
        y = np.where(codes < 0, np.nan, codes == aim.schema.positive)
        label = f"share of {as_text(aim.schema.classes[aim.schema.positive])}"
    else:
        return coverage
    times = _read(frame[chosen.name], columns[chosen.name]).times
    assert times is not None
    there = times.notna().to_numpy()
    _, ordinals, starts = _times.grouped(times[there])
    y = y[there]
    inside = (ordinals >= 0) & (ordinals < len(starts)) & ~np.isnan(y)
    counts = np.bincount(ordinals[inside], minlength=len(starts))
    sums = np.bincount(ordinals[inside], weights=y[inside], minlength=len(starts))
    means = tuple(float(total / count) if count else None for total, count in zip(sums, counts))
    return replace(coverage, target=means, target_label=label)


def _notes(profile: Profile, n_sample: int) -> tuple[str, ...]:
    notes = []
    if profile.target is None:
        notes.append("Name a target to see what tells it, and the checks of the data.")
    if profile.sampled:
        notes.append(
            f"The table is big: all figures are of {profile.looked_at:,} of its "
            f"{profile.n_rows:,} rows, drawn at random."
        )
    if n_sample < profile.looked_at and profile.target is not None:
        notes.append(f"Associations are told by {n_sample:,} rows, drawn at random.")
    return tuple(notes)
