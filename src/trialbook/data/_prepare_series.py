"""From a job to series that can be forecast: rows, specification, windows and guardrails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail, row_numbers
from trialbook.data._prepared import Prepared
from trialbook.data._read import FOLD_COLUMN
from trialbook.data._readings import readings
from trialbook.data._roles import check_columns
from trialbook.data._schema import Schema
from trialbook.data._splits import Folds
from trialbook.data._target import check_target
from trialbook.data._types import detect
from trialbook.data.series import (
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    SeriesSpec,
    default_windows,
    infer_frequency,
    read_frequency,
    regular,
    season_of,
    windows,
)
from trialbook.errors import DataError, OptionError
from trialbook.job import Job
from trialbook.tables import Source, read_table
from trialbook.tables.plain import Note, written

# A model needs a few rows to learn from; two seasons tell a season from a trend.
LEAST_ROWS, LEAST_SEASONS = 4, 2


def prepare_series(
    job: Job, *, frame: Source | None = None, test_frame: Source | None = None
) -> Prepared:
    """Read a job's tables and make series of them.

    Parameters
    ----------
    job : Job
        What is asked; its task is forecasting.
    frame, test_frame : table, optional
        Tables in memory that take the place of those that the job names.

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
    if job.time_column is None:
        raise OptionError(
            "a forecast needs to know the column of times",
            place="option time_column",
            remedy="Name it (--time).",
        )
    if job.horizon is None:
        raise OptionError(
            "a forecast needs to know how many rows are asked for",
            place="option horizon",
            remedy="Say so (--horizon 14).",
        )
    read: list[Note] = []
    source = job.data if frame is None else frame
    table = read_table(source, workspace=job.workspace, notes=read)
    check_target(table, job.target)
    options = {
        "time_column": (job.time_column,),
        "series": job.series,
        "ignore": job.ignore,
        "unknown_in_future": job.unknown_in_future,
    }
    check_columns(table.columns, options)
    schema = _schema(table, job)
    forms = written(read)
    schema = replace(schema, forms=forms)
    rows, notes = _rows(schema.conform(table, require_target=True), schema, job)
    frequency = job.frequency or infer_frequency(
        rows[SERIES_COLUMN].to_numpy(), rows[TIME_COLUMN].to_numpy()
    )
    read_frequency(frequency)
    made = regular(rows, job.target, frequency)
    notes += _filled(made.filled, made.off_grid, len(rows), frequency)
    spec = _spec(made.table, schema, job, frequency)
    schema = replace(schema, series=spec)
    test = _test_rows(test_frame, job, schema)
    train, test = _cut_test(made.table, test, job, spec)
    train, folds, found = _validated(train, job, spec)
    if test is not None:
        scales = train.groupby(SERIES_COLUMN)[SCALE_COLUMN].first()
        test[SCALE_COLUMN] = test[SERIES_COLUMN].map(scales)
    return Prepared(train, test, schema, folds, (*readings(read), *notes, *found))


def _schema(table: pd.DataFrame, job: Job) -> Schema:
    """The columns: time and series first, then what may be a covariate."""
    ignored = dict.fromkeys(job.ignore, "ignore")
    features = table.drop(columns=[job.target])
    roles = {str(job.time_column): "datetime"}
    roles |= dict.fromkeys(job.series, "identifier")
    columns = detect(features, overrides={**job.types, **ignored, **roles})
    kept = [_in_its_role(column, job) for column in columns]
    return Schema("forecasting", job.target, (), None, tuple(kept))


def _in_its_role(column: Column, job: Job) -> Column:
    if column.name == job.time_column or column.name in job.series:
        return replace(column, dropped=None)
    if column.name in job.unknown_in_future:
        return replace(column, dropped="not known of the future")
    if column.semantic not in (Semantic.NUMERIC, Semantic.BOOLEAN, Semantic.CONSTANT):
        return replace(column, dropped=column.dropped or "no number")
    return column


