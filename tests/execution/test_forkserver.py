"""Workers that are forked by a process which has imported the libraries."""

from __future__ import annotations

import signal
import sys
import time

import psutil
import pytest

from trialbook.execution import PROGRAM, Pool, Request
from trialbook.execution._processes import ForkServer, worker_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

SCHEMA = '{"task": "regression", "target": "y", "classes": [], "positive": null, "columns": []}'


@pytest.fixture(scope="module")
def pool():
    one = Pool(1, threads=1)
    one.prepare()
    one.start()
    yield one
    mine = psutil.Process().children(recursive=True)
    one.close()
    assert psutil.wait_procs(mine, timeout=10)[1] == []


@pytest.fixture
def run(pool, tmp_path):
    """Run a trial whose program does one thing when it loads its data; its answer."""

    def go(number, *lines):
        until = time.monotonic() + 60
        while not pool.idle:
            assert time.monotonic() < until, "no worker becomes ready"
            pool.poll(1.0)
        program = tmp_path / str(number) / PROGRAM
        program.parent.mkdir(parents=True)
        body = "".join(f"    {line}\n" for line in lines)
        program.write_text(f"import os, signal, sys, time\n\n\ndef load():\n{body}", "utf-8")
        (tmp_path / "schema.json").write_text(SCHEMA, "utf-8")
        payload = {"schema": str(tmp_path / "schema.json"), "learner": None, "metadata": {}}
        pool.submit(Request(number, "trial", str(tmp_path / str(number)), payload))
        while True:
            assert time.monotonic() < until, "no answer"
            for message in pool.poll(1.0):
                if message.kind in ("done", "failed"):
                    assert (message.id, message.kind) == (number, "failed")
                    return message.payload["reason"]

    return go


PID = "raise OSError(f'I am {os.getpid()}')"


def test_workers_soon_have_the_libraries_without_importing_them(run):
    wanted = ("lightgbm", "mlflow.sklearn", "sklearn.pipeline", "skrub")
    until = time.monotonic() + 60
    for number in range(1, 100):
        reason = run(2 * number, f"raise OSError([name in sys.modules for name in {wanted}])")
        if reason == "OSError: [True, True, True, True]":
            return
        assert time.monotonic() < until, reason
        run(2 * number + 1, "os._exit(3)")  # the next one is forked later


def test_a_worker_runs_in_the_folder_of_its_program(run, tmp_path):
    assert run(1, "raise OSError(os.getcwd())").endswith(str((tmp_path / "1" / PROGRAM).parent))


@pytest.mark.parametrize(
    ("how", "reason"),
    [("os._exit(3)", "exit code 3"), ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL")],
)
def test_how_a_worker_ended_is_known_and_another_takes_its_place(run, how, reason):
    before = run(1, PID)
    assert reason in run(2, how)
    assert run(3, PID) != before


def test_ctrl_c_does_not_reach_a_worker(run):
    assert run(1, "os.kill(os.getpid(), signal.SIGINT)", PID).startswith("OSError: I am")


def test_a_fork_server_that_is_killed_is_replaced_too(pool, run):
    run(1, PID)
    server = pool._spawner._process
    server.send_signal(signal.SIGKILL)
    server.wait()
    assert run(2, "os._exit(3)")
    assert run(3, PID).startswith("OSError: I am")


def test_a_file_of_the_folder_is_no_library(tmp_path, monkeypatch):
    (tmp_path / "statistics.py").write_text("raise RuntimeError('not this one')")
    monkeypatch.chdir(tmp_path)
    one = Pool(1, threads=1, _spawner=ForkServer(worker_environment(1)))
    one.start()
    until = time.monotonic() + 60
    while not one.idle:
        assert time.monotonic() < until, "no worker becomes ready"
        one.poll(1.0)
    one.close()
