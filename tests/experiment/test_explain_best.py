"""The winner is explained at the end, within the time that is left."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trialbook.execution import Message, Request
from trialbook.experiment import _explain_best
from trialbook.experiment._explain_best import FROM_S, LEAST_S, explain_best, kept_s
from trialbook.search import Ledger

MOST_S = 20.0


@pytest.fixture(autouse=True)
def explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_explain_best, "MOST_S", MOST_S)


class Engine:
    """One that only takes requests."""

    def __init__(self, tmp_path: Any, deadline_s: float | None, answer: str = "done") -> None:
        self.ledger = Ledger(deadline_s)
        self.metric = SimpleNamespace(name="rmse")
        self.published: list[tuple[str, str]] = []
        self.tracker = SimpleNamespace(
            folder=tmp_path, publish=lambda run_id, part: self.published.append((run_id, part))
        )
        self.requests: list[Request] = []
        self.events: list[Any] = []
        self.emit = self.events.append
        self.answer = answer
        self.interrupted = False
        self.interrupts = False

    def run_requests(
        self, requests: list[Request], *, stoppable: bool = False
    ) -> dict[int, Message]:
        self.requests += requests
        self.interrupted |= stoppable and self.interrupts
        reason = "stopped by the user" if self.interrupted else "no memory"
        return {one.id: Message(one.id, self.answer, {"reason": reason}) for one in requests}


BEST = SimpleNamespace(label="tree-1", folder=Path("/nowhere"), run_id="abc")


def test_it_takes_what_is_left_and_no_more(tmp_path: Any) -> None:
    engine = Engine(tmp_path, 10.0)
    explain_best(engine, BEST, 3)
    (request,) = engine.requests
    assert request.kind == "explain" and request.payload["seed"] == 3
    assert LEAST_S < request.budget_s < 10.0 and request.limit_s == request.budget_s
    assert engine.published == [("abc", "explanation")]
    plenty = Engine(tmp_path, 3600.0)
    explain_best(plenty, BEST, 0)
    assert plenty.requests[0].budget_s == MOST_S


def test_without_time_it_is_skipped(tmp_path: Any) -> None:
    engine = Engine(tmp_path, 1.0)
    explain_best(engine, BEST, 0)
    assert engine.requests == []
    assert engine.ledger.skipped == {"explanation": "no time was left"}


def test_without_a_deadline_it_has_seconds(tmp_path: Any) -> None:
    engine = Engine(tmp_path, None)
    explain_best(engine, BEST, 0)
    assert LEAST_S < engine.requests[0].budget_s < MOST_S


def test_what_fails_is_told_and_costs_nothing_else(tmp_path: Any) -> None:
    engine = Engine(tmp_path, None, answer="failed")
    explain_best(engine, BEST, 0)
    assert engine.ledger.skipped == {"explanation": "no memory"}
    assert "no memory" in engine.events[0].message and engine.published == []


@pytest.mark.parametrize("before", [True, False])
def test_who_asks_for_the_end_does_not_wait_for_it(tmp_path: Any, before: bool) -> None:
    engine = Engine(tmp_path, None, answer="failed")
    engine.interrupted, engine.interrupts = before, True
    explain_best(engine, BEST, 0)
    assert len(engine.requests) == (0 if before else 1)
    assert engine.ledger.skipped == {"explanation": "stopped by the user"}
    assert engine.events == [] and engine.published == []


def test_the_search_leaves_time_for_it_where_there_is_enough() -> None:
    assert kept_s(None) == 0.0 and kept_s(FROM_S - 1) == 0.0
    assert LEAST_S <= kept_s(FROM_S) <= 0.05 * FROM_S
    assert kept_s(10 * 3600.0) == MOST_S
    ledger = Ledger(600.0)
    ledger.ensembles_s = 5.0
    before = ledger.reserve_s
    ledger.explain_s = 12.0
    assert ledger.reserve_s == before + 12.0
