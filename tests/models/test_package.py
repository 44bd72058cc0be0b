"""Models that leave the house: packaged with all they need, and loaded without trialbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml

from trialbook.data import encode, prepare
from trialbook.ensemble import select_weights
from trialbook.evaluation import default_metric
from trialbook.execution import PROGRAM, Request
from trialbook.execution._work import run_trial
from trialbook.job import Job
from trialbook.learners import find
from trialbook.models import (
    _package,
    load_model,
    predict,
    requirements,
    row_ms,
    save_model,
    write_predictions,
)
from trialbook.program import Code, stacking_program, tabular_program, voting_program
from trialbook.tasks import TabularTask

N_ROWS = 300

# Run where trialbook is not to be found: what each model predicts, by its folder.
LOAD = """
import json, sys
from pathlib import Path


class NoTrialbook:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "trialbook":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, NoTrialbook())
import mlflow.sklearn
import pandas as pd

found = {}
for folder, table in json.loads(sys.argv[1]).items():
    model, X = mlflow.sklearn.load_model(folder), pd.read_parquet(table)
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    served = mlflow.pyfunc.load_model(folder).predict(X)
    found[folder] = {"answer": ask(X).tolist(), "served": pd.Series(served).tolist()}
assert not any(name.split(".")[0] == "trialbook" for name in sys.modules)
print(json.dumps(found))
"""


def make_table():
    """Columns of every kind, some cells missing, and targets that depend on them."""
    rng = np.random.default_rng(0)
    size, count = rng.normal(size=N_ROWS), rng.integers(0, 9, N_ROWS)
    kind, flag = rng.choice(["a", "b", "c"], N_ROWS), rng.random(N_ROWS) < 0.5
    amount = 3 * size + count + 4 * (kind == "b") + rng.normal(size=N_ROWS)
    table = pd.DataFrame(
        {
            "size": size,
            "count": count,
            "kind": kind,
            "flag": flag,
            "day": pd.date_range("2024-01-01", periods=N_ROWS).strftime("%Y-%m-%d"),
            "when": pd.date_range("2024-01-01", periods=N_ROWS, freq="7h"),
            "amount": amount,
            "label": np.where(amount > 5, "yes", "no"),
        }
    )
    table.loc[::17, ["size", "kind", "day"]] = None
    return table


class Trained:
    """Four trials of one task: a tree, LightGBM, and a vote and a stack of both."""

    def __init__(self, root, target):
        other = "amount" if target == "label" else "label"
        job = Job(data=Job.IN_MEMORY, target=target, folds=2, ignore=(other,))
        prepared = prepare(job, frame=make_table())
        schema = prepared.schema
        self.root, self.names = root, schema.names
        self.classification = schema.task == "classification"
        prepared.train.to_parquet(root / "train.parquet", index=False)
        self.X = prepared.train[schema.names]
        self.X.to_parquet(root / "X.parquet", index=False)
        (root / "schema.json").write_text(json.dumps(schema.to_dict()), "utf-8")
        task = TabularTask(
            experiment="test",
            schema=schema,
            folds=prepared.folds,
            metric=default_metric(schema.task, len(schema.classes)),
            seed=0,
            n_jobs=1,
            y=encode(prepared.train[target], schema.classes),
        )
        frame = task.frame(Code('Path("../../train.parquet")'))
        members = {name: Code(f'Path("../../{name}")') for name in ("tree", "lightgbm")}
        about = {"title": "a title", "summary": ""}
        programs = {
            "tree": ("decision_tree", {"max_depth": 4}),
            "lightgbm": ("lightgbm", {"learning_rate": 0.1, "num_leaves": 4}),
            "vote": voting_program(frame, members, select_weights, **about),
            "stack": stacking_program(frame, members, **about),
        }
        for name, program in programs.items():
            if isinstance(program, str):
                self.run(name, program, None)
            else:
                learner = find(program[0])
                code = learner.code(program[1], task.table())
                self.run(name, tabular_program(frame, code, **about), learner.key)

    def run(self, name, program, learner):
        path = self.root / name / PROGRAM
        path.parent.mkdir(parents=True)
        path.write_text(program, "utf-8")
        schema = str(self.root / "schema.json")
        payload = {
            "schema": schema,
            "learner": learner,
            "metadata": {},
        }
        before = os.getcwd()
        try:
            run_trial(Request(1, "trial", str(self.root / name), payload), lambda *_: None)
        finally:
            os.chdir(before)

    def model(self, name):
        return self.root / name / "model"


TASKS = {"classification": "label", "regression": "amount"}
KINDS = ("tree", "lightgbm", "vote", "stack")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return {task: Trained(tmp_path_factory.mktemp(task), target) for task, target in TASKS.items()}


@pytest.fixture(scope="module")
def elsewhere(trained):
    """What all models answer in a process that has no trialbook."""
    asked = {
        str(one.model(kind)): str(one.root / "X.parquet")
        for one in trained.values()
        for kind in KINDS
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD, json.dumps(asked)],
        env={"PATH": os.environ["PATH"], "MLFLOW_DISABLE_TELEMETRY": "true"},
        cwd=trained["regression"].root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", TASKS)
def test_a_model_answers_the_same_where_there_is_no_trialbook(trained, elsewhere, task, kind):
    one = trained[task]
    here = predict(load_model(one.model(kind)), one.X, classification=one.classification)
    there = elsewhere[str(one.model(kind))]
    np.testing.assert_allclose(there["answer"], here, rtol=1e-12)
    stored = pd.read_parquet(one.root / kind / "model_check/predictions.parquet")
    np.testing.assert_allclose(np.squeeze(stored.to_numpy()), here, rtol=1e-12)
    if one.classification:
        assert there["served"] == np.array(["no", "yes"])[here.argmax(axis=1)].tolist()
    else:
        np.testing.assert_allclose(there["served"], here, rtol=1e-12)


@pytest.mark.parametrize("kind", ["vote", "stack"])
@pytest.mark.parametrize("task", TASKS)
def test_an_ensemble_is_a_blend_of_its_members(trained, task, kind):
    one = trained[task]
    blend, *members = (
        predict(load_model(one.model(name)), one.X, classification=one.classification)
        for name in (kind, "tree", "lightgbm")
    )
    assert np.isfinite(blend).all()
    if kind == "vote":
        assert (blend <= np.maximum(*members) + 1e-9).all()
        assert (blend >= np.minimum(*members) - 1e-9).all()
    else:
        assert np.corrcoef(np.ravel(blend), np.ravel(members[1]))[0, 1] > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_asks_for_the_versions_of_all_that_it_needs(trained, kind):
    model = trained["classification"].model(kind)
    lines = (model / "requirements.txt").read_text("utf-8").split()
    assert all("==" in line for line in lines)
    assert f"scikit-learn=={version('scikit-learn')}" in lines
    assert (f"lightgbm=={version('lightgbm')}" in lines) == (kind != "tree")
    assert not any(line.startswith("trialbook") for line in lines)


def test_a_model_is_signed_by_its_columns_and_shows_an_example(trained):
    one = trained["classification"]
    document = yaml.safe_load((one.model("tree") / "MLmodel").read_text("utf-8"))
    inputs = {part["name"]: part["type"] for part in json.loads(document["signature"]["inputs"])}
    assert list(inputs) == one.names
    assert (inputs["kind"], inputs["day"], inputs["when"]) == ("string", "string", "datetime")
    example = mlflow.pyfunc.load_model(str(one.model("tree"))).input_example
    assert list(example.columns) == one.names


# -- served ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(trained):
    return mlflow.pyfunc.load_model(str(trained["regression"].model("tree")))


def changed(X, column, values):
    return X.assign(**{column: pd.Series(values, index=X.index)})


def test_a_served_model_takes_whole_numbers_where_fractions_were(trained, served):
    X = trained["regression"].X.head(20)
    whole = changed(X, "size", np.arange(20))
    fractions = changed(X, "size", np.arange(20.0))
    np.testing.assert_array_equal(served.predict(whole), served.predict(fractions))


def test_a_served_model_takes_fractions_where_whole_numbers_were(trained, served):
    X = trained["regression"].X.head(20)
    half = served.predict(changed(X, "count", np.arange(20) + 0.5))
    assert np.isfinite(half).all()


@pytest.mark.parametrize(
    ("column", "missing"),
    [("size", np.nan), ("count", np.nan), ("kind", None), ("day", None), ("when", pd.NaT)],
)
def test_a_served_model_takes_missing_cells_in_any_column(trained, served, column, missing):
    X = trained["regression"].X.head(20)
    values = [missing if i % 2 else value for i, value in enumerate(X[column])]
    assert np.isfinite(served.predict(changed(X, column, values))).all()


def test_a_served_model_takes_missing_truths(trained, served):
    X = trained["regression"].X.head(20)
    values = pd.Series([None if i % 2 else bool(i % 4) for i in range(20)], dtype=object)
    assert np.isfinite(served.predict(changed(X, "flag", values))).all()


def test_a_model_whose_truths_were_partly_missing_is_served_too(tmp_path):
    X = pd.DataFrame({"flag": pd.Series([True, None, False, True] * 5, dtype=object)})
    model = SimpleModel().fit(X)
    prepared = prepare(
        Job(data=Job.IN_MEMORY, target="y"), frame=X.assign(y=np.arange(len(X)) % 2)
    )
    save_model(model, tmp_path / "model", X, ["numpy"], prepared.schema)
    again = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert list(again.predict(X)) == list(model.predict(X))
    whole = X[X["flag"].notna()]
    assert list(again.predict(whole)) == [1.0, 0.0, 1.0] * 5
    assert list(again.predict(whole.astype(bool))) == [1.0, 0.0, 1.0] * 5


def test_a_served_model_takes_columns_in_any_order_and_further_ones(trained, served):
    X = trained["regression"].X.head(20)
    mixed = X[X.columns[::-1]].assign(further="x")
    np.testing.assert_array_equal(served.predict(mixed), served.predict(X))


def test_a_served_model_takes_new_categories(trained, served):
    X = trained["regression"].X.head(20)
    assert np.isfinite(served.predict(changed(X, "kind", ["new"] * 20))).all()


def test_a_served_model_says_which_column_is_missing(trained, served):
    X = trained["regression"].X.drop(columns="kind")
    with pytest.raises(mlflow.exceptions.MlflowException, match="kind"):
        served.predict(X)


# -- parts -----------------------------------------------------------------------------------


def test_requirements_are_read_from_the_imports_of_a_program():
    found = requirements(
        "import lightgbm as lgb\nimport scipy.sparse\n"
        "def f():\n    from matplotlib.figure import Figure\n"
        "import json\nfrom pathlib import Path\nfrom . import other\nimport no_such_module\n"
    )
    names = {line.split("==")[0].lower() for line in found}
    assert {"lightgbm", "scipy", "matplotlib"} <= names
    assert not names & {"json", "pathlib", "other", "no_such_module", "catboost"}
    assert f"lightgbm=={version('lightgbm')}" in found
    assert len(found) == len(set(found))


def test_what_a_notebook_alone_runs_is_no_requirement():
    found = requirements(
        "import scipy\nif __name__ == '__main__' and LEARN:\n    import matplotlib.pyplot as plt\n"
    )
    assert not any(line.startswith("matplotlib") for line in found)
    assert any(line.startswith("scipy") for line in found)


def test_every_model_needs_what_loads_it():
    names = [line.split("==")[0] for line in requirements("x = 1")]
    assert {"mlflow-skinny", "scikit-learn", "pandas", "numpy", "cloudpickle"} <= set(names)


def test_of_several_distributions_of_a_module_one_that_is_required_anyway_will_do(monkeypatch):
    # Stands for mlflow-tracing, which is there where all of MLflow is.
    several = {"mlflow": ["alembic", "mlflow-skinny"]}
    monkeypatch.setattr(_package, "_distributions", lambda: several)
    assert requirements("import mlflow.sklearn") == requirements("x = 1")


def test_a_distribution_is_named_as_it_is_installed():
    lines = requirements("import sklearn\nimport yaml\n")
    names = [line.split("==")[0] for line in lines]
    assert "sklearn" not in names
    assert names.count("scikit-learn") == 1
    assert "pyyaml" in {name.lower() for name in names}


def test_predictions_are_probabilities_or_numbers():
    model = SimpleNamespace(predict=lambda X: [1, 2], predict_proba=lambda X: [[0.1, 0.9]])
    assert predict(model, None, classification=False).tolist() == [1, 2]
    assert predict(model, None, classification=True).tolist() == [[0.1, 0.9]]


class Counting:
    """A model that counts its calls, and by a clock takes so long for each."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.n_rows = clock, seconds, []

    def predict(self, X):
        self.n_rows.append(len(X))
        self.clock.now += self.seconds(len(self.n_rows))
        return np.zeros(len(X))


