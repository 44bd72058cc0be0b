"""Which rows of series train, validate and test, and what becomes of series too short for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from trialbook._words import listed, plural
from trialbook.data._guardrails import Guardrail
from trialbook.data._read import FOLD_COLUMN
from trialbook.data._readings import readings
from trialbook.data._schema import Schema
from trialbook.data._splits import Folds
from trialbook.data.series import (
    LEAST_ROWS,
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    SeriesSpec,
    fate,
    missing_covariates,
    padded,
    planned_windows,
    read_frequency,
    rows_of_all_windows,
    rows_to_validate,
    scales,
    steps_of,
    take_rows,
    windows,
)
from trialbook.errors import DataError
from trialbook.job import Job
from trialbook.tables import Source, read_table
from trialbook.tables.plain import Note

# Two seasons tell a season from a trend.
LEAST_SEASONS = 2


def rows_of_test(
    source: Source, job: Job, schema: Schema, spec: SeriesSpec, train: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[Guardrail, ...]]:
    """Read a separate table of what came after the series.

    Parameters
    ----------
    source : table
        With all columns of the schema.
    job : Job
    schema : Schema
    spec : SeriesSpec
    train : DataFrame
        Regular series.

    Returns
    -------
    table : DataFrame
        Its rows within the horizon after the end of their series, with a target.
    guardrails : tuple of Guardrail

    Raises
    ------
    DataError
        If it lacks a covariate, or has no such row.
    """
    read: list[Note] = []
    table = read_table(source, text=schema.text, workspace=job.workspace, notes=read)
    lacking = [name for name in spec.covariates if name not in table]
    if lacking:
        raise DataError(
            f"the test table lacks {listed(lacking)}, which are taken to be known of the future",
            place="test table",
            remedy="Give them, or name them in unknown_in_future.",
        )
    told = replace(spec, static=(), past_only=())
    columns = tuple(
        one for one in schema.columns if one.name not in (*spec.static, *spec.past_only)
    )
    conformed = replace(schema, columns=columns).conform(table, require_target=True)
    first = train[TIME_COLUMN].iloc[0]
    rows = take_rows(conformed, job.target, told, spec.frequency, first).table
    rows = rows[rows[job.target].notna()]
    kept = _within_horizon(rows, train, spec)
    if not kept.any():
        raise DataError(
            "the test table has no row that follows a series of training within the horizon",
            place="test table",
            remedy="Give the rows after the last ones of training.",
        )
    notes = list(readings(read, "test"))
    if not kept.all():
        what = f"{plural(int((~kept).sum()), 'row')} of {len(kept):,} of the test table follow no"
        what += f" series at the steps of {spec.frequency} within {plural(spec.horizon, 'step')}"
        notes.append(Guardrail("Test rows", "alerted", what, "left out"))
    else:
        said = "every row of the test table is one to forecast"
        notes.append(Guardrail("Test rows", "passed", said, ""))
    rows = rows[kept].reset_index(drop=True)
    names = list(spec.covariates)
    found = missing_covariates(rows[names].isna(), "test")
    if found.verdict != "passed":
        found = replace(found, name="Future covariates", verdict="alerted")
    notes += [found] if names else []
    rows = _filled_from(rows, train, names)
    for name in spec.static:  # which the series has told already
        rows[name] = rows[SERIES_COLUMN].map(train.groupby(SERIES_COLUMN)[name].first())
    kept_columns = [name for name in train.columns if name not in spec.past_only]
    return rows[kept_columns], tuple(notes)


def _within_horizon(rows: pd.DataFrame, train: pd.DataFrame, spec: SeriesSpec) -> np.ndarray:
    """Which rows are one to forecast: on the grid of their series, after its end."""
    keys = [SERIES_COLUMN, TIME_COLUMN]
    both = pd.concat([train[keys], rows[keys]], ignore_index=True)
    name = both[SERIES_COLUMN].to_numpy()
    time = both[TIME_COLUMN].to_numpy(dtype="datetime64[ns]")
    steps = steps_of(name, time, read_frequency(spec.frequency))
    position = pd.Series(steps.position)
    ends = position[: len(train)].groupby(name[: len(train)]).max()
    ahead = position[len(train) :].to_numpy() - pd.Series(name[len(train) :]).map(ends).to_numpy()
    return np.asarray(steps.on_grid[len(train) :] & (ahead > 0) & (ahead <= spec.horizon))


def _filled_from(rows: pd.DataFrame, train: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """What is missing of covariates is as in the row before, or as it was last in training."""
    last = train.groupby(SERIES_COLUMN)[names].last()
    for name in names:
        before = rows.groupby(SERIES_COLUMN, sort=False)[name].ffill()
        rows = rows.assign(**{name: before.fillna(rows[SERIES_COLUMN].map(last[name]))})
    return rows


def cut_test(
    table: pd.DataFrame, job: Job, spec: SeriesSpec
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Cut the last horizon off for a test, if one is asked for.

    Parameters
    ----------
    table : DataFrame
        Regular series.
    job : Job
        With a test size, whatever it is, the horizon is cut off each series of more than two.
    spec : SeriesSpec

    Returns
    -------
    tuple of (DataFrame, DataFrame or None)
        Rows to train on, and to test on.
    """
    if job.test_size is None:
        return table, None
    to_end = table.groupby(SERIES_COLUMN).cumcount(ascending=False)
    size = table.groupby(SERIES_COLUMN)[SERIES_COLUMN].transform("size")
    cut = ((to_end < spec.horizon) & (size > 2 * spec.horizon)).to_numpy()
    if not cut.any():
        raise DataError(
            f"no series has more than two horizons of {plural(spec.horizon, 'row')}, so that none"
            " can be cut off for a test",
            place="option test_size",
            remedy="Leave it out, or ask for a shorter horizon.",
        )
    return table[~cut].reset_index(drop=True), table[cut].reset_index(drop=True)


