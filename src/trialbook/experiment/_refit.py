"""The winner made anew: one model that is trained on all rows, in place of one for each fold."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialbook import events
from trialbook.execution import OOF, Request
from trialbook.experiment._engine import Engine
from trialbook.experiment._ranking import ENSEMBLES, config_tag, ranked, row_ms
from trialbook.job import Job
from trialbook.program import AdjustmentKind
from trialbook.search import REBUILD_S, Step, together_s
from trialbook.tracking import TrialRecord

# Where the time of a prediction is limited, the expected time of a refitted model may turn out
# wrong; then the next best trial is made anew, and so many at most.
MAX_ATTEMPTS = 3


def refit_share(matrix: np.ndarray[Any, Any]) -> float:
    """Rows that any fold uses, as a share of the rows that all folds train together.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_folds)
        1 trains, 0 validates, -1 does neither.

    Returns
    -------
    float
        Seconds to train on all rows, for each second that the folds took.
    """
    used, trained = (matrix >= 0).any(axis=1).sum(), (matrix == 1).sum()
    return float(used / max(1, trained))


@dataclass(frozen=True)
class RefitStep(Step):
    """A trial made anew; `of` is the label of the trial."""

    of: str = ""

    @property
    def label(self) -> str:
        """That of the trial, and what became of it."""
        return f"{self.of}-refit"


@dataclass
class Refit:
    """Makes the winner anew, and of an ensemble first the members that count.

    Parameters
    ----------
    engine : Engine
        Nothing else runs on it.
    job : Job
    adjustment : {"temperature", "temperature_or_isotonic", "class_weights"}, optional
        How ensembles are adjusted to the metric.

    Notes
    -----
    Each is a trial of its own. Its program has the `cross_validate` of its original and the rounds
    that were found there, so it is scored by the out-of-fold predictions of its original. An
    ensemble is the same program over refitted members, whose out-of-fold predictions, and hence
    its weights or meta-learner, are those of the originals.
    """

    engine: Engine
    job: Job
    adjustment: AdjustmentKind | None
    _trials: list[TrialRecord] = field(default_factory=list)

    def run(self) -> None:
        """Make the winner anew, if there is time; else it stays as it is."""
        limit = self.job.max_predict_ms
        self._look()
        for record in self._candidates():
            done = record.run_id in self._done()  # by an earlier session
            reason = None if done else self._why_not(record) or self._make(record)
            if reason:
                reason = f"{record.label} stays as it is: {reason}"
                self.engine.ledger.skip("refit", reason)
                self.engine.emit(events.StepsSkipped(("refit",), reason))
                return
            if limit is None or row_ms(self._done()[record.run_id]) <= limit:
                return

    # -- what to make anew -----------------------------------------------------------------

    def _look(self) -> None:
        """Read the trials, which takes a while, once for each change."""
        self._trials = ranked(self.engine.tracker.trials(), self.engine.metric)

    def _done(self) -> dict[str, TrialRecord]:
        """What has been made anew, by the run of its original."""
        return {
            record.tags["refit_of"]: record
            for record in self._trials
            if record.finished and record.refitted
        }

    def _candidates(self) -> list[TrialRecord]:
        """What may win, best first; one, unless it may turn out to be too slow."""
        records = [one for one in self._trials if one.finished and not one.refitted]
        limit = self.job.max_predict_ms
        if limit is None:
            return records[:1]
        expected = {record.run_id: self._expected_ms(record) for record in records}
        quick = [record for record in records if expected[record.run_id] <= limit]
        if quick:
            return quick[:MAX_ATTEMPTS]
        return sorted(records, key=lambda record: expected[record.run_id])[:1]

    def _expected_ms(self, record: TrialRecord) -> float:
        """Milliseconds for one row: each trial's model is as many models as there are folds."""
        n_folds = int(self.engine.writer.task.folds.matrix.shape[1])
        return sum(row_ms(part) for part in self._parts(record)) / n_folds

    def _parts(self, record: TrialRecord) -> list[TrialRecord]:
        """The members of an ensemble that count; any other trial itself."""
        if record.learner not in ENSEMBLES:
            return [record]
        by_label = {one.label: one for one in self._trials if one.finished}
        return [by_label[label] for label in json.loads(record.tags["members"])]

    def _missing(self, record: TrialRecord) -> list[TrialRecord]:
        """The parts that have not been made anew."""
        done = self._done()
        return [part for part in self._parts(record) if part.run_id not in done]

    def _left_s(self) -> float:
        """Seconds that are left: the test and the report come after this."""
        return self.engine.ledger.left_s - self.engine.ledger.ending_s

    def _why_not(self, record: TrialRecord) -> str | None:
        if self.engine.interrupted:
            return "the experiment was interrupted"
        for part in self._missing(record):
            if part.tags.get("edited") == "true":
                return "its program was edited by hand"
            if part.learner not in self.engine.learners:
                return f"the learner {part.learner} is not there any more"
        expected = [
            self._share(part) * part.metrics.get("fit_s", 0.0) for part in self._missing(record)
        ]
        expected_s = together_s(expected, self.engine.search.n_workers) + self._rebuild_s(record)
        if expected_s > self._left_s():
            left = f"{max(0.0, self._left_s()):.0f} s are left"
            return f"training on all of its rows takes about {expected_s:.0f} s, and {left}"
        return None

    def _share(self, record: TrialRecord) -> float:
        """`refit_share` of the rows that a trial used."""
        task = self.engine.writer.task
        return refit_share(task.folds.matrix[: task.first_rows(record.rows)])

    def _rebuild_s(self, record: TrialRecord) -> float:
        """Seconds to score and store an ensemble once more."""
        if record.learner not in ENSEMBLES:
            return 0.0
        return REBUILD_S + sum(record.metrics.get(name, 0.0) for name in ("fit_s", "store_s"))

    # -- how it is made ----------------------------------------------------------------------

    def _make(self, record: TrialRecord) -> str | None:
        """Make a trial anew; why that failed, if it did."""
        missing = self._missing(record)
        self._run(missing, self._left_s() - self._rebuild_s(record))
        if not self._missing(record) and record.learner in ENSEMBLES:
            self._run([record], self._left_s())
        if record.run_id in self._done():
            return None
        stopped = self.engine.interrupted
        return "it was interrupted" if stopped else "it failed to train on all of its rows"

    def _run(self, records: Sequence[TrialRecord], seconds: float) -> None:
        """Make trials anew, as many at once as there are workers, within some seconds."""
        number = max(record.number for record in self._trials)
        planned = [self._open(record, number + i) for i, record in enumerate(records, start=1)]
        until = time.monotonic() + seconds if math.isfinite(seconds) else math.inf
        requests = [request for *_, request in planned]
        answers = self.engine.run_requests(requests, until, stoppable=True)
        for step, run_id, request in planned:
            self.engine.settle(step, run_id, answers[request.id])
        self._look()

    def _open(self, record: TrialRecord, number: int) -> tuple[RefitStep, str, Request]:
        tracker, writer = self.engine.tracker, self.engine.writer
        name = f"refit of {record.label}"
        step = RefitStep(
            number,
            record.learner,
            name,
            record.config,
            0.0,
            "refit",
            rows=record.rows,
            of=record.label,
        )
        tags = {
            "configuration": step.name,
            "origin": step.origin,
            "refit_of": record.run_id,
            "config": config_tag(step.params),
        }
        run_id = tracker.start_trial(number, step.label, step.learner, tags)
        folder = tracker.new_folder(run_id)
        payload = writer.payload(run_id, step, learner=None)
        if record.learner in ENSEMBLES:
            write = writer.write_voting if record.learner == "voting" else writer.write_stacking
            members = self._members_anew(record)
            write(folder, members, step.label, self.adjustment, refitted=True)
        else:
            writer.write_refit(folder, record, step, self.engine.learners[record.learner])
            payload["oof"] = str(tracker.folder_of(record.run_id) / OOF)
        self.engine.emit(events.TrialStarted(number, step.label, step.learner))
        return step, run_id, Request(number, "trial", str(folder), payload)

    def _members_anew(self, record: TrialRecord) -> list[TrialRecord]:
        """The candidates of an ensemble, in its order; those that count are the refitted ones."""
        done, parts = self._done(), {part.label for part in self._parts(record)}
        by_label = {one.label: one for one in self._trials if one.finished}
        members = [by_label[label] for label in record.config["members"].split(", ")]
        return [done[one.run_id] if one.label in parts else one for one in members]
