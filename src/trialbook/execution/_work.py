"""What a worker does with a request: train a trial's program, or score a stored model.

Both write below the run's folder only, and return numbers and names that fit into JSON.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from trialbook._words import listed
from trialbook.data import (
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    Schema,
    encode,
    ranges,
    row_scales,
)
from trialbook.evaluation import all_metrics, charts, metric, write_charts
from trialbook.evaluation.conformal import calibrate
from trialbook.execution._charts import (
    Validated,
    given_weight,
    import_in_place,
    write_forecast_charts,
    write_trial_charts,
)
from trialbook.execution._levels import mase_by_level, nodes_beside
from trialbook.execution._messages import CHARTS, FIRST_FOLD, NOTEBOOK, OOF, PROGRAM, Request
from trialbook.execution._oof import stored_folds, write_oof
from trialbook.learners import Deadline, IterativeLearner, Learner, find
from trialbook.models import (
    CHECK_ROWS,
    MODEL_FOLDER,
    ForecastModel,
    load_model,
    predict,
    requirements,
    row_ms,
    save_forecaster,
    save_model,
    time_forecast,
    write_predictions,
)
from trialbook.program import import_program, set_constant, to_notebook, with_first_folds

Report = Callable[[str, dict[str, Any]], None]
# Fitted model, validation rows, and what it predicts of them.
Fold = tuple[Any, np.ndarray, np.ndarray]

CHECK = "model_check/predictions.parquet"

# Training metrics are of this many rows: they only show how far a model overfits.
TRAINING_ROWS = 2000
# Of a trial's time, this share packages and stores the model, within bounds.
PACKAGING_SHARE = 0.15
PACKAGING_MIN_S = 1.0
# Each class of each fold may have a model of its own, which is scored and stored too.
PACKAGING_MODEL_S = 0.008
PACKAGING_MAX_S = 10.0
# Rows of the sample that shows whether class weights help.
PROBE_ROWS = 10_000


class OutOfTimeError(Exception):
    """A trial that cannot end in time gives up early."""


@dataclass
class _Trained:
    """What cross-validation leaves."""

    models: list[Any]
    rows: list[np.ndarray]
    predictions: list[np.ndarray]
    scores: list[float]
    seconds: float
    cut_short: bool


def run_trial(request: Request, report: Report) -> dict[str, Any]:
    """Train, validate and package one trial.

    Parameters
    ----------
    request : Request
        Payload: ``schema`` (a JSON file), ``learner`` (a key, or ``None`` for a program that no
        learner wrote), ``metadata`` (for the notebook), ``race`` (whether the predictions of the
        first fold are to be shown), ``partial`` (whether some folds are better than none),
        ``oof`` (a file with what the same ``cross_validate`` predicted in an earlier trial, which
        need not be repeated).
    report : callable
        Told of every fold.

    Returns
    -------
    dict
        ``score``, ``std``, ``fold_scores``, ``metrics``, ``fit_s``, ``predict_ms``,
        ``predict_row_ms``, ``store_s``, ``model_bytes``, ``cut_short``, ``rounds``, ``n_folds``
        (those that ended in time) and ``members`` (of an ensemble, those that its model has).
    """
    start = time.monotonic()
    folder = Path(request.folder)
    payload = request.payload
    schema = Schema.from_dict(json.loads(Path(payload["schema"]).read_text("utf-8")))
    learner = find(payload["learner"]) if payload["learner"] else None
    if schema.series is not None:
        return _run_series(request, schema, learner, report)
    path = folder / PROGRAM
    text = path.read_text("utf-8")
    program = import_in_place(path)
    X, y = (loaded := program.load())[:2]
    # An ensemble's folds train what takes the predictions of its members, not the features.
    trains = "oof" not in payload and not hasattr(program, "MEMBERS")
    n_models = loaded[2].shape[1] * max(1, len(schema.classes))
    training = math.inf if request.budget_s is None else _training_s(request.budget_s, n_models)
    pace = _Pace(start + training, trains, payload.get("partial", False))
    shown = folder / FIRST_FOLD if payload.get("race") else None
    known = stored_folds(Path(payload["oof"])) if "oof" in payload else None
    trained = _cross_validate(program, loaded, learner, pace, report, shown, known)
    if np.isnan(trained.scores).all():
        raise ValueError("the metric is undefined on the validation rows of every fold")
    text, rounds = _completed(text, program, learner, trained, loaded[2].shape[1])
    path.write_text(text, "utf-8")
    (folder / NOTEBOOK).write_text(to_notebook(text, payload["metadata"]), "utf-8")
    model = _model(program, loaded, trained)
    write_oof(folder / OOF, trained.rows, trained.predictions)
    (folder / FIRST_FOLD).unlink(missing_ok=True)
    begun = time.perf_counter()
    save_model(model, folder / MODEL_FOLDER, X, _requires(program, text), schema)
    calibrate(y[np.concatenate(trained.rows)], np.concatenate(trained.predictions)).write(
        folder / MODEL_FOLDER
    )
    store_s = time.perf_counter() - begun
    times = _checked(model, X, folder, classification=schema.task == "classification")
    metrics = _metrics(trained, schema, y)
    if trains:
        metrics |= _training_metrics(trained, schema, X, y)
    write_trial_charts(
        folder,
        schema,
        y,
        Validated(trained.rows, trained.predictions, trained.models),
        weight=given_weight(program, schema),
        learner=learner,
        rounds=rounds,
        all_pictures=not trains,  # of ensembles and refits there are few
    )
    return {
        **_told(trained, folder),
        "metrics": metrics,
        **times,
        "store_s": store_s,
        "rounds": rounds,
        "members": _members(program, model),
    }


def _run_series(
    request: Request, schema: Schema, learner: Learner | None, report: Report
) -> dict[str, Any]:
    """As `run_trial`, of a forecast."""
    start = time.monotonic()
    folder, payload = Path(request.folder), request.payload
    text = (folder / PROGRAM).read_text("utf-8")
    program = import_in_place(folder / PROGRAM)
    X, y, _, scale = (loaded := program.load())[:4]
    trains = not hasattr(program, "MEMBERS")
    training = math.inf if request.budget_s is None else _training_s(request.budget_s, 1)
    pace = _Pace(start + training, trains, payload.get("partial", False))
    shown = folder / FIRST_FOLD if payload.get("race") else None
    trained = _cross_validate(program, loaded, learner, pace, report, shown, extra=(scale,))
    if np.isnan(trained.scores).all():
        raise ValueError("the metric is undefined on the rows of every window")
    (folder / NOTEBOOK).write_text(to_notebook(text, payload["metadata"]), "utf-8")
    begun = time.monotonic()
    model = program.combine(trained.models, X, y)
    trained.seconds += time.monotonic() - begun
    write_oof(folder / OOF, trained.rows, trained.predictions)
    (folder / FIRST_FOLD).unlink(missing_ok=True)
    began = time.perf_counter()
    requires = _requires(program, text)
    nodes = nodes_beside(Path(payload["schema"]))
    kept = save_forecaster(model, folder / MODEL_FOLDER, X, y, requires, schema, nodes)
    store_s = time.perf_counter() - began
    truth = np.column_stack([y, scale])
    write_forecast_charts(
        folder / CHARTS,
        schema,
        X[[SERIES_COLUMN, TIME_COLUMN]].assign(**{schema.target: y, SCALE_COLUMN: scale[:, 0]}),
        trained.rows,
        trained.predictions,
        all_pictures=not trains,
    )
    return {
        **_told(trained, folder),
        "metrics": _metrics(trained, schema, truth) | _of_levels(trained, nodes, X, truth),
        **time_forecast(kept, schema, folder / CHECK),
        "store_s": store_s,
        "rounds": None,
        "members": _members(program, model),
        "note": _left_to_naive(program, model, X),
    }


def _left_to_naive(program: Any, model: Any, X: pd.DataFrame) -> str:
    """Which series the final model could not be fitted to; empty if it could to all.

    Programs of votes, whose members say so, and edited ones need not tell.
    """
    left = program.left_to_naive(model) if hasattr(program, "left_to_naive") else []
    if not left:
        return ""
    n_series = X[SERIES_COLUMN].nunique()
    return f"seasonal naive for {listed(left)}, {len(left):,} of {n_series:,} series"


def _of_levels(
    trained: _Trained, nodes: pd.DataFrame | None, X: pd.DataFrame, truth: np.ndarray
) -> dict[str, float]:
    """MASE in all windows of the nodes of each level of a hierarchy."""
    rows = np.concatenate(trained.rows)
    error = (truth[rows, 0] - np.concatenate(trained.predictions)[:, 0]) / truth[rows, 1]
    by_level = mase_by_level(nodes, X[SERIES_COLUMN].to_numpy()[rows], error)
    return {f"validation_{name}": value for name, value in by_level.items()}


def _told(trained: _Trained, folder: Path) -> dict[str, Any]:
    """What a trial tells of its folds and its model, whatever it predicts."""
    return {
        "score": float(np.nanmean(trained.scores)),
        "std": float(np.nanstd(trained.scores)),
        "fold_scores": trained.scores,
        "fit_s": trained.seconds,
        "model_bytes": sum(f.stat().st_size for f in (folder / MODEL_FOLDER).rglob("*")),
        "cut_short": trained.cut_short,
        "n_folds": len(trained.models),
    }


def run_score(request: Request, report: Report) -> dict[str, Any]:
    """Score a stored model on a table, and keep its predictions.

    Parameters
    ----------
    request : Request
        The folder is the trial's. Payload: ``schema`` (a JSON file), ``table`` (features, and
        the target if it is known), ``name`` (of the folder to write into), ``y_range``,
        ``train`` (of series: the rows before those of the table).
    report : callable
        Not used.

    Returns
    -------
    dict
        ``metrics``: empty when the target is not known.
    """
    from trialbook.tasks import prediction_table

    folder, payload = Path(request.folder), request.payload
    schema = Schema.from_dict(json.loads(Path(payload["schema"]).read_text("utf-8")))
    data = pd.read_parquet(payload["table"])
    if schema.series is not None:
        return _score_forecast(folder, schema, data, payload)
    model = load_model(folder / MODEL_FOLDER)
    is_classification = schema.task == "classification"
    prediction = predict(model, data[schema.names], classification=is_classification)
    out = folder / payload["name"]
    out.mkdir(parents=True, exist_ok=True)
    table = prediction_table(schema, prediction)
    if schema.target not in data:
        table.to_csv(out / "predictions.csv", index=False)
        return {"metrics": {}}
    table.insert(0, "actual", data[schema.target].to_numpy())
    table.to_csv(out / "predictions.csv", index=False)
    y = encode(data[schema.target], schema.classes)
    weight = None
    if schema.weight in data:
        weight = data[schema.weight].to_numpy(dtype=float)
    write_charts(charts(schema.task, y, prediction, schema.classes, schema.positive, weight), out)
    metrics = all_metrics(
        schema.task, y, prediction, schema.positive, y_range=payload.get("y_range")
    )
    primary = metric(payload["metric"], schema.task, len(schema.classes))
    return {"metrics": metrics, "score": primary.score(y, prediction, schema.positive)}


def _score_forecast(
    folder: Path, schema: Schema, data: pd.DataFrame, payload: dict[str, Any]
) -> dict[str, Any]:
    """As `run_score`, of a forecast."""
    told = ForecastModel(folder.name, folder / MODEL_FOLDER, schema).forecast_rows(data)
    columns = [SERIES_COLUMN, TIME_COLUMN, schema.target, SCALE_COLUMN]
    train = pd.read_parquet(payload["train"], columns=columns)
    y = np.column_stack([data[schema.target], row_scales(data, ranges(train, schema.target))])
    out = folder / payload["name"]
    out.mkdir(parents=True, exist_ok=True)
    told.assign(actual=y[:, 0]).to_csv(out / "predictions.csv", index=False)
    prediction = told.iloc[:, 2:].to_numpy(dtype=float)
    known = pd.concat([data[columns], train])
    write_forecast_charts(out, schema, known, [np.arange(len(data))], [prediction])
    nodes = nodes_beside(Path(payload["schema"]))
    error = (y[:, 0] - prediction[:, 0]) / y[:, 1]
    by_level = mase_by_level(nodes, data[SERIES_COLUMN].to_numpy(), error)
    metrics = all_metrics(schema.task, y, prediction) | by_level
    return {
        "metrics": metrics,
        "score": metric(payload["metric"], schema.task).score(y, prediction),
    }


def run_probe(request: Request, report: Report) -> dict[str, Any]:
    """Score programs on a sample of the first fold.

    Parameters
    ----------
    request : Request
        Payload: ``programs`` (paths by name) and ``data`` (the training table).
    report : callable
        Not used.

    Returns
    -------
    dict of str to float
        A score for each program.
    """
    scores = {}
    for name, path in request.payload["programs"].items():
        program = import_program(Path(path))
        loaded = program.load(request.payload["data"])
        fold = loaded[2][:, 0]
        rng = np.random.default_rng(0)
        kept = rng.permutation(len(fold))[:PROBE_ROWS]
        sample = (
            loaded[0].iloc[kept].reset_index(drop=True),
            *(part[kept] for part in loaded[1:]),
        )
        one_fold = (sample[0], sample[1], fold[kept][:, None], *sample[3:])
        _, rows, prediction = next(iter(program.cross_validate(*one_fold)))
        scores[name] = float(program.evaluate(sample[1], rows, np.asarray(prediction)))
    return scores


def _training_s(budget_s: float, n_models: int) -> float:
    """Seconds of a trial's budget that are for training."""
    packaging = PACKAGING_SHARE * budget_s + PACKAGING_MODEL_S * n_models
    packaging = min(PACKAGING_MAX_S, max(PACKAGING_MIN_S, packaging))
    return max(0.5 * budget_s, budget_s - packaging)