def handle_short(
    table: pd.DataFrame, test: pd.DataFrame | None, job: Job, spec: SeriesSpec
) -> tuple[pd.DataFrame, pd.DataFrame | None, tuple[Guardrail, ...]]:
    """Drop or pad series that are too short to validate.

    Parameters
    ----------
    table : DataFrame
        Regular series to train on.
    test : DataFrame, optional
    job : Job
        Its `short_series` says what becomes of them; see `trialbook.data.series.fate`.
    spec : SeriesSpec

    Returns
    -------
    table : DataFrame
    test : DataFrame or None
        Without the series that were dropped.
    guardrails : tuple of Guardrail

    Raises
    ------
    DataError
        If no series is longer than the horizon, and padding was not asked for.
    """
    sizes = table.groupby(SERIES_COLUMN, sort=False).size()
    if sizes.max() <= spec.horizon and job.short_series != "pad":
        raise DataError(
            f"the horizon of {plural(spec.horizon, 'row')} is as long as the longest series, which"
            f" has {plural(int(sizes.max()), 'row')}, or longer",
            place="option horizon",
            remedy="Give longer series, ask for a shorter horizon, or have rows put before them"
            " (--short-series pad).",
        )
    back = spec.look_back.given_rows
    least = rows_to_validate(spec.horizon, back)
    short = (sizes < least).to_numpy()
    done = fate(short, job.short_series)
    if not short.any():
        said = f"every series has the {least:,} rows that it takes to validate"
        said += f", {back:,} of them to look back on" if back else ""
        return table, test, (Guardrail("Short series", "passed", said, ""),)
    names = sizes.index[short]
    such = f", such as {listed(map(str, names[:3]))}" if len(sizes) > 1 else ""
    what = f"{len(names):,} of {len(sizes):,} series have fewer than {least:,} rows{such}"
    if done == "none":
        action = "trained on and forecast all the same, but not validated"
        return table, test, (Guardrail("Short series", "fixed", what, action),)
    if done == "drop":
        if short.all():
            raise DataError(
                f"all series have fewer than {least:,} rows, so that none is left",
                place="option short_series",
                remedy="Ask for a shorter horizon, or for auto, pad or none.",
            )
        action = "left out, so that they are not forecast; short_series none keeps them"
        table = table[~table[SERIES_COLUMN].isin(names)].reset_index(drop=True)
        if test is not None:
            test = test[~test[SERIES_COLUMN].isin(names)].reset_index(drop=True)
            test = test if len(test) else None
        return table, test, (Guardrail("Short series", "alerted", what, action),)
    count, step = _planned(sizes.to_numpy(), job, spec)
    rows = rows_of_all_windows(spec.horizon, count, step, back)
    table = padded(table, job.target, spec.frequency, rows, job.seed)
    action = f"filled up to {rows:,} rows by some before the first, drawn from the series itself"
    return table, test, (Guardrail("Short series", "alerted", what, action),)


