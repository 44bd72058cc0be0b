"""Rows that came since a forecaster was trained, compared with those that it learned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import (
    LEVELS,
    SERIES_COLUMN,
    TIME_COLUMN,
    Column,
    Semantic,
    SeriesSpec,
    scales,
)
from trialbook.errors import NoModelError, WorkspaceError
from trialbook.evaluation import Forecasts, Known, forecast_charts
from trialbook.evaluation.drift import Moved, SeriesDrift, compare_columns, compare_series
from trialbook.evaluation.drift import compare_errors as errors_moved
from trialbook.execution import OOF, read_oof
from trialbook.experiment import state
from trialbook.lifecycle._backtest import Backtest, backtest
from trialbook.lifecycle._held_series import readable_series
from trialbook.models import ForecastModel, history
from trialbook.tables import as_address
from trialbook.tracking import Tracker, Workspace

if TYPE_CHECKING:
    from trialbook.tables import Source as Table


def forecast_drift(
    model: ForecastModel, recent: Table, tracking_uri: str | None = None
) -> SeriesDrift:
    """Compare recent rows of series with those that a model learned from; see `trialbook.drift`.

    Parameters
    ----------
    model : ForecastModel
    recent : table
        Rows that follow those of training, with the target and the covariates.
    tracking_uri : str, optional
        As in `find_model`.

    Returns
    -------
    SeriesDrift

    Raises
    ------
    DataError
        If no row follows the end of its series, or a column is missing.
    """
    spec, target = _spec(model), model.schema.target
    observed = model.observed(recent)
    rolled = backtest(model, recent)
    tracker = _experiment_of(model, tracking_uri)
    notes: list[str] = []
    if tracker is not None:
        known = pd.read_parquet(tracker.folder / state.TRAIN).rename(columns={target: "y"})
        reference = f"training rows of the experiment '{tracker.name}'"
    else:
        known = history(model.model.forecaster.forecaster)
        reference = "training rows that the model keeps"
        notes.append("the experiment of the model is not known here: errors are not compared")
    before, after = _values(known, "y"), _values(observed, target)
    scale = scales(known[SERIES_COLUMN].to_numpy(), known["y"].to_numpy(float), spec.season)
    moved = compare_series(before, after, dict(scale), spec.season)
    if not moved:
        notes.append("the series are too short to say what is usual of them")
    errors = None
    if tracker is not None and model.run_id is not None:
        path = tracker.folder_of(model.run_id) / OOF
        if path.is_file():
            validated = _validated(path, known, scale, model.model.ids.index)
            errors = errors_moved(validated, _rolled(rolled))
    place = as_address(recent) if isinstance(recent, (str, Path)) else "a table in memory"
    return SeriesDrift(
        model.label,
        reference,
        place,
        len(known),
        int(observed["given"].sum()),
        len(after),
        moved,
        _covariates(known, observed, spec),
        errors,
        _picture(rolled, known, observed, target),
        tuple(notes),
    )


def _spec(model: ForecastModel) -> SeriesSpec:
    if model.schema.series is None:
        raise TypeError("the schema has no series")
    return model.schema.series


def _experiment_of(model: ForecastModel, tracking_uri: str | None) -> Tracker | None:
    """The execution that made a model, if the workspace has it with its rows."""
    if model.run_id is None or model.workspace is None:
        return None
    try:
        tracker = Tracker.of_trial(Workspace.open(model.workspace, tracking_uri), model.run_id)
    except (NoModelError, WorkspaceError):
        return None
    there = tracker is not None and (tracker.folder / state.TRAIN).is_file()
    return tracker if there else None


def _values(rows: pd.DataFrame, column: str) -> dict[str, np.ndarray]:
    """The values of each series in the order of time."""
    rows = rows.sort_values([SERIES_COLUMN, TIME_COLUMN])
    return {
        str(name): part.to_numpy(dtype=float)
        for name, part in rows.groupby(SERIES_COLUMN, sort=False)[column]
    }


def _validated(
    path: Path, known: pd.DataFrame, scale: pd.Series[float], leaves: pd.Index[str]
) -> pd.DataFrame:
    """Scaled errors of the windows; of a hierarchy those of leaves, as of the recent rows."""
    places, prediction = read_oof(path)
    mine = known[SERIES_COLUMN].iloc[places].isin(leaves).to_numpy()
    rows, prediction = known.iloc[places[mine]], prediction[mine]
    names = rows[SERIES_COLUMN].to_numpy()
    by = pd.Series(names).map(scale).to_numpy(dtype=float)
    return _errors(names, rows["y"].to_numpy(dtype=float), prediction, by)


def _rolled(rolled: Backtest) -> pd.DataFrame:
    """Scaled errors of the recent rows."""
    told = rolled.forecasts
    prediction = told[["forecast", *map(str, LEVELS)]].to_numpy(dtype=float)
    y = told["actual"].to_numpy(dtype=float)
    return _errors(rolled.series.to_numpy(), y, prediction, rolled.scales[:, 0])


def _errors(
    names: np.ndarray, y: np.ndarray, prediction: np.ndarray, scale: np.ndarray
) -> pd.DataFrame:
    error = np.abs(y - prediction[:, 0]) / scale
    kept = (prediction[:, 1] <= y) & (y <= prediction[:, -1])
    return pd.DataFrame({"series": names, "error": error, "kept": kept})


def _covariates(
    known: pd.DataFrame, observed: pd.DataFrame, spec: SeriesSpec
) -> tuple[Moved, ...]:
    """How the covariates moved, as columns of a table do."""
    there = [name for name in spec.covariates if name in known]
    if not there:
        return ()
    sides = [readable_series(rows, spec) for rows in (known, observed[observed["given"]])]
    columns = []
    for name in there:
        levels = spec.codes.get(name)
        kind = Semantic.NUMERIC if levels is None else Semantic.CATEGORICAL
        storage = "number" if levels is None else "string"
        columns.append(Column(name, kind, storage, "", 0, len(levels or ())))
    return tuple(compare_columns(columns, sides[0], sides[1]))


def _picture(rolled: Backtest, known: pd.DataFrame, observed: pd.DataFrame, target: str) -> bytes:
    """Forecasts of recent rows beside what came."""
    told = rolled.forecasts
    names, origin = rolled.series.to_numpy(dtype=str), told["origin"].to_numpy()
    time = told[told.columns[1]].to_numpy()
    # Series end at different times: an origin is told by its place in its series.
    window = (
        pd.Series(origin).groupby(names).rank(method="dense").to_numpy(dtype=float).astype(int)
    )
    order = np.lexsort((time, names, window))
    columns = ["forecast", *map(str, LEVELS)]
    both = pd.concat([known, observed.rename(columns={target: "y"})], ignore_index=True)
    both = both.sort_values([SERIES_COLUMN, TIME_COLUMN])
    found: dict[str, Any] = forecast_charts(
        Forecasts(
            series=names[order],
            times=time[order].astype("datetime64[ns]"),
            window=window[order],
            y=told["actual"].to_numpy(dtype=float)[order],
            prediction=told[columns].to_numpy(dtype=float)[order],
            scale=rolled.scales[order, 0],
            levels=LEVELS,
        ),
        Known(
            both[SERIES_COLUMN].to_numpy(dtype=str),
            both[TIME_COLUMN].to_numpy(),
            both["y"].to_numpy(dtype=float),
        ),
        target,
    )
    return bytes(found["forecast_horizon"]._repr_png_())
