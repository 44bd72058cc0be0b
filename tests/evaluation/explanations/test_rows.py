"""Rows are explained by whatever model: trees, linear ones, neighbours and ensembles of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from trialbook.data import Schema, prepare
from trialbook.errors import NoModelError
from trialbook.evaluation.explanations import explain_rows
from trialbook.job import Job
from trialbook.models import BACKGROUND_FILE, Model, save_model
from trialbook.program._calibration import AdjustedClassifier, tempered

N = 300


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """``size``, ``kind`` and ``note`` tell the label; ``noise`` and ``other`` do not."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "noise": rng.normal(size=N),
            "size": rng.normal(size=N),
            "other": rng.choice(["p", "q"], N),
            "kind": rng.choice(["a", "b", "c"], N),
            "note": [f"{w} word {i % 37}" for i, w in enumerate(rng.choice(["good", "bad"], N))],
        }
    )
    score = (
        2 * table["size"] + 2.0 * (table["kind"] == "b") + 2.0 * table["note"].str.contains("good")
    )
    return table.assign(label=np.where(score > 1.5, "yes", "no"))


@pytest.fixture(scope="module")
def schema(rows: pd.DataFrame) -> Schema:
    text = Job(data=Job.IN_MEMORY, target="label", folds=2, types={"note": "text"})
    return prepare(text, frame=rows).schema


def pipeline(learner: Any, rows: pd.DataFrame) -> Pipeline:
    features = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["noise", "size"]),
            ("categories", OneHotEncoder(sparse_output=False), ["other", "kind"]),
            ("text", CountVectorizer(vocabulary=["good", "bad", "word"]), "note"),
        ],
        sparse_threshold=0,
    )
    codes = (rows["label"] == "yes").astype(int)
    return Pipeline([("features", features), ("model", learner)]).fit(rows, codes)


def vote(models: list[Any], rows: pd.DataFrame, weights: list[float] | None = None) -> Any:
    voters = [(f"m{i}", FrozenEstimator(one)) for i, one in enumerate(models)]
    return VotingClassifier(voters, voting="soft", weights=weights).fit(rows, rows["label"])


@pytest.fixture(scope="module")
def models(rows: pd.DataFrame) -> dict[str, Any]:
    X = rows.drop(columns="label").assign(label=rows["label"])
    forest = vote([pipeline(RandomForestClassifier(10, random_state=k), X) for k in (0, 1)], X)
    linear = vote([pipeline(LogisticRegression(C=c), X) for c in (1, 10)], X)
    near = vote([pipeline(KNeighborsClassifier(k), X) for k in (5, 9)], X)
    blend = vote([forest, linear, near], X, [0.5, 0.2, 0.3])
    stack = StackingClassifier(
        [("forest", FrozenEstimator(forest)), ("linear", FrozenEstimator(linear))],
        LogisticRegression(),
        cv="prefit",
    ).fit(X, X["label"])
    adjusted = AdjustedClassifier(vote([forest, linear], X), tempered, 1.7).fit(X, X["label"])
    return {
        "forest": forest,
        "linear": linear,
        "near": near,
        "blend": blend,
        "stack": stack,
        "adjusted": adjusted,
    }


def stored(model: Any, rows: pd.DataFrame, schema: Schema, folder: Path) -> Model:
    save_model(model, folder / "model", rows[schema.names], ["numpy"], schema)
    return Model.at(folder / "model")


KINDS = ("forest", "linear", "near", "blend", "stack", "adjusted")


@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_that_matter_come_first_and_values_add_up(
    kind: str, models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    model = stored(models[kind], rows, schema, tmp_path)
    some = rows.head(30)
    found = explain_rows(model, some)
    assert found.exact == (kind not in {"near", "blend"})
    told = models[kind].predict_proba(some)
    np.testing.assert_allclose(found.base + found.raw.sum(axis=1), told, atol=1e-6)
    np.testing.assert_allclose(found.prediction, told, atol=1e-6)
    mean = np.abs(found.table("yes")).mean().sort_values(ascending=False)
    assert set(mean.index[:3]) == {"size", "kind", "note"}
    # A larger size speaks for yes.
    assert np.corrcoef(found.table("yes")["size"], some["size"])[0, 1] > 0.7


def test_sampled_values_come_close_to_exact_ones_as_their_errors_say(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    # A linear model in a wrapper that is not known is sampled, by the same background.
    class Unknown:
        def __init__(self, inner: Any) -> None:
            self.predict_proba = inner.predict_proba

    from trialbook.evaluation.explanations import Request, values_of

    X, behind = rows[schema.names].head(20), rows[schema.names].iloc[100:150]
    exact = values_of(models["forest"], X, behind, Request(True))
    asked = values_of(Unknown(models["forest"]), X, behind, Request(True))
    again = values_of(Unknown(models["forest"]), X, behind, Request(True))
    assert exact.exact and not asked.exact
    np.testing.assert_array_equal(asked.raw, again.raw)
    # Other games (branches, background), so near, not equal.
    assert np.corrcoef(exact.raw[..., 1].ravel(), asked.raw[..., 1].ravel())[0, 1] > 0.95
    many = values_of(Unknown(models["forest"]), X, behind, Request(True, seed=1))
    off = np.abs(many.raw - asked.raw)[..., 1] / np.hypot(asked.error, many.error)[..., 1]
    assert np.nanmean(off[asked.error[..., 1] > 1e-6] < 3) > 0.9


def test_the_background_lies_beside_a_model_and_stands_for_all(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    model = stored(models["linear"], rows, schema, tmp_path)
    path = model.folder / BACKGROUND_FILE
    behind = pd.read_parquet(path)
    assert list(behind.columns) == schema.names and len(behind) == 100
    assert abs(behind["size"].mean() - rows["size"].mean()) < 0.3
    given = explain_rows(model, rows.head(3), background=rows.tail(50))
    assert not np.allclose(given.base, explain_rows(model, rows.head(3)).base)
    path.unlink()
    with pytest.raises(NoModelError, match="without rows"):
        explain_rows(model, rows.head(3))


def test_a_time_limit_still_explains_every_row(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    model = stored(models["blend"], rows, schema, tmp_path)
    found = explain_rows(model, rows.head(10), timeout=0.0)
    np.testing.assert_allclose(found.prediction, models["blend"].predict_proba(rows.head(10)))
