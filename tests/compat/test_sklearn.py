"""The estimators do with scikit-learn's tools what people do with them."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import trialbook
from trialbook.compat.sklearn import TrialbookClassifier, TrialbookRegressor
from trialbook.errors import OptionError, WorkspaceError

SMALL = {"max_trials": 1, "folds": 2, "allow": "decision_tree", "ensembles": False}


def people(n_rows=60):
    """Numbers, categories, text, dates, flags and missing values; who earns more says yes."""
    rng = np.random.default_rng(0)
    income = rng.normal(50, 10, n_rows)
    frame = pd.DataFrame(
        {
            "income": np.where(np.arange(n_rows) % 7 == 0, np.nan, income),
            "city": pd.Categorical(rng.choice(["Oslo", "Rome"], n_rows)),
            "note": rng.choice(["good", "bad", None], n_rows),
            "since": pd.date_range("2024-01-01", periods=n_rows),
            "member": rng.random(n_rows) < 0.5,
        }
    )
    return frame, pd.Series(np.where(income > 50, "yes", "no"), name="answer")


@pytest.fixture(scope="module")
def fitted():
    X, y = people()
    return TrialbookClassifier(**SMALL).fit(X, y)


def test_a_table_of_all_kinds_of_columns_is_learned_from(fitted):
    X, y = people()
    assert fitted.score(X, y) > 0.7
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (len(X), 2)
    assert (fitted.classes_[probabilities.argmax(axis=1)] == fitted.predict(X)).all()


def test_what_the_search_did_can_be_looked_at(fitted):
    assert fitted.leaderboard_["learner"].tolist() == ["decision_tree"]
    assert fitted.experiment_.schema.target == "answer"
    assert 'TARGET = "answer"' in fitted.best_trial_.program.read_text("utf-8")
    assert fitted.best_trial_.notebook.exists()


def test_a_fitted_estimator_predicts_in_a_process_that_has_no_workspace(fitted, tmp_path):
    X, _ = people()
    (tmp_path / "both.pickle").write_bytes(pickle.dumps((fitted, X)))
    code = (
        "import pickle, sys\n"
        "model, X = pickle.load(open(sys.argv[1], 'rb'))\n"
        "model._kept_at = ('/nowhere', '0')\n"
        "print(*model.predict(X))\n"
        "try:\n"
        "    model.experiment_\n"
        "except Exception as error:\n"
        "    print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "both.pickle"],
        env={"PYTHONPATH": str(Path(trialbook.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    predicted, failed = done.stdout.split("\n")[:2]
    assert predicted.split() == fitted.predict(X).tolist()
    assert failed == "WorkspaceError"


def test_a_temporary_experiment_is_removed_with_its_estimator():
    X, y = people()
    model = TrialbookClassifier(**SMALL).fit(X, y)
    folder = model.experiment_.folder
    copy = pickle.loads(pickle.dumps(model))
    assert folder.is_dir()
    del model
    assert not folder.exists()
    assert len(copy.predict(X)) == len(X)
    with pytest.raises(WorkspaceError, match="name a workspace"):
        _ = copy.experiment_


def test_a_worker_process_leaves_no_experiment_behind(monkeypatch):
    monkeypatch.setattr("multiprocessing.parent_process", lambda: "another")
    X, y = people()
    model = TrialbookClassifier(**SMALL).fit(X, y)
    assert len(model.predict(X)) == len(X)
    with pytest.raises(WorkspaceError, match="no longer there"):
        _ = model.best_trial_


def test_a_workspace_that_is_named_keeps_every_fit(tmp_path):
    X, y = people()
    for _ in range(2):
        TrialbookClassifier(**SMALL, workspace=tmp_path / "kept", name="mine").fit(X, y)
    assert len(trialbook.open(tmp_path / "kept", "mine").trials) == 1
    assert len(list((tmp_path / "kept" / "artifacts" / "mine").iterdir())) == 4


def test_it_is_a_step_of_a_pipeline_that_is_cross_validated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    pipeline = make_pipeline(StandardScaler(), TrialbookRegressor(**SMALL))
    scores = cross_val_score(pipeline, X, 3 * X[:, 0], cv=2)
    assert (scores > 0.5).all()


def test_its_parameters_are_searched_by_a_grid_search():
    X, y = people()
    grid = GridSearchCV(
        TrialbookClassifier(**SMALL), {"allow": ["decision_tree", "logistic_regression"]}, cv=2
    )
    grid.fit(X, y)
    best = grid.best_estimator_
    assert best.allow == grid.best_params_["allow"] == best.leaderboard_["learner"][0]
    assert clone(best).get_params() == best.get_params()
    assert not hasattr(clone(best), "model_")


@pytest.mark.parametrize(
    "labels",
    [["1", "2"], ["true", "false"], [True, False], [3, 1], [" a", "a "], ["", "x"]],
)
def test_labels_come_back_as_they_were(labels):
    X, answers = people()
    kind = np.array(labels)
    y = np.where(answers == "yes", kind[0], kind[1])
    model = TrialbookClassifier(**SMALL).fit(X, y)
    assert model.classes_.tolist() == sorted(labels)
    assert (model.predict(X) == y).mean() > 0.7


def test_the_target_may_be_called_like_a_feature():
    X, y = people()
    model = TrialbookClassifier(**SMALL).fit(X, y.rename("city"), sample_weight=np.ones(len(X)))
    assert model.experiment_.schema.target == "city_"
    assert "city" in model.experiment_.schema.names


def test_weights_count():
    X = pd.DataFrame({"x": np.arange(60) % 6})
    y = np.tile([0.0, 10.0], 30)
    heavy = np.where(y > 0, 9.0, 1.0)
    model = TrialbookRegressor(**SMALL, types={"x": "numeric"})
    plain, weighted = model.fit(X, y).predict(X), model.fit(X, y, sample_weight=heavy).predict(X)
    assert weighted.mean() >= plain.mean()
    assert model.experiment_.schema.weight == "sample_weight"


def test_columns_are_checked_at_prediction(fitted):
    X, _ = people()
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(X.drop(columns="city"))
    with pytest.raises(ValueError, match="income"):
        fitted.predict(X.assign(income="much"))


def test_data_that_cannot_be_used_is_a_value_error_and_a_parameter_an_option_error():
    X, y = people()
    with pytest.raises(ValueError, match="one class"):
        TrialbookClassifier(**SMALL).fit(X, np.full(len(X), "yes"))
    with pytest.raises(OptionError, match="decision_tree"):
        TrialbookClassifier(**{**SMALL, "allow": "decision_treee"}).fit(X, y)
    with pytest.raises(OptionError, match="n_jobs=-2"):
        TrialbookClassifier(**SMALL, n_jobs=-2).fit(X, y)


def test_the_tags_say_what_is_taken():
    tags = TrialbookClassifier(**SMALL).__sklearn_tags__()
    assert tags.input_tags.allow_nan and tags.input_tags.string and tags.input_tags.categorical
    assert not tags.input_tags.sparse and not tags.target_tags.multi_output
    assert not tags.non_deterministic
    assert TrialbookRegressor(timeout="1m").__sklearn_tags__().non_deterministic
