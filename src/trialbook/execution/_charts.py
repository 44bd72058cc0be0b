"""Charts of a trial: written when it is trained, drawn or trained for when they are asked for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from trialbook.data import (
    LEVELS,
    SAMPLE_WEIGHT,
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    Schema,
)
from trialbook.evaluation import (
    EAGER,
    Chart,
    Forecasts,
    Known,
    charts,
    forecast_charts,
    learning_curve,
    metric,
    read_charts,
    training_rounds,
    write_charts,
)
from trialbook.execution._messages import CHARTS, PROGRAM, Request
from trialbook.learners import Learner
from trialbook.models import predict
from trialbook.program import import_program

Report = Callable[[str, dict[str, Any]], None]

# Shares of a fold's training rows; a curve is steep at its beginning.
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
# Fewer rows than these, or than so many of each class, tell nothing.
LEAST_ROWS, LEAST_ROWS_OF_CLASS = 20, 2
# Folds beyond these hardly change the mean.
MAX_FOLDS = 3
# Rows of those that train that are scored, as for training metrics.
SCORED_ROWS = 2000
# A training may take longer than its rows say.
MARGIN = 1.3


def import_in_place(path: Path) -> ModuleType:
    """Import a program from its own folder, from which its relative paths are meant.

    Parameters
    ----------
    path : Path

    Returns
    -------
    module
    """
    os.chdir(path.parent)
    return import_program(path)


def given_weight(program: ModuleType, schema: Schema) -> np.ndarray | None:
    """What the rows of the training table weigh, if a person gave weights.

    Parameters
    ----------
    program : module
        Imported in place.
    schema : Schema

    Returns
    -------
    ndarray or None
    """
    if schema.weight is None or schema.weight == SAMPLE_WEIGHT:
        return None  # those of a sample are for training: rows that validate weigh the same
    weights = pd.read_parquet(program.DATA, columns=[schema.weight])
    return np.asarray(weights[schema.weight], dtype=float)


@dataclass(frozen=True)
class Validated:
    """What a trial's charts are made of: rows, predictions and models, fold by fold."""

    rows: Sequence[np.ndarray]
    predictions: Sequence[np.ndarray]
    models: Sequence[Any]


def write_trial_charts(
    folder: Path,
    schema: Schema,
    y: np.ndarray,
    found: Validated,
    *,
    weight: np.ndarray | None,
    learner: Learner | None,
    rounds: Sequence[int] | None,
    all_pictures: bool,
) -> None:
    """Write the charts of all out-of-fold predictions together, and pictures of the most usual.

    Parameters
    ----------
    folder : Path
        Of the trial.
    schema : Schema
    y : ndarray of shape (n_rows,)
        Of the training table.
    found : Validated
    weight : ndarray of shape (n_rows,), optional
    learner : Learner, optional
        That may tell of the rounds of the models.
    rounds : sequence of int, optional
        That the models use.
    all_pictures : bool
        Whether further ones are drawn, too.
    """
    rows, prediction = np.concatenate(found.rows), np.concatenate(found.predictions)
    weight = None if weight is None else weight[rows]
    made = charts(schema.task, y[rows], prediction, schema.classes, schema.positive, weight)
    chart = _rounds_chart(found.models, learner, rounds)
    if chart is not None:
        made[chart.name] = chart
    write_charts(made, folder / CHARTS, None if all_pictures else EAGER)


def write_forecast_charts(
    folder: Path,
    schema: Schema,
    data: pd.DataFrame,
    rows: Sequence[np.ndarray],
    predictions: Sequence[np.ndarray],
    *,
    all_pictures: bool = True,
) -> None:
    """Write the charts of forecasts, and pictures of all or of the most usual.

    Parameters
    ----------
    folder : Path
        Where to write.
    schema : Schema
    data : DataFrame
        Everything that is known of the series: their names, times, target and scale.
    rows : sequence of ndarray of int
        Positions in `data` of the rows that were forecast, window by window.
    predictions : sequence of ndarray of shape (n, 1 + n_levels)
        Forecasts of these rows and their quantiles.
    all_pictures : bool
    """
    data = data.reset_index(drop=True)
    window = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    told = data.iloc[np.concatenate(rows)].reset_index(drop=True)
    prediction = np.concatenate(predictions)
    order = np.lexsort((told[TIME_COLUMN], told[SERIES_COLUMN].astype(str), window))
    told = told.iloc[order]
    data = data.sort_values([SERIES_COLUMN, TIME_COLUMN])
    made = forecast_charts(
        Forecasts(
            series=told[SERIES_COLUMN].to_numpy(dtype=str),
            times=told[TIME_COLUMN].to_numpy(),
            window=window[order],
            y=told[schema.target].to_numpy(dtype=float),
            prediction=prediction[order],
            scale=told[SCALE_COLUMN].to_numpy(dtype=float),
            levels=LEVELS,
        ),
        Known(
            data[SERIES_COLUMN].to_numpy(dtype=str),
            data[TIME_COLUMN].to_numpy(),
            data[schema.target].to_numpy(dtype=float),
        ),
        schema.target,
    )
    write_charts(made, folder, None if all_pictures else EAGER)


