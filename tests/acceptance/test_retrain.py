"""A registered model is trained anew on new data, compared, and takes the champion's place."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.cli import main
from trialbook.errors import DataError, OptionError, WorkspaceError

pytestmark = pytest.mark.acceptance


def patients(seed, n, shift=0.0):
    rng = np.random.default_rng(seed)
    age, dose = rng.normal(50, 12, n), rng.gamma(2, 3, n)
    ward = rng.choice(["north", "south", "west"], n)
    risk = 0.08 * (age - 50) + 0.3 * (dose - 6) + (ward == "west") + shift
    return pd.DataFrame(
        {
            "age": age.round(1),
            "dose": dose.round(2),
            "ward": ward,
            "same": "always",
            "outcome": np.where(risk + rng.logistic(size=n) > 0, "ill", "well"),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    space = tmp_path_factory.mktemp("retrain") / "workspace"
    experiment = tb.classify(
        patients(0, 300),
        "outcome",
        name="ward",
        allow=["logistic_regression", "decision_tree"],
        max_trials=4,
        stacking=False,
        workspace=space,
    )
    experiment.register("risk", aliases=["champion"])
    best_single = next(one for one in experiment.trials if one.learner == "decision_tree")
    experiment.register("single", best_single.label)
    return experiment


def test_an_ensemble_is_retrained_from_its_members(trained, tmp_path, capsys):
    space = str(trained.workspace)
    patients(1, 900).assign(note="new", same="never").to_csv(tmp_path / "new.csv", index=False)
    command = ["retrain", "risk", "--data", str(tmp_path / "new.csv"), "--workspace", space]
    assert main([*command, "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["version"], done["former"], done["aliases"]) == (2, 1, ["challenger"])
    assert done["trial"].startswith("voting")
    assert done["difference"]["n_rows"] == 180
    assert done["tags"]["retrained_from"] == "1"
    assert str(tmp_path / "new.csv") in done["tags"]["data"]
    again = tb.open(space, "ward-retrain")
    before = {one.label: one.params for one in trained.trials}
    members = json.loads(trained.best.record.tags["members"])
    made = [one for one in again.trials if one.learner != "voting"]
    assert [one.params for one in sorted(made, key=lambda one: one.number)] == [
        before[label] for label in members
    ]
    # What was no feature is none now, though it varies.
    assert again.schema.names == trained.schema.names
    promoted = tb.promote("risk", data=patients(2, 400), workspace=space)
    expected = "challenger" if not promoted.promoted else "champion"
    assert promoted.version.aliases == (expected,)


def test_rows_that_the_champion_was_trained_on_do_not_count(trained):
    both = pd.concat([patients(0, 300), patients(3, 700)], ignore_index=True)
    done = tb.retrain("single", both, workspace=trained.workspace)
    assert done.n_seen > 20
    assert done.left_out
    assert done.difference.n_rows == 200 - done.n_seen
    assert done.trial.learner == "decision_tree"
    assert tb.load_model("single", workspace=trained.workspace).version == done.version.version
    # Nor do those of either when one is to take the other's place.
    later = pd.concat([both, patients(9, 250)], ignore_index=True)
    promoted = tb.promote("single", data=later, workspace=trained.workspace, alias="champion")
    if promoted.difference is not None:
        assert promoted.left_out
        assert promoted.n_seen + promoted.difference.n_rows == len(later)
        assert promoted.difference.n_rows < 500


def test_a_table_to_compare_on_may_be_given(trained):
    done = tb.retrain(
        "single@1", patients(4, 300), test=patients(5, 150), workspace=trained.workspace
    )
    assert done.difference.n_rows == 150
    assert done.former.version == 1


def test_new_rows_may_have_a_class_more_where_one_of_two_was_positive(tmp_path):
    asked = {"positive_label": "well", "metric": "f1", "name": "ward", "max_trials": 1}
    known = {"allow": ["decision_tree"], "voting": False, "stacking": False}
    experiment = tb.classify(patients(0, 200), "outcome", workspace=tmp_path, **asked, **known)
    experiment.register("risk")
    new = patients(1, 300)
    new.loc[new["age"] > 60, "outcome"] = "dead"
    new.to_parquet(tmp_path / "new.parquet")
    for data in (new, tmp_path / "new.parquet"):
        done = tb.retrain("risk@1", data, workspace=tmp_path)
        assert done.experiment.schema.classes == ("dead", "ill", "well")
        assert done.experiment.schema.positive is None
        assert done.experiment.metric == "f1"
        note = next(one for one in done.experiment.guardrails if one.name == "New classes")
        assert note.finding == "the model had 2 classes, and the new rows have 3"
        assert note.action == "no class counts as positive, as 'well' did"
    others = new["outcome"].replace({"dead": "gone", "ill": "gone", "well": "home"})
    with pytest.raises(DataError, match="'gone' and 'home', and 'well' counts as positive"):
        tb.retrain("risk@1", new.assign(outcome=others), workspace=tmp_path)


def test_an_edited_program_has_no_configuration(trained, tmp_path):
    source = next(one for one in trained.trials if one.learner == "decision_tree")
    copy = tmp_path / "edited.py"
    copy.write_text(source.program.read_text("utf-8"), "utf-8")
    edited = tb.rerun(copy, workspace=trained.workspace, name="ward")
    trained.register("by-hand", edited.label)
    with pytest.raises(OptionError, match="a person edited the program"):
        tb.retrain("by-hand", patients(6, 300), workspace=trained.workspace)


def test_a_model_that_is_not_registered_cannot_be_retrained(trained):
    with pytest.raises(WorkspaceError, match="no registered model"):
        tb.retrain("other", patients(6, 300), workspace=trained.workspace)
