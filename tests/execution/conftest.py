"""Real worker processes with small work of their own, so that none has to import libraries."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from trialbook.execution import Pool, Request, _lasting, _pool
from trialbook.execution._messages import read_message, send
from trialbook.execution._processes import kill_family

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def own_spawner(monkeypatch):
    """Other tests of the same process may share one fork server among all pools."""
    monkeypatch.setattr(_pool, "spawner", _lasting.spawner)


# `trialbook.execution._work` as the workers of these tests know it.
WORKER = f"""
import os, signal, subprocess, sys, time, types

sys.path.insert(0, {str(SOURCE)!r})


def run_echo(request, report):
    return {{"pid": os.getpid(), **request.payload}}


def run_count(request, report):
    for number in range(request.payload["to"]):
        report("fold", {{"fold": number}})
    return {{}}


def run_talk(request, report):
    print("said by Python")
    os.write(2, b"said by a library\\n")
    return {{}}


def run_fail(request, report):
    sys.stdout.write("x" * request.payload.get("printed", 0))
    raise ValueError("no such\\n   thing " + "x" * request.payload.get("letters", 0))


def run_quit(request, report):
    sys.exit("enough")


def run_vanish(request, report):
    os._exit(request.payload["code"])


def run_die(request, report):
    os.kill(os.getpid(), getattr(signal, request.payload["signal"]))


def run_sleep(request, report):
    report("fold", {{"pid": os.getpid()}})
    time.sleep(600)


def run_parent(request, report):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    report("fold", {{"child": child.pid}})
    time.sleep(600)


def run_grow(request, report):
    held = bytearray(request.payload["bytes"])
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(request.payload["seconds"])
    return {{}}


work = types.ModuleType("trialbook.execution._work")
vars(work).update(globals())
sys.modules["trialbook.execution._work"] = work

from pathlib import Path
from trialbook.execution._worker import send_output_to, serve

answers = os.fdopen(os.dup(1), "wb")
send_output_to(Path(os.devnull))
serve(sys.stdin.buffer, answers)
"""


class Worker:
    """A worker process, as a pool sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.requests, self.answers = self._process.stdin, self._process.stdout
        self.pid = self._process.pid

    def kill(self):
        kill_family(self._process.pid)

    def exit_code(self):
        return self._process.wait(10)

    # for a test that talks to it directly

    def ask(self, request):
        send(self.requests, request)

    def hear(self):
        return read_message(self.answers.readline())


class Workers:
    """Makes workers, and keeps them in mind."""

    def __init__(self) -> None:
        self.made = []
        self.closed = False

    def spawn(self):
        self.made.append(Worker())
        return self.made[-1]

    def trouble(self):
        return ""

    def close(self):
        self.closed = True

    def end(self):
        for worker in self.made:
            worker.kill()
            worker.exit_code()
            worker.answers.close()


@pytest.fixture
def workers():
    made = Workers()
    yield made
    made.end()


@pytest.fixture
def worker(workers):
    """A worker that has said it is ready."""
    one = workers.spawn()
    assert one.hear().kind == "ready"
    return one


@pytest.fixture
def make_pool(workers):
    """A pool whose workers are ready."""
    pools = []

    def make(n_workers=1, **options):
        pool = Pool(n_workers, threads=1, _spawner=workers, **options)
        pools.append(pool)
        pool.start()
        wait(pool, n_workers)
        return pool

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def request_of(tmp_path):
    def make(number, kind="echo", *, budget_s=None, limit_s=None, **payload):
        return Request(number, kind, str(tmp_path / str(number)), payload, budget_s, limit_s)

    return make


@pytest.fixture
def ended():
    """Whether a process has ended, or does so soon."""

    def check(pid):
        try:
            psutil.Process(pid).wait(10)
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            return False
        return True

    return check


@pytest.fixture
def news():
    """All messages of a pool up to the answers of some requests."""

    def collect(pool, *numbers):
        messages = []
        until = time.monotonic() + 60
        while {m.id for m in messages if m.kind in ("done", "failed")} < set(numbers):
            assert time.monotonic() < until, f"no answer; only {messages}"
            messages += pool.poll(1.0)
        return [message for message in messages if message.kind != "ready"]

    return collect


@pytest.fixture
def wait_idle():
    return wait


def wait(pool, count):
    until = time.monotonic() + 60
    while pool.idle < count:
        assert time.monotonic() < until, "the workers do not become ready"
        pool.poll(1.0)
