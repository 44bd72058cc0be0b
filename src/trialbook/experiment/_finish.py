"""What follows the trials: ensembles, the test of the winner, and the report."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trialbook import events
from trialbook.data import BIG_ROWS, LEVELS, Prepared
from trialbook.ensemble import (
    adjustment,
    affordable,
    first_within,
    layer,
    smoothed,
    stackable,
    voters,
)
from trialbook.evaluation import Metric
from trialbook.execution import CHARTS, OOF, PROGRAM, Request, read_oof
from trialbook.experiment import state
from trialbook.experiment._engine import Engine
from trialbook.experiment._explain_best import explain_best
from trialbook.experiment._ranking import (
    ENSEMBLES,
    asked_of,
    config_tag,
    leaderboard_table,
    ranked,
    row_ms,
    winner,
)
from trialbook.experiment._refit import Refit
from trialbook.experiment._report import report
from trialbook.job import Job
from trialbook.program import AdjustmentKind
from trialbook.search import Step
from trialbook.tracking import Tracker, TrialRecord

# Less than this is not enough to build an ensemble.
MIN_ENSEMBLE_S = 1.0
# Of the time that a prediction may take, members of an ensemble may take so much in all: to blend
# them takes some too, and a measured time is rough.
MEMBERS_SHARE = 0.9
# The test gets as long as the whole experiment should have taken, and this at least: a late result
# is worth more than none, but one that never comes is not.
TEST_LEAST_S = 30.0
# Ids of requests that are not trials: beyond any trial's number.
TEST_REQUEST = 10**9
DRAW_REQUEST = TEST_REQUEST + 2
# Pictures take a tenth of a second together.
DRAW_MOST_S = 10.0


@dataclass(frozen=True)
class _Share:
    """What a trial takes, as a member, of what the members of an ensemble may take: 1 is all."""

    row: float
    build: float

    @property
    def scarcest(self) -> float:
        return max(self.row, self.build)


@dataclass
class Finish:
    """Ends an experiment in good order.

    Parameters
    ----------
    engine : Engine
    job : Job
    prepared : Prepared
    """

    engine: Engine
    job: Job
    prepared: Prepared
    _limited: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Build ensembles, tag the winner, test and explain it, and write the report."""
        self._ensembles()
        if self.job.refit:
            Refit(self.engine, self.job, self._adjustment()).run()
        best = tag_best(self.engine.tracker, self.engine.metric, self.job.max_predict_ms)
        self._warn_if_slow(best)
        self._draw(best)
        tested = self._test(best)
        if self.job.explain:
            explain_best(self.engine, best, self.job.seed)
        self._report(tested)
        self.engine.emit(
            events.Finished(
                best.label,
                best.score if best.score is not None else math.nan,
                self.engine.ledger.elapsed_s,
                str((best.folder / PROGRAM).with_suffix(".ipynb")),
            )
        )

    def _warn_if_slow(self, best: TrialRecord) -> None:
        limit = self.job.max_predict_ms
        if limit is not None and row_ms(best) > limit:
            # A forecast has no refit.
            may_refit = not self.job.refit and self.prepared.schema.series is None
            faster = "; to refit it would make it faster" if may_refit else ""
            verb, asked = asked_of(self.prepared.schema)
            message = f"no model {verb}s {asked} within {limit:g} ms"
            quickest = f"the quickest, {best.label}, takes {row_ms(best):.3g} ms"
            self.engine.emit(events.Warned(f"{message}; {quickest}{faster}"))

    def _ranked(self) -> list[TrialRecord]:
        return ranked(self.engine.tracker.trials(), self.engine.metric)

    # -- ensembles -----------------------------------------------------------------------

    def _ensembles(self) -> None:
        kinds = self.engine.writer.task.ensembles(
            voting=self.job.voting, stacking=self.job.stacking
        )
        members = self._members()
        planned: list[tuple[Step, str, Request]] = []
        number = self.engine.search.highest
        for kind in kinds:
            reason = self._why_not(kind, members[kind])
            if reason:
                self.engine.ledger.skip(kind, reason)
                self.engine.emit(events.StepsSkipped((kind,), reason))
                continue
            number += 1
            planned.append(self._open(kind, number, members[kind]))
        until = time.monotonic() + self._left_s()
        answers = self.engine.run_requests([request for _, _, request in planned], until)
        for step, run_id, request in planned:
            self.engine.settle(step, run_id, answers[request.id])

    def _members(self) -> dict[str, list[TrialRecord]]:
        """The trials that each kind of ensemble may use, best first."""
        records = [
            record
            for record in self._ranked()
            if record.finished
            and not record.partial
            and record.learner not in ENSEMBLES
            and not record.refitted
            and record.tags.get("edited") != "true"
            and (record.folder / OOF).exists()
        ]
        shares = self._shares(records)
        limit = self._scarce(shares)
        fits = [share.scarcest <= 1.0 for share in shares]
        records = [one for one, fit in zip(records, fits, strict=True) if fit]
        parts = [share.scarcest for share, fit in zip(shares, fits, strict=True) if fit]
        schema, metric = self.prepared.schema, self.engine.metric
        y = self.prepared.truth
        some = np.arange(min(len(y), BIG_ROWS))
        constant = _constant(y, len(schema.classes))

        def loss(rows: np.ndarray, prediction: np.ndarray) -> float:
            return self.engine.loss(metric.score(y[rows], prediction, schema.positive))

        losses, n_values = [], 1
        for record in records:
            rows, prediction = read_oof(record.folder / OOF)
            mixed = smoothed(prediction, constant[rows]) if schema.classes else prediction
            losses.append(loss(rows, mixed))
            n_values = prediction.size
        learners = [record.learner for record in records]
        voting = voters(losses, learners, n_values, seconds=schema.series is None)
        stacking = layer(
            losses,
            constant_loss=loss(some, constant[some]),
            perfect_loss=self.engine.loss(metric.best),
        )
        chosen = {"voting": voting}
        if sum(parts[one] for one in voting) > 1.0:
            chosen["voting"] = self._affordable(records, voting, parts, y)
        kept = first_within([parts[one] for one in stacking], 1.0)
        chosen["stacking"] = [stacking[one] for one in kept]
        wanted = {"voting": voting, "stacking": stacking}
        self._limited = {
            kind: limit
            for kind, positions in chosen.items()
            if not all(fits) or len(positions) < len(wanted[kind])
        }
        return {kind: [records[one] for one in positions] for kind, positions in chosen.items()}

    def _affordable(
        self, records: list[TrialRecord], positions: list[int], shares: list[float], y: np.ndarray
    ) -> list[int]:
        """Voters, by position, that are within the limits together."""
        predictions = []
        for one in positions:
            rows, prediction = read_oof(records[one].folder / OOF)
            predictions.append(prediction)
        positive, metric = self.prepared.schema.positive, self.engine.metric
        kept = affordable(
            predictions,
            y[rows],
            lambda y, prediction: self.engine.loss(metric.score(y, prediction, positive)),
            [shares[one] for one in positions],
            1.0,
        )
        return [positions[one] for one in kept]

    def _shares(self, records: list[TrialRecord]) -> list[_Share]:
        """How much each trial, as a member, takes of what the members of an ensemble may take.

        That is time to predict one row, if it has a limit, and time to build the ensemble, if
        there is a deadline.
        """
        limit_ms = self.job.max_predict_ms
        members_ms = math.inf if limit_ms is None else MEMBERS_SHARE * limit_ms
        members_s = self.engine.ledger.members_s(max(0.0, self._left_s()))
        costs = [self.engine.cost(one.learner, 0.0, one.metrics) for one in records]
        return [
            _Share(_ratio(self._row_ms(record), members_ms), _ratio(cost.member_s(), members_s))
            for record, cost in zip(records, costs, strict=True)
        ]

    def _scarce(self, shares: Sequence[_Share]) -> str:
        """The limit that is harder to keep to, as the end of a sentence on a model."""
        if sum(share.row for share in shares) > sum(share.build for share in shares):
            limit_ms = self.job.max_predict_ms
            verb, asked = asked_of(self.prepared.schema)
            return f" with which an ensemble {verb}s {asked} within {limit_ms:g} ms"
        return " that an ensemble could be built of in the time that was left"

    def _row_ms(self, record: TrialRecord) -> float:
        """Milliseconds that a trial takes for one row, as a member of the winner."""
        n_folds = self.prepared.folds.matrix.shape[1] if self.job.refit else 1
        return row_ms(record) / n_folds

    def _left_s(self) -> float:
        """Seconds for ensembles: a refit, the test and the report come after them."""
        left = self.engine.ledger.left_s - self.engine.ledger.ending_s
        # In doubt a refit and an explanation give way: an ensemble is worth having without them.
        after = self.engine.ledger.refit_s + self.engine.ledger.explain_s
        return max(left / 2, left - after)

    def _adjustment(self) -> AdjustmentKind | None:
        schema = self.prepared.schema
        y = self.prepared.truth
        return adjustment(
            self.engine.metric,
            y[(self.prepared.folds.matrix == 0).any(axis=1)],
            len(schema.classes),
            calibrate=self.job.calibrate,
            tune_threshold=self.job.tune_threshold,
        )

    def _names(self, members: list[TrialRecord]) -> str:
        return ", ".join(member.label for member in members)

    def _why_not(self, kind: str, members: list[TrialRecord]) -> str | None:
        if self._left_s() < MIN_ENSEMBLE_S:
            return "no time was left"
        if len(members) < 2:
            near = "" if kind == "voting" else " within 5 % of the best one"
            return f"there is no second model{near}{self._limited.get(kind, '')}"
        names = self._names(members)
        if any(
            record.finished and record.learner == kind and record.config.get("members") == names
            for record in self.engine.tracker.trials()
        ):
            return "there is one of the same members already"
        if kind == "stacking":
            schema = self.prepared.schema
            y = self.prepared.truth
            return stackable(np.asarray(y), self.prepared.folds.matrix, schema.classes)
        return None

    def _open(
        self, kind: str, number: int, members: list[TrialRecord]
    ) -> tuple[Step, str, Request]:
        tracker, writer = self.engine.tracker, self.engine.writer
        params = {"members": self._names(members)}
        step = Step(number, kind, f"of {len(members)}", params, 0.0, "ensemble")
        tags = {
            "configuration": step.name,
            "origin": "ensemble",
            "config": config_tag(step.params),
        }
        run_id = tracker.start_trial(number, step.label, kind, tags)
        folder = tracker.new_folder(run_id)
        write = writer.write_voting if kind == "voting" else writer.write_stacking
        write(folder, members, step.label, self._adjustment())
        payload = writer.payload(run_id, step, learner=None)
        self.engine.emit(events.TrialStarted(number, step.label, kind))
        return step, run_id, Request(number, "trial", str(folder), payload)

    # -- charts, test and report -----------------------------------------------------------------

    def _draw(self, best: TrialRecord) -> None:
        """Draw the winner's further charts; what fails is drawn when somebody looks."""
        request = Request(DRAW_REQUEST, "draw", str(best.folder), {}, limit_s=DRAW_MOST_S)
        answer = self.engine.run_request(request)
        if answer.payload.get("drawn"):
            self.engine.tracker.publish(best.run_id, CHARTS)

    def _test(self, best: TrialRecord) -> dict[str, float] | None:
        """Score the winner on the test rows, which nothing has touched before."""
        if self.prepared.test is None:
            return None
        tracker = self.engine.tracker
        schema = self.prepared.schema
        y_range = None
        if not schema.classes:
            y_range = float(np.ptp(self.prepared.train[schema.target].to_numpy(dtype=float)))
        payload = {
            "schema": str(tracker.folder / state.SCHEMA),
            "table": str(tracker.folder / state.TEST),
            "train": str(tracker.folder / state.TRAIN),
            "name": state.TESTED,
            "metric": self.engine.metric.name,
            "y_range": y_range,
        }
        deadline_s = self.engine.ledger.deadline_s
        limit_s = None if deadline_s is None else max(TEST_LEAST_S, deadline_s)
        request = Request(TEST_REQUEST, "score", str(best.folder), payload, limit_s=limit_s)
        answer = self.engine.run_request(request)
        if answer.kind == "failed":
            self.engine.emit(
                events.Warned(f"the test of the winner failed: {answer.payload['reason']}")
            )
            return None
        tracker.publish(best.run_id, state.TESTED)
        metrics = {f"test_{name}": value for name, value in answer.payload["metrics"].items()}
        metrics["test_score"] = answer.payload["score"]
        tracker.log(best.run_id, metrics=metrics)
        tracker.log(tracker.run_id, metrics=metrics)
        ranks = {self.engine.metric.name: answer.payload["score"]}
        tested = {
            **ranks,
            **answer.payload["metrics"],
            **ranks,
        }  # the first, by its own definition
        self.engine.emit(events.Tested(best.label, tested))
        return tested

    def _report(self, tested: dict[str, float] | None) -> None:
        engine = self.engine
        folder, records = engine.tracker.folder, self._ranked()
        table = leaderboard_table(records, self.job.max_predict_ms)
        table.to_csv(folder / state.LEADERBOARD, index=False)
        text = report(self.job, self.prepared, engine.metric, records, engine.ledger, tested)
        (folder / state.REPORT).write_text(text, "utf-8")
        engine.tracker.describe(engine.tracker.run_id, text)
        state.write_ledger(folder, engine.ledger)
        engine.tracker.publish(engine.tracker.run_id)
        engine.tracker.log(
            engine.tracker.run_id, tags={"elapsed_s": f"{engine.ledger.elapsed_s:.1f}"}
        )
        engine.tracker.end("FINISHED")


