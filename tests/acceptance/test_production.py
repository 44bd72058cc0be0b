"""A model gives the same answers wherever it goes: reloaded, served, as ONNX, and in batches."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

import trialbook as tb
from trialbook.models.onnx import OnnxModel
from trialbook.serving import create_app

pytestmark = pytest.mark.acceptance

# Whole pipelines compute in double precision but for trees, whose leaves may be single.
EXACT, SINGLE = 1e-12, 2e-6


def table(seed, n):
    """Numbers with missing cells, truths, categories, dates as text and free text."""
    rng = np.random.default_rng(seed)
    age, fare = rng.normal(40, 15, n).round(1), rng.lognormal(3, 1, n).round(2)
    port = rng.choice(["Cobh", "Cherbourg", "Southampton", "Belfast"], n, p=[0.1, 0.2, 0.6, 0.1])
    words = np.where(rng.random(n) < 0.4, "cabin with a view", "berth below the water line")
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    signal = 1.0 * (fare > 25) + (port == "Cherbourg") + (words == words[0]) - (age > 50)
    return pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, np.nan, age),
            "fare": fare,
            "alone": rng.random(n) < 0.5,
            "port": np.where(rng.random(n) < 0.05, None, port),
            "day": day.strftime("%Y-%m-%d"),
            "note": [f"{text}, deck {deck}" for text, deck in zip(words, rng.choice(7, n))],
            "cost": (10 * signal + fare + rng.normal(size=n)).round(3),
            "aboard": np.where(signal + rng.normal(size=n) > 1, "yes", "no"),
        }
    )


NEW = table(1, 60)


@pytest.fixture(scope="module", params=["classification", "regression"])
def experiment(request, tmp_path_factory):
    target, other = ("aboard", "cost") if request.param == "classification" else ("cost", "aboard")
    made = (tb.classify if request.param == "classification" else tb.regress)(
        table(0, 400).drop(columns=other),
        target,
        name=request.param,
        allow=["lightgbm", "elastic_net" if target == "cost" else "logistic_regression"],
        max_trials=3,
        workspace=tmp_path_factory.mktemp(request.param) / "workspace",
    )
    made.register("model", aliases=["champion"])
    return made


def answers_of(model, rows):
    if model.is_classification:
        return model.predict_proba(rows).to_numpy()
    return np.asarray(model.predict(rows)).reshape(-1, 1)


@pytest.fixture(scope="module")
def expected(experiment):
    return answers_of(experiment.model(), NEW)


def test_the_model_of_the_registry_answers_alike_where_there_is_no_trialbook(experiment, expected):
    rows = experiment.schema.conform(NEW)
    mlflow.set_tracking_uri(experiment.tracking_uri)
    loaded = mlflow.sklearn.load_model("models:/model@champion")
    ask = loaded.predict_proba if experiment.schema.classes else loaded.predict
    np.testing.assert_allclose(ask(rows).reshape(expected.shape), expected, atol=EXACT)
    again = tb.load_model("model", workspace=experiment.workspace)
    np.testing.assert_allclose(answers_of(again, NEW), expected, atol=EXACT)


@pytest.mark.parametrize("engine", ["python", "onnx"])
def test_the_served_model_answers_alike(experiment, expected, engine):
    app = create_app("model", workspace=experiment.workspace, engine=engine)
    is_classification = bool(experiment.schema.classes)
    records = NEW.astype(object).where(NEW.notna(), None).to_dict(orient="records")
    method = "predict_proba" if is_classification else "predict"
    azure = {"Inputs": {"data": records}, "GlobalParameters": {"method": method}}
    with TestClient(app) as client:
        found = client.post("/score", json=azure).json()["Results"]
        assert (
            client.post("/invocations", json={"dataframe_records": records}).json()["predictions"]
            == pytest.approx(list(experiment.predict(NEW)), abs=1e-4)
            or is_classification
        )
    tolerance = EXACT if engine == "python" else SINGLE * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(
        np.asarray(found, dtype=float).reshape(expected.shape), expected, atol=tolerance
    )


def test_the_onnx_file_answers_alike(experiment, expected, tmp_path):
    done = tb.export(
        "model", to="onnx", path=tmp_path / "model.onnx", workspace=experiment.workspace
    )
    tolerance = SINGLE * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(answers_of(OnnxModel(done.path), NEW), expected, atol=tolerance)


def test_every_trial_and_both_ensembles_are_exported(experiment, tmp_path):
    labels = [one.label for one in experiment.trials]
    assert {"voting", "stacking"} <= {one.learner for one in experiment.trials}
    for label in labels:
        path = tmp_path / f"{label}.onnx"
        tb.export(
            label, to="onnx", path=path, workspace=experiment.workspace, name=experiment.name
        )
        expected = answers_of(experiment.model(label), NEW)
        tolerance = SINGLE * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(answers_of(OnnxModel(path), NEW), expected, atol=tolerance)


def test_a_batch_answers_alike(experiment, expected, tmp_path):
    NEW.to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "out.parquet"
    tb.score(
        "model",
        tmp_path / "new.csv",
        out,
        proba=bool(experiment.schema.classes),
        rows_per_batch=17,
        workspace=experiment.workspace,
    )
    written = pd.read_parquet(out)
    names = [f"probability_{label}" for label in experiment.schema.classes] or ["prediction"]
    np.testing.assert_allclose(written[names].to_numpy(), expected, atol=EXACT)
    if experiment.schema.classes:
        assert list(written["prediction"]) == list(experiment.predict(NEW))
