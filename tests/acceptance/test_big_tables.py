"""A table that counts as big: sampled as it is read, and tried on few rows before many."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.data import _big, _prepare, _read
from trialbook.experiment import _design, _programs
from trialbook.job import Job
from trialbook.search import _rows
from trialbook.tables._sources import open_big
from trialbook.tables.plain import _parquet

pytestmark = pytest.mark.acceptance

N_ROWS, ROOM, FIRST = 12_000, 8_000, 300
SCORE = re.compile(r"^validation roc_auc: (\S+) ±", re.MULTILINE)


@pytest.fixture(scope="module")
def small_limits():
    """What counts as big, and how few rows a first trial gets, in tests."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (_prepare, _read, _big):
            patch.setattr(module, "BIG_ROWS", 1_000)
        patch.setattr(_design, "PLANNED_ROWS", 1_000)
        patch.setattr(_big, "VALIDATION_ROWS", 500)
        patch.setattr(_parquet, "BATCH_ROWS", 1_000)
        for module in (_rows, _programs):
            patch.setattr(module, "FIRST_ROWS", FIRST)
        yield patch


@pytest.fixture(scope="module")
def path(tmp_path_factory, make_customers):
    """A table in several row groups, without text to be quick."""
    file = tmp_path_factory.mktemp("big") / "big.parquet"
    table = make_customers(N_ROWS).drop(columns="note")
    table.to_parquet(file, index=False, row_group_size=2_500)
    return file


@pytest.fixture(scope="module")
def experiment(path, small_limits, warm_workers, tmp_path_factory):
    room = int(_big.COPIES * open_big(path).row_bytes * (ROOM + 1))
    small_limits.setattr(_design, "table_memory", lambda job: room)
    return tb.classify(
        path,
        "churn",
        test_size=0.1,
        validation_size=0.1,
        ignore=["visits"],
        allow=["logistic_regression", "lightgbm", "decision_tree"],
        max_trials=5,
        timeout="240s",
        workspace=tmp_path_factory.mktemp("workspace"),
    )


def note(experiment, name):
    return next(check for check in experiment.guardrails if check.name == name)


def test_the_sample_is_a_guardrail_and_is_reported(experiment):
    found = note(experiment, "Sampling")
    assert found.verdict == "fixed"
    assert re.search(r"6,\d00 of 10,800 training rows and 1,200 of 1,200 test rows", found.finding)
    assert "memory" in found.finding
    report = experiment.report.read_text("utf-8")
    assert found.finding in report
    assert re.search(r"Trials trained on 300 to [56],\d\d\d of [56],\d\d\d training rows", report)
    assert found.finding in experiment.exploration.read_text("utf-8")


def test_the_winner_is_tested_on_rows_that_were_cut_from_all(experiment):
    kept = pd.read_parquet(experiment.folder / "data" / "test.parquet")
    assert len(kept) == 1_200
    assert "visits" not in kept
    assert experiment.best.metrics["test_score"] > 0.7


def test_trials_begin_on_few_rows_and_end_on_many(experiment):
    board = experiment.leaderboard
    assert list(board.columns).index("rows") < list(board.columns).index("score")
    rows = {trial.number: trial.record.tags.get("rows") for trial in experiment.trials}
    assert rows[1] == str(FIRST)
    assert max(int(one) for one in rows.values() if one) > 5_000
    assert {row.learner for row in board.itertuples() if pd.isna(row.rows)} == {
        "voting",
        "stacking",
    }


def test_all_trials_are_validated_on_the_same_rows(experiment):
    tables = [
        pd.read_parquet(trial.folder / "oof" / "oof.parquet")
        for trial in experiment.trials
        if trial.state == "finished"
    ]
    assert len(tables) == 7
    for table in tables:
        assert table["row"].tolist() == list(range(500))


def test_a_notebook_on_a_part_of_the_rows_gives_the_same_score(experiment, without_trialbook):
    few = next(trial for trial in experiment.trials if trial.number == 1)
    for trial in (few, next(one for one in experiment.trials if one.learner == "voting")):
        text = trial.program.read_text("utf-8")
        assert "ROWS = 8" in text  # five hundred that validate, and three hundred
        done = subprocess.run(
            [sys.executable, trial.program.name],
            cwd=trial.program.parent,
            env={**without_trialbook, "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed = float(SCORE.search(done.stdout)[1])
        assert printed == pytest.approx(trial.score, abs=1e-6)


def test_more_time_goes_on_where_it_stopped(experiment, small_limits):
    before = len(experiment.trials)
    more = tb.resume(experiment.workspace, experiment.name, max_trials=6)
    assert len(more.trials) > before
    rows = [trial.record.tags.get("rows") for trial in more.trials if trial.number > 7]
    assert any(one and int(one) > 5_000 for one in rows)
    assert np.isfinite(more.best.score)


def test_a_model_of_few_rows_predicts_new_ones(experiment, make_customers):
    few = next(trial for trial in experiment.trials if trial.number == 1)
    new = make_customers(50, seed=9)
    prediction = experiment.predict(new, trial=few.label)
    assert set(prediction) <= {"yes", "no"}


def test_a_job_tells_the_memory_of_the_whole_run():
    assert Job(data="a.parquet", target="y", total_memory="16GB").total_memory == 16 * 2**30
