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
