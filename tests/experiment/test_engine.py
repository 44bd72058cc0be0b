"""How the engine runs requests that follow the search."""

from __future__ import annotations

import math
import time

import pytest

from trialbook.execution import Message, Request
from trialbook.experiment._engine import Engine


class Pool:
    """One worker that never ends by itself, unless it is told to be quick."""

    def __init__(self, *, quick):
        self.quick, self.busy, self.seen, self.inbox = quick, [], [], []
        self.on_submit = lambda: None

    @property
    def idle(self):
        return 0 if self.busy else 1

    def submit(self, request):
        self.seen.append(request)
        self.busy.append(request)
        if self.quick:
            self.inbox.append(Message(request.id, "done"))
        self.on_submit()

    def cancel(self, number, reason):
        self.inbox.append(Message(number, "failed", {"reason": reason}))

    def poll(self, timeout):
        news, self.inbox = self.inbox, []
        ended = {message.id for message in news}
        self.busy = [request for request in self.busy if request.id not in ended]
        return news


def engine_of(pool):
    return Engine(None, None, pool, None, None, None, {}, ())


REQUESTS = [Request(number, "trial", "", {}) for number in (1, 2, 3)]


def test_all_requests_are_answered_though_there_is_one_worker():
    answers = engine_of(Pool(quick=True)).run_requests(REQUESTS)
    assert {number: answer.kind for number, answer in answers.items()} == dict.fromkeys(
        (1, 2, 3), "done"
    )


def test_each_gets_what_is_left_when_it_starts():
    pool = Pool(quick=True)
    engine_of(pool).run_requests(REQUESTS, time.monotonic() + 50)
    limits = [request.limit_s for request in pool.seen]
    assert all(0 < limit <= 50 for limit in limits)
    assert limits == sorted(limits, reverse=True)
    engine_of(pool).run_requests(REQUESTS, math.inf)
    assert [request.limit_s for request in pool.seen[3:]] == [None] * 3


@pytest.mark.parametrize("stoppable", [True, False])
def test_an_interruption_ends_what_can_be_stopped(stoppable):
    pool = Pool(quick=not stoppable)
    engine = engine_of(pool)

    def interrupt():
        engine._interrupted = True

    pool.on_submit = interrupt
    answers = engine.run_requests(REQUESTS, stoppable=stoppable)
    assert [answers[number].kind for number in (1, 2, 3)] == [
        "failed" if stoppable else "done"
    ] * 3
    assert len(pool.seen) == (1 if stoppable else 3)
    if stoppable:
        assert {answer.payload["reason"] for answer in answers.values()} == {"stopped by the user"}
