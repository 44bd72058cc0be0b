"""The explanation of a forecast: its stored model, and windows that it is fitted for anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import SERIES_COLUMN, TIME_COLUMN, Schema, SeriesSpec
from trialbook.evaluation import metric
from trialbook.evaluation.explanations import HeldOut
from trialbook.evaluation.explanations.forecasts import (
    ForecastExplanation,
    ForecastQuestion,
    add_permutation,
    explain_forecast,
    taken,
)
from trialbook.execution._messages import OOF, PROGRAM
from trialbook.execution._oof import stored_folds
from trialbook.models import MODEL_FOLDER, ForecastModel, history
from trialbook.program import import_program

if TYPE_CHECKING:
    from trialbook.execution._explain import Explained

# Of the time, effects and pictures get so much; the rest is for windows.
EFFECTS_SHARE = 0.4
# A window may take longer than the one before.
MARGIN = 1.3
AS_BEFORE = (
    "covariates of the next rows are taken as they were in the last ones; give rows of the future"
    " (data) to explain yours"
)


def explain_forecasts(
    trial: Explained,
    data: pd.DataFrame | None = None,
    *,
    row: int | None = None,
    timeout: float | None = None,
    seed: int = 0,
    told: Callable[[ForecastExplanation], None] | None = None,
) -> ForecastExplanation:
    """Explain forecasts of a trial.

    Parameters
    ----------
    trial : Explained
        Its training rows need not be there; then those count that the model keeps.
    data : DataFrame, optional
        Rows of the future, as `ForecastModel.asked` gives them; by default the next ones of all
        series.
    row : int, optional
        Position of a row that must be among the explained ones, as the index of the data has it.
    timeout : float, optional
        Seconds.
    seed : int
    told : callable, optional
        Told of the explanation before windows are forecast, which may take long.

    Returns
    -------
    ForecastExplanation
    """
    begun = time.monotonic()
    schema, spec = trial.schema, _spec(trial.schema)
    model = ForecastModel(trial.name, trial.folder / MODEL_FOLDER, schema)
    inner = model.model.forecaster.forecaster
    known = _known(trial, inner)
    notes: tuple[str, ...] = ()
    if data is None:
        data = _next(model, known, spec)
        notes = (AS_BEFORE,) if taken(inner) else ()
    question = ForecastQuestion(trial.name, inner, schema, data, known, row, notes)
    share = None if timeout is None else EFFECTS_SHARE * timeout
    found = explain_forecast(question, timeout=share, seed=seed)
    if taken(inner) and trial.train.is_file():
        if told is not None:
            told(found)
        left = None if timeout is None else max(0.0, timeout - (time.monotonic() - begun))
        _measure(found, trial, inner, left, seed)
    return found


def _spec(schema: Schema) -> SeriesSpec:
    if schema.series is None:
        raise TypeError("the schema has no series")
    return schema.series


def _known(trial: Explained, forecaster: Any) -> pd.DataFrame:
    """The rows that the model learned from: the experiment's, or those that it keeps itself."""
    if not trial.train.is_file():
        return history(forecaster)
    spec, target = _spec(trial.schema), trial.schema.target
    columns = [SERIES_COLUMN, TIME_COLUMN, *spec.covariates, *spec.static, target]
    rows = pd.read_parquet(trial.train, columns=columns)
    return rows.rename(columns={target: "y"})


def _next(model: ForecastModel, known: pd.DataFrame, spec: SeriesSpec) -> pd.DataFrame:
    """The next rows of each series, with covariates as they were in its last rows."""
    rows: pd.DataFrame = model.model.next_rows(spec.horizon)
    names = [name for name in spec.covariates if name in known]
    if not names:
        return model.of_all_nodes(rows)
    last = known.groupby(SERIES_COLUMN, sort=False).tail(spec.horizon)[[SERIES_COLUMN, *names]]
    last = last.set_index(_places(last))
    # A shorter series has rows for the first steps alone; then they stay as at its end.
    there = last.reindex(_places(rows))
    for name in names:
        values = there[name].to_numpy(dtype=float)
        rows[name] = np.where(np.isnan(values), rows[name], values)
    return model.of_all_nodes(rows)


