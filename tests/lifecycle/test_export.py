"""Models of an experiment in forms that others can use."""

from __future__ import annotations

import json
import shutil

import cloudpickle
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import trialbook as tb
from trialbook.cli import main
from trialbook.errors import ExportError, NoModelError, OptionError, UntrustedError
from trialbook.experiment import state
from trialbook.lifecycle import _export
from trialbook.models import Model


@pytest.fixture
def space(written):
    written.tracker.log(written.tracker.run_id, tags={"data": "bank@1"})
    written.add(1, "small-1", 0.8, C=1.0)
    written.add(2, "small-2")
    written.experiment.register("churn", "small-1")
    return written.experiment.workspace


def twice(X):
    return 2 * X


@pytest.fixture
def odd(space, prepared):
    """The workspace, whose model has a step that somebody wrote into its notebook."""
    model = make_pipeline(
        make_column_transformer((FunctionTransformer(twice), ["size"])),
        SimpleImputer(),
        LogisticRegression(),
    )
    model.fit(prepared.train[prepared.schema.names], prepared.train["label"])
    path = tb.open(space).best.folder / "model" / "model.pkl"
    path.write_bytes(cloudpickle.dumps(model))
    return space


@pytest.mark.parametrize("which", ["best", "small-1", "churn@1"])
def test_a_model_is_exported_by_any_name(space, tmp_path, which):
    made = tb.export(which, to="pickle", path=tmp_path / "a.pkl", workspace=space)
    trial = tb.open(space).best
    assert made.path.read_bytes() == (trial.folder / "model" / "model.pkl").read_bytes()


def test_an_experiment_exports_its_trials(written, space, tmp_path):
    made = written.experiment.export("pickle", tmp_path / "a.pkl", trial="small-1")
    assert made.path.is_file()
    with pytest.raises(NoModelError, match="small-2"):
        written.experiment.export("pickle", tmp_path / "b.pkl", trial="small-2")


def test_a_step_that_onnx_lacks_is_named_and_nothing_written(odd, tmp_path):
    with pytest.raises(ExportError, match="twice"):
        tb.export("churn", to="onnx", path=tmp_path / "a.onnx", workspace=odd)
    assert not list(tmp_path.glob("*.onnx"))


def test_a_strangers_model_is_exported_on_a_persons_word_only(space, tmp_path):
    folder = shutil.copytree(tb.open(space).best.folder / "model", tmp_path / "sent")
    with pytest.raises(UntrustedError):
        tb.export(folder, to="pickle", path=tmp_path / "a.pkl", workspace=space)
    tb.export(folder, to="pickle", path=tmp_path / "a.pkl", workspace=space, trust=True)
    with pytest.raises(OptionError, match="onnx"):
        tb.export("best", to="onn", path=tmp_path / "a", workspace=space)


def test_rows_to_compare_on_are_those_of_training_or_lie_beside_the_model(
    written, prepared, tmp_path, monkeypatch
):
    written.add(1, "small-1", 0.8, C=1.0)
    model, table = written.experiment.model(), written.experiment.folder / state.TRAIN
    rows = _export.real_rows(model, table)
    assert list(rows) == model.schema.names
    assert len(rows) == len(prepared.train)
    monkeypatch.setattr(_export, "COMPARED", 5)
    few = _export.real_rows(model, table)
    assert len(few) == 5
    pd.testing.assert_frame_equal(few, _export.real_rows(model, table))

    alone = Model.at(shutil.copytree(model.folder, tmp_path / "alone"))
    assert _export.real_rows(alone, None) is None
    example = {"columns": ["size", "kind"], "data": [[float("nan"), "a"], [1.0, None]]}
    (alone.folder / "input_example.json").write_text(json.dumps(example))
    assert sorted(_export.real_rows(alone, None)["size"].fillna(0)) == [0.0, 1.0]
    prepared.train.head(4).to_parquet(alone.folder / "background.parquet")
    assert len(_export.real_rows(alone, None)) == 4


def test_the_command_says_what_was_written(odd, tmp_path, capsys):
    target = tmp_path / "churn.pkl"
    where = ["--workspace", str(odd)]
    assert main(["export", "churn", "--to", "pickle", "-o", str(target), *where, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["model"], document["version"]) == ("churn", 1)
    assert document["path"] == str(target)
    assert document["files"] == ["churn.pkl", "churn.requirements.txt"]
    assert document["size"] == target.stat().st_size
    assert main(["export", "--to", "pickle", "-o", str(target), *where, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["model"], document["version"]) == ("small-1", None)
    assert main(["export", "--to", "pickle", "-o", str(target), *where]) == 0
    assert "a pickle" in capsys.readouterr().out
    assert main(["export", "--to", "onnx", "-o", str(tmp_path / "a.onnx"), *where]) == 2
    assert "twice" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.onnx"))