@pytest.mark.parametrize(
    ("seconds", "calls", "milliseconds"),
    [
        (lambda call: 0.001, _package.ROW_CALLS, 1.0),
        (lambda call: 0.02 if call == 1 else 0.003, _package.ROW_CALLS, 3.0),
        (lambda call: 0.4 if call == 1 else 0.003, _package.LEAST_ROW_CALLS, 3.0),
        (lambda call: 2.0, 1, 2000.0),
    ],
)
def test_the_time_of_one_row_is_the_median_of_a_few_calls(
    monkeypatch, seconds, calls, milliseconds
):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(_package.time, "perf_counter", lambda: clock.now)
    model = Counting(clock, seconds)
    measured = row_ms(model, pd.DataFrame({"a": [1.0, 2.0]}), classification=False)
    assert measured == pytest.approx(milliseconds)
    assert model.n_rows == [1] * calls


@pytest.mark.parametrize(
    ("prediction", "columns"), [(np.arange(3.0), ["prediction"]), (np.eye(3), ["0", "1", "2"])]
)
def test_predictions_are_kept_as_a_table(tmp_path, prediction, columns):
    write_predictions(prediction, tmp_path / "deep" / "p.parquet")
    table = pd.read_parquet(tmp_path / "deep" / "p.parquet")
    assert list(table.columns) == columns
    np.testing.assert_array_equal(np.squeeze(table.to_numpy()), prediction)


class SimpleModel:
    """Predicts 1 for true, 0 for false and 0.5 for neither."""

    def fit(self, X):
        return self

    def predict(self, X):
        return X["flag"].map({True: 1.0, False: 0.0}).astype(float).fillna(0.5).to_numpy()


def test_requirements_leave_out_the_name_of_a_local_build(monkeypatch):
    monkeypatch.setattr(_package, "version", lambda name: "2.13.0+cpu")
    assert _package.pinned(("torch",)) == ["torch==2.13.0"]
