"""Which experiment a notebook belongs to."""

from __future__ import annotations

from trialbook.experiment._rerun import _tracker_of
from trialbook.tracking import Tracker


def test_a_notebook_belongs_to_the_execution_that_it_comes_from(written):
    first = written.tracker
    second = Tracker.create(first.workspace, first.name, {"metric": "log_loss"})
    of_first = {"experiment": first.name, "parent_run_id": first.run_id}
    assert _tracker_of(first.workspace, None, of_first).run_id == first.run_id
    assert _tracker_of(first.workspace, first.name, of_first).run_id == second.run_id
    lost = of_first | {"parent_run_id": "0" * 32}
    assert _tracker_of(first.workspace, None, lost).run_id == second.run_id