def _completed(
    text: str, program: ModuleType, learner: Learner | None, trained: _Trained, n_folds: int
) -> tuple[str, list[int] | None]:
    """The program with the rounds that were found and the folds that ended, and these rounds."""
    rounds = None
    if isinstance(learner, IterativeLearner):
        rounds = [learner.rounds(model[-1]) for model in trained.models]
        text = set_constant(text, "ROUNDS", rounds)
    if len(trained.models) < n_folds:
        text = with_first_folds(text, program.FOLDS, len(trained.models))
    return text, rounds


def _checked(
    model: Any, X: pd.DataFrame, folder: Path, *, classification: bool
) -> dict[str, float]:
    """How fast a model predicts; what it predicts of some rows is kept, to check it by later."""
    begun = time.perf_counter()
    check = predict(model, X.head(CHECK_ROWS), classification=classification)
    seconds = time.perf_counter() - begun
    write_predictions(check, folder / CHECK)
    return {
        "predict_ms": seconds * 1e6 / len(check),  # for a thousand rows
        "predict_row_ms": row_ms(model, X, classification=classification),
    }


def _model(program: ModuleType, loaded: tuple[Any, ...], trained: _Trained) -> Any:
    """The model of the folds' models, or the one in their place that is trained on all rows."""
    if not hasattr(program, "refit"):
        return program.combine(trained.models, loaded[0], loaded[1])
    begun = time.monotonic()
    model = program.refit(*loaded)
    trained.seconds += time.monotonic() - begun
    return model


