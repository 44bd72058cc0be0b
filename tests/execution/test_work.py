"""What a worker does with a trial: the numbers and the files that it leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.execution import FIRST_FOLD, NOTEBOOK, OOF, PROGRAM, Request, _work
from trialbook.execution._work import OutOfTimeError, run_score, run_trial
from trialbook.job import Job
from trialbook.models import read_conformal
from trialbook.program import import_program

N_ROWS, N_FOLDS = 90, 3

# A program as a person would write it: a mean for each fold. What is between the marks changes.
PROGRAM_TEXT = """\
# %% [markdown]
# # A mean

# %%
import time

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.frozen import FrozenEstimator

# %%
FOLDS = ["__fold_0", "__fold_1", "__fold_2"]


# %%
def load(path="../../train.parquet"):
    data = pd.read_parquet(path)
    return data.drop(columns=["y", *FOLDS]), data["y"].to_numpy(), data[FOLDS].to_numpy()


# %%
def cross_validate(X, y, folds):
    for number, fold in enumerate(folds.T):
        train, valid = np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)
        model = DummyRegressor().fit(X.iloc[train], y[train])
        prediction = model.predict(X.iloc[valid])
        {in_fold}
        yield model, valid, prediction


# %%
def evaluate(y, valid, prediction):
    score = float(np.sqrt(np.mean((y[valid] - prediction) ** 2)))
    {in_evaluate}
    return score


# %%
def combine(models, X, y):
    voters = [(f"f{{i}}", FrozenEstimator(model)) for i, model in enumerate(models)]
    return VotingRegressor(voters).fit(X, y)
