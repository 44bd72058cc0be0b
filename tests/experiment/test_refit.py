"""Which trial is made anew, whether there is time for it, and what comes of it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from trialbook.evaluation import metric
from trialbook.execution import Message
from trialbook.experiment._refit import Refit, RefitStep, refit_share
from trialbook.search import Ledger

VOTE = {"members": json.dumps(["small-1", "large-2"])}


class Engine:
    """Stands for the engine: what it trains is done at once, or fails."""

    def __init__(self, written, prepared, deadline_s=None):
        self.written, self.tracker, self.events, self.made = written, written.tracker, [], []
        self.metric = metric("roc_auc", "classification", 2)
        self.ledger = Ledger(deadline_s)
        self.search = SimpleNamespace(n_workers=2)
        self.learners = {"small": object(), "large": object()}
        self.interrupted = False
        self.fails: set[str] = set()
        self.row_ms: dict[str, float] = {}
        self.members: list[str] = []
        self.writer = SimpleNamespace(
            task=SimpleNamespace(folds=prepared.folds, first_rows=lambda rows: rows),
            payload=lambda run_id, step, **options: {"label": step.label, **options},
            write_refit=lambda folder, record, step, learner: None,
            write_voting=self.write_voting,
        )

    def write_voting(self, folder, members, label, adjustment, *, refitted):
        assert refitted
        self.members = [member.label for member in members]

    def emit(self, event):
        self.events.append(event)

    def run_requests(self, requests, until, *, stoppable):
        assert stoppable
        self.made.append([request.payload["label"] for request in requests])
        return {request.id: Message(request.id, "done") for request in requests}

    def settle(self, step, run_id, answer):
        if step.label in self.fails:
            self.tracker.fail_trial(run_id, "it broke")
            return
        measured = {"score": 0.9, "predict_row_ms": self.row_ms.get(step.label, 1.0)}
        self.tracker.finish_trial(run_id, measured, {}, {})


@pytest.fixture
def engine(written, prepared):
    """Two trials and a vote of both, which is the best; each of the trials took four seconds."""
    for number, label, score in ((1, "small-1", 0.7), (2, "large-2", 0.8)):
        measured = {"fit_s": 4.0, "predict_row_ms": 10.0}
        written.add(number, label, score, C=1.0, metrics=measured)
    measured = {"fit_s": 0.1, "store_s": 0.1, "predict_row_ms": 20.0}
    tags = {**VOTE, "config": json.dumps({"members": "large-2, other-9, small-1"})}
    written.add(3, "other-9", 0.6, C=1.0, metrics={"predict_row_ms": 10.0})
    written.add(4, "voting-4", 0.9, C=1.0, metrics=measured, tags=tags)
    return Engine(written, prepared)


def refit(engine, job, **options):
    Refit(engine, job.model_copy(update={"refit": True, **options}), None).run()
    return engine.made


def test_a_share_of_the_folds_time_is_what_all_rows_take():
    folds = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1]])
    assert refit_share(folds) == pytest.approx(3 / 6)
    assert refit_share(np.array([[1], [1], [0], [-1]])) == pytest.approx(3 / 2)


def test_a_trial_made_anew_is_named_after_its_original():
    step = RefitStep(7, "tree", "refit of tree-3", {}, 0.0, "refit", of="tree-3")
    assert step.label == "tree-3-refit"


def test_of_an_ensemble_the_members_that_count_are_made_anew_before_it(engine, job):
    made = refit(engine, job)
    assert made == [["small-1-refit", "large-2-refit"], ["voting-4-refit"]]
    assert engine.members == ["large-2-refit", "other-9", "small-1-refit"]
    numbers = [one.number for one in engine.tracker.trials()]
    assert len(set(numbers)) == len(numbers)
    origin = {one.label: one.run_id for one in engine.tracker.trials()}
    for one in engine.tracker.trials():
        if one.refitted:
            assert one.tags["refit_of"] == origin[one.label.removesuffix("-refit")]


def test_what_an_earlier_session_made_anew_stays(engine, job):
    refit(engine, job)
    again = Engine(engine.written, SimpleNamespace(folds=engine.writer.task.folds))
    again.ledger = Ledger(0.1)  # which takes no time
    assert refit(again, job) == []
    assert again.events == []


def skipped(engine):
    (event,) = [one for one in engine.events if type(one).__name__ == "StepsSkipped"]
    assert engine.ledger.skipped["refit"] == event.reason
    return event.reason


def test_without_the_time_the_winner_stays_as_it_is(engine, job):
    engine.ledger = Ledger(4.0)
    assert refit(engine, job) == []
    told = "voting-4 stays as it is: training on all of its rows takes about 6 s"
    assert told in skipped(engine)


def test_after_an_interruption_nothing_is_made_anew(engine, job):
    engine.interrupted = True
    assert refit(engine, job) == []
    assert "interrupted" in skipped(engine)


def test_an_edited_program_is_not_made_anew(engine, job):
    engine.written.add(5, "edited-5", 0.95, C=1.0, tags={"edited": "true"})
    assert refit(engine, job) == []
    assert "edited by hand" in skipped(engine)


def test_a_learner_that_has_gone_cannot_make_anything_anew(engine, job):
    del engine.learners["large"]
    assert refit(engine, job) == []
    assert "the learner large is not there" in skipped(engine)


def test_when_a_member_fails_the_ensemble_stays_as_it_is(engine, job):
    engine.fails = {"large-2-refit"}
    assert refit(engine, job) == [["small-1-refit", "large-2-refit"]]
    assert "it failed" in skipped(engine)


# -- with a limit on the time of a prediction -------------------------------------------------


def test_the_best_that_will_be_quick_enough_is_made_anew(engine, job):
    # As one model of all rows each takes half of its time, for there are two folds.
    assert refit(engine, job, max_predict_ms=9.0) == [["large-2-refit"]]
    assert not any(type(one).__name__ == "StepsSkipped" for one in engine.events)


def test_what_turns_out_too_slow_gives_way_to_the_next(engine, job):
    engine.row_ms = {"large-2-refit": 9.5}
    assert refit(engine, job, max_predict_ms=9.0) == [["large-2-refit"], ["small-1-refit"]]


def test_if_nothing_will_be_quick_enough_the_quickest_is_made_anew(engine, job):
    engine.written.add(5, "small-5", 0.5, C=1.0, metrics={"predict_row_ms": 4.0})
    assert refit(engine, job, max_predict_ms=0.5) == [["small-5-refit"]]