def _members(program: ModuleType, model: Any) -> list[str]:
    """The members of an ensemble that its model has: a vote leaves out most candidates."""
    if not hasattr(program, "MEMBERS"):
        return []
    blend = getattr(model, "model", model)  # within one that adjusts its probabilities
    if hasattr(model, "forecaster"):
        return [name for name, weight in model.forecaster.weights.items() if weight > 0]
    return [name for name, _ in getattr(blend, "estimators", ())]


def _requires(program: ModuleType, text: str) -> list[str]:
    """Requirement lines of a program, and of the stored models that it builds on."""
    lines = requirements(text)
    for folder in getattr(program, "MEMBERS", {}).values():
        lines += (Path(folder) / MODEL_FOLDER / "requirements.txt").read_text("utf-8").split()
    return list(dict.fromkeys(lines))


@dataclass(frozen=True)
class _Pace:
    """How a trial keeps to its time.

    A program that trains nothing, as that of an ensemble, does all its work for the first fold, so
    that one says nothing of the others. When `partial`, folds that do not fit are left out.
    """

    limit: float
    trains: bool
    partial: bool

    def fits(self, begun: float, done: int, n_folds: int) -> bool:
        """Whether another fold may start, after so many that tell how long one takes."""
        now = time.monotonic()
        per_fold = (now - begun) / done if done else 0.0
        ahead = 1 if self.partial else n_folds - done
        if not self.trains or not done or now + per_fold * ahead <= self.limit:
            return True
        if self.partial:
            return False
        raise OutOfTimeError(
            f"a fold took {per_fold:.1f} s, and {ahead} more do not fit into the"
            f" {max(0.0, self.limit - now):.1f} s that are left"
        )


