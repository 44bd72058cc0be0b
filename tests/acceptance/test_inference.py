"""Fast serving: the winner made anew on all rows, and a limit on the time of a prediction."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import trialbook as tb

pytestmark = pytest.mark.acceptance

VERIFY = Path(__file__).parents[2] / "tools" / "verify_notebooks.py"
FOLDS = 3
# Nothing here is as slow, however busy the machine.
GENEROUS_MS = 60_000


def cells():
    """Tumours: six numbers, and whether each is benign."""
    frame = load_breast_cancer(as_frame=True).frame
    return frame[[*frame.columns[:6], "target"]]


@pytest.fixture(scope="module")
def told():
    """What the training of `served` said."""
    return []


@pytest.fixture(scope="module")
def served(warm_workers, told, tmp_path_factory):
    """An experiment whose winner was made anew, and is quick enough."""
    return tb.classify(
        cells(),
        "target",
        name="cells",
        allow=["logistic_regression", "lightgbm"],
        folds=FOLDS,
        max_trials=3,
        test_size=0.2,
        refit=True,
        max_predict_ms=GENEROUS_MS,
        workspace=tmp_path_factory.mktemp("served") / "W",
        listeners=[told.append],
    )


def original_of(experiment, trial):
    return experiment.trial(trial.label.removesuffix("-refit"))


def single_models(model):
    """The pipelines of which a model is made."""
    if hasattr(model, "estimators_"):
        return [one for part in model.estimators_ for one in single_models(part)]
    inner = getattr(model, "estimator", getattr(model, "model", None))
    return [model] if inner is None else single_models(inner)


def test_the_winner_is_made_anew_with_the_score_of_its_folds(served):
    best = served.best
    assert best.refitted
    original = original_of(served, best)
    assert not original.refitted
    assert best.score == original.score == max(trial.score for trial in served.trials)
    assert best.metrics["predict_row_ms"] > 0
    board = served.leaderboard
    assert board["trial"][0] == best.label
    assert list(board["best"]) == [True, *[False] * (len(board) - 1)]
    assert (board["predict_row_ms"] > 0).all()


def test_everything_agrees_on_the_winner(served, told, run):
    best = served.best
    assert told[-1].best == best.label
    tested = next(event for event in told if type(event).__name__ == "Tested")
    assert tested.label == best.label
    assert best.metrics["test_score"] == tested.metrics["roc_auc"]
    assert f"**{best.label}**" in served.report.read_text()
    assert "score is that of the folds' models" in served.report.read_text()
    shown = run("show", "--workspace", served.workspace, "--json").document
    assert (shown["trial"], shown["refitted"]) == (best.label, True)
    assert best.label in run("leaderboard", "--workspace", served.workspace).out
    (marked,) = [one for one in served.trials if one.record.tags.get("best") == "true"]
    assert marked.label == best.label
    rows = cells().head(20)
    np.testing.assert_array_equal(served.predict(rows), served.predict(rows, best.label))


def test_one_model_of_all_rows_takes_the_place_of_the_folds_models(served):
    best = served.best
    anew = single_models(best.model)
    assert len(single_models(original_of(served, best).model)) == FOLDS * len(anew)
    for trial in served.trials:
        if trial.refitted and trial.learner not in ("voting", "stacking"):
            assert len(single_models(trial.model)) == 1


def test_notebooks_of_what_was_made_anew_give_their_score_and_their_model(
    served, without_trialbook
):
    labels = [trial.label for trial in served.trials if trial.refitted]
    chosen = [argument for label in labels for argument in ("--trial", label)]
    done = subprocess.run(
        [sys.executable, VERIFY, served.workspace, "--with-trialbook", *chosen],
        env=without_trialbook,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(labels)} of {len(labels)} agree." in done.stdout
    for label in labels:
        assert "import trialbook" not in served.trial(label).program.read_text()


def test_a_resumed_experiment_makes_its_winner_anew_once(served, tmp_path):
    workspace = shutil.copytree(served.workspace, tmp_path / "W")
    first = {trial.label for trial in served.trials}
    experiment = tb.resume(workspace, max_trials=4)
    labels = [trial.label for trial in experiment.trials]
    assert len(labels) == len(set(labels))
    assert first < set(labels)
    assert {trial.state for trial in experiment.trials} == {"finished"}
    assert experiment.best.refitted
    assert experiment.best.score >= served.best.score
    configurations = [trial.record.tags["configuration"] for trial in experiment.trials]
    refits = [name for name in configurations if name.startswith("refit of ")]
    assert len(refits) == len(set(refits))
    assert not any(name.endswith("-refit") for name in refits)

    again = next(one for one in experiment.trials if one.refitted and one.learner == "lightgbm")
    edited = tb.rerun(again.program)
    assert edited.score == pytest.approx(again.score, abs=1e-9)
    assert len(single_models(edited.model)) == 1


def test_when_nothing_is_quick_enough_the_quickest_wins_and_that_is_said(
    warm_workers, run, tmp_path
):
    load_diabetes(as_frame=True).frame.to_csv(tmp_path / "sugar.csv", index=False)
    options = ("--target", "target", "--allow", "decision_tree,elastic_net", "--max-trials", "2")
    options = (*options, "--folds", "2", "--max-predict-ms", "0.001", "--no-refit")
    outcome = run(
        "train", tmp_path / "sugar.csv", *options, "--workspace", tmp_path / "W", "--json"
    )
    assert outcome.code == 0, outcome.err
    board = outcome.document["leaderboard"]
    quickest = min(board, key=lambda row: row["predict_row_ms"])
    assert [row["trial"] for row in board if row["best"]] == [quickest["trial"]]
    assert outcome.document["best"]["trial"] == quickest["trial"]
    # No member is quick enough, so there is nothing to make an ensemble of.
    assert {row["learner"] for row in board} <= {"decision_tree", "elastic_net"}
    assert "no model predicts one row within 0.001 ms" in outcome.err
    assert quickest["trial"] in outcome.err
    assert "No model is within the 0.001 ms" in Path(outcome.document["report"]).read_text()
    job = json.loads((tb.open(tmp_path / "W").folder / "job.json").read_text())
    assert (job["refit"], job["max_predict_ms"]) == (False, 0.001)
