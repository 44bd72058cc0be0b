"""From a job to series that can be forecast: rows, specification, windows and guardrails."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data._prepared import Prepared
from trialbook.data._read import FOLD_COLUMN
from trialbook.data._readings import readings
from trialbook.data._roles import check_columns
from trialbook.data._schema import Schema
from trialbook.data._series_ids import TOLD, series_note, tell_apart
from trialbook.data._split_series import cut_test, handle_short, rows_of_test, validated
from trialbook.data._splits import Folds
from trialbook.data._target import check_target
from trialbook.data._types import detect
from trialbook.data.series import (
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    UNKNOWN,
    Hierarchy,
    LookBack,
    Regular,
    SeriesSpec,
    Taken,
    balanced,
    canonical,
    constant,
    fits,
    frequency_note,
    gaps,
    hierarchy_note,
    intermittent,
    is_daily_or_coarser,
    is_daily_or_finer,
    known_of_future,
    leaks,
    left_out,
    levels_of,
    look_back,
    missing_covariates,
    past_only,
    regular,
    season_of,
    settle_frequency,
    settled,
    step_name,
    suggested,
    summed_test,
    take_rows,
    time_form,
    usual_horizon,
)
from trialbook.errors import DataError, OptionError
from trialbook.job import Job
from trialbook.memory import free_memory
from trialbook.tables import Source, read_table
from trialbook.tables.plain import ZONED, Note, Storage, example, shown, storage_of, written

# What columns may be covariates, and those that become codes.
_NUMBERS = (Semantic.NUMERIC, Semantic.BOOLEAN)
_USED = (*_NUMBERS, Semantic.CATEGORICAL)
# Names that the rows of programs, and the libraries that they call, have for themselves.
_RESERVED = re.compile(
    "|".join((SERIES_COLUMN, TIME_COLUMN, SCALE_COLUMN, "y", "given", FOLD_COLUMN.format(r"\d+")))
)
# Hours from UTC at the end of a time that is written as text, other than none.
_OFFSET = re.compile(r"\d[+-](?!00:?00)\d\d:?\d\d\s*$")


def prepare_series(
    job: Job,
    *,
    frame: Source | None = None,
    test_frame: Source | None = None,
    memory: int | None = None,
) -> Prepared:
    """Read a job's tables and make series of them.

    Parameters
    ----------
    job : Job
        What is asked; its task is forecasting.
    frame, test_frame : table, optional
        Tables in memory that take the place of those that the job names.
    memory : int, optional
        Bytes that the series may take; by default what is free.

    Returns
    -------
    Prepared
        Its rows have `SERIES_COLUMN`, `TIME_COLUMN`, covariates, target, `SCALE_COLUMN` and a
        column per window.

    Raises
    ------
    DataError
        If a table cannot be read, or is no set of series.
    OptionError
        If an option names a column that does not exist, or does not suit the series.
    """
    read: list[Note] = []
    _check_options(job)
    table = read_table(job.data if frame is None else frame, workspace=job.workspace, notes=read)
    _check_columns(table, job, frame)
    asked_for, job = job, tell_apart(table, job)
    _check_names(table, job)
    schema, spec = _schema(table, job)
    schema = replace(schema, forms=written(read))
    asked = None if job.frequency is None else canonical(job.frequency)
    taken = take_rows(schema.conform(table, require_target=True), job.target, spec, asked)
    frequency = settle_frequency(taken, job.frequency, aggregated=job.aggregate is not None)
    made = regular(taken.table, frequency)
    schema, spec = _specified(made.table, schema, spec, job, frequency)
    train, notes = _checked(made, taken, schema, spec, job)
    notes += (_time_zone(table[spec.time], spec, read),)
    if job.hierarchy:
        train, spec, of_tree = _leaves(train, table, spec, job)
        notes += of_tree
    source = job.test if test_frame is None else test_frame
    if source is not None:
        test, of_test = rows_of_test(source, job, schema, spec, train)
    else:
        (train, test), of_test = cut_test(train, job, spec), ()
    train, test, of_short = handle_short(train, test, job, spec)
    nodes = None
    if job.hierarchy:
        tree = Hierarchy.of(train[SERIES_COLUMN], spec)
        train, nodes = tree.summed(train, [job.target], spec), tree.nodes
        if test is not None:
            test, of_sums = summed_test(test, tree, job.target, spec)
            of_test = (*of_test, *of_sums)
    train, folds, of_windows = validated(train, job, spec)
    spec = replace(spec, look_back=_look_back(train, folds, job, spec))
    if test is not None:
        scales = train.groupby(SERIES_COLUMN)[SCALE_COLUMN].first()
        test[SCALE_COLUMN] = test[SERIES_COLUMN].map(scales)
    looked = look_back(spec)
    room = fits(len(train), spec, free_memory() if memory is None else memory)
    notes = (series_note(asked_for, job), *notes)
    found = (*readings(read), *notes, *of_test, *of_short, looked, room, *of_windows)
    if test is not None:
        test = test.drop(columns=list(spec.past_only), errors="ignore")
    return Prepared(train, test, replace(schema, series=spec), folds, found, nodes=nodes)


def _look_back(train: pd.DataFrame, folds: Folds, job: Job, spec: SeriesSpec) -> LookBack:
    """What was asked of lags, beside what the rows before the windows suggest."""
    if spec.look_back.lags and spec.look_back.window:
        return spec.look_back
    before = train[(folds.matrix == 1).all(axis=1)]
    lags, window = suggested(before, job.target, spec.frequency, spec.season)
    return replace(spec.look_back, found_lags=lags, found_window=window)


def _check_options(job: Job) -> None:
    """Refuse a job that does not say what a forecast must know."""
    if job.time_column is None:
        raise OptionError(
            "a forecast needs to know the column of times",
            place="option time_column",
            remedy="Name it (--time date).",
        )
    if job.horizon is None:
        raise OptionError(
            "a forecast needs to know how many rows of each series are asked for",
            place="option horizon",
            remedy="Say so (--horizon 14), or leave it to the frequency (--horizon auto).",
        )
    if job.aggregate is not None and job.frequency is None:
        raise OptionError(
            f"rows are to be put together by their {job.aggregate}, but to no frequency",
            place="option frequency",
            remedy="Set it (--frequency MS), or leave the aggregation out.",
        )
    _check_country(job.holidays)


def _check_columns(table: pd.DataFrame, job: Job, frame: Source | None) -> None:
    """Refuse columns that do not exist, or have no numbers to forecast."""
    index = frame.index.names if isinstance(frame, pd.DataFrame) else []
    for name in (job.time_column, *job.series):
        if name in index and name not in table:
            raise OptionError(
                f"'{name}' is the index of the table, and no column",
                place=f"option {'time_column' if name == job.time_column else 'series'}",
                remedy="Make columns of the index (table.reset_index()).",
            )
    options = {
        "time_column": (str(job.time_column),),
        "series": job.series,
        "ignore": job.ignore,
        "unknown_in_future": job.unknown_in_future,
    }
    check_columns(table.columns, options)
    check_target(table, job.target)
    target = table[job.target]
    if storage_of(target) is Storage.STRING:
        unread = pd.to_numeric(target, errors="coerce").isna() & target.notna()
        if unread.any():
            value, row = example(target, unread.to_numpy())
            raise DataError(
                f"the target '{job.target}' holds text such as {shown(value)}, which cannot be"
                " forecast",
                place=f"row {row}",
                remedy="Give numbers, or name another target.",
            )


def _check_names(table: pd.DataFrame, job: Job) -> None:
    """Refuse columns whose names are taken."""
    keys = (str(job.time_column), *job.series)
    own = {*keys, *job.ignore, job.target}
    taken = [name for name in table.columns if name not in own and _RESERVED.fullmatch(name)]
    if job.target in (SERIES_COLUMN, TIME_COLUMN, SCALE_COLUMN, "given"):
        taken.append(job.target)
    if taken:
        raise DataError(
            f"the column '{taken[0]}' has a name that the rows of series have for themselves",
            place=job.place,
            remedy="Rename it, or leave it out (--ignore).",
        )
    told = [name for name in keys if TOLD.fullmatch(name) or (job.hierarchy and name == "level")]
    if told:
        raise DataError(
            f"the column '{told[0]}' has a name that forecasts have for themselves",
            place=job.place,
            remedy="Rename it.",
        )


def _schema(table: pd.DataFrame, job: Job) -> tuple[Schema, SeriesSpec]:
    """The columns, and what is known of the series before their rows are looked at."""
    time = str(job.time_column)
    # Rows that are put together are finer than the frequency, nobody knows by how much.
    form = time_form(table[time], None if job.aggregate else job.frequency)
    features = table.drop(columns=[job.target, time])
    ignored = dict.fromkeys(job.ignore, "ignore")
    roles = dict.fromkeys(job.series, "identifier")
    types = {name: kind for name, kind in job.types.items() if name != time}
    found = {one.name: one for one in detect(features, overrides={**types, **ignored, **roles})}
    found[time] = _time_column(table[time], form)
    columns = tuple(_in_its_role(found[str(name)], job) for name in table if name != job.target)
    schema = Schema("forecasting", job.target, (), None, columns)
    told = [one for one in schema.used if one.name not in (time, *job.series)]
    unknown = set(job.unknown_in_future)
    spec = SeriesSpec(
        time=time,
        ids=job.series,
        frequency=canonical(job.frequency or "D"),
        season=1,
        horizon=job.horizon if isinstance(job.horizon, int) else 1,
        covariates=tuple(one.name for one in told if one.name not in unknown),
        aggregate=job.aggregate,
        past_only=tuple(one.name for one in told if one.name in unknown),
        codes={
            one.name: levels_of(table[one.name])
            for one in told
            if one.semantic is Semantic.CATEGORICAL
        },
        short_series=job.short_series,
        time_form=form,
        look_back=LookBack(
            lags=job.target_lags,
            window=job.rolling_window,
            columns=job.feature_lags == "auto",
            stl=job.use_stl,
        ),
        auto_horizon=job.horizon == "auto",
    )
    return schema, spec


def _time_column(column: pd.Series, form: str | None) -> Column:
    return Column(
        name=str(column.name),
        semantic=Semantic.DATETIME,
        storage=storage_of(column).value,
        evidence="named as the time" + (f", written as {form}" if form else ""),
        missing=int(column.isna().sum()),
        distinct=int(column.nunique()),
        datetime_format=form if form is not None and ("%d" in form or form == "ISO8601") else None,
    )


def _in_its_role(column: Column, job: Job) -> Column:
    if column.name == job.time_column or column.name in job.series:
        return replace(column, dropped=None)
    if column.semantic not in _USED:
        return replace(column, dropped=column.dropped or f"{column.semantic.value}, no covariate")
    return column


def _specified(
    table: pd.DataFrame, schema: Schema, spec: SeriesSpec, job: Job, frequency: str
) -> tuple[Schema, SeriesSpec]:
    """What regular rows tell: the season, and which columns stay the same in a series."""
    names = [*spec.covariates, *spec.past_only]
    same: set[str] = set()
    if names:
        distinct = table.groupby(SERIES_COLUMN, sort=False)[names].nunique().max()
        same = {name for name in names if distinct[name] <= 1}
    # What never changes in a series is known of its future, whatever was said.
    static = tuple(name for name in names if name in same and table[name].nunique() > 1)
    useless = same - set(static)
    columns = tuple(
        replace(one, dropped="the same in all rows") if one.name in useless else one
        for one in schema.columns
    )
    holidays = job.holidays if is_daily_or_finer(frequency) else None
    season = job.season or season_of(frequency)
    sizes = table.groupby(SERIES_COLUMN).size().to_numpy()
    horizon = usual_horizon(frequency, season, sizes) if spec.auto_horizon else spec.horizon
    if season == 1 and job.use_stl != "none":
        raise OptionError(
            f"rows of {step_name(frequency)} have no season that STL could take",
            place="option use_stl",
            remedy="Leave it out, or say how many rows a season has (--season 52).",
        )
    spec = replace(
        spec,
        frequency=frequency,
        season=season,
        horizon=horizon,
        covariates=tuple(name for name in spec.covariates if name not in same),
        static=static,
        past_only=tuple(name for name in spec.past_only if name not in same),
        codes={name: levels for name, levels in spec.codes.items() if name not in useless},
        holidays=holidays,
    )
    return replace(schema, columns=columns), spec


def _checked(
    made: Regular, taken: Taken, schema: Schema, spec: SeriesSpec, job: Job
) -> tuple[pd.DataFrame, tuple[Guardrail, ...]]:
    """Rows without missing cells, and what was found in them."""
    names = list(spec.columns)
    # A category that is missing has a code already.
    missing = taken.table[names].isna()
    coded = {name: taken.table[name] == UNKNOWN for name in names if name in spec.codes}
    missing = missing.assign(**coded)
    begins = np.flatnonzero(~made.table[SERIES_COLUMN].duplicated().to_numpy())
    first = taken.origin[made.source[begins]]
    kept = made.table[[SERIES_COLUMN, TIME_COLUMN, *names, job.target]]
    table = kept.fillna(kept[names].median()) if names else kept
    others = [
        (one.name, str(one.dropped))
        for one in schema.columns
        if not one.used and one.name not in job.ignore
    ]
    notes = [
        *taken.guardrails,
        frequency_note(spec.frequency, job.frequency, taken, made.off_grid, spec.time),
        gaps(made.source, taken.origin, spec.frequency),
        constant(table, job.target, first),
        intermittent(table, job.target, first),
        past_only(spec),
        left_out(others),
        missing_covariates(missing),
        known_of_future(
            taken.table, missing.drop(columns=list(spec.past_only)), spec, taken.origin
        ),
        leaks(_as_given(made, taken, spec), job.target, spec),
    ]
    if job.holidays:
        notes.append(_holidays(job.holidays, spec))
    return table, tuple(notes)


def _leaves(
    table: pd.DataFrame, given: pd.DataFrame, spec: SeriesSpec, job: Job
) -> tuple[pd.DataFrame, SeriesSpec, tuple[Guardrail, ...]]:
    """Series that can be added up, as leaves, and how it is done."""
    tree = Hierarchy.of(table[SERIES_COLUMN], spec)
    notes = hierarchy_note(given, tree, spec)
    made, ends = balanced(table, job.target, spec)
    return made, settled(tree, spec, job.hierarchy_level, job.reconcile), (*notes, ends)


def _as_given(made: Regular, taken: Taken, spec: SeriesSpec) -> pd.DataFrame:
    """Regular rows in which covariates are missing where they were."""
    there = made.source >= 0
    given = {
        name: np.where(there, taken.table[name].to_numpy(dtype=float)[made.source], np.nan)
        for name in spec.covariates
    }
    return made.table.assign(**given)


def _check_country(country: str | None) -> None:
    """Refuse a country of which the package of holidays knows none."""
    if country is None or find_spec("holidays") is None:
        return
    from holidays import list_supported_countries

    if country not in list_supported_countries():
        raise OptionError(
            f"the holidays of {country} are not known",
            place="option holidays",
            remedy="Leave it out, and give a column of them.",
        )


def _time_zone(column: pd.Series, spec: SeriesSpec, read: list[Note]) -> Guardrail:
    """Whether days, and what is longer, begin at another hour since times are read as UTC."""
    name = "Time zone"
    if not is_daily_or_coarser(spec.frequency):
        said = f"steps of {spec.frequency} are the same in all zones"
        return Guardrail(name, "passed", said, "", (spec.time,))
    zoned = any(one.finding == ZONED and spec.time in one.columns for one in read)
    if spec.time_form is not None and ("%z" in spec.time_form or spec.time_form == "ISO8601"):
        zoned = bool(column.dropna().str.contains(_OFFSET).any())
    if not zoned:
        return Guardrail(name, "passed", "times are local, or in UTC", "", (spec.time,))
    what = (
        f"times have a zone, and steps of {spec.frequency} begin at another hour there than in UTC"
    )
    done = "read as UTC; give local times without a zone"
    return Guardrail(name, "alerted", what, done, (spec.time,))


def _holidays(country: str, spec: SeriesSpec) -> Guardrail:
    if spec.holidays is None:
        what = f"rows of {spec.frequency} are longer than a holiday"
        return Guardrail("Holidays", "fixed", what, f"those of {country} are not used")
    return Guardrail("Holidays", "passed", f"those of {country} are known of every row", "")
