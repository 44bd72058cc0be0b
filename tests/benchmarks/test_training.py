"""Runs of the command line, and what is read from what they print."""

from __future__ import annotations

import sys

import pytest

from benchmarks.process import Ended
from benchmarks.training import Training, train

# Stands for the command line: it prints what it was called with, and reports.
COMMAND = """
import pathlib, sys
print("[ 0:03] trial 1 knn-1: 0.82 ± 0.06 in 0.4 s")
print(" ".join(sys.argv[1:]))
folder = pathlib.Path(sys.argv[sys.argv.index("--workspace") + 1]) / "experiments" / "some"
folder.mkdir(parents=True)
(folder / "report.md").write_text("# some")
sys.exit(4)
"""


@pytest.mark.parametrize(
    ("log", "first", "n_models"),
    [
        (
            "[ 1:05] trial 2 a-2: 1,131.7 ± 0.1 in 2 s\n[ 1:07] trial 3 b-3: 5 ± 0 in 1 s\n",
            "65 s",
            2,
        ),
        ("[10:00] trial 1 a-1: -0.5 ± 0.1 in 2 s\n", "600 s", 1),
        ("[ 0:04] trial 1 a-1 failed: no memory\nsome text\n", "none", 0),
    ],
)
def test_models_are_counted_from_the_log(log, first, n_models):
    training = Training(Ended(0, 61.5, 1536.0, timed_out=False), log)
    assert (training.first_model, training.n_models) == (first, n_models)
    assert training.peak_memory == "1.5 GiB"


@pytest.mark.parametrize(
    ("exit_code", "timed_out", "failure"),
    [(0, False, ""), (3, False, "exit 3"), (-9, True, "timed out"), (0, True, "timed out")],
)
def test_a_run_that_was_ended_has_not_finished(exit_code, timed_out, failure):
    assert Training(Ended(exit_code, 61.5, 1536.0, timed_out), "").failure == failure


def test_a_run_is_called_measured_and_read(tmp_path):
    training = train(
        tmp_path / "table.parquet",
        15.0,
        tmp_path / "some",
        ("--test-size", "0.1"),
        (sys.executable, "-X", "utf8", "-c", COMMAND),
    )
    assert training.ended.exit_code == 4
    assert training.n_models == 1
    assert training.report == "# some"
    called = training.log.splitlines()[1].split()
    assert called[:2] == ["train", str(tmp_path / "table.parquet")]
    assert called[called.index("--timeout") + 1] == "15s"
    assert called[-2:] == ["--test-size", "0.1"]
