"""A small model of columns of all kinds, and servers of it in this process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from starlette.testclient import TestClient

from trialbook.data import prepare
from trialbook.job import Job
from trialbook.models import Model, save_model
from trialbook.models.onnx import to_onnx
from trialbook.serving import create_app

NAMES = ["age", "income", "member", "job", "since", "seen"]
N_ROWS = 240


def table(n_rows=N_ROWS):
    """Whole numbers, fractions with missing cells, truth, categories, dates as text, and times."""
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, n_rows), "D")
    made = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows),
            "income": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(50, 12, n_rows)),
            "member": rng.random(n_rows) < 0.4,
            "job": rng.choice(["cook", "smith", "nurse", "clerk"], n_rows),
            "since": days.strftime("%d.%m.%Y"),
            "seen": days + pd.to_timedelta(rng.integers(0, 86_400, n_rows), "s"),
        }
    )
    made.loc[::11, "job"] = None
    signal = made["age"] / 20 + made["member"] * 2 + (made["job"] == "nurse")
    made["y"] = np.where(signal + rng.normal(size=n_rows) > 3.5, "yes", "no")
    made["amount"] = signal * 10 + rng.normal(size=n_rows)
    return made


def numbers(frame):
    """All but categories as numbers."""
    made = pd.DataFrame(index=frame.index)
    for name in ("age", "income", "member"):
        made[name] = pd.to_numeric(frame[name].astype(float)).fillna(0.0)
    made["since"] = pd.to_datetime(frame["since"], format="%d.%m.%Y").dt.dayofyear.fillna(0)
    made["seen"] = frame["seen"].dt.hour.fillna(0)
    return made


def as_text(X):
    """Categories as text, as programs make them."""
    return X.astype(object).where(X.notna(), "(missing)").astype(str)


as_text.__module__ = "__main__"
# As the functions of programs, it is pickled by value, so that the model loads in other processes.
numbers.__module__ = "__main__"


def make_model(folder, target="y", scale=1.0, name="churn", version=None):
    """A fitted model in a folder, of which `scale` makes others."""
    frame = table()
    other = "amount" if target == "y" else "y"
    task = "classification" if target == "y" else "regression"
    prepared = prepare(
        Job(task=task, data=Job.IN_MEMORY, target=target), frame=frame.drop(columns=other)
    )
    schema = prepared.schema
    assert schema.names == NAMES
    X = schema.conform(frame)
    learner = (
        LogisticRegression(C=scale, max_iter=5_000)
        if task == "classification"
        else LinearRegression()
    )
    estimator = make_pipeline(
        ColumnTransformer(
            [
                ("categories", OneHotEncoder(handle_unknown="ignore"), ["job"]),
                (
                    "numbers",
                    FunctionTransformer(numbers),
                    ["age", "income", "member", "since", "seen"],
                ),
            ]
        ),
        learner,
    ).fit(X, frame[target] if task == "classification" else frame[target] * scale)
    save_model(estimator, folder, X, ["scikit-learn"], schema)
    return Model.at(folder, name=name, version=version)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "churn", version=3)


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "other", scale=0.001, version=4)


@pytest.fixture(scope="session")
def regression(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "amount", "amount", name="amount")


@pytest.fixture(scope="session")
def onnx_pair(tmp_path_factory):
    """A model as programs make them, and the file that it becomes."""
    folder = tmp_path_factory.mktemp("onnx")
    frame = table()
    job = Job(task="classification", data=Job.IN_MEMORY, target="y")
    schema = prepare(job, frame=frame.drop(columns="amount")).schema
    X = schema.conform(frame)
    features = ColumnTransformer(
        [
            ("numeric", SimpleImputer(strategy="median"), ["age", "income"]),
            (
                "categorical",
                make_pipeline(
                    FunctionTransformer(as_text, feature_names_out="one-to-one"),
                    OneHotEncoder(handle_unknown="ignore"),
                ),
                ["job", "member"],
            ),
        ]
    )
    steps = [("features", features), ("model", LogisticRegression(max_iter=2_000))]
    estimator = Pipeline(steps).fit(X, frame["y"])
    save_model(estimator, folder / "model", X, ["scikit-learn"], schema)
    path = folder / "model.onnx"
    path.write_bytes(to_onnx(estimator, schema).SerializeToString())
    return Model.at(folder / "model", name="pair"), path


@pytest.fixture(scope="session")
def records():
    """Rows as JSON has them."""
    rows = table().head(40)[NAMES]
    rows["seen"] = rows["seen"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    return [
        {key: None if pd.isna(value) else value for key, value in row.items()}
        for row in rows.astype(object).to_dict("records")
    ]


@pytest.fixture(scope="session")
def serve():
    """Makes a client of a server in this process; all are closed in the end."""
    clients = []

    def made(*models, **options):
        options = {"engine": "python"} | options
        client = TestClient(create_app(*models, **options), raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return client

    yield made
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="session")
def client(serve, model):
    return serve(model)