"""


class Experiment:
    """A folder with a table, and trials below it."""

    def __init__(self, root):
        rng = np.random.default_rng(0)
        table = pd.DataFrame({"a": rng.normal(size=N_ROWS), "y": rng.normal(5, 1, size=N_ROWS)})
        prepared = prepare(Job(data=Job.IN_MEMORY, target="y", folds=N_FOLDS), frame=table)
        self.root, self.train, self.folds = root, prepared.train, prepared.folds.matrix
        self.train.to_parquet(root / "train.parquet", index=False)
        (root / "schema.json").write_text(json.dumps(prepared.schema.to_dict()), "utf-8")
        self.folder = root / "trial"
        self.told = []

    def run(self, *, in_fold="pass", in_evaluate="pass", budget_s=None, more="", **asked):
        path = self.folder / PROGRAM
        path.parent.mkdir(parents=True, exist_ok=True)
        program = PROGRAM_TEXT.format(in_fold=in_fold, in_evaluate=in_evaluate)
        path.write_text(program + more, "utf-8")
        payload = {
            "schema": str(self.root / "schema.json"),
            "learner": None,
            "metadata": {"trial": "mean-1"},
            **asked,
        }
        request = Request(1, "trial", str(self.folder), payload, budget_s)
        return run_trial(request, lambda kind, payload: self.told.append((kind, payload)))

    def run_anew(self, **options):
        """Another trial in the same place."""
        shutil.rmtree(self.folder)
        return self.run(**options)

    def score(self, table):
        table.to_parquet(self.root / "table.parquet", index=False)
        payload = {
            "schema": str(self.root / "schema.json"),
            "table": str(self.root / "table.parquet"),
            "name": "test",
            "metric": "rmse",
            "y_range": 4.0,
        }
        return run_score(Request(2, "score", str(self.folder), payload), lambda *_: None)


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a trial works in its own folder; go back afterwards
    return Experiment(tmp_path)


def test_a_trial_answers_with_its_scores_and_all_metrics(experiment):
    result = experiment.run()
    scores = result["fold_scores"]
    assert len(scores) == N_FOLDS
    assert result["score"] == pytest.approx(np.mean(scores))
    assert result["std"] == pytest.approx(np.std(scores))
    assert result["metrics"]["validation_root_mean_squared_error"] == pytest.approx(
        result["score"]
    )
    assert result["metrics"]["training_root_mean_squared_error"] > 0
    assert result["fit_s"] > 0
    assert result["predict_ms"] > 0
    assert result["predict_row_ms"] > 0
    assert result["members"] == []
    assert (result["cut_short"], result["rounds"]) == (False, None)
    assert json.loads(json.dumps(result)) == result


def test_every_fold_is_told_when_it_is_done(experiment):
    result = experiment.run()
    assert [kind for kind, _ in experiment.told] == ["fold"] * N_FOLDS
    assert [told["score"] for _, told in experiment.told] == result["fold_scores"]
    assert [(told["fold"], told["n_folds"]) for _, told in experiment.told] == [
        (number, N_FOLDS) for number in range(1, N_FOLDS + 1)
    ]


def test_a_trial_leaves_its_model_notebook_predictions_and_charts(experiment):
    result = experiment.run()
    folder = experiment.folder
    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    assert notebook.metadata["trialbook"] == {"trial": "mean-1"}
    oof = pd.read_parquet(folder / OOF)
    assert list(oof.columns) == ["row", "fold", "prediction"]
    assert sorted(oof["row"]) == list(range(N_ROWS))
    assert (experiment.folds[oof["row"], oof["fold"]] == 0).all()
    sizes = [file.stat().st_size for file in (folder / "model").rglob("*") if file.is_file()]
    assert result["model_bytes"] == pytest.approx(sum(sizes), rel=0.5)
    assert {chart.name for chart in (folder / "charts").iterdir()} == {
        *("residuals.png", "residuals.json", "predicted_vs_true.png", "predicted_vs_true.json"),
    }


def test_a_stored_model_knows_how_far_it_may_be_off(experiment):
    experiment.run()
    oof = pd.read_parquet(experiment.folder / OOF)
    y = experiment.train["y"].to_numpy()[oof["row"]]
    known = read_conformal(experiment.folder / "model")
    lower, upper = known.interval(oof["prediction"].to_numpy(), 0.9)
    assert ((lower <= y) & (y <= upper)).mean() == pytest.approx(0.9, abs=0.02)


def test_predictions_that_are_not_finite_fail_the_trial(experiment):
    with pytest.raises(ValueError, match="not finite"):
        experiment.run(in_fold="prediction[0] = np.nan")
    assert not (experiment.folder / "model").exists()


def test_a_fold_in_which_the_metric_is_undefined_does_not_count(experiment):
    result = experiment.run(in_evaluate="score = np.nan if valid[0] == 0 else score")
    defined = [score for score in result["fold_scores"] if np.isfinite(score)]
    assert len(defined) == N_FOLDS - 1
    assert result["score"] == pytest.approx(np.mean(defined))


def test_a_trial_whose_score_is_undefined_fails(experiment):
    with pytest.raises(ValueError, match="undefined"):
        experiment.run(in_evaluate="score = np.nan")


def test_folds_that_do_not_fit_into_the_budget_end_the_trial_early(experiment):
    with pytest.raises(OutOfTimeError, match="2 more do not fit"):
        experiment.run(in_fold="time.sleep(0.6)", budget_s=1.0)
    assert len(experiment.told) == 1


def test_some_folds_in_time_are_a_model_if_there_is_no_other(experiment, monkeypatch):
    result = experiment.run(in_fold="time.sleep(0.8 * (number > 0))", budget_s=2.0, partial=True)
    assert result["n_folds"] == len(result["fold_scores"]) == len(experiment.told) == 2
    assert result["score"] == pytest.approx(np.mean(result["fold_scores"]))
    text = (experiment.folder / PROGRAM).read_text("utf-8")
    assert "FOLDS = ['__fold_0', '__fold_1']" in text.replace('"', "'")
    monkeypatch.chdir((experiment.folder / PROGRAM).parent)
    assert list(import_program(experiment.folder / PROGRAM).load()[0]) == ["a"]
    rows = pd.read_parquet(experiment.folder / OOF)["row"]
    assert sorted(rows) == sorted(np.flatnonzero((experiment.folds[:, :2] == 0).any(axis=1)))


@pytest.mark.parametrize("race", [True, False])
def test_a_trial_in_a_race_shows_its_first_fold_before_it_tells(experiment, race):
    path = experiment.folder / FIRST_FOLD
    seen = []
    told = experiment.told
    experiment.told = SimpleNamespace(
        append=lambda one: (told.append(one), seen.append(path.exists()))
    )
    experiment.run(race=race)
    assert seen == [race] * N_FOLDS
    assert not path.exists()


def test_the_first_fold_of_a_program_that_trains_nothing_is_no_measure_of_the_others(experiment):
    slow_start = "time.sleep(0.6 * (number == 0))"
    metrics = experiment.run(in_fold=slow_start, budget_s=1.0, more="MEMBERS = {}\n")["metrics"]
    assert len(experiment.told) == N_FOLDS
    assert not any(name.startswith("training_") for name in metrics)


@pytest.mark.parametrize("budget_s", [1.0, 4.0, 10.0, 100.0, 1000.0])
def test_of_a_budget_some_is_kept_to_store_the_model(budget_s):
    training = _work._training_s(budget_s, 1)
    assert 0.5 * budget_s <= training < budget_s
    assert budget_s - training <= _work.PACKAGING_MAX_S


def test_a_stored_model_is_scored_on_another_table(experiment):
    experiment.run()
    answer = experiment.score(experiment.train[["a", "y"]].head(20))
    table = pd.read_csv(experiment.folder / "test/predictions.csv")
    assert list(table.columns) == ["actual", "prediction"]
    error = np.sqrt(np.mean((table["actual"] - table["prediction"]) ** 2))
    assert answer["score"] == pytest.approx(error)
    assert answer["metrics"]["root_mean_squared_error"] == pytest.approx(error)
    assert Path(experiment.folder / "test/residuals.png").exists()


def test_a_table_without_the_target_is_only_predicted(experiment):
    experiment.run()
    assert experiment.score(experiment.train[["a"]].head(7)) == {"metrics": {}}
    table = pd.read_csv(experiment.folder / "test/predictions.csv")
    assert list(table.columns) == ["prediction"]
    assert len(table) == 7


# -- one model of all rows --------------------------------------------------------------------

REFIT = """

