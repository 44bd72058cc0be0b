"""What an experiment begins with."""

from __future__ import annotations

import pytest
from tests.forecasters import monthly

from trialbook.data import prepare
from trialbook.experiment._design import make_design
from trialbook.experiment._run import _search
from trialbook.job import Job
from trialbook.search import Ledger

ROOM = 10**9


def forecasts(**options):
    fields = {"target": "sold", "task": "forecasting", "time_column": "month", "horizon": 6}
    job = Job.from_fields(fields | {"data": Job.IN_MEMORY, "series": ("shop",), **options})
    return make_design(job, prepare(job, frame=monthly()))


def rows(**options):
    job = Job.from_fields({"data": Job.IN_MEMORY, "target": "sold", "timeout": 60, **options})
    return make_design(job, prepare(job, frame=monthly()))


@pytest.mark.parametrize(
    ("design", "options", "kinds"),
    [
        (forecasts, {}, ["voting"]),
        (forecasts, {"voting": False}, []),
        (rows, {"voting": False}, ["stacking"]),
        (rows, {"voting": False, "stacking": False}, []),
    ],
)
def test_trials_are_stopped_for_a_vote_only_if_an_ensemble_follows(design, options, kinds):
    made = design(**options)
    assert made.ensembles == kinds
    assert [label for label, _ in made.steps if label in ("voting", "stacking")] == kinds
    assert (_search(made, Ledger(60.0), ROOM).vote is not None) == bool(kinds)


def test_without_early_termination_there_is_no_vote_to_look_at():
    assert _search(forecasts(early_termination=False), Ledger(60.0), ROOM).vote is None