def _ratio(part: float, whole: float) -> float:
    """A part of what there is; of what is unlimited, nothing is a part."""
    if math.isinf(whole):
        return 0.0
    return part / whole if whole > 0 else math.inf


def _constant(y: np.ndarray, n_classes: int) -> np.ndarray:
    """The class frequencies, or the mean, for every row."""
    if n_classes:
        return np.broadcast_to(np.bincount(y, minlength=n_classes) / len(y), (len(y), n_classes))
    if y.ndim == 2:  # series: the mean, and as often as there are quantiles
        return np.broadcast_to(y[:, 0].mean(), (len(y), 1 + len(LEVELS)))
    return np.broadcast_to(y.mean(), len(y))


def tag_best(tracker: Tracker, metric: Metric, max_predict_ms: float | None) -> TrialRecord:
    """Mark the winner, on its own run and on the parent's, and on no other.

    Parameters
    ----------
    tracker : Tracker
    metric : Metric
    max_predict_ms : float, optional
        Milliseconds that it may take to predict one row.

    Returns
    -------
    TrialRecord
        The winner.
    """
    records = ranked(tracker.trials(), metric)
    best = winner(records, max_predict_ms) or records[0]
    for record in records:
        if record is not best and record.tags.get("best") == "true":
            tracker.log(record.run_id, tags={"best": "false"})
    tracker.log(best.run_id, tags={"best": "true"})
    tags = {"best": best.run_id, "best_label": best.label}
    tracker.log(tracker.run_id, metrics={"best_score": best.score or 0.0}, tags=tags)
    return best