# %%
def refit(X, y, folds):
    return combine([DummyRegressor(strategy="constant", constant=7).fit(X, y)], X, y)
"""


def test_a_program_with_a_refit_keeps_that_model_and_the_score_of_its_folds(experiment):
    before = experiment.run()
    result = experiment.run_anew(more=REFIT)
    assert result["fold_scores"] == before["fold_scores"]
    check = pd.read_parquet(experiment.folder / "model_check/predictions.parquet")
    assert set(check["prediction"]) == {7.0}


def test_folds_whose_predictions_are_known_are_not_trained_again(experiment):
    before = experiment.run()
    oof = experiment.root / "known.parquet"
    shutil.copy(experiment.folder / OOF, oof)
    known = pd.read_parquet(oof)
    result = experiment.run_anew(in_fold="raise AssertionError", more=REFIT, oof=str(oof))
    assert result["fold_scores"] == before["fold_scores"]
    assert [told["score"] for _, told in experiment.told[-N_FOLDS:]] == before["fold_scores"]
    pd.testing.assert_frame_equal(pd.read_parquet(experiment.folder / OOF), known)


@pytest.mark.parametrize("adjusted", [False, True])
def test_members_are_those_that_the_model_of_an_ensemble_has(adjusted):
    vote = SimpleNamespace(estimators=[("tree-1", None), ("tree-3", None)])
    model = SimpleNamespace(model=vote) if adjusted else vote
    program = SimpleNamespace(MEMBERS={"tree-1": "", "tree-2": "", "tree-3": ""})
    assert _work._members(program, model) == ["tree-1", "tree-3"]
    assert _work._members(SimpleNamespace(), vote) == []
