"""`trialbook run`: job files of Trialbook and of Azure ML, and what overrides them."""

import json
from pathlib import Path

import pytest
import yaml

from trialbook.job import Job

AZURE = """\
type: automl
task: classification
primary_metric: accuracy
targetColumnName: y
training_data: {path: ./train, type: mltable}
compute: azureml:cpu-cluster
limits: {timeoutMinutes: 30, max_trials: 9}
"""


@pytest.fixture
def azure_job(run):
    Path("jobs").mkdir()
    Path("jobs/bank.yml").write_text(AZURE)
    return "jobs/bank.yml"


def test_an_azure_job_says_first_what_has_no_meaning_and_then_trains(api, run, azure_job):
    outcome = run("run", azure_job)
    assert outcome.code == 0
    assert outcome.out.startswith("note: compute: no meaning here: it trains on this machine\n")
    (name, (job,), _) = api.calls[0]
    assert name == "train"
    assert job == Job(
        data="jobs/train",
        target="y",
        task="classification",
        name="bank",
        metric="accuracy",
        timeout=1800,
        max_trials=9,
    )


def test_with_json_the_notes_are_in_the_document(api, run, azure_job):
    for more in ((), ("--dry-run",)):
        document = json.loads(run("run", azure_job, "--json", *more).out)
        assert document["notes"] == [
            {
                "key": "compute",
                "place": "jobs/bank.yml, line 6",
                "text": "no meaning here: it trains on this machine",
            }
        ]


def test_a_dry_run_converts_an_azure_job(api, run, azure_job):
    printed = run("run", azure_job, "--dry-run").out
    assert "# note: compute: no meaning here" in printed
    Path("own.yml").write_text(printed)
    run("run", "own.yml")
    assert api.calls[0][1] == api.calls[1][1]
    assert yaml.safe_load(printed)["data"] == "jobs/train"


def test_options_take_the_place_of_what_the_file_says(api, run, azure_job):
    Path("own.yml").write_text("data: bank.csv\ntarget: y\ntimeout: 5m\nmetric: auc\n")
    options = ("--timeout", "20s", "--max-trials", "2", "--workspace", "W", "--name", "short")
    for file, metric in ((azure_job, "accuracy"), ("own.yml", "auc")):
        assert run("run", file, *options).code == 0
        job = api.calls[-1][1][0]
        assert (job.timeout, job.max_trials, job.workspace, job.name) == (20, 2, "W", "short")
        assert job.metric == metric


def test_an_azure_job_with_an_unknown_key_is_refused_before_anything_runs(api, run):
    Path("job.yml").write_text(AZURE + "primary_metrics: x\n")
    outcome = run("run", "job.yml")
    assert (outcome.code, api.calls) == (2, [])
    assert "unknown key 'primary_metrics' (job.yml, line 8). Did you mean" in outcome.err
