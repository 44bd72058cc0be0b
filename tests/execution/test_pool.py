"""Workers under guard: what crashes, hangs or grows costs its own request and no other."""

from __future__ import annotations

import os
import signal
import time

import pytest

from trialbook.errors import TrialbookError
from trialbook.execution import Message, Pool
from trialbook.execution._messages import send


def test_requests_run_at_once_and_are_answered_by_their_ids(make_pool, request_of, news):
    pool = make_pool(2)
    pool.submit(request_of(1, text="a"))
    pool.submit(request_of(2, text="b"))
    answers = {m.id: m for m in news(pool, 1, 2)}
    assert {number: m.payload["text"] for number, m in answers.items()} == {1: "a", 2: "b"}
    assert len({m.payload["pid"] for m in answers.values()}) == 2
    assert all("peak_bytes" in m.payload for m in answers.values())


def test_it_counts_who_is_idle_and_who_is_busy(make_pool, request_of, news):
    pool = make_pool(2)
    assert (pool.idle, pool.busy) == (2, [])
    request = request_of(1)
    pool.submit(request)
    assert (pool.idle, pool.busy) == (1, [request])
    news(pool, 1)
    assert (pool.idle, pool.busy) == (2, [])


def test_no_request_is_taken_while_all_are_busy(make_pool, request_of):
    pool = make_pool(1)
    pool.submit(request_of(1, "sleep"))
    with pytest.raises(RuntimeError, match="no worker is idle"):
        pool.submit(request_of(2))


def test_progress_comes_before_the_answer(make_pool, request_of, news):
    pool = make_pool(1)
    pool.submit(request_of(1, "count", to=3))
    heard = news(pool, 1)
    assert [m.kind for m in heard] == ["fold", "fold", "fold", "done"]


def test_an_exception_costs_its_request_and_the_worker_goes_on(make_pool, request_of, news):
    pool = make_pool(1)
    pool.submit(request_of(1))
    (first,) = news(pool, 1)
    pool.submit(request_of(2, "fail"))
    (failed,) = news(pool, 2)
    assert failed.payload["reason"] == "ValueError: no such thing"
    pool.submit(request_of(3))
    (third,) = news(pool, 3)
    assert third.payload["pid"] == first.payload["pid"]


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("vanish", {"code": 3}, "exit code 3"),
        ("die", {"signal": "SIGSEGV"}, "SIGSEGV"),
        ("die", {"signal": "SIGKILL"}, "out of memory"),
    ],
)
def test_a_worker_that_dies_is_replaced_and_its_request_says_how(
    make_pool, request_of, news, wait_idle, kind, payload, reason
):
    pool = make_pool(1)
    pool.submit(request_of(1))
    (before,) = news(pool, 1)
    pool.submit(request_of(2, kind, **payload))
    (failed,) = news(pool, 2)
    assert failed.kind == "failed"
    assert reason in failed.payload["reason"]
    wait_idle(pool, 1)
    pool.submit(request_of(3))
    (after,) = news(pool, 3)
    assert after.payload["pid"] != before.payload["pid"]


def test_the_others_work_on_when_one_dies(make_pool, request_of, news, wait_idle):
    pool = make_pool(2)
    pool.submit(request_of(1, "sleep"))
    pool.submit(request_of(2, "vanish", code=1))
    assert news(pool, 2)[-1].kind == "failed"
    assert [request.id for request in pool.busy] == [1]
    wait_idle(pool, 1)
    pool.submit(request_of(3))
    assert news(pool, 3)[-1].kind == "done"
    assert [request.id for request in pool.busy] == [1]


def test_a_request_that_hangs_is_killed_at_its_limit(make_pool, request_of, news, ended):
    pool = make_pool(1)
    pool.submit(request_of(1, "sleep", limit_s=0.5))
    *progress, failed = news(pool, 1)
    assert "ran past its limit" in failed.payload["reason"]
    assert ended(progress[0].payload["pid"])


def test_a_budget_alone_kills_nothing(make_pool, request_of, news):
    pool = make_pool(1)
    pool.submit(request_of(1, "grow", bytes=1, seconds=0.5, budget_s=0.01))
    assert news(pool, 1)[-1].kind == "done"


def test_what_a_request_starts_dies_with_it(make_pool, request_of, news, ended):
    pool = make_pool(1)
    pool.submit(request_of(1, "parent", limit_s=1.5))
    *progress, _ = news(pool, 1)
    assert ended(progress[0].payload["child"])


def test_a_request_that_grows_beyond_the_limit_is_killed(make_pool, request_of, news):
    limit = 300 * 2**20
    pool = make_pool(1, memory_limit=limit)
    pool.submit(request_of(1, "grow", bytes=400 * 2**20, seconds=600))
    (failed,) = news(pool, 1)
    assert failed.kind == "failed"
    assert "over its limit of 0.3 GiB" in failed.payload["reason"]
    assert failed.payload["peak_bytes"] > limit


def test_the_most_memory_is_measured_for_each_request_anew(make_pool, request_of, news):
    pool = make_pool(1)
    pool.submit(request_of(1, "grow", bytes=200 * 2**20, seconds=1.0))
    (large,) = news(pool, 1)
    pool.submit(request_of(2, "grow", bytes=1, seconds=1.0))
    (small,) = news(pool, 2)
    assert large.payload["peak_bytes"] > 200 * 2**20
    assert 0 < small.payload["peak_bytes"] < large.payload["peak_bytes"] - 100 * 2**20


