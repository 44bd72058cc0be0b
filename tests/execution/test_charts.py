"""Charts that a worker draws, and trainings on shares of the rows."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.evaluation import Chart, read_charts
from trialbook.execution import CHARTS, PROGRAM, Request
from trialbook.execution import _charts as work
from trialbook.execution._charts import SHARES, Validated, run_draw, run_learning_curve
from trialbook.job import Job
from trialbook.learners import History

N_ROWS, N_FOLDS = 800, 2

PROGRAM_TEXT = """\
import time

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

FOLDS = ["__fold_0", "__fold_1"]
DATA = "../../train.parquet"
ROUNDS = [7, 7]


def load(path=DATA):
    data = pd.read_parquet(path)
    y = pd.Categorical(data["y"], categories=["a", "b", "rare"]).codes.astype(int)
    return data[["x"]], y, data[FOLDS].to_numpy()


def cross_validate(X, y, folds, rounds=ROUNDS):
    assert rounds is None, "training on other rows takes other rounds"
    for fold in folds.T:
        train, valid = np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)
        assert len(np.unique(y[train])) == 3, "a class is missing"
        time.sleep({sleep})
        if len(train) < {least}:
            raise ValueError("as few rows as this are no good")
        model = LogisticRegression().fit(X.iloc[train], y[train])
        yield model, valid, model.predict_proba(X.iloc[valid])


def evaluate(y, valid, prediction):
    return float(np.mean(y[valid] == prediction.argmax(axis=1)))
"""


@pytest.fixture
def trial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=N_ROWS)
    y = np.where(x + rng.normal(size=N_ROWS) > 0, "b", "a").astype(object)
    y[:6] = "rare"
    job = Job(data=Job.IN_MEMORY, target="y", folds=N_FOLDS)
    prepared = prepare(job, frame=pd.DataFrame({"x": x, "y": y}))
    prepared.train.to_parquet(tmp_path / "train.parquet", index=False)
    (tmp_path / "schema.json").write_text(json.dumps(prepared.schema.to_dict()), "utf-8")
    folder, told = tmp_path / "trial", []
    (folder / PROGRAM).parent.mkdir(parents=True)

    def learn(sleep=0.0, budget_s=None, least=0):
        text = PROGRAM_TEXT.format(sleep=sleep, least=least)
        (folder / PROGRAM).write_text(text, "utf-8")
        payload = {"schema": str(tmp_path / "schema.json"), "metric": "accuracy"}
        request = Request(1, "learning_curve", str(folder), payload, budget_s)
        return run_learning_curve(request, lambda kind, point: told.append((kind, point)))

    return SimpleNamespace(folder=folder, learn=learn, told=told)


def test_a_learning_curve_trains_on_growing_shares_of_every_fold(trial):
    assert trial.learn() == {"points": N_FOLDS * len(SHARES)}
    chart = read_charts(trial.folder / CHARTS)["learning_curve"]
    validation = chart.data["curves"][1]
    assert validation["folds"] == [N_FOLDS] * len(SHARES)
    assert validation["rows"][-1] == N_ROWS // 2
    assert validation["rows"] == sorted(validation["rows"])
    assert all(0.4 < score <= 1.0 for score in validation["score"])
    assert chart.picture is not None
    assert [kind for kind, _ in trial.told] == ["point"] * N_FOLDS * len(SHARES)


def test_a_learning_curve_keeps_to_its_time(trial):
    begun = time.monotonic()
    result = trial.learn(sleep=0.25, budget_s=1.2)
    assert 1 <= result["points"] < len(SHARES)
    assert {point["fold"] for _, point in trial.told} == {1}
    assert time.monotonic() - begun < 60  # it ends at all
    assert Chart.read(trial.folder / CHARTS / "learning_curve.json").data["points"]


def test_shares_that_a_library_refuses_are_left_out(trial):
    trial.learn(least=100)
    shares = {point["share"] for _, point in trial.told}
    assert shares == {share for share in SHARES if share * N_ROWS / N_FOLDS >= 100}
    with pytest.raises(ValueError, match="no good"):
        trial.learn(least=10**6)


def test_every_beginning_of_the_rows_has_all_classes():
    schema = SimpleNamespace(classes=("a", "b", "c"))
    y = np.array([0] * 900 + [1] * 95 + [2] * 5)
    order = work._in_order(y, np.ones(1000), schema, 0)
    assert sorted(order) == list(range(1000))
    assert set(y[order[:3]]) == {0, 1, 2}
    assert np.mean(y[order[:200]] == 0) == pytest.approx(0.9, abs=0.02)


def written(folder, *, all_pictures=False, learner=None, rounds=None):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    proba = np.column_stack([1 - rng.random(100), rng.random(100)])
    rows = [np.arange(50), np.arange(50, 100)]
    found = Validated(rows, [proba[one] for one in rows], [["model 0"], ["model 1"]])
    schema = SimpleNamespace(task="classification", classes=("no", "yes"), positive=1)
    options = {"weight": None, "learner": learner, "rounds": rounds}
    work.write_trial_charts(folder, schema, y, found, all_pictures=all_pictures, **options)
    return {path.name for path in (folder / CHARTS).iterdir()}


def test_a_trial_keeps_all_data_and_the_usual_pictures_and_others_are_drawn_later(tmp_path):
    files = written(tmp_path)
    assert {"lift.json", "cumulative_gains.json", "roc.json", "roc.png"} <= files
    assert not {"lift.png", "cumulative_gains.png", "confusion_matrix_counts.png"} & files
    request = Request(1, "draw", str(tmp_path), {})
    drawn = run_draw(request, lambda *_: None)["drawn"]
    assert drawn == ["confusion_matrix_counts", "cumulative_gains", "lift"]
    assert run_draw(request, lambda *_: None) == {"drawn": []}
    assert (tmp_path / CHARTS / "lift.png").read_bytes().startswith(b"\x89PNG")


def test_of_an_ensemble_all_pictures_are_drawn(tmp_path):
    assert {"lift.png", "cumulative_gains.png"} <= written(tmp_path, all_pictures=True)


def test_what_was_recorded_round_by_round_is_a_chart(tmp_path):
    class Recorder:
        def history(self, model):
            return History("logloss", validation=(0.7, 0.6 if model == "model 0" else 0.5))

    assert "training_rounds.json" in written(tmp_path, learner=Recorder(), rounds=[2, 1])
    data = read_charts(tmp_path / CHARTS)["training_rounds"].data
    assert (data["measure"], data["kept"]) == ("logloss", [2, 1])
    assert [one["score"] for one in data["curves"]] == [[0.7, 0.6], [0.7, 0.5]]
