"""What a job comes to before anything runs."""

from __future__ import annotations

import pytest

from trialbook.errors import OptionError
from trialbook.experiment._design import check_names
from trialbook.job import Job


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
