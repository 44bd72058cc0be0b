"""What is kept beside the trials comes back as it was."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.experiment import state
from trialbook.experiment.state import (
    Machine,
    read_inputs,
    read_json,
    read_plan,
    write_inputs,
    write_json,
    write_ledger,
    write_plan,
)
from trialbook.job import Job
from trialbook.search import Entry, Ledger, Step


def test_everything_that_trials_start_from_comes_back(tmp_path, job, prepared):
    write_inputs(tmp_path, job, prepared)
    job_again, again = read_inputs(tmp_path)
    assert job_again == job
    pd.testing.assert_frame_equal(again.train, prepared.train)
    pd.testing.assert_frame_equal(again.test, prepared.test)
    assert again.schema == prepared.schema
    assert again.guardrails == prepared.guardrails
    np.testing.assert_array_equal(again.folds.matrix, prepared.folds.matrix)
    assert again.folds.matrix.dtype == prepared.folds.matrix.dtype
    assert (again.folds.kind, again.folds.description) == (
        prepared.folds.kind,
        prepared.folds.description,
    )


def test_an_experiment_without_test_rows_has_none_when_it_is_read(tmp_path):
    job = Job(data=Job.IN_MEMORY, target="y", types={"b": "categorical"}, exit_score=0.5)
    table = pd.DataFrame({"a": np.arange(40) / 7, "b": np.arange(40) % 3, "y": np.arange(40) / 3})
    prepared = prepare(job, frame=table)
    write_inputs(tmp_path, job, prepared)
    job_again, again = read_inputs(tmp_path)
    assert again.test is None
    assert job_again == job
    assert again.schema == prepared.schema


def test_more_than_ten_folds_come_back_in_order(tmp_path):
    job = Job(data=Job.IN_MEMORY, target="y", folds=12)
    table = pd.DataFrame({"a": np.arange(60) / 7, "y": np.arange(60) / 3})
    prepared = prepare(job, frame=table)
    write_inputs(tmp_path, job, prepared)
    np.testing.assert_array_equal(read_inputs(tmp_path)[1].folds.matrix, prepared.folds.matrix)


def test_the_plan_comes_back(tmp_path):
    steps = [
        Step(1, "tree", "small", {"depth": 3, "leaf": None, "all": True}, 0.5, gain=0.1),
        Step(2, "linear", "plain", {"C": 0.1, "penalty": "l2"}, 2.5, "tuning"),
    ]
    write_plan(tmp_path, Machine(2, 4), steps)
    machine, again = read_plan(tmp_path)
    assert machine == Machine(2, 4)
    assert again == steps
    assert [step.gain for step in again] == [0.1, 0.0]


def test_the_account_of_time_is_kept(tmp_path):
    ledger = Ledger(60.0, spent_s=10.0)
    ledger.record(Entry(1, "tree-1", "tree", 1.0, 2.5, "finished", 5))
    ledger.skip("svm-2 (default)", "would take 90 s")
    ledger.ended = "the exit score is reached"
    write_ledger(tmp_path, ledger)
    kept = read_json(tmp_path / state.LEDGER)
    assert kept["deadline_s"] == 60.0
    assert kept["elapsed_s"] >= 10.0
    assert kept["skipped"] == {"svm-2 (default)": "would take 90 s"}
    assert kept["ended"] == "the exit score is reached"
    assert kept["trials"][0] == {
        "number": 1,
        "label": "tree-1",
        "learner": "tree",
        "projected_s": 1.0,
        "actual_s": 2.5,
        "outcome": "finished",
        "peak_bytes": 5,
        "projected_bytes": 0.0,
        "rows": 0,
    }


def test_a_document_is_whole_or_not_there(tmp_path):
    path = tmp_path / "deep" / "plan.json"
    write_json(path, {"name": "größe", "value": None})
    assert read_json(path) == {"name": "größe", "value": None}
    assert "größe" in path.read_text("utf-8")
    with pytest.raises(TypeError):
        write_json(path, {"value": object()})
    assert json.loads(path.read_text("utf-8"))["value"] is None
    assert [child.name for child in path.parent.iterdir()] == ["plan.json"]