def _rounds_chart(
    models: Sequence[Any], learner: Learner | None, rounds: Sequence[int] | None
) -> Chart | None:
    """What the library recorded of every fold's training, if it did."""
    if learner is None:
        return None
    histories = [learner.history(model[-1]) for model in models if model is not None]
    told = [one for one in histories if one is not None]
    if not told or len(told) < len(models):
        return None
    lines = [(one.training, one.validation) for one in told]
    data = training_rounds(told[0].measure, lines, rounds)
    return Chart("training_rounds", data) if data["curves"] else None


def run_draw(request: Request, report: Report) -> dict[str, Any]:
    """Draw the pictures of a trial's charts that were not drawn yet.

    Parameters
    ----------
    request : Request
        The folder is the trial's; no payload.
    report : callable
        Not used.

    Returns
    -------
    dict
        ``drawn``: names of the charts.
    """
    drawn = []
    for name, chart in read_charts(Path(request.folder) / CHARTS).items():
        if chart.picture is None:
            chart.write_picture(Path(request.folder) / CHARTS)
            drawn.append(name)
    return {"drawn": drawn}


def run_learning_curve(request: Request, report: Report) -> dict[str, Any]:
    """Train a trial's configuration on shares of the rows, and write what comes of it.

    The chart is written after every training, so that one that is killed leaves the others.

    Parameters
    ----------
    request : Request
        The folder is the trial's. Payload: ``schema`` (a JSON file) and ``metric``.
    report : callable
        Told of every training (``point``).

    Returns
    -------
    dict
        ``points``: how many trainings ended.
    """
    begun = time.monotonic()
    folder, payload = Path(request.folder), request.payload
    schema = Schema.from_dict(json.loads(Path(payload["schema"]).read_text("utf-8")))
    measured = metric(payload["metric"], schema.task, len(schema.classes))
    program = import_in_place(folder / PROGRAM)
    loaded = program.load()
    until = np.inf if request.budget_s is None else begun + request.budget_s
    points: list[dict[str, float]] = []
    for point in _points(program, loaded, schema, until):
        points.append(point)
        data = learning_curve(points, measured.name, greater_is_better=measured.greater_is_better)
        Chart("learning_curve", data).write_data(folder / CHARTS)
        report("point", dict(point))
    if points:
        Chart("learning_curve", data).write_picture(folder / CHARTS)
    return {"points": len(points)}


def _points(
    program: ModuleType, loaded: tuple[Any, ...], schema: Schema, until: float
) -> Iterator[dict[str, float]]:
    """Train on growing shares of the first fold, then of further ones if all fit into the time."""
    X, y, folds = loaded[:3]
    options = {"rounds": None} if hasattr(program, "ROUNDS") else {}
    passes: list[float] = []
    for fold in range(min(folds.shape[1], MAX_FOLDS)):
        begun = time.monotonic()
        if passes and begun + MARGIN * max(passes) > until:
            return
        order = _in_order(y, folds[:, fold], schema, fold)
        pace = 0.0  # seconds a row
        for share in SHARES:
            size = round(share * len(order))
            if size < max(LEAST_ROWS, LEAST_ROWS_OF_CLASS * len(schema.classes)) and share < 1:
                continue
            start = time.monotonic()
            if start + MARGIN * pace * size > until:
                return
            some = np.where(folds[:, fold] == 0, 0, -1)
            some[order[:size]] = 1
            parts = (X, y, some[:, None], *loaded[3:])
            try:
                model, rows, prediction = next(iter(program.cross_validate(*parts, **options)))
            except Exception:
                if share == 1:
                    raise
                continue  # a library may refuse so few rows, such as fewer than neighbours
            seconds = time.monotonic() - start
            pace = seconds / size
            sample = np.random.default_rng(fold).permutation(order[:size])[:SCORED_ROWS]
            seen = predict(model, X.iloc[sample], classification=bool(schema.classes))
            yield {
                "fold": fold + 1,
                "share": share,
                "rows": size,
                "training": float(program.evaluate(y, sample, np.asarray(seen, dtype=float))),
                "validation": float(
                    program.evaluate(y, rows, np.asarray(prediction, dtype=float))
                ),
                "seconds": round(seconds, 3),
            }
        passes.append(time.monotonic() - begun)


def _in_order(y: np.ndarray, fold: np.ndarray, schema: Schema, seed: int) -> np.ndarray:
    """Rows that train in an order of which every beginning is a sample, with all classes in it."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(fold == 1))
    if not schema.classes:
        return order
    place = np.empty(len(order))
    for k in np.unique(y[order]):
        mine = np.flatnonzero(y[order] == k)
        place[mine] = np.arange(len(mine)) / len(mine)
    return order[np.argsort(place, kind="stable")]
