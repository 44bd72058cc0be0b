"""Forecasts of rows whose values are known, to judge a forecaster by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import (
    SERIES_COLUMN,
    TIME_COLUMN,
    SeriesSpec,
    ranges,
    read_frequency,
    regular,
    row_scales,
)
from trialbook.errors import DataError
from trialbook.evaluation.errors import Losses
from trialbook.execution import OOF, read_oof
from trialbook.experiment import state
from trialbook.lifecycle._backtest import backtest

if TYPE_CHECKING:
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle._trial import Trial
    from trialbook.tables import Source as Table

MEASURE = "mean absolute scaled error"
# What rows have beside their columns; parentheses tell these from columns.
STEP, YEAR, MONTH, WEEKDAY, HOUR = "(step)", "(year)", "(month)", "(weekday)", "(hour)"
# Frequencies of a day and finer tell weekdays apart, and those below a day hours.
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class HeldForecasts:
    """Forecasts of rows that came, from origins before them.

    Parameters
    ----------
    rows : DataFrame
        ``unique_id`` and ``ds``, the columns that tell series apart, covariates, and what a time
        is: step of the horizon, year, month, weekday, hour.
    features : tuple of str
        The columns that cohorts are told by.
    y, naive : ndarray of shape (n_rows,)
        True values, and what was a season before the origin.
    scales : ndarray of shape (n_rows, 3)
        What errors are measured by; see `trialbook.data.row_scales`.
    prediction : ndarray of shape (n_rows, 1 + n_levels)
        Forecasts and their quantiles.
    origin : str
        Where the rows are from, for people.
    """

    rows: pd.DataFrame
    features: tuple[str, ...]
    y: np.ndarray
    scales: np.ndarray
    naive: np.ndarray
    prediction: np.ndarray
    origin: str

    @property
    def truth(self) -> np.ndarray:
        """True values beside their scales, as metrics of forecasts take them."""
        return np.column_stack([self.y, self.scales])

    @property
    def scale(self) -> np.ndarray:
        """What the error of each row is divided by."""
        return np.asarray(self.scales[:, 0])

    @property
    def losses(self) -> Losses:
        """The scaled error of each row."""
        return Losses(np.abs(self.y - self.prediction[:, 0]) / self.scale, MEASURE)

    @property
    def series(self) -> np.ndarray:
        """The name of the series of each row."""
        return np.asarray(self.rows[SERIES_COLUMN])


def held_forecasts(
    experiment: Experiment, trial: Trial, data: Table | None = None
) -> HeldForecasts:
    """The forecasts to judge a trial by.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    data : table, optional
        Rows that came since training, with the target; else the windows of validation.

    Returns
    -------
    HeldForecasts

    Raises
    ------
    NoModelError
        If the trial has no model.
    DataError
        If no row of the table follows its series, or the trial kept no forecasts of windows.
    """
    trial.require_model()
    return _windows(experiment, trial) if data is None else _given(experiment, trial, data)


def tested_forecasts(experiment: Experiment, trial: Trial) -> HeldForecasts | None:
    """The forecasts of the rows that were held out from everything; None if none were."""
    path = trial.folder / state.TESTED / "predictions.csv"
    test = experiment.folder / state.TEST
    if not path.is_file() or not test.is_file():
        return None
    spec, target = _spec(experiment), experiment.schema.target
    rows = pd.read_parquet(test)
    told = pd.read_csv(path)
    if len(told) != len(rows) or target not in rows:
        return None
    train = pd.read_parquet(experiment.folder / state.TRAIN)
    known = _every_step(train, rows, target, spec)
    prediction = told.drop(columns=[SERIES_COLUMN, TIME_COLUMN, "actual"]).to_numpy(dtype=float)
    step = _steps_after(train, rows, known)
    what = f"{len(rows):,} test rows"
    scales = row_scales(rows, ranges(train, target))
    return _held(spec, rows, known, rows[target], scales, prediction, step, what)


def _every_step(
    train: pd.DataFrame, rows: pd.DataFrame, target: str, spec: SeriesSpec
) -> pd.DataFrame:
    """The values of series at every step up to some rows, between which steps may lack."""
    columns = [SERIES_COLUMN, TIME_COLUMN, target]
    both = pd.concat([train[columns], rows[columns]]).set_axis([*columns[:2], "y"], axis=1)
    both = both.sort_values(columns[:2], ignore_index=True)
    return regular(both, spec.frequency).table


def _steps_after(train: pd.DataFrame, rows: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """How far rows are from the ends of their series in training, where every step is known."""
    size = train.groupby(SERIES_COLUMN, sort=False).size()
    place = known.groupby(SERIES_COLUMN, sort=False).cumcount() + 1
    steps = known.assign(step=place - known[SERIES_COLUMN].map(size))
    keys = [SERIES_COLUMN, TIME_COLUMN]
    return np.asarray(rows[keys].merge(steps, how="left", on=keys)["step"], dtype=int)


def _spec(experiment: Experiment) -> SeriesSpec:
    spec = experiment.schema.series
    if spec is None:
        raise TypeError("the schema has no series")
    return spec


def _windows(experiment: Experiment, trial: Trial) -> HeldForecasts:
    spec, target, path = _spec(experiment), experiment.schema.target, trial.folder / OOF
    if not path.is_file():
        raise DataError(
            f"the trial {trial.label} kept no forecasts of its windows",
            place=str(path),
            remedy="Give rows that came since (data), with the target.",
        )
    places, prediction = read_oof(path)
    fold = pd.read_parquet(path, columns=["fold"])["fold"].to_numpy()
    train = pd.read_parquet(experiment.folder / state.TRAIN)
    rows = train.iloc[places].reset_index(drop=True)
    order = np.lexsort((places, fold))
    rows, prediction = rows.iloc[order].reset_index(drop=True), prediction[order]
    step = rows.groupby([fold[order], rows[SERIES_COLUMN]]).cumcount().to_numpy() + 1
    n_windows = len(np.unique(fold))
    what = f"{len(rows):,} rows of {n_windows} window{'' if n_windows == 1 else 's'}"
    known = train.rename(columns={target: "y"})
    scales = row_scales(rows, ranges(train, target))
    return _held(spec, rows, known, rows[target], scales, prediction, step, what)


def _given(experiment: Experiment, trial: Trial, data: Table) -> HeldForecasts:
    spec = _spec(experiment)
    model = experiment.forecaster(trial.run_id)
    found = backtest(model, data)
    told = found.forecasts
    names = found.series.to_numpy()
    # What is known of the rows beside their times, as they were given.
    observed = model.observed(data).set_index([SERIES_COLUMN, TIME_COLUMN])
    keys = pd.MultiIndex.from_arrays([names, pd.to_datetime(told[spec.time])])
    rows = observed.loc[keys].reset_index(names=[SERIES_COLUMN, TIME_COLUMN])
    columns = [SERIES_COLUMN, TIME_COLUMN, experiment.schema.target]
    before = pd.read_parquet(experiment.folder / state.TRAIN, columns=columns)
    after = observed.reset_index()[columns]
    known = pd.concat([before, after], ignore_index=True).set_axis([*columns[:2], "y"], axis=1)
    prediction = told.iloc[:, list(told).index("forecast") :].to_numpy(dtype=float)
    step = found.steps.to_numpy()
    what = f"{len(rows):,} forecasts of the table that was given"
    return _held(spec, rows, known, told["actual"], found.scales, prediction, step, what)


def _held(
    spec: SeriesSpec,
    rows: pd.DataFrame,
    known: pd.DataFrame,
    y: pd.Series[Any],
    scales: np.ndarray,
    prediction: np.ndarray,
    step: np.ndarray,
    origin: str,
) -> HeldForecasts:
    told = readable_series(rows, spec)
    told.insert(2, STEP, step.astype(float))
    return HeldForecasts(
        rows=told,
        features=tuple(name for name in told if name not in (SERIES_COLUMN, TIME_COLUMN)),
        y=y.to_numpy(dtype=float),
        scales=scales,
        naive=seasonal_naive(known, rows, step, spec.season),
        prediction=prediction,
        origin=origin,
    )


def readable_series(rows: pd.DataFrame, spec: SeriesSpec) -> pd.DataFrame:
    """Rows of programs as people understand them: categories by name, and what a time is.

    Parameters
    ----------
    rows : DataFrame
        As programs read them.
    spec : SeriesSpec

    Returns
    -------
    DataFrame
        ``unique_id``, ``ds``, parts of the time, the columns that tell series apart, other static
        columns and covariates.
    """
    keys = rows[[SERIES_COLUMN, TIME_COLUMN]].reset_index(drop=True)
    made = pd.concat([keys, _calendar(keys[TIME_COLUMN], spec)], axis=1)
    for name, column in spec.ids_of(keys[SERIES_COLUMN]).items():
        made[str(name)] = column.astype(object)
    for name in (*spec.static, *spec.covariates):
        column = rows[name].reset_index(drop=True)
        levels = spec.codes.get(name)
        if levels is not None:
            column = column.map(dict(enumerate(levels))).astype(object)
        made[name] = column
    return made


def _calendar(times: pd.Series[Any], spec: SeriesSpec) -> pd.DataFrame:
    """What differs from row to row of a series: year, month, weekday, hour."""
    first = pd.Timestamp(2024, 1, 1)
    step = (first + 1 * read_frequency(spec.frequency)) - first
    parts: dict[str, Any] = {YEAR: times.dt.year.astype(str).astype(object)}
    if step < 300 * _DAY:
        parts[MONTH] = times.dt.month_name().str[:3].astype(object)
    if step < 6 * _DAY:
        parts[WEEKDAY] = times.dt.day_name().astype(object)
    if step < _DAY:
        parts[HOUR] = times.dt.hour.astype(float)
    return pd.DataFrame(parts)


def seasonal_naive(
    known: pd.DataFrame, rows: pd.DataFrame, step: np.ndarray, season: int
) -> np.ndarray:
    """What was at the same place of the last season before the origin of each row.

    Parameters
    ----------
    known : DataFrame
        ``unique_id``, ``ds`` and ``y`` of all steps, up to the rows.
    rows : DataFrame
        ``unique_id`` and ``ds``, among those that are known.
    step : ndarray of int, shape (n_rows,)
        How far each row is from its origin, from 1 on.
    season : int
        Rows.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of a series shorter than a season, its last value before the origin.
    """
    known = known.drop_duplicates([SERIES_COLUMN, TIME_COLUMN], keep="last")
    known = known.sort_values([SERIES_COLUMN, TIME_COLUMN], ignore_index=True)
    y = known["y"].to_numpy(dtype=float)
    index = pd.MultiIndex.from_frame(known[[SERIES_COLUMN, TIME_COLUMN]])
    place = index.get_indexer(pd.MultiIndex.from_frame(rows[[SERIES_COLUMN, TIME_COLUMN]]))
    first = known.groupby(SERIES_COLUMN, sort=False).cumcount().to_numpy()
    back = season * np.ceil(step / season).astype(int)
    back = np.where(first[place] >= back, back, step)
    there = (place >= 0) & (first[place] >= back)
    return np.where(there, y[np.maximum(place - back, 0)], np.nan)
