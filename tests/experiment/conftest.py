"""An experiment that was written by hand: a table, two models and a failed trial."""

from __future__ import annotations

import json
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from trialbook.data import prepare
from trialbook.evaluation.conformal import calibrate
from trialbook.execution import OOF
from trialbook.execution._oof import write_oof
from trialbook.experiment import Experiment, _state
from trialbook.experiment._ranking import config_tag
from trialbook.job import Job
from trialbook.search import Entry, Ledger
from trialbook.tracking import Tracker, Workspace


def make_table(n_rows=80):
    rng = np.random.default_rng(0)
    size = rng.normal(size=n_rows)
    return pd.DataFrame(
        {
            "size": np.where(np.arange(n_rows) % 9 == 0, np.nan, size),
            "kind": rng.choice(["a", "b"], n_rows),
            "flag": pd.Series(rng.choice([True, False, None], n_rows), dtype=object),
            "day": pd.date_range("2024-01-01", periods=n_rows),
            "always": "same",
            "label": np.where(size > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def job():
    return Job(
        data=Job.IN_MEMORY, target="label", name="bank", test_size=0.25, folds=2, timeout="90s"
    )


@pytest.fixture(scope="session")
def prepared(job):
    return prepare(job, frame=make_table())


def only_size(X):
    return X[["size"]]


@pytest.fixture
def written(tmp_path, job, prepared):
    """The experiment, its tracker, and a function that adds trials."""
    workspace = Workspace.open(tmp_path / "workspace", create=True)
    tracker = Tracker.create(workspace, "bank", {"metric": "roc_auc"})
    folder = tracker.new_folder(tracker.run_id)
    _state.write_inputs(folder, job, prepared)
    ledger = Ledger(90.0)
    ledger.record(Entry(1, "small-1", "small", 1.0, 2.5, "finished"))
    ledger.skip("large-9 (default)", "would take 90 s")
    _state.write_ledger(folder, ledger)

    def add(number, label, score=None, *, error="no", C=None, tags=(), metrics=()):
        tags = {"config": config_tag({"C": C}), "configuration": "by hand", **dict(tags)}
        run_id = tracker.start_trial(number, label, label.split("-")[0], tags)
        trial = tracker.new_folder(run_id)
        if score is None:
            tracker.fail_trial(run_id, error)
            (trial / "trial.log").write_text("Traceback: ü", "utf-8")
            return run_id
        model = make_pipeline(
            FunctionTransformer(only_size), SimpleImputer(), LogisticRegression(C=C)
        )
        model.fit(prepared.train, prepared.train["label"])
        (trial / "model").mkdir()
        (trial / "model" / "model.pkl").write_bytes(cloudpickle.dumps(model))
        schema = json.dumps(prepared.schema.to_dict())
        (trial / "model" / "schema.json").write_text(schema, "utf-8")
        measured = {"score": score, "score_std": 0.01, "fit_s": 2.0, "model_bytes": 5e6}
        tracker.finish_trial(run_id, {**measured, **dict(metrics)}, {"C": C}, {})
        return run_id

    return SimpleNamespace(experiment=Experiment(tracker), tracker=tracker, add=add, ledger=ledger)


@pytest.fixture
def predicted(written, prepared):
    """The experiment with one model, and out-of-fold predictions of which each row has two."""
    written.add(1, "small-1", 0.8, C=1.0)
    experiment = written.experiment
    trial = experiment.best
    yes = trial.model.predict_proba(prepared.train)[:, 1]
    rows = np.arange(len(prepared.train))
    (trial.folder / OOF).parent.mkdir(parents=True)
    first, second = np.clip(yes - 0.1, 0, 1), np.clip(yes + 0.1, 0, 1)
    both = [np.column_stack([1 - one, one]) for one in (first, second)]
    write_oof(trial.folder / OOF, [rows, rows[::-1]], [both[0], both[1][::-1]])
    y = (prepared.train["label"] == "yes").to_numpy().astype(int)
    calibrate(y, both[0]).write(trial.folder / "model")
    return experiment
