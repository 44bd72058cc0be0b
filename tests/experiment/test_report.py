"""The report: what was asked, found, tried, won and skipped, in Markdown."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.evaluation import metric
from trialbook.experiment._ranking import ranked
from trialbook.experiment._report import report
from trialbook.job import Job


@pytest.fixture
def text(written, job, prepared):
    """The report of two models and a failed trial, with the test of the winner or without."""
    written.add(1, "small-1", 0.7, C=0.001)
    written.add(2, "failing-2", error="ValueError: a|b")
    written.add(3, "large-3", 0.912345678, C=1.0)
    auc = metric("roc_auc", "classification", 2)
    records = ranked(written.tracker.trials(), auc)
    return lambda tested=None: report(job, prepared, auc, records, written.ledger, tested)


def section(text, title):
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def table(text):
    return [cells(line) for line in text.splitlines() if line.startswith("| ")][2:]


def test_it_begins_with_what_was_asked(text, prepared):
    head = text().split("\n## ")[0]
    assert head.startswith("# bank\n")
    assert "Classification of `label`" in head
    assert "ranked by roc_auc (greater is better)" in head
    assert f"{len(prepared.train):,} rows" in head
    assert prepared.folds.description in head
    assert "1 numeric" in head
    assert "`always` (constant)" in head


def test_it_says_what_the_experiment_is_about(written, job, prepared):
    written.add(1, "small-1", 0.7, C=0.001)
    auc = metric("roc_auc", "classification", 2)
    records = ranked(written.tracker.trials(), auc)
    about = job.model_copy(update={"description": "Who says **yes**?"})
    found = report(about, prepared, auc, records, written.ledger, None)
    assert found.startswith("# bank\n\nWho says **yes**?\n\nClassification of")


def test_it_names_the_winner(text):
    winner = section(text(), "Winner")
    assert "**large-3**" in winner
    assert "0.912346 ± 0.01" in winner
    assert "Test" not in winner


def limited(written, job, prepared, limit):
    auc = metric("roc_auc", "classification", 2)
    records = ranked(written.tracker.trials(), auc)
    asked = job.model_copy(update={"max_predict_ms": limit})
    return section(report(asked, prepared, auc, records, written.ledger, None), "Winner")


def test_it_says_whose_score_a_refitted_winner_has(written, job, prepared):
    written.add(1, "large-1", 0.9, C=1.0)
    tags = {"refit_of": "abc", "configuration": "refit of large-1"}
    written.add(2, "large-1-refit", 0.9, C=1.0, tags=tags)
    winner = limited(written, job, prepared, None)
    assert "**large-1-refit**" in winner
    assert "a refit of large-1" in winner
    assert "score is that of the folds' models" in winner


def test_it_says_why_better_trials_were_passed_over(written, job, prepared):
    written.add(1, "small-1", 0.7, C=0.001, metrics={"predict_row_ms": 2.0})
    written.add(2, "large-2", 0.9, C=1.0, metrics={"predict_row_ms": 20.0})
    winner = limited(written, job, prepared, 5.0)
    assert "**small-1**" in winner
    assert "It takes 2 ms of the 5 ms" in winner
    assert "Passed over, for they take longer: large-2 (20 ms)" in winner
    assert "Passed over" not in limited(written, job, prepared, 50.0)
    assert "No model is within the 1 ms" in limited(written, job, prepared, 1.0)


def test_it_has_the_test_of_the_winner_if_there_was_one(text):
    winner = section(text({"roc_auc": 0.88, "accuracy": 0.8}), "Winner")
    assert table(winner) == [["roc_auc", "0.88"], ["accuracy", "0.8"]]


def test_it_lists_all_trials_and_why_some_have_no_score(text):
    found = table(section(text(), "Leaderboard"))
    assert [row[:4] for row in found[:2]] == [
        ["1", "large-3", "by hand", "0.912346"],
        ["2", "small-1", "by hand", "0.7"],
    ]
    assert found[2][1:4] == ["failing-2", "by hand", "ValueError: a\\|b"]


def test_it_lists_the_guardrails(text, prepared):
    found = table(section(text(), "Guardrails"))
    assert [row[0] for row in found] == [one.name for one in prepared.guardrails]


def test_it_accounts_for_the_time_and_what_was_skipped(text):
    time = section(text(), "Time")
    assert "a deadline of 90 s" in time
    assert re.search("1 trials? ran", time)
    assert "No more were started" not in time
    assert table(time) == [["large-9 (default)", "would take 90 s"]]


def test_it_says_why_the_search_ended_before_its_deadline(text, written):
    written.ledger.ended = "10 refinements in a row have brought nothing"
    time = section(text(), "Time")
    assert "No more were started: 10 refinements in a row have brought nothing." in time


def test_every_row_of_a_table_has_as_many_cells_as_its_head(text):
    blocks = [block for block in text({"roc_auc": 0.5}).split("\n\n") if block.startswith("|")]
    assert len(blocks) == 4
    for block in blocks:
        assert len({len(cells(line)) for line in block.splitlines()}) == 1


def test_a_forecast_is_of_series_and_says_what_its_metric_counts_in(written):
    written.add(1, "theta-1", 0.7, C=1.0)
    months = pd.date_range("2015-01-01", periods=48, freq="MS")
    table = pd.DataFrame({"month": months, "sales": range(48), "open": 1.0, "note": "x"})
    table["open"] += np.arange(48) % 3
    asked = Job(
        data=Job.IN_MEMORY,
        target="sales",
        task="forecasting",
        time_column="month",
        horizon=6,
        name="shop",
    )
    mase = metric("mase", "forecasting")
    records = ranked(written.tracker.trials(), mase)
    prepared = prepare(asked, frame=table)
    text = report(asked, prepared, mase, records, written.ledger, None)
    head = text.split("\n## ")[0]
    assert "Forecasting of `sales`" in head
    assert "ranked by mase (lower is better)" in head
    assert "1 series of months (MS), horizon 6, season 12. Known of the future: `open`." in head
    assert "A MASE of 1 is as far off as repeating the last season" in head
    assert "Features" not in text
    assert "predict ms / series" in section(text, "Leaderboard")
    within = asked.model_copy(update={"max_predict_ms": 5.0})
    text = report(within, prepared, mase, records, written.ledger, None)
    assert "the 5 ms that it may take to forecast one series" in section(text, "Winner")
