"""Two trials, of classes and of numbers, on a table with columns of every kind."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest

from trialbook.data import encode, prepare
from trialbook.evaluation import default_metric
from trialbook.execution import PROGRAM, Request
from trialbook.execution._work import run_trial
from trialbook.job import Job
from trialbook.learners import find
from trialbook.models import Model
from trialbook.program import Code, tabular_program
from trialbook.tasks import TabularTask

N_ROWS = 160
LEARNERS = {
    "label": ("logistic_regression", {"C": 1.0}),
    "amount": ("decision_tree", {"max_depth": 5}),
}


def make_table():
    rng = np.random.default_rng(0)
    size = rng.normal(size=N_ROWS)
    days = pd.date_range("2024-01-01", periods=N_ROWS)
    table = pd.DataFrame(
        {
            "size": size,
            "count": rng.integers(0, 9, N_ROWS),
            "kind": rng.choice(["a", "b", 'é, "ü"'], N_ROWS),
            "flag": pd.Series(rng.choice([True, False, None], N_ROWS), dtype=object),
            "code": rng.choice(["007", "012"], N_ROWS),
            "day": days.strftime("%d.%m.%Y"),
            "when": days + pd.Timedelta("7h"),
        }
    )
    table["amount"] = 3 * size + table["count"] + (days.day > 15) + 2 * (table["kind"] == "b")
    table["label"] = np.where(table["amount"] > 4, "yes", "no")
    table.loc[::17, ["size", "kind", "day", "when"]] = None
    return table


@pytest.fixture(scope="session")
def table():
    return make_table()


def _trial(root, table, target):
    other = {"label": "amount", "amount": "label"}[target]
    job = Job(data=Job.IN_MEMORY, target=target, folds=2, ignore=(other,))
    prepared = prepare(job, frame=table)
    schema = prepared.schema
    prepared.train.to_parquet(root / "train.parquet", index=False)
    (root / "schema.json").write_text(json.dumps(schema.to_dict()), "utf-8")
    task = TabularTask(
        experiment="test",
        schema=schema,
        folds=prepared.folds,
        metric=default_metric(schema.task, len(schema.classes)),
        seed=0,
        n_jobs=1,
        y=encode(prepared.train[target], schema.classes),
    )
    name, configuration = LEARNERS[target]
    learner = find(name)
    code = learner.code(configuration, task.table())
    frame = task.frame(Code('Path("../../train.parquet")'))
    path = root / "trial" / PROGRAM
    path.parent.mkdir(parents=True)
    path.write_text(tabular_program(frame, code, title="a title", summary=""), "utf-8")
    payload = {"schema": str(root / "schema.json"), "learner": learner.key, "metadata": {}}
    before = os.getcwd()
    try:
        run_trial(Request(1, "trial", str(root / "trial"), payload), lambda *_: None)
    finally:
        os.chdir(before)
    return Model.at(root / "trial" / "model", name=f"{target}-1")


@pytest.fixture(scope="session")
def model(tmp_path_factory, table):
    """One that tells two classes apart."""
    return _trial(tmp_path_factory.mktemp("classes"), table, "label")


@pytest.fixture(scope="session")
def numbers(tmp_path_factory, table):
    """One that predicts numbers."""
    return _trial(tmp_path_factory.mktemp("numbers"), table, "amount")
