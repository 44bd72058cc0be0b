"""Who is champion of a registered model, and who takes its place."""

from __future__ import annotations

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.cli import main
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.lifecycle._compare import compare
from trialbook.models import Model


@pytest.fixture
def space(written):
    """Version 1 of ``churn`` says the opposite of version 2; neither is champion."""
    written.tracker.log(written.tracker.run_id, tags={"data": "bank@3"})
    for number, label in enumerate(("small-1", "small-2"), start=1):
        written.add(number, label, 0.8 + number / 100, C=1.0)
        written.experiment.register("churn", label)
    wrong = written.experiment.trial("small-1")
    wrong.model[-1].coef_ *= -1
    (wrong.folder / "model" / "model.pkl").write_bytes(cloudpickle.dumps(wrong.model))
    return written.experiment.workspace


@pytest.fixture
def new_rows():
    rng = np.random.default_rng(5)
    size = rng.normal(size=200)
    return pd.DataFrame(
        {
            "size": size,
            "kind": rng.choice(["a", "b"], 200),
            "flag": pd.Series(rng.choice([True, False], 200), dtype=object),
            "day": pd.date_range("2025-01-01", periods=200),
            "label": np.where(size + rng.normal(size=200) > 0, "yes", "no"),
        }
    )


def aliases(space):
    return {one.version: one.aliases for one in tb.registered_models(space)}


def test_the_first_champion_needs_no_comparison(space):
    done = tb.promote("churn@1", workspace=space)
    assert (done.promoted, done.former, done.difference) == (True, None, None)
    assert done.version.aliases == ("champion",)
    assert "champion_since" in done.version.tags
    assert tb.load_model("churn", workspace=space).version == 1


def test_a_champion_is_not_replaced_unseen(space):
    tb.promote("churn@1", workspace=space)
    with pytest.raises(OptionError, match="nothing says that version 2 is better"):
        tb.promote("churn@2", workspace=space)
    assert aliases(space) == {2: (), 1: ("champion",)}


def test_a_better_one_takes_the_place_and_the_former_is_kept(space, new_rows):
    tb.promote("churn@1", workspace=space)
    done = tb.promote("churn@2", data=new_rows, workspace=space)
    assert done.promoted
    assert done.difference.n_rows == 200
    assert aliases(space) == {2: ("champion",), 1: ("previous",)}
    assert done.version.tags["comparison"].startswith("version 1: ")


def test_a_worse_one_does_not_unless_it_is_forced(space, new_rows):
    new_rows["label"] = np.where(new_rows["label"] == "yes", "no", "yes")
    tb.promote("churn@1", workspace=space)
    done = tb.promote("churn@2", data=new_rows, workspace=space)
    assert not done.promoted
    assert done.difference.gain <= 0
    assert aliases(space) == {2: (), 1: ("champion",)}
    assert tb.promote("churn@2", force=True, workspace=space).promoted
    assert aliases(space) == {2: ("champion",), 1: ("previous",)}


def test_the_challenger_is_meant_by_a_name_alone(space, written, new_rows):
    tb.promote("churn@1", workspace=space)
    written.experiment.register("churn", "small-1")
    written.experiment.register("churn", "small-2", aliases=["challenger"])
    written.experiment.register("churn", "small-1")
    done = tb.promote("churn", data=new_rows, workspace=space)
    assert (done.version.version, done.version.aliases) == (4, ("champion",))


def test_another_alias_leaves_the_champion_alone(space):
    tb.promote("churn@1", workspace=space)
    tb.promote("churn@2", alias="staging", workspace=space)
    assert aliases(space) == {2: ("staging",), 1: ("champion",)}


def test_a_champion_that_is_promoted_stays_champion(space):
    tb.promote("churn@1", workspace=space)
    assert tb.promote("churn@1", workspace=space).promoted
    assert aliases(space) == {2: (), 1: ("champion",)}


@pytest.mark.parametrize("alias", ["latest", "3", "v3", "a b", ""])
def test_what_cannot_be_an_alias_is_refused_before_anything_is_registered(space, written, alias):
    with pytest.raises(OptionError, match="cannot be an alias"):
        written.experiment.register("churn", aliases=["fine", alias])
    assert len(tb.registered_models(space)) == 2


@pytest.mark.parametrize(
    ("which", "error"),
    [("other", WorkspaceError), ("churn@9", WorkspaceError), ("a/b/c", OptionError)],
)
def test_what_is_not_registered_is_refused(space, which, error):
    with pytest.raises(error):
        tb.promote(which, workspace=space)


def test_rows_without_a_known_class_cannot_compare(space, new_rows):
    tb.promote("churn@1", workspace=space)
    with pytest.raises(DataError, match="no row has a usable value of the target 'label'"):
        tb.promote("churn@2", data=new_rows.assign(label="maybe"), workspace=space)


def test_models_of_other_classes_are_compared_on_those_of_both(prepared):
    class Fixed:
        def __init__(self, share):
            self.share = share

        def predict_proba(self, X):
            return np.tile(self.share, (len(X), 1))

    from dataclasses import replace
    from pathlib import Path

    three = replace(prepared.schema, classes=("maybe", "no", "yes"), positive=None)
    two = Model("two", Path(), prepared.schema)
    more = Model("three", Path(), three)
    object.__setattr__(two, "estimator", Fixed([0.9, 0.1]))
    object.__setattr__(more, "estimator", Fixed([0.2, 0.7, 0.1]))
    rows = prepared.train.assign(label=["maybe", "no"] * (len(prepared.train) // 2))
    found = compare(two, more, rows, "roc_auc")
    assert found.metric == "roc_auc"
    back = compare(more, two, rows, "f1")
    # Only the default is sure to be for three classes.
    assert back.metric == "log_loss"
    assert back.gain < 0
    with pytest.raises(OptionError, match="one target"):
        compare(two, replace(more, schema=replace(three, target="kind")), rows, "roc_auc")


def test_the_commands_say_what_was_found(space, new_rows, tmp_path, capsys):
    new_rows.to_csv(tmp_path / "new.csv", index=False)
    where = ["--workspace", str(space)]
    assert main(["promote", "churn@1", *where]) == 0
    assert "version 1 of churn is the champion" in capsys.readouterr().out
    assert main(["promote", "churn@2", "--data", str(tmp_path / "new.csv"), *where]) == 0
    said = capsys.readouterr().out
    assert "roc_auc on 200 rows" in said
    assert "better in roc_auc" in said
    assert "neither was trained on them" in said
    assert main(["promote", "churn@1", "--data", str(tmp_path / "new.csv"), *where]) == 1
    assert "stays what it is: no champion" in capsys.readouterr().out
    assert main(["models", *where]) == 0
    listed = capsys.readouterr().out
    assert "champion" in listed
    assert "bank@3" in listed
    assert main(["models", "chum", *where]) == 2
    assert "churn" in capsys.readouterr().err