def _rows(
    table: pd.DataFrame, schema: Schema, job: Job
) -> tuple[pd.DataFrame, tuple[Guardrail, ...]]:
    """Rows under the names of programs, ordered, each time once in a series."""
    spec = SeriesSpec(str(job.time_column), job.series, "D", 1, 1)
    times = _times(table, schema, str(job.time_column))
    rows = table.drop(columns=[spec.time, *spec.ids])
    rows.insert(0, SERIES_COLUMN, spec.name_of(table))
    rows.insert(1, TIME_COLUMN, times)
    notes: list[Guardrail] = []
    unknown = rows[TIME_COLUMN].isna().to_numpy()
    if unknown.any():
        notes.append(
            Guardrail(
                "Missing times",
                "fixed",
                f"{plural(int(unknown.sum()), 'row')} without a time",
                "left out",
                (spec.time,),
                row_numbers(np.flatnonzero(unknown)),
            )
        )
        rows = rows[~unknown]
    keys = [SERIES_COLUMN, TIME_COLUMN]
    twice = rows.duplicated(keys, keep=False).to_numpy()
    if twice.any():
        how = job.aggregate or "mean"
        if not job.series and twice.mean() > 0.5:
            raise DataError(
                "most times occur more than once, so the table seems to hold several series",
                place=f"column '{spec.time}'",
                remedy="Name the columns that tell series apart (--series).",
            )
        notes.append(
            Guardrail(
                "Duplicated times",
                "fixed",
                f"{plural(int(twice.sum()), 'row')} of a series have the same time",
                f"made one row by their {how}",
                (spec.time,),
                row_numbers(rows.index.to_numpy()[twice]),
            )
        )
        rows = rows.groupby(keys, as_index=False, sort=True).agg(how)
    else:
        notes.append(Guardrail("Duplicated times", "passed", "each time once in a series", ""))
    return rows.sort_values(keys, ignore_index=True), tuple(notes)


def _times(table: pd.DataFrame, schema: Schema, name: str) -> pd.Series:
    """Times without a zone, in the order of the table."""
    column = next(one for one in schema.columns if one.name == name)
    times = table[name]
    if column.storage == "string":
        times = pd.to_datetime(times, format=column.datetime_format, errors="coerce")
    if getattr(times.dtype, "tz", None) is not None:
        times = times.dt.tz_localize(None)
    return times.astype("datetime64[ns]")


def _filled(
    filled: np.ndarray, off_grid: int, n_rows: int, frequency: str
) -> tuple[Guardrail, ...]:
    """What became of gaps, and of rows between the steps."""
    n_filled = int(filled.sum())
    gaps = Guardrail("Gaps", "passed", f"a row at every step ({frequency})", "")
    if n_filled:
        what = f"{plural(n_filled, 'row')} missing, or without a target, of {len(filled):,}"
        gaps = Guardrail("Gaps", "fixed", what, "filled by the row before")
    if off_grid > 0.1 * n_rows:
        raise DataError(
            f"{off_grid:,} of {n_rows:,} rows do not keep to the frequency {frequency}",
            remedy="Set another frequency, or an aggregation.",
        )
    if not off_grid:
        return (gaps,)
    what = f"{plural(off_grid, 'row')} between the steps of {frequency}"
    return (gaps, Guardrail("Frequency", "fixed", what, "left out"))


def _spec(table: pd.DataFrame, schema: Schema, job: Job, frequency: str) -> SeriesSpec:
    others = [one.name for one in schema.used if one.name not in (job.time_column, *job.series)]
    varies = table.groupby(SERIES_COLUMN, sort=False)[others].nunique().max()
    static = tuple(name for name in others if varies[name] <= 1)
    return SeriesSpec(
        time=str(job.time_column),
        ids=job.series,
        frequency=frequency,
        season=job.season or season_of(frequency),
        horizon=int(job.horizon or 1),
        covariates=tuple(name for name in others if name not in static),
        static=static if table[SERIES_COLUMN].nunique() > 1 else (),
        aggregate=job.aggregate,
    )


