"""The explanation of a trial: its stored model, and rows that its folds' models have not seen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trialbook.data import Schema, encode
from trialbook.evaluation import metric
from trialbook.evaluation.explanations import (
    FOLDER,
    MOST_ROWS,
    Explanation,
    HeldOut,
    Question,
    explain,
    fold_models,
    say,
)
from trialbook.execution._explain_series import explain_forecasts
from trialbook.execution._messages import OOF, Request
from trialbook.execution._oof import read_oof
from trialbook.models import (
    BACKGROUND_FILE,
    MODEL_FOLDER,
    background,
    load_model,
)

Report = Callable[[str, dict[str, Any]], None]

# Seconds that are kept for pictures and files: what drawing seven figures takes.
DRAWING_S = 1.5


@dataclass(frozen=True)
class Explained:
    """A trial that is to be explained.

    Parameters
    ----------
    folder : Path
        Of its artifacts.
    schema : Schema
    train, test : Path
        The experiment's training rows, and its test rows, which need not be there.
    name : str
        Its label.
    metric : str
        The experiment's.
    """

    folder: Path
    schema: Schema
    train: Path
    test: Path
    name: str
    metric: str


def explain_trial(
    trial: Explained,
    data: pd.DataFrame | None = None,
    *,
    row: int | None = None,
    timeout: float | None = None,
    seed: int = 0,
    estimator: Any = None,
) -> Explanation:
    """Explain a trial's model.

    Parameters
    ----------
    trial : Explained
    data : DataFrame, optional
        Rows to explain, stored as the schema says; with the target, permutation importance is
        measured on them. By default the trial's validation rows, of which each fold's model
        predicts those that it has not seen; of a model that was trained on all rows, the test
        rows.
    row : int, optional
        Position of a row that must be among the explained ones.
    timeout : float, optional
        Seconds.
    seed : int
    estimator : estimator, optional
        Its model, if it is loaded already.

    Returns
    -------
    Explanation
        Its rows in the order of the table that they are of.
    """
    begun = time.monotonic()
    schema, classification = trial.schema, bool(trial.schema.classes)
    model = load_model(trial.folder / MODEL_FOLDER) if estimator is None else estimator
    notes: tuple[str, ...] = ()
    if data is None:
        X, held, notes = _validation(trial, model)
    else:
        X, held = data[schema.names], None
        if schema.target in data:
            held = _whole(model, data, schema, "the given rows")
    chosen = metric(trial.metric, schema.task, len(schema.classes))
    sign = 1.0 if chosen.greater_is_better else -1.0

    def score(y: np.ndarray, told: np.ndarray) -> float:
        prediction = told if classification else told[:, 0]
        return sign * chosen.score(y, prediction, schema.positive)

    spent = time.monotonic() - begun
    question = Question(
        trial.name,
        model,
        schema,
        _some(X, held, row, seed, choose=data is None),
        _background(trial, X),
        held,
        score,
        trial.metric,
        notes,
    )
    left = None if timeout is None else max(0.1, timeout - spent)
    return explain(question, timeout=left, seed=seed)


def run_explain(request: Request, report: Report) -> dict[str, Any]:
    """Explain a stored model, and keep the explanation in its folder.

    Parameters
    ----------
    request : Request
        The folder is the trial's. Payload: ``schema`` (a JSON file), ``train`` and ``test``
        (tables; the latter need not be there), ``name``, ``metric`` and ``seed``.
    report : callable
        Not used.

    Returns
    -------
    dict
        ``exact``, ``n_rows``, and ``columns``, the most important first.
    """
    payload = request.payload
    schema = Schema.from_dict(json.loads(Path(payload["schema"]).read_text("utf-8")))
    trial = Explained(
        Path(request.folder),
        schema,
        Path(payload["train"]),
        Path(payload["test"]),
        payload["name"],
        payload["metric"],
    )
    budget = None if request.budget_s is None else max(0.5, request.budget_s - DRAWING_S)

    def keep(found: Explanation) -> None:
        found.save(trial.folder / FOLDER)

    if schema.series is not None:
        # Windows are fitted for anew, which may be killed: what is known before is kept.
        found: Explanation = explain_forecasts(
            trial, timeout=budget, seed=payload["seed"], told=keep
        )
    else:
        found = explain_trial(trial, timeout=budget, seed=payload["seed"])
    keep(found)
    columns = list(found.importance["column"])
    return {"exact": found.exact, "n_rows": len(found.rows), "columns": columns}


def _some(
    X: pd.DataFrame, held: HeldOut | None, row: int | None, seed: int, *, choose: bool
) -> pd.DataFrame:
    """Rows to explain, drawn by chance, so that the first ones stand for all."""
    among = np.arange(len(X))
    if choose and held is not None:
        among = np.concatenate([rows for _, rows in held.parts])
    drawn = np.random.default_rng(seed).permutation(among)[:MOST_ROWS]
    if row is not None:
        drawn = np.concatenate([[row], drawn[drawn != row][: MOST_ROWS - 1]])
    return X.iloc[drawn].set_axis(drawn)


def _background(trial: Explained, X: pd.DataFrame) -> pd.DataFrame:
    path = trial.folder / MODEL_FOLDER / BACKGROUND_FILE
    return pd.read_parquet(path) if path.is_file() else background(X)


def _validation(trial: Explained, model: Any) -> tuple[pd.DataFrame, HeldOut, tuple[str, ...]]:
    """The rows that validated a trial, each predicted by the fold's model that has not seen it."""
    schema = trial.schema
    path = trial.folder / OOF
    rows, _ = read_oof(path)
    fold = pd.read_parquet(path, columns=["fold"])["fold"].to_numpy()
    table = _first(trial.train, int(rows.max()) + 1, [*schema.names, schema.target])
    y = encode(table[schema.target], schema.classes)
    folds = np.unique(fold)
    models = fold_models(model, len(folds), classification=bool(schema.classes))
    X = table[schema.names]
    if models is not None:
        parts = [(one, rows[fold == k]) for one, k in zip(models, folds, strict=True)]
        return (
            X,
            HeldOut(X, y, parts, "validation rows, each by the model that has not seen it"),
            (),
        )
    if trial.test.is_file():
        test = pd.read_parquet(trial.test)
        if schema.target in test:
            held = _whole(model, test, schema, "test rows")
            return held.X, held, ()
    whole = _whole(model, table, schema, "rows that the model was trained on")
    note = "permutation importance is measured on rows that the model was trained on"
    return X, whole, (note,)


def _whole(model: Any, table: pd.DataFrame, schema: Schema, what: str) -> HeldOut:
    X, y = table[schema.names], encode(table[schema.target], schema.classes)

    def predict(X: pd.DataFrame) -> np.ndarray:
        return say(model, X, classification=bool(schema.classes))

    return HeldOut(X, y, [(predict, np.arange(len(X)))], what)


def _first(path: Path, n_rows: int, columns: Sequence[str]) -> pd.DataFrame:
    """The first rows of a table: of a big one those that validate come first."""
    import pyarrow.parquet as pq

    batches = pq.ParquetFile(path).iter_batches(n_rows, columns=list(columns))
    return pd.DataFrame(next(batches).to_pandas())
