"""A fork server that serves one pool after another."""

import contextlib
import sys
import time

import psutil
import pytest

from trialbook.execution import Pool, _lasting, lasting_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(_lasting, "IDLE_S", 1.0)
    monkeypatch.setattr(_lasting, "_kept", {})  # none of an earlier test's


def server_of(threads=1):
    """The process that forks a pool's workers, after the pool has closed."""
    before = {one.pid for one in psutil.Process().children()}
    pool = Pool(1, threads=threads)
    pool.prepare()
    after = {one.pid for one in psutil.Process().children()}
    pool.close()
    return after - before


def ends(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=10)
    return not psutil.pid_exists(pid)


def test_pools_that_follow_each_other_share_a_server_which_then_ends():
    with lasting_workers():
        (first,) = server_of()
        assert server_of() == set()
        assert psutil.pid_exists(first)
    assert ends(first)


def test_another_environment_gets_a_server_of_its_own(monkeypatch):
    with lasting_workers():
        (first,) = server_of()
        monkeypatch.setenv("SOMETHING", "else")
        (second,) = server_of()
        assert not psutil.pid_exists(first)
    assert ends(second)


def test_a_server_that_was_killed_is_replaced():
    with lasting_workers():
        (first,) = server_of()
        psutil.Process(first).kill()
        pool = Pool(1, threads=1)
        pool.prepare()
        until = time.monotonic() + 60
        with contextlib.closing(pool):
            while not pool.idle:
                pool.resize(1, None)
                pool.poll(0.1)
                assert time.monotonic() < until, "no worker becomes ready"
        assert server_of() == set()
    assert ends(first)


def test_elsewhere_every_pool_has_a_server_that_ends_with_it():
    (first,) = server_of()
    assert not psutil.pid_exists(first)
    (second,) = server_of()
    assert second != first
