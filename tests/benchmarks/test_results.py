"""The table of results says what was run, and is only ever added to."""

from types import SimpleNamespace

import psutil
import pytest

from benchmarks import results
from benchmarks.results import (
    AMLB_COLUMNS,
    Constraint,
    append,
    budget_of,
    done_keys,
    key_of,
    latest,
    machine,
    read_results,
    total_memory,
)


@pytest.mark.parametrize(
    ("budget_s", "cores", "name"), [(60, 2, "1m2c"), (30, 1, "30s1c"), (3600, 8, "60m8c")]
)
def test_a_constraint_has_a_name_that_says_its_budget(budget_s, cores, name):
    assert Constraint(budget_s, cores).name == name
    assert budget_of(name) == budget_s


def test_budgets_are_written_as_elsewhere():
    assert [budget_of(text) for text in ("45s", "5m", "1h")] == [45, 300, 3600]
    with pytest.raises(ValueError, match="no budget"):
        budget_of("soon")


def test_rows_are_added_and_read_again(tmp_path, rows):
    path = tmp_path / "deep" / "results.csv"
    append(path, rows[:1])
    append(path, rows[1:])
    table = read_results(path)
    assert len(table) == len(rows)
    assert table["result"].isna().sum() == 1
    assert list(table.columns[: len(AMLB_COLUMNS)]) == AMLB_COLUMNS


def test_what_is_in_the_table_is_done(tmp_path, rows, row):
    path = tmp_path / "results.csv"
    append(path, rows)
    done = done_keys(read_results(path))
    assert key_of(row("trialbook", "churn", 0.9)) in done
    assert key_of(row("other", "prices", None)) in done, "failed runs are not repeated"


@pytest.mark.parametrize(
    "other",
    [
        {"version": "1.1"},
        {"params": '{"preset": "best"}'},
        {"seed": 1},
        {"constraint": "5m2c"},
        {"machine": "Another CPU, 2 cores, 8 GB"},
    ],
)
def test_another_version_option_seed_budget_or_machine_is_another_run(tmp_path, rows, row, other):
    path = tmp_path / "results.csv"
    append(path, rows)
    assert key_of(row("trialbook", "churn", 0.9, **other)) not in done_keys(read_results(path))


def test_no_table_means_nothing_is_done(tmp_path):
    assert done_keys(read_results(tmp_path / "results.csv")) == set()


def test_of_repeated_runs_the_last_one_counts(tmp_path, rows, row):
    path = tmp_path / "results.csv"
    append(path, [*rows, row("trialbook", "churn", 0.95, version="1.1", params='{"a": 1}')])
    table = latest(read_results(path))
    mine = table[(table["framework"] == "trialbook") & (table["task"] == "churn")]
    assert mine["result"].tolist() == [0.95]


def test_options_in_a_table_are_found_again(tmp_path, row):
    path = tmp_path / "results.csv"
    given = row("trialbook", "churn", 0.9, params='{"presets": "best", "layers": [1, 2]}')
    append(path, [given])
    assert done_keys(read_results(path)) == {key_of(given)}


def test_the_machine_is_described_by_kind():
    import socket

    said = machine()
    assert "cores" in said
    assert "GB" in said
    assert socket.gethostname() not in said


@pytest.mark.parametrize(
    ("limit", "gib"), [(f"{3 * 2**30}\n", 3), ("max\n", None), (str(2**63), None), (None, None)]
)
def test_a_limit_of_a_control_group_is_the_memory_of_the_machine(
    tmp_path, monkeypatch, limit, gib
):
    path = tmp_path / "memory.max"
    if limit is not None:
        path.write_text(limit)
    monkeypatch.setattr(results, "MEMORY_LIMITS", (tmp_path / "other", path))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=8 * 2**30))
    assert total_memory() == (gib or 8) * 2**30
    assert machine().endswith(f", {gib or 8} GB")
