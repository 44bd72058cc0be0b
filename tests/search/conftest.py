"""A table, two kinds of fake learners, and a clock that only moves when told to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trialbook.learners import Float, Int, Learner, Start
from trialbook.program import Columns
from trialbook.search import Step, _ledger
from trialbook.tasks import Table


def make_table(**changes):
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


def make_learner(key, *, starts=(), space=None, cost=1.0, iterative=False, max_classes=None):
    """A learner that proposes what it is given; `cost` is seconds a fold, or of the parameters."""

    class Fake(Learner):
        def space(self, table):
            return {"x": Float(-1.0, 1.0), "n": Int(1, 9)} if space is None else space

        def starts(self, table):
            return tuple(Start(*start) if isinstance(start, tuple) else start for start in starts)

        def cost(self, params, table):
            return cost(params) if callable(cost) else cost

        def code(self, params, table):
            raise AssertionError("nothing is written here")

    Fake.key = Fake.name = key
    Fake.iterative, Fake.max_classes = iterative, max_classes
    return Fake()


def make_step(number, learner="a", seconds=1.0, **params):
    return Step(number, learner, f"start {number}", params, seconds)


@pytest.fixture
def clock(monkeypatch):
    """The ledger's clock: ``clock.now`` is read as `time.monotonic`."""
    ours = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(_ledger, "time", SimpleNamespace(monotonic=lambda: ours.now))
    return ours
