"""Featurization to order, from the job to the notebook, the model and what comes after."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import trialbook as tb

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]

N_ROWS = 160
WORDS = ["river", "stone", "cloud", "light", "bread", "night", "glass", "horse"]
FILLED = "fill_value=-1"


def people(seed=0):
    """Columns of every kind, with gaps, and two that are to be left out."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 70, N_ROWS).astype(float)
    job = rng.choice(["cook", "nurse", "clerk", "smith"], N_ROWS)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(N_ROWS) < 0.2, np.nan, age),
            "pay": rng.normal(size=N_ROWS),
            "job": np.where(rng.random(N_ROWS) < 0.2, None, job),
            "zip": [f"z{i % 45}" for i in range(N_ROWS)],
            "day": pd.date_range("2024-01-01", periods=N_ROWS),
            "note": [" ".join(rng.choice(WORDS, 6)) for _ in range(N_ROWS)],
            "secret": rng.normal(size=N_ROWS),
            "row_id": np.arange(N_ROWS),
        }
    )
    return frame.assign(y=np.where(age + 20 * (job == "cook") > 45, "yes", "no"))


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return tb.classify(
        people(),
        "y",
        ignore=["secret"],
        types={"zip": "CategoricalHash"},
        imputers={
            "age": {"strategy": "constant", "fill_value": -1},
            "job": "most_frequent",
            "day": "median",
        },
        block_transformers=["OneHotEncoder", "WordEmbedding"],
        transformer_params={
            "TfIdf": [{"fields": ["note"], "parameters": {"max_features": 20}}],
            "HashOneHotEncoder": {"number_of_bits": 3},
        },
        language="eng",
        allow=["decision_tree", "logistic_regression"],
        max_trials=2,
        folds=2,
        stacking=False,
        refit=True,
        workspace=tmp_path_factory.mktemp("featurization") / "W",
    )


def test_every_trial_keeps_to_the_orders_and_its_script_gives_its_score(experiment):
    trials = [trial for trial in experiment.trials if trial.learner != "voting"]
    assert {trial.learner for trial in trials} == {"decision_tree", "logistic_regression"}
    assert any(trial.refitted for trial in trials)
    for trial in trials:
        source = trial.program.read_text("utf-8")
        assert FILLED in source and "OneHotEncoder(min" not in source
        assert "max_features=20" in source
        assert 'kw_args={"n": 8}' in source
    for trial in trials[:2]:
        ran = subprocess.run(
            [sys.executable, str(trial.program)],
            capture_output=True,
            text=True,
            cwd=trial.program.parent,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        score = float(ran.stdout.split(f"{experiment.metric}: ")[1].split()[0])
        assert score == pytest.approx(trial.score, abs=1e-6)


def test_dropped_columns_are_not_asked_for_in_prediction(experiment):
    assert "secret" not in experiment.schema.names
    new = people(1).drop(columns=["y", "secret", "row_id"])
    new["age"] = 30  # whole numbers without a gap, where training had gaps
    assert len(experiment.predict(new)) == N_ROWS
    assert len(experiment.predict(new.assign(age=np.nan, job=None, day=pd.NaT))) == N_ROWS


def test_the_summary_says_what_became_of_each_column(experiment):
    table = experiment.features().set_index("column")
    assert list(table.index) == [name for name in people() if name != "y"]
    assert table.loc["secret", "dropped"] == "ignored by request"
    assert table.loc["row_id", "dropped"] == "identifier"
    assert table.loc["secret", "n_features"] == 0
    (label,) = {
        one.label
        for one in experiment.trials
        if one.learner == "decision_tree" and not one.refitted
    }
    tree = experiment.features(label).set_index("column")
    assert tree.loc["zip", "transformations"] == ["hash into 8 buckets"]
    assert tree.loc["job", "transformations"] == ["imputation by the most frequent value, codes"]
    assert "imputation by -1" in tree.loc["age", "transformations"]
    assert tree.loc["zip", "n_features"] <= 8


def test_orders_are_kept_when_it_goes_on_and_by_what_is_run_again(experiment):
    more = tb.resume(experiment.workspace, experiment.name, max_trials=3)
    newest = max(
        (one for one in more.trials if not one.refitted and one.learner != "voting"),
        key=lambda one: one.number,
    )
    assert FILLED in newest.program.read_text("utf-8")
    again = tb.rerun(newest.notebook)
    assert again.score == pytest.approx(newest.score, abs=1e-9)
    kept = json.loads((more.folder / "job.json").read_text("utf-8"))
    assert kept["featurization"] == "custom"


def test_what_was_asked_is_among_the_checks(experiment):
    said = {check.name: check for check in experiment.guardrails}
    assert "one_hot" in said["Featurization"].finding
    assert "word_embedding: no effect" in said["Featurization"].action
    assert said["Imputers"].columns == ("age", "job", "day")
    assert said["Language of text"].finding == "text is in English"


def test_without_featurization_trials_run_and_predict_without_text(tmp_path):
    found = tb.classify(
        people(),
        "y",
        featurization="off",
        allow=["decision_tree", "logistic_regression"],
        max_trials=2,
        folds=2,
        voting=False,
        stacking=False,
        workspace=tmp_path / "W",
    )
    assert set(found.leaderboard["state"]) == {"finished"}
    assert len(found.predict(people(1).drop(columns=["y", "note"]))) == N_ROWS
    table = found.features().set_index("column")
    assert table.loc["note", "dropped"] == "text, and featurization is off"
    assert (table.drop("note")["n_features"] == 1).all()
