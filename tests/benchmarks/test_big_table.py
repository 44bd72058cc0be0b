"""The big table that is made, and what is said of a run on it."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import big_table
from benchmarks.big_table import HEADER, row, rows, said, write
from benchmarks.process import Ended
from benchmarks.training import Training

REPORT = """# big_table

**lightgbm-40**, validation roc_auc 0.91234 ± 0.

Trials trained on 20,000 to 1,400,000 of 3,400,000 training rows; all were the same.

| Sampling | fixed | 3,450,000 of 10,000,000 training rows are used | drawn |
| Missing values | fixed | some | filled |
"""


def test_a_row_group_has_thirty_columns_of_every_kind():
    table = rows(0, 600).to_pandas()
    assert table.shape == (600, 30)
    kinds = {name.split("_")[0] for name in table.columns}
    assert kinds == {"number", "whole", "category", "date", "target"}
    assert table["target"].eq("yes").mean() == pytest.approx(0.28, abs=0.08)
    missing = table.isna().mean()
    assert (missing > 0).sum() == 10
    assert missing.max() < 0.15


def test_row_groups_differ_and_are_always_the_same():
    assert rows(1, 50).equals(rows(1, 50))
    assert not rows(1, 50).equals(rows(2, 50))


def test_a_level_means_the_same_in_every_row_group():
    tables = [rows(group, 20_000).to_pandas() for group in (0, 1)]
    first, second = (
        table["target"].eq("yes").groupby(table["category_2"]).mean() for table in tables
    )
    assert np.corrcoef(first, second)[0, 1] > 0.9


def test_a_table_is_written_in_row_groups(tmp_path):
    path = tmp_path / "table.parquet"
    write(path, 250, group_rows=100)
    metadata = pq.ParquetFile(path).metadata
    assert [metadata.row_group(i).num_rows for i in range(3)] == [100, 100, 50]
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_that_was_only_begun_is_not_there(tmp_path, monkeypatch):
    def make(group, n_rows):
        if group == 1:
            raise MemoryError
        return rows(group, n_rows)

    monkeypatch.setattr(big_table, "rows", make)
    with pytest.raises(MemoryError):
        write(tmp_path / "table.parquet", 250, group_rows=100)
    assert not (tmp_path / "table.parquet").exists()


def test_a_row_says_what_was_seen():
    log = "[ 0:41] trial 1 sgd-1: 0.82 ± 0 in 0.4 s\n[ 1:05] trial 2 a-2: 0.91 ± 0 in 2 s\n"
    training = Training(Ended(0, 598.25, 9_216.0, timed_out=False), log, REPORT)
    line = row(10_000_000, 600.0, training)
    assert line == ("| 10,000,000 | 600 s | 598.2 s | 9.0 GiB | 41 s | 2 | roc_auc 0.91234 | 0 |")
    assert line.count("|") == HEADER.splitlines()[0].count("|")


def test_a_run_without_a_report_is_said_too():
    line = row(1_000, 60.0, Training(Ended(3, 61.0, 512.0, timed_out=False), ""))
    assert "| none | 0 | none | exit 3 |" in line
    line = row(1_000, 60.0, Training(Ended(0, 240.0, 512.0, timed_out=True), ""))
    assert line.endswith("| none | timed out |")
    assert said("") == []


def test_what_a_report_says_of_samples_is_shown():
    found = said(REPORT)
    assert [line[:12] for line in found] == ["Trials train", "| Sampling |"]


@pytest.mark.parametrize(("timed_out", "status"), [(True, 1), (False, 0)])
def test_a_run_that_timed_out_is_a_failure_of_the_command(
    tmp_path, monkeypatch, timed_out, status
):
    training = Training(Ended(0, 240.0, 512.0, timed_out), "")
    monkeypatch.setattr(big_table, "train", lambda *_given: training)
    given = ["big_table", "--rows", "50", "--scratch", str(tmp_path)]
    monkeypatch.setattr("sys.argv", given)
    assert big_table.main() == status
