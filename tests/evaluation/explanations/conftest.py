"""A table whose true columns are known, and small models of it, built as programs build theirs."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from trialbook.data import Schema, prepare
from trialbook.job import Job
from trialbook.program._calibration import AdjustedClassifier, tempered

N = 400


def half_years(X: pd.DataFrame) -> np.ndarray:
    """Dates as numbers around zero."""
    days = (X.to_numpy().astype("datetime64[D]") - np.datetime64("2024-07-01")).astype(float)
    return np.asarray(days / 180)


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """``size``, ``kind``, ``note`` and ``day`` tell the targets; the others do not."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "noise": rng.normal(size=N),
            "size": rng.normal(size=N),
            "other": rng.choice(["p", "q"], N),
            "kind": rng.choice(["a", "b", "c"], N),
            "note": [f"{w} word {i % 37}" for i, w in enumerate(rng.choice(["good", "bad"], N))],
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 360, N), "D"),
        }
    )
    amount = 1.5 * table["size"] + 3 * (table["kind"] == "b")
    amount += 2.5 * table["note"].str.contains("good") + 2.5 * half_years(table["day"])
    return table.assign(label=np.where(amount > 2, "yes", "no"), amount=amount)


@pytest.fixture(scope="session")
def schema(rows: pd.DataFrame) -> Schema:
    job = Job(
        data=Job.IN_MEMORY, target="label", folds=2, ignore=("amount",), types={"note": "text"}
    )
    return prepare(job, frame=rows).schema


def pipeline(learner: Any, rows: pd.DataFrame, y: Any = None) -> Pipeline:
    """Features of every kind of column, and a learner of codes."""
    dates = make_pipeline(FunctionTransformer(half_years), StandardScaler())
    features = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["noise", "size"]),
            ("categories", OneHotEncoder(sparse_output=False), ["other", "kind"]),
            ("text", CountVectorizer(vocabulary=["good", "bad", "word"]), "note"),
            ("dates", dates, ["day"]),
        ],
        sparse_threshold=0,
    )
    codes = (rows["label"] == "yes").astype(int) if y is None else y
    return Pipeline([("features", features), ("model", learner)]).fit(rows, codes)


def vote(models: list[Any], rows: pd.DataFrame, weights: list[float] | None = None) -> Any:
    voters = [(f"fold_{i}", FrozenEstimator(one)) for i, one in enumerate(models)]
    return VotingClassifier(voters, voting="soft", weights=weights).fit(rows, rows["label"])


def boosted(**changes: Any) -> Any:
    return lgb.LGBMClassifier(n_estimators=25, num_leaves=8, n_jobs=1, verbose=-1, **changes)


@pytest.fixture(scope="session")
def models(rows: pd.DataFrame) -> dict[str, Any]:
    """Trials of two folds, whose models have seen one half of the rows each, and ensembles."""
    halves = [rows.iloc[N // 2 :], rows.iloc[: N // 2]]
    forest = vote(
        [pipeline(RandomForestClassifier(10, random_state=0), part) for part in halves], rows
    )
    trees = vote([pipeline(boosted(), part) for part in halves], rows)
    linear = vote([pipeline(LogisticRegression(), part) for part in halves], rows)
    near = vote([pipeline(KNeighborsClassifier(9), part) for part in halves], rows)
    network = MLPClassifier((8,), learning_rate_init=0.02, max_iter=400, random_state=0)
    blend = VotingClassifier(
        [
            (name, FrozenEstimator(one))
            for name, one in {"trees": trees, "linear": linear, "near": near}.items()
        ],
        voting="soft",
        weights=[0.5, 0.2, 0.3],
    ).fit(rows, rows["label"])
    layer = [("forest", FrozenEstimator(forest)), ("linear", FrozenEstimator(linear))]
    stack = StackingClassifier(layer, LogisticRegression(), cv="prefit")
    both = VotingClassifier(layer, voting="soft").fit(rows, rows["label"])
    return {
        "forest": forest,
        "trees": trees,
        "linear": linear,
        "near": near,
        "network": vote([pipeline(network, part) for part in halves], rows),
        "blend": blend,
        "stack": stack.fit(rows, rows["label"]),
        "adjusted": AdjustedClassifier(both, tempered, 1.7).fit(rows, rows["label"]),
    }


@pytest.fixture(scope="session")
def numbers(rows: pd.DataFrame) -> Any:
    """A trial of a regression."""
    learner = lgb.LGBMRegressor(n_estimators=25, num_leaves=8, n_jobs=1, verbose=-1)
    one = pipeline(learner, rows, rows["amount"])
    return VotingRegressor([("fold_0", FrozenEstimator(one))]).fit(rows, rows["amount"])