def validated(
    table: pd.DataFrame, job: Job, spec: SeriesSpec
) -> tuple[pd.DataFrame, Folds, tuple[Guardrail, ...]]:
    """The table with its scale and its windows.

    Parameters
    ----------
    table : DataFrame
        Regular series to train on.
    job : Job
        Number of windows, and rows from one to the next; by default as `planned_windows`
        says.
    spec : SeriesSpec

    Returns
    -------
    table : DataFrame
        With `SCALE_COLUMN` and a column per window.
    folds : Folds
    guardrails : tuple of Guardrail

    Raises
    ------
    DataError
        If there is no window in which a series can be validated.
    """
    sizes = table.groupby(SERIES_COLUMN, sort=False).size().to_numpy()
    least = max(LEAST_ROWS, LEAST_SEASONS * spec.season if spec.season > 1 else 0)
    count, step = _planned(sizes, job, spec)
    matrix = windows(sizes, spec.horizon, count, step, least)
    if not matrix.shape[1]:  # rather a season that was seen once than no forecast at all
        matrix = windows(sizes, spec.horizon, count, step, LEAST_ROWS)
    if not matrix.shape[1]:
        raise DataError(
            f"the longest series has {sizes.max():,} rows, too few for a window of"
            f" {plural(spec.horizon, 'row')} and {LEAST_ROWS} before it",
            place=job.place,
            remedy="Give longer series, ask for a shorter horizon, or have rows put before them"
            " (--short-series pad).",
        )
    n_windows = matrix.shape[1]
    what = f"{plural(n_windows, 'window')} of {plural(spec.horizon, 'row')} at the end of series"
    folds = Folds(matrix, "rolling origin", what)
    table = table.assign(**{SCALE_COLUMN: _scale(table, job.target, spec)})
    sides = {FOLD_COLUMN.format(i): matrix[:, i] for i in range(n_windows)}
    table = pd.concat([table, pd.DataFrame(sides)], axis=1)
    return table, folds, (_windows(job, what, n_windows),)


def _planned(sizes: np.ndarray, job: Job, spec: SeriesSpec) -> tuple[int, int]:
    """How many windows there are to be, and the rows from one to the next."""
    count, step = planned_windows(sizes, spec.horizon, spec.season)
    return job.folds or count, job.window_step or (spec.horizon if job.folds else step)


def _windows(job: Job, what: str, n_windows: int) -> Guardrail:
    if job.folds and n_windows < job.folds:
        done = f"{job.folds - n_windows:,} of {job.folds:,} left out, since no series is that long"
        return Guardrail("Windows", "alerted", what, done)
    if job.folds:
        return Guardrail("Windows", "passed", what, "")
    return Guardrail("Windows", "fixed", what, "")


def _scale(table: pd.DataFrame, target: str, spec: SeriesSpec) -> np.ndarray:
    """The seasonal naive error of each series in training, for each of its rows.

    Of all rows, windows included: errors in the windows and on test rows are then in one unit, and
    a series that has grown since does not count for more than others.
    """
    name = table[SERIES_COLUMN].to_numpy()
    y = table[target].to_numpy(dtype=float)
    return np.asarray(pd.Series(name).map(scales(name, y, spec.season)), dtype=float)