def _places(rows: pd.DataFrame) -> pd.MultiIndex:
    """The series of each row, and which one of it the row is."""
    place = rows.groupby(SERIES_COLUMN, sort=False).cumcount()
    return pd.MultiIndex.from_arrays([rows[SERIES_COLUMN], place])


# -- permutation importance on the windows that validated ----------------------------------------


@dataclass(frozen=True)
class _Window:
    """A window, with the forecasters that take covariates as they were fitted before it.

    Parameters
    ----------
    X : DataFrame
        Its rows.
    told : ndarray of shape (n_rows, 1 + n_levels)
        What the trial forecast of them.
    fitted : list of (float, object)
        Forecasters with their weights.
    usual : ndarray of shape (n_rows,)
        What these say together of the rows as they are.
    """

    X: pd.DataFrame
    told: np.ndarray
    fitted: list[tuple[float, Any]]
    usual: np.ndarray

    def __call__(self, covariates: pd.DataFrame) -> np.ndarray:
        """Forecasts of the rows with other covariates."""
        X = self.X.assign(**{name: covariates[name].to_numpy() for name in covariates})
        moved = sum(weight * one.forecast(X) for weight, one in self.fitted) - self.usual
        return np.asarray(self.told + np.asarray(moved)[:, None])


class _Windows(HeldOut):
    """Windows are forecast whole, however many rows they have."""

    def some(self, n_rows: int, seed: int) -> HeldOut:
        """All of them."""
        return self


def _measure(
    found: ForecastExplanation, trial: Explained, inner: Any, left: float | None, seed: int
) -> None:
    """Add permutation importance, or say why there is none."""
    begun = time.monotonic()
    try:
        held = _windows(trial, inner, None if left is None else begun + left / 2)
    except (OSError, AttributeError, ValueError) as error:  # an edited program
        found.notes.append(f"covariates were not mixed up: {error}")
        return
    if held is None:
        found.notes.append("covariates were not mixed up: there was no time for a window")
        return
    chosen = metric(trial.metric, "forecasting")
    sign = 1.0 if chosen.greater_is_better else -1.0

    def score(y: np.ndarray, prediction: np.ndarray) -> float:
        return sign * chosen.score(y, prediction)

    rest = None if left is None else max(0.0, left - (time.monotonic() - begun))
    add_permutation(found, held, score, chosen.name, timeout=rest, seed=seed)


def _windows(trial: Explained, inner: Any, deadline: float | None) -> _Windows | None:
    """The windows that there is time for, the latest first; None if there is none."""
    spec = _spec(trial.schema)
    members = {
        name: (weight, import_program(path))
        for name, (weight, path) in _programs(trial, inner).items()
    }
    X, y, folds, scale = next(iter(members.values()))[1].load(trial.train)[:4]
    stored = list(stored_folds(trial.folder / OOF))  # a row may be in several that overlap
    parts: list[tuple[Callable[[pd.DataFrame], np.ndarray], np.ndarray]] = []
    took = 0.0
    for fold, (_, valid, told) in zip(folds.T[::-1], stored[::-1], strict=True):
        begun = time.monotonic()
        if deadline is not None and begun + MARGIN * took > deadline:
            break
        train = np.flatnonzero(fold == 1)
        fitted = [
            (weight, program.build_forecaster().fit(X.iloc[train], y[train]))
            for weight, program in members.values()
        ]
        usual = sum(weight * one.forecast(X.iloc[valid]) for weight, one in fitted)
        parts.append((_Window(X.iloc[valid], told, fitted, np.asarray(usual)), valid))
        took = time.monotonic() - begun
    if not parts:
        return None
    truth = np.column_stack([y, scale])
    what = f"the latest {len(parts)} of {folds.shape[1]} windows"
    what = "all windows" if len(parts) == folds.shape[1] else what
    return _Windows(X[list(spec.covariates)], truth, parts, what)


def _programs(trial: Explained, inner: Any) -> Mapping[str, tuple[float, Path]]:
    """Programs of the forecasters that take covariates, with their weights in the trial."""
    path = trial.folder / PROGRAM
    members = getattr(inner, "forecasters", None)
    if members is None:
        return {trial.name: (1.0, path)}
    folders = import_program(path).MEMBERS
    return {
        name: (float(inner.weights[name]), (path.parent / folders[name] / PROGRAM).resolve())
        for name, one in members.items()
        if taken(one)
    }
