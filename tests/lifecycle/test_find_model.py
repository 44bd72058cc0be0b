"""A model by whatever name it goes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import trialbook as tb
from trialbook.errors import NoModelError, OptionError, WorkspaceError
from trialbook.models import Model
from trialbook.tracking import Workspace, find_version, registered, versions


@pytest.fixture
def space(written):
    """A workspace with two trials, the worse of which is version 1 of ``churn``."""
    written.tracker.log(written.tracker.run_id, tags={"data": "bank@3"})
    for number, (label, score) in enumerate({"small-1": 0.8, "small-2": 0.9}.items(), start=1):
        written.add(number, label, score, C=number)
    written.add(3, "small-3")
    written.experiment.register("churn", "small-1")
    written.experiment.register("churn", "small-2")
    return written.experiment.workspace


def found(space, which, **where):
    return tb.load_model(which, workspace=space, **where)


def alias(space, name, version):
    client = Workspace.open(space).client
    client.set_registered_model_alias("churn", name, str(version))


def test_a_name_means_the_champion_and_else_the_newest(space):
    assert found(space, "churn").label == "churn@2"
    alias(space, "champion", 1)
    assert found(space, "churn").label == "churn@1"


@pytest.mark.parametrize("which", ["churn@1", "models:/churn/1", "churn@old", "models:/churn@old"])
def test_a_version_is_found_by_number_and_alias(space, which):
    alias(space, "old", 1)
    model = found(space, which)
    assert (model.label, model.version) == ("churn@1", 1)


@pytest.mark.parametrize("which", ["best", "small-2", "2"])
def test_trials_are_found_as_on_the_leaderboard(space, which):
    assert found(space, which).label == "small-2"


def test_a_run_and_a_folder_are_found(space, written):
    trial = written.experiment.best
    by_run, by_folder = found(space, trial.uri), found(space, trial.folder / "model")
    assert by_run.run_id == trial.run_id
    assert by_run.folder == by_folder.folder == trial.folder / "model"
    assert by_folder.schema == written.experiment.schema


@pytest.mark.parametrize("which", ["churn@1", "run", "small-1"])
def test_a_model_that_was_stored_without_schema_has_that_of_its_experiment(space, written, which):
    trial = written.experiment.trial("small-1")
    (trial.folder / "model" / "schema.json").unlink()  # as before models kept it
    model = found(space, trial.uri if which == "run" else which)
    assert model.folder == trial.folder / "model" and model.run_id == trial.run_id
    assert model.schema == written.experiment.schema


def test_a_trial_of_a_named_experiment_comes_before_the_registry(space, written):
    written.experiment.register("small-1", "small-2")
    assert found(space, "small-1").run_id == written.experiment.trial("small-2").run_id
    chosen = found(space, "small-1", name="bank")
    assert chosen.run_id == written.experiment.trial("small-1").run_id


def test_all_ways_give_the_same_answers(space, written, prepared):
    expected = written.experiment.trial("small-2").model.predict_proba(prepared.train)
    for which in ("churn@2", "small-2", written.experiment.best.folder / "model"):
        answers = found(space, which).predict_proba(prepared.train)
        np.testing.assert_array_equal(answers, expected)
        assert list(answers) == ["no", "yes"]


@pytest.mark.parametrize(
    ("which", "error", "says"),
    [
        ("chum", OptionError, "churn"),
        ("churn@9", WorkspaceError, "has no version '9'"),
        ("models:/other/1", WorkspaceError, "no registered model 'other'"),
        ("small-3", NoModelError, "has no model"),
        ("runs:/0123/model", WorkspaceError, "is gone"),
    ],
)
def test_what_is_not_there_is_refused(space, which, error, says):
    with pytest.raises(error, match=says):
        found(space, which)


@pytest.mark.parametrize(
    ("which", "label"),
    [("churn", "small-2"), ("churn@1", "small-1"), ("best", "small-2"), ("1", "small-1")],
)
def test_the_trial_of_a_name_is_found(space, which, label):
    experiment, trial = tb.find_trial(which, workspace=space)
    assert (experiment.name, trial.label) == ("bank", label)


def test_a_trial_without_a_model_is_found_to_be_looked_at(space, written):
    assert tb.find_trial("small-3", workspace=space)[1].label == "small-3"
    by_run = tb.find_trial(written.experiment.trial("small-1").uri, workspace=space)[1]
    assert by_run.label == "small-1"


@pytest.mark.parametrize(
    ("which", "error", "says"),
    [
        ("chum", OptionError, "churn"),
        ("churn@9", WorkspaceError, "has no version '9'"),
        ("runs:/0123/model", WorkspaceError, "is gone"),
        ("given.onnx", OptionError, "which trial"),
    ],
)
def test_a_trial_that_is_not_there_is_refused(space, which, error, says):
    with pytest.raises(error, match=says):
        tb.find_trial(which, workspace=space)


def test_a_model_whose_folder_is_gone_is_refused(space, written):
    shutil.rmtree(written.experiment.best.folder / "model")
    with pytest.raises(NoModelError, match="has no model"):
        found(space, "churn@2")


def test_a_folder_of_something_else_is_no_model(tmp_path):
    with pytest.raises(NoModelError, match=r"schema\.json"):
        Model.at(tmp_path)


def test_the_registry_lists_names_and_versions(space):
    workspace = Workspace.open(space)
    assert registered(workspace) == ["churn"]
    alias(space, "champion", 1)
    newest, first = versions(workspace, "churn")
    assert (newest.version, newest.aliases, first.aliases) == (2, (), ("champion",))
    assert first.tags["trial"] == "small-1"
    assert find_version(workspace, "churn", "2").run_id == newest.run_id
    with pytest.raises(WorkspaceError, match="no registered model 'nothing'"):
        versions(workspace, "nothing")