def _cross_validate(
    program: ModuleType,
    loaded: tuple[Any, ...],
    learner: Learner | None,
    pace: _Pace,
    report: Report,
    shown: Path | None = None,
    known: Iterator[Fold] | None = None,
    extra: tuple[np.ndarray, ...] = (),
) -> _Trained:
    """Step through the program's folds, keeping to the limit between and within them.

    The first one's predictions are `shown` in a file. What is `known` of the folds is scored
    without training. What the program's `evaluate` needs besides predictions is `extra`.
    """
    start = time.monotonic()
    folds: Iterator[Fold]
    deadline = Deadline()
    # A program with rounds in it is complete: only an open one is searched, and can be cut short.
    can_stop = isinstance(learner, IterativeLearner) and not program.ROUNDS
    n_folds = loaded[2].shape[1]
    if known is not None:
        folds = known
    elif isinstance(learner, IterativeLearner) and can_stop:
        folds = program.cross_validate(*loaded, callbacks=(learner.stopper(deadline),))
    else:
        folds = program.cross_validate(*loaded)
    trained = _Trained([], [], [], [], 0.0, cut_short=False)
    for number in range(n_folds):
        if not can_stop and not pace.fits(start, number, n_folds):
            break
        now = time.monotonic()
        if math.isfinite(pace.limit):
            deadline.at = now + (pace.limit - now) / (n_folds - number)
        model, rows, prediction = next(folds)
        prediction = np.asarray(prediction, dtype=float)
        if not np.isfinite(prediction).all():
            raise ValueError("the model predicts values that are not finite")
        score = float(program.evaluate(loaded[1], rows, prediction, *extra))
        trained.models.append(model)
        trained.rows.append(rows)
        trained.predictions.append(prediction)
        trained.scores.append(score)
        if shown is not None and number == 0 and n_folds > 1:
            write_oof(shown, [rows], [prediction])
        report("fold", {"fold": number + 1, "n_folds": n_folds, "score": score})
    trained.seconds = time.monotonic() - start
    trained.cut_short = deadline.hit
    return trained


