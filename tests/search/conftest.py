"""A table, fake learners and steps, and a clock that only moves when told to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trialbook.learners import Float, Int, IterativeLearner, Learner, Start
from trialbook.program import Columns
from trialbook.search import Step, _ledger
from trialbook.tasks import Table

SPACE = {"x": Float(-1.0, 1.0), "n": Int(1, 9)}


@pytest.fixture
def make_table():
    def make(**changes):
        facts = {
            "task": "classification",
            "n_rows": 1000,
            "n_folds": 3,
            "n_classes": 2,
            "columns": Columns(numeric=("a", "b")),
            "n_features": 2,
            "metric": "roc_auc",
            "n_jobs": 1,
        }
        return Table(**facts | changes)

    return make


@pytest.fixture
def make_learner():
    """A learner that proposes what it is given; ``cost`` is seconds a fold."""

    def make(key, *, starts=(), space=SPACE, cost=1.0, iterative=False, max_classes=None):
        class Fake(IterativeLearner if iterative else Learner):
            def space(self, table):
                return space

            def starts(self, table):
                return tuple(Start(**start) for start in starts)

            def cost(self, params, table):
                return params.get("cost", cost)

            def code(self, params, table):
                raise AssertionError("nothing is written here")

            def stopper(self, deadline):
                raise AssertionError("nothing is stopped here")

            def rounds(self, model):
                raise AssertionError("nothing is trained here")

        Fake.key = Fake.name = key
        Fake.max_classes = max_classes
        return Fake()

    return make


@pytest.fixture
def make_step():
    def make(number, learner="a", projected_s=1.0, **params):
        return Step(number, learner, f"start {number}", params, projected_s)

    return make


@pytest.fixture
def clock(monkeypatch):
    """The ledger's clock: ``clock.now`` is read as `time.monotonic`."""
    ours = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(_ledger, "time", SimpleNamespace(monotonic=lambda: ours.now))
    return ours
