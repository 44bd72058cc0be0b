"""How the engine runs trials to a stop, and requests that follow the search."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace

import pytest

from trialbook.events import Warned
from trialbook.execution import Message, Request
from trialbook.experiment import _engine
from trialbook.experiment._engine import LAST_RESORT_S, Engine
from trialbook.search import Ledger, Step, Stop


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


# -- trials ----------------------------------------------------------------------------------


class Trials:
    """An engine, workers that do as they are told, and a clock that each look at them moves.

    ``takes`` has the seconds that each trial takes to a model; one that is not there fails.
    """

    def __init__(self, monkeypatch, tmp_path, takes, *, deadline_s=None, n_workers=2):
        self.now, self.takes, self.n_workers = 0.0, takes, n_workers
        self.busy, self.ended, self.warnings, self.limits = {}, {}, [], {}
        self.interrupt_at = math.inf
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        ledger = Ledger(deadline_s, started=0.0)
        waiting = [Step(number, "a", f"step {number}", {}, 1.0) for number in takes]

        def ask():
            if ledger.search_left_s <= 0 or not waiting:
                return Stop("over")
            return waiting.pop(0)

        search = SimpleNamespace(
            ask=ask,
            races=True,
            vote=None,
            growth=None,
            highest=max(takes),
            n_workers=n_workers,
            plan=[Step(1, "a", "floor", {}, 1.0)],
            table=SimpleNamespace(n_folds=1),
            tell=lambda number, loss, *rest, **named: None,
            budget_s=lambda step: None,
            reserve=lambda number: None,
            smallest=lambda step: step,
            skipped=dict,
        )
        tracker = SimpleNamespace(
            start_trial=lambda number, *rest: str(number),
            new_folder=lambda run_id: tmp_path,
            folder_of=lambda run_id: tmp_path,
            fail_trial=lambda run_id, reason, **rest: self.ended.setdefault(run_id, reason),
            workspace=SimpleNamespace(path=tmp_path),
        )
        writer = SimpleNamespace(write_trial=lambda *rest: None, payload=lambda *rest, **named: {})
        listeners = [lambda event: isinstance(event, Warned) and self.warnings.append(event)]
        self.engine = Engine(tracker, writer, self, search, ledger, None, {"a": None}, listeners)
        self.engine.keep = self.keep
        self.engine.loss = lambda score: score

    # what the engine asks of a pool
    @property
    def idle(self):
        return self.n_workers - len(self.busy)

    def submit(self, request):
        self.limits[request.id] = request.limit_s
        self.busy[request.id] = (self.now, request)

    def cancel(self, number, reason):
        self.takes[number] = ("failed", reason, 0.0)

    def poll(self, timeout):
        self.now += 1.0
        self.engine._interrupted = self.now >= self.interrupt_at
        for number, (began, request) in list(self.busy.items()):
            kind, reason, seconds = self.takes[number]
            if request.limit_s is not None and self.now - began > request.limit_s:
                kind, reason, seconds = "failed", "past its limit", 0.0
            if self.now - began >= seconds:
                del self.busy[number]
                done = {"score": 1.0, "std": 0.0, "fit_s": 1.0, "n_folds": 1}
                return [Message(number, kind, done if kind == "done" else {"reason": reason})]
        return []

    def keep(self, number, *rest):
        self.ended[str(number)] = "finished"
        self.engine.best_loss = 1.0
        return True


def model_after(seconds):
    return "done", "", float(seconds)


@pytest.fixture
def trials(monkeypatch, tmp_path):
    def make(*takes, **options):
        numbered = {number: model_after(s) for number, s in enumerate(takes, start=1)}
        return Trials(monkeypatch, tmp_path, numbered, **options)

    return make


def test_the_time_of_ensembles_goes_to_a_first_model_that_needs_it(trials):
    run = trials(57, 300, deadline_s=60.0)
    run.engine.run_trials()
    assert run.ended == {"1": "finished", "2": "the time for trials was over"}
    assert run.now < 60
    assert run.warnings == []


def test_without_a_model_at_the_deadline_the_first_trial_goes_on(trials):
    run = trials(90, 300, deadline_s=60.0)
    run.engine.run_trials()
    assert run.ended == {"1": "finished", "2": "the time for trials was over"}
    assert 90 <= run.now <= 92
    assert len(run.warnings) == 1


def test_the_first_trial_does_not_go_on_for_ever(trials):
    run = trials(1000, 1000, deadline_s=60.0)
    with pytest.raises(_engine.NoModelError):
        run.engine.run_trials()
    assert run.ended == {"1": "past its limit", "2": "the time for trials was over"}
    assert 120 <= run.now <= 123


def test_when_all_have_failed_at_the_end_the_cheapest_is_tried_once_more(trials):
    run = trials(1000, 1000, deadline_s=60.0)
    run.takes |= {1: ("failed", "no memory", 55.0), 2: ("failed", "no memory", 55.0)}
    run.takes[3] = model_after(20)
    run.engine.run_trials()
    assert run.ended["3"] == "finished"
    assert len(run.warnings) == 1
    assert run.limits[3] == pytest.approx(60 - run.now + 20 + 60, abs=2)


def test_when_nothing_fits_into_the_time_the_cheapest_is_tried_all_the_same(trials):
    run = trials(20, deadline_s=60.0)
    run.engine.search.ask = lambda: Stop("nothing that is left to try fits into the time")
    run.engine.search.skipped = lambda: {"a-1": "would take 900 s"}
    run.takes[2] = model_after(20)
    run.engine.run_trials()
    assert run.engine.ledger.ended == "nothing that is left to try fits into the time"
    assert run.ended == {"2": "finished"}
    assert len(run.warnings) == 1
    assert run.limits[2] == pytest.approx(60 + 60, abs=2)


def test_time_is_not_what_failing_trials_want(trials):
    run = trials(1, deadline_s=60.0)
    run.engine.search.skipped = lambda: {"a-2": "would take 900 s"}
    run.takes[1] = "failed", "no memory", 5.0
    with pytest.raises(_engine.NoModelError, match="no memory"):
        run.engine.run_trials()
    assert run.ended == {"1": "no memory"}
    assert run.warnings == []


def test_one_with_little_time_gets_some(trials):
    run = trials(20, deadline_s=5.0, n_workers=1)
    run.engine.run_trials()
    assert run.ended == {"1": "finished"}
    assert run.limits[1] == pytest.approx(5 + LAST_RESORT_S)


def test_an_interruption_before_the_first_model_waits_for_it_alone(trials):
    run = trials(10, 1000)
    run.interrupt_at = 3.0
    run.engine.run_trials()
    assert run.ended == {"1": "finished", "2": "stopped by the user"}
    assert run.now < 14


def test_an_interruption_after_the_deadline_ends_all(trials):
    run = trials(1000, 1000, deadline_s=60.0)
    run.interrupt_at = 70.0
    with pytest.raises(_engine.NoModelError):
        run.engine.run_trials()
    assert run.now < 74


def test_a_race_is_over_when_all_folds_have_ended(trials, tmp_path):
    run = trials(10)
    run.engine._start_trials()
    run.now = 5.0
    told = {"fold": 1, "n_folds": 8, "score": 0.5}
    assert not (tmp_path / _engine.FIRST_FOLD).exists()
    run.engine._race(Message(1, "fold", told))
    assert run.takes[1] == model_after(10)