def _metrics(trained: _Trained, schema: Schema, y: np.ndarray) -> dict[str, float]:
    """Mean over the folds of every metric, on their validation rows."""
    y_range = float(np.ptp(y)) if schema.task == "regression" else None
    by_fold = pd.DataFrame(
        [
            all_metrics(schema.task, y[rows], prediction, schema.positive, y_range=y_range)
            for rows, prediction in zip(trained.rows, trained.predictions, strict=True)
        ]
    )
    return {f"validation_{name}": float(by_fold[name].mean()) for name in by_fold}


def _training_metrics(
    trained: _Trained, schema: Schema, X: pd.DataFrame, y: np.ndarray
) -> dict[str, float]:
    """Every metric of the first fold's model on a sample of the rows that it was trained on."""
    y_range = float(np.ptp(y)) if schema.task == "regression" else None
    unseen = np.zeros(len(y), dtype=bool)
    unseen[trained.rows[0]] = True
    seen = np.flatnonzero(~unseen)
    sample = np.random.default_rng(0).permutation(seen)[:TRAINING_ROWS]
    model = trained.models[0]
    prediction = predict(model, X.iloc[sample], classification=bool(schema.classes))
    scores = all_metrics(schema.task, y[sample], prediction, schema.positive, y_range=y_range)
    return {f"training_{name}": value for name, value in scores.items()}
