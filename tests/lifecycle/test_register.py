"""Models under a name: MLflow's registry, in the tracking store of the workspace."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from trialbook.cli import main
from trialbook.errors import NoModelError, OptionError
from trialbook.tracking import Workspace


@pytest.fixture
def named(written):
    """The experiment of two trials with models and one without."""
    written.tracker.log(written.tracker.run_id, tags={"data": "bank@3"})
    for number, (label, score) in enumerate({"small-1": 0.8, "small-2": 0.9}.items(), start=1):
        run_id = written.add(number, label, score, C=number)
        _complete(written.tracker.folder_of(run_id) / "model")
    written.add(3, "small-3")
    return written.experiment


def _complete(folder):
    """What MLflow needs besides the pickled estimator."""
    (folder / "MLmodel").write_text(
        "flavors:\n  sklearn:\n    code: null\n    pickled_model: model.pkl\n"
        "    serialization_format: cloudpickle\n    sklearn_version: 1.9.0\n"
    )


def loaded(experiment, uri):
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(experiment.tracking_uri)
    try:
        return mlflow.sklearn.load_model(uri)
    finally:
        mlflow.set_tracking_uri(before)


def test_the_best_model_gets_a_name_and_is_loaded_by_it(named, prepared):
    made = named.register("churn")
    assert (made.name, made.version, made.uri) == ("churn", 1, "models:/churn/1")
    expected = named.best.model.predict_proba(prepared.train)
    np.testing.assert_array_equal(loaded(named, made.uri).predict_proba(prepared.train), expected)


def test_a_name_that_is_taken_gets_a_new_version(named):
    assert [named.register("churn", trial).version for trial in ("best", 1, "small-1")] == [
        1,
        2,
        3,
    ]


def test_a_version_says_what_it_is(named):
    made = named.register("churn")
    client = Workspace.open(named.workspace).client
    found = client.get_model_version("churn", str(made.version))
    assert found.run_id == named.best.run_id
    assert found.tags == {
        "trialbook.experiment": "bank",
        "trialbook.trial": "small-2",
        "trialbook.learner": "small",
        "trialbook.task": "classification",
        "trialbook.metric": "roc_auc",
        "trialbook.score": "0.9",
        "trialbook.data": "bank@3",
        "trialbook.notebook": f"runs:/{named.best.run_id}/program/trial.ipynb",
    }


def test_a_registered_model_is_found_after_a_move(named, prepared, tmp_path):
    from trialbook.lifecycle import Experiment
    from trialbook.tracking import Tracker

    uri = named.register("churn").uri
    expected = named.best.model.predict_proba(prepared.train)
    shutil.move(named.workspace, tmp_path / "moved")
    moved = Experiment(Tracker.latest(Workspace.open(tmp_path / "moved")))
    np.testing.assert_array_equal(loaded(moved, uri).predict_proba(prepared.train), expected)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b"])
def test_what_cannot_be_a_name_is_refused(named, name):
    with pytest.raises(OptionError, match="cannot be the name of a model"):
        named.register(name)


def test_a_trial_without_a_model_is_not_registered(named):
    with pytest.raises(NoModelError, match="small-3 has no model"):
        named.register("churn", "small-3")
    assert Workspace.open(named.workspace).client.search_registered_models() == []


def test_the_command_says_how_to_load_it(named, capsys):
    assert main(["register", "churn", "small-1", "--workspace", str(named.workspace)]) == 0
    out = capsys.readouterr().out
    assert "small-1 is version 1 of churn" in out
    assert 'mlflow.sklearn.load_model("models:/churn/1")' in out
    assert f'mlflow.set_tracking_uri("{named.tracking_uri}")' in out
