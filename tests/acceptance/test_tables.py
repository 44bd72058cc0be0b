"""An experiment on a table by name: it keeps to the version that it was trained on."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.tracking import Workspace

pytestmark = pytest.mark.acceptance

GONE = (
    "version 1 of the table ../../../../../tables/bank is gone: dropped, or removed by a vacuum;"
    " train.parquet, in the folder of DATA, has the rows that the search saw"
)


def rows(n=160, seed=0):
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n)
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="min")
    return pd.DataFrame(
        {
            "number": np.arange(n),
            "size": size,
            "kind": rng.choice(["a", "b", None], n),
            "when": when,
            "perhaps": rng.choice(np.array([True, False, None], dtype=object), n),
            "y": np.where(size + rng.normal(size=n) > 0, "yes", "no"),
        }
    )


def train(space, table="bank", **options):
    options = {"allow": ["decision_tree"], "max_trials": 1, "folds": 2} | options
    options |= {"voting": False, "stacking": False}
    return tb.classify(table, "y", workspace=space, metric="log_loss", **options)


@pytest.fixture(scope="module")
def trained(warm_workers, tmp_path_factory):
    """An experiment on `bank@1`, of which there are later versions with other columns."""
    space = tmp_path_factory.mktemp("tables") / "W"
    tb.tables.upload(rows(80), "bank", space)
    tb.tables.upload(rows(80, seed=1), "bank", space, append=True)
    experiment = train(space, test_size=0.2, max_trials=1)
    tb.tables.upload(rows(5)[["size", "y"]], "bank", space)
    return experiment


@pytest.fixture
def copied(trained, tmp_path):
    """The same in a folder that it was moved to."""
    shutil.copytree(trained.workspace, tmp_path / "moved" / "W")
    return tb.open(tmp_path / "moved" / "W", "bank")


def score_of(program):
    """The score that a program prints when it runs where there is no Trialbook."""
    done = execute(program)
    assert done.returncode == 0, done.stderr
    return float(re.search(r"^validation \S+: (\S+) ±", done.stdout, re.MULTILINE)[1])


def execute(program):
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": ""}
    return subprocess.run(
        [sys.executable, str(program)],
        cwd=program.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_experiment_says_which_version_it_was_trained_on(trained):
    assert trained.name == "bank"
    assert json.loads((trained.folder / "job.json").read_text())["data"] == "bank@1"
    assert "of `bank@1`, ranked by" in trained.report.read_text()
    space = Workspace.open(trained.workspace)
    run = space.client.get_run(trained.run_id)
    assert run.data.tags["trialbook.data"] == "bank@1"
    (table,) = run.inputs.dataset_inputs
    assert (table.dataset.name, json.loads(table.dataset.source)) == ("bank", {"uri": "bank@1"})
    for program in (trained.best.program, trained.exploration.with_suffix(".py")):
        assert (
            "It learns from version 1 of the table `bank`, which it reads." in program.read_text()
        )


def test_its_notebook_reads_that_very_version(trained):
    program = trained.best.program.read_text()
    assert "DeltaTable(folder, version=version)" in program
    assert 'train.parquet")' not in program
    # Without the copy of the rows.
    kept = trained.folder / "data" / "train.parquet"
    hidden = kept.rename(kept.with_suffix(".hidden"))
    try:
        assert score_of(trained.best.program) == pytest.approx(trained.best.score, abs=1e-9)
        done = execute(trained.exploration.with_suffix(".py"))
        assert done.returncode == 0, done.stderr
    finally:
        hidden.rename(kept)


def test_a_model_does_not_need_what_reads_the_table(trained):
    needed = (trained.best.folder / "model" / "requirements.txt").read_text()
    assert "deltalake" not in needed and "scikit-learn" in needed


def test_a_workspace_can_be_moved_with_its_tables(copied):
    assert score_of(copied.best.program) == pytest.approx(copied.best.score, abs=1e-9)


def test_it_goes_on_with_the_version_that_it_began_with(copied):
    more = tb.resume(copied.workspace, max_trials=2)
    assert [len(trial.record.params) > 0 for trial in more.trials] == [True, True]
    second = max(more.trials, key=lambda trial: trial.number)
    assert "VERSION = 1\n" in second.program.read_text()
    assert score_of(second.program) == pytest.approx(second.score, abs=1e-9)
    again = tb.rerun(second.notebook)
    assert again.score == pytest.approx(second.score, abs=1e-9)


@pytest.mark.parametrize("other", [False, True])
def test_a_table_that_is_gone_is_named_and_its_rows_are_still_there(copied, other):
    tb.tables.drop("bank", copied.workspace)
    for seed in range(3 * other):
        tb.tables.upload(rows(160, seed=seed), "bank", copied.workspace)
    done = execute(copied.best.program)
    assert done.returncode != 0
    assert GONE in done.stderr
    more = tb.resume(copied.workspace, max_trials=2)
    second = max(more.trials, key=lambda trial: trial.number)
    assert (
        "version 1 of the table `bank`; it reads a copy of the rows." in second.program.read_text()
    )
    assert score_of(second.program) == pytest.approx(second.score, abs=1e-9)


def test_a_version_that_was_vacuumed_away_is_named(copied):
    from deltalake import DeltaTable

    table = DeltaTable(copied.workspace / "tables" / "bank")
    table.vacuum(0, enforce_retention_duration=False, dry_run=False)
    assert GONE in execute(copied.best.program).stderr


def test_where_the_table_has_not_all_rows_a_copy_is_read(warm_workers, tmp_path):
    space = tmp_path / "W"
    tb.tables.upload(rows(120), "bank", space)
    tb.tables.upload(rows(40, seed=1), "more", space)
    experiment = train(space, validation="more", folds=None)
    program = experiment.best.program.read_text()
    assert "version 0 of the table `bank`; it reads a copy of the rows." in program
    assert "deltalake" not in program
    assert score_of(experiment.best.program) == pytest.approx(experiment.best.score, abs=1e-9)
    assert json.loads((experiment.folder / "job.json").read_text())["validation"] == "more@0"


def test_a_delta_table_anywhere_is_pinned_and_copied(warm_workers, tmp_path):
    tb.tables.upload(rows(120), "bank", tmp_path / "lake")
    path = tmp_path / "lake" / "tables" / "bank"
    experiment = train(tmp_path / "W", str(path))
    assert experiment.name == "bank"
    assert experiment._tracker.tags()["data"] == f"{path}@0"
    assert "version 0 of the table `bank`; it reads a copy" in experiment.best.program.read_text()


def test_ensembles_read_the_same_version(warm_workers, tmp_path):
    space = tmp_path / "W"
    tb.tables.upload(rows(120), "bank", space)
    experiment = tb.classify(
        "bank",
        "y",
        workspace=space,
        allow=["decision_tree", "gaussian_naive_bayes"],
        max_trials=2,
        folds=2,
        metric="log_loss",
    )
    tb.tables.upload(rows(10), "bank", space)
    ensembles = [trial for trial in experiment.trials if trial.learner in ("voting", "stacking")]
    assert ensembles
    for trial in ensembles:
        assert "VERSION = 0\n" in trial.program.read_text()
        assert score_of(trial.program) == pytest.approx(trial.score, abs=1e-9)


def test_commands_take_names_of_tables(trained, run):
    space = ("--workspace", trained.workspace)
    predicted = run("predict", "bank@0", *space, "--json")
    assert len(predicted.document) == 80
    assert run("test", "bank@1", *space, "--json").document["metrics"]["log_loss"] > 0
    outcome = run("train", "bnak", "--target", "y", *space)
    assert outcome.code == 2
    assert "Did you mean 'bank'?" in outcome.error