def _test_rows(test_frame: Source | None, job: Job, schema: Schema) -> pd.DataFrame | None:
    source = job.test if test_frame is None else test_frame
    if source is None:
        return None
    table = read_table(source, text=schema.text, workspace=job.workspace)
    rows, _ = _rows(schema.conform(table, require_target=True), schema, job)
    return rows[rows[job.target].notna()].reset_index(drop=True)


def _cut_test(
    table: pd.DataFrame, test: pd.DataFrame | None, job: Job, spec: SeriesSpec
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Rows to train on and the horizon after them; without a test table it is cut off if asked."""
    if test is None and job.test_size is None:
        return table, None
    if test is None:
        to_end = table.groupby(SERIES_COLUMN).cumcount(ascending=False)
        size = table.groupby(SERIES_COLUMN)[SERIES_COLUMN].transform("size")
        cut = ((to_end < spec.horizon) & (size > 2 * spec.horizon)).to_numpy()
        return table[~cut].reset_index(drop=True), table[cut].reset_index(drop=True)
    last = table.groupby(SERIES_COLUMN)[TIME_COLUMN].max()
    ends = test[SERIES_COLUMN].map(last)
    after = (test[TIME_COLUMN] > ends).to_numpy()
    test = test[after].groupby(SERIES_COLUMN, sort=False).head(spec.horizon)
    if test.empty:
        raise DataError(
            "the test table has no row after the end of a series of training",
            place="test table",
            remedy="Give rows that follow those of training.",
        )
    return table, test.reset_index(drop=True)


def _validated(
    table: pd.DataFrame, job: Job, spec: SeriesSpec
) -> tuple[pd.DataFrame, Folds, tuple[Guardrail, ...]]:
    """The table with its scale and its windows."""
    sizes = table.groupby(SERIES_COLUMN, sort=False).size().to_numpy()
    least = max(LEAST_ROWS, LEAST_SEASONS * spec.season if spec.season > 1 else 0)
    count = job.folds or default_windows(len(sizes))
    step = job.window_step or spec.horizon
    matrix = windows(sizes, spec.horizon, count, step, least)
    if not matrix.shape[1]:  # rather a season that was seen once than no forecast at all
        matrix = windows(sizes, spec.horizon, count, step, LEAST_ROWS)
    if not matrix.shape[1]:
        raise DataError(
            f"the longest series has {sizes.max():,} rows, too few for a window of"
            f" {spec.horizon} rows and {LEAST_ROWS} before it",
            place=job.place,
            remedy="Give longer series, or ask for a shorter horizon.",
        )
    n_windows = matrix.shape[1]
    what = f"{plural(n_windows, 'window')} of {plural(spec.horizon, 'row')} at the end of series"
    folds = Folds(matrix, "rolling origin", what)
    short = int((sizes < spec.horizon + least).sum())
    notes = [Guardrail("Windows", "passed" if job.folds else "fixed", what, "")]
    if short:
        said = f"{short:,} of {len(sizes):,} series are too short to validate"
        done = "trained on and forecast all the same"
        notes.append(Guardrail("Short series", "fixed", said, done))
    table = table.assign(**{SCALE_COLUMN: _scale(table, job.target, spec, matrix)})
    sides = {FOLD_COLUMN.format(i): matrix[:, i] for i in range(n_windows)}
    return pd.concat([table, pd.DataFrame(sides)], axis=1), folds, tuple(notes)


def _scale(table: pd.DataFrame, target: str, spec: SeriesSpec, matrix: np.ndarray) -> np.ndarray:
    """The seasonal naive error of each series before its first window, for each of its rows."""
    before = ~((matrix == 0).any(axis=1))
    name = table[SERIES_COLUMN].to_numpy()
    y = table[target].to_numpy(dtype=float)
    found = None
    for season in dict.fromkeys((spec.season, 1)):
        change = pd.Series(y).groupby(name, sort=False).diff(season).abs()
        scale = change.where(before).groupby(name, sort=False).mean()
        found = scale if found is None else found.where(found > 0, scale)
    assert found is not None
    usual = found[found > 0].median()
    found = found.where(found > 0, usual if usual > 0 else 1.0)
    return np.asarray(pd.Series(name).map(found), dtype=float)
