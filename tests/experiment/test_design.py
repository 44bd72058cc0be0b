"""What a job comes to before anything runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.data import _downsample, _prepare, prepare
from trialbook.errors import OptionError
from trialbook.experiment._design import check_names, make_design, takes_weights
from trialbook.job import Job
from trialbook.learners import find


@pytest.mark.parametrize(
    ("metric", "task"), [("rmse", "regression"), ("auc", "classification"), (None, None)]
)
def test_a_metric_of_one_task_decides_the_task(metric, task):
    assert check_names(Job(data="wine.csv", target="quality", metric=metric)).task == task


def test_a_task_that_was_named_must_have_the_metric():
    job = Job(data="wine.csv", target="quality", metric="rmse", task="classification")
    with pytest.raises(OptionError, match="'rmse' is for regression"):
        check_names(job)


@pytest.mark.parametrize("metric", ["AUC_binary", "sensitivity", "AUC_macro", "log_loss"])
def test_a_metric_of_two_classes_or_of_more_is_known_before_the_classes_are(metric):
    job = Job(data="wine.csv", target="quality", metric=metric, task="classification")
    assert check_names(job) == job


def test_what_is_kept_of_a_job_has_no_password():
    job = Job(data="wine.csv", target="quality", tracking_uri="postgresql://ada:secret@db/runs")
    assert "secret" not in str(job.told())
    assert Job.from_fields(job.told()) == job.model_copy(update={"tracking_uri": None})


def test_where_rows_stand_for_others_learners_heed_their_weights(monkeypatch):
    monkeypatch.setattr(_prepare, "BIG_ROWS", 1_000)
    monkeypatch.setattr(_downsample, "LEAST_ROWS", 500)
    monkeypatch.setattr(_downsample, "SHARE", 0.0)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=4_000)})
    frame["y"] = np.where(rng.random(4_000) < 0.02, "rare", "usual")
    job = Job(data=Job.IN_MEMORY, target="y", timeout=60, validation_size=0.1)
    prepared = prepare(job, frame=frame)
    design = make_design(job, prepared)
    assert "knn" not in {learner.key for learner in design.learners}
    assert "lightgbm" in {learner.key for learner in design.learners}
    assert not takes_weights(find("knn"), design.task.table())
    asked = make_design(job.model_copy(update={"allow": ("knn",)}), prepared)
    assert [learner.key for learner in asked.learners] == ["knn"]


@pytest.mark.parametrize(
    ("windows", "span"), [({"folds": 3}, 12), ({"folds": 2, "window_step": 20}, 20), ({}, 24)]
)
def test_learners_of_series_know_what_is_before_the_earliest_window(windows, span):
    days = pd.date_range("2024-01-01", periods=90)
    sizes = {"a": 90, "b": 60, "c": 15}
    parts = [
        pd.DataFrame({"day": days[-n:], "shop": one, "y": range(n)}) for one, n in sizes.items()
    ]
    fields = {"task": "forecasting", "target": "y", "time_column": "day", "series": ("shop",)}
    job = Job.from_fields(
        fields | {"data": Job.IN_MEMORY, "horizon": 6, "frequency": "D", **windows}
    )
    prepared = prepare(job, frame=pd.concat(parts))
    table = make_design(job, prepared).task.table()
    assert table.span == span
    assert (table.most_known, table.least_known) == (90 - 6 - span, 15 - 6 - span)