def test_a_request_can_be_cancelled_for_a_reason(make_pool, request_of, news, ended):
    pool = make_pool(1)
    pool.submit(request_of(1, "sleep"))
    pool.cancel(99, "it is another's")
    (pid,) = [m.payload["pid"] for m in pool.poll(10.0)]
    pool.cancel(1, "stopped by the user")
    (failed,) = news(pool, 1)
    assert failed.payload["reason"] == "stopped by the user"
    assert ended(pid)


def test_an_idle_worker_that_dies_is_replaced_without_a_word(make_pool, workers, request_of, news):
    pool = make_pool(1)
    os.kill(workers.made[0].pid, signal.SIGKILL)
    while len(workers.made) == 1 or not pool.idle:
        assert all(message.kind == "ready" for message in pool.poll(1.0))
    pool.submit(request_of(1))
    assert [m.kind for m in news(pool, 1)] == ["done"]


def test_a_request_for_a_worker_that_has_just_died_fails_and_raises_nothing(
    make_pool, workers, request_of, news
):
    pool = make_pool(1)
    workers.made[0].kill()
    workers.made[0].exit_code()
    pool.submit(request_of(1))
    (failed,) = news(pool, 1)
    assert failed.kind == "failed"
    assert failed.payload["reason"]


def test_a_smaller_pool_keeps_the_workers_that_are_ready(make_pool, workers, ended, wait_idle):
    pool = make_pool(1)
    pool.resize(3, None)
    first, *late = workers.made
    pool.resize(1, None)
    assert pool.idle == 1
    assert all(ended(worker.pid) for worker in late)
    assert not any(message.kind != "ready" for message in pool.poll(0.2))
    assert pool.idle == 1
    pool.resize(2, None)
    wait_idle(pool, 2)
    assert first.pid == pool._workers[0].process.pid


def test_a_new_memory_limit_holds_for_the_workers_that_are_there(make_pool, request_of, news):
    pool = make_pool(1)
    pool.resize(1, 200 * 2**20)
    pool.submit(request_of(1, "grow", bytes=300 * 2**20, seconds=600))
    assert "over its limit" in news(pool, 1)[-1].payload["reason"]


def test_closing_leaves_no_process(make_pool, workers, request_of, ended):
    pool = make_pool(2)
    pool.submit(request_of(1, "parent"))
    (child,) = [m.payload["child"] for m in pool.poll(10.0)]
    pool.close()
    assert all(ended(pid) for pid in [child, *(worker.pid for worker in workers.made)])
    assert workers.closed
    assert pool.idle == 0
    pool.close()


# -- what happens between two looks ------------------------------------------------------------


class Scripted:
    """A worker that answers what a test says."""

    def __init__(self, *, dead=False) -> None:
        ours, theirs = os.pipe()
        self.answers, self.says = os.fdopen(ours, "rb"), os.fdopen(theirs, "wb")
        self.requests = os.fdopen(os.open(os.devnull, os.O_WRONLY), "wb")
        self.pid = None
        if dead:
            self.kill()
        else:
            send(self.says, Message(-1, "ready", {"pid": None}))

    def kill(self):
        self.says.close()

    def exit_code(self):
        return -9


class Scripts:
    """Makes them; of those that are born dead it knows the trouble."""

    def __init__(self, born_dead=0) -> None:
        self.made = []
        self.born_dead = born_dead

    def spawn(self):
        self.made.append(Scripted(dead=len(self.made) < self.born_dead))
        return self.made[-1]

    def trouble(self):
        return "ImportError: no libgomp"

    def close(self):
        for one in self.made:
            one.says.close()
            one.requests.close()


def test_a_worker_that_is_being_killed_gets_no_further_request(request_of, news, wait_idle):
    scripts = Scripts()
    pool = Pool(1, threads=1, _spawner=scripts)
    pool.start()
    wait_idle(pool, 1)
    pool.submit(request_of(1))
    send(scripts.made[0].says, Message(1, "done", {}))
    while pool._inbox.empty():
        time.sleep(0.01)
    pool.cancel(1, "the time was over")  # it has answered already, and nobody has looked yet
    assert [m.kind for m in news(pool, 1)] == ["done"]
    assert pool.idle == 0
    wait_idle(pool, 1)
    pool.submit(request_of(2))
    send(scripts.made[1].says, Message(2, "done", {}))
    assert [(m.id, m.kind) for m in news(pool, 2)] == [(2, "done")]
    pool.close()


def test_half_a_line_of_a_dying_worker_is_no_answer(request_of, news, wait_idle):
    scripts = Scripts()
    pool = Pool(1, threads=1, _spawner=scripts)
    pool.start()
    wait_idle(pool, 1)
    pool.submit(request_of(1))
    scripts.made[0].says.write(b'{"id": 1, "kind": "do')
    scripts.made[0].kill()
    (failed,) = news(pool, 1)
    assert failed.kind == "failed"
    assert "SIGKILL" in failed.payload["reason"]
    pool.close()


def test_workers_that_die_while_they_start_are_tried_a_few_times(wait_idle):
    scripts = Scripts(born_dead=2)
    pool = Pool(1, threads=1, _spawner=scripts)
    pool.start()
    wait_idle(pool, 1)
    assert len(scripts.made) == 3
    pool.close()


def test_workers_that_can_never_start_end_the_experiment_with_their_trouble(wait_idle):
    pool = Pool(1, threads=1, _spawner=Scripts(born_dead=1000))
    pool.start()
    with pytest.raises(TrialbookError, match="die before they are ready: ImportError: no libgomp"):
        wait_idle(pool, 1)
    pool.close()
