"""Runs a job: starts trials while there is time, keeps what they find, and ends in good order."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from trialbook import events
from trialbook.errors import NoModelError
from trialbook.execution import FIRST_FOLD, OOF, Message, Pool, Request, read_oof
from trialbook.experiment import state
from trialbook.experiment._programs import Writer
from trialbook.experiment._ranking import config_tag
from trialbook.learners import Learner
from trialbook.search import STOPPED, Cost, Entry, Ledger, Search, Step, Stop, Wait
from trialbook.tracking import Tracker, Unfinished, disk_error

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from trialbook.evaluation import Metric

POLL_S = 0.1
# One trial, the first that is under way, gets as long again as the whole experiment should have
# taken, and this at least, when nothing has become a model in time.
LAST_RESORT_S = 30.0
# The rest of a trial's folds must take this long for stopping it to be worth a new worker.
RACE_MIN_S = 0.5
# Metrics of a trial that tell what the end will cost.
COSTS = ("predict_ms", "predict_row_ms", "store_s", "fit_s", "forecast_s")


@dataclass
class _Running:
    """A trial that a worker has."""

    step: Step
    run_id: str
    learner: str
    started: float


@dataclass
class Engine:
    """One execution of a job, or its continuation.

    Parameters
    ----------
    tracker : Tracker
    writer : Writer
        Writes programs.
    pool : Pool
    search : Search
    ledger : Ledger
    metric : Metric
    learners : dict of str to Learner
    listeners : sequence of Listener
    n_test_rows : int
        Rows that the winner will be tested on.
    refit_share : float
        Seconds that one model of all rows takes, for each second that a trial trained; 0 if the
        winner is not made anew.
    ensembles : bool
        Whether ensembles follow the search.
    """

    tracker: Tracker
    writer: Writer
    pool: Pool
    search: Search
    ledger: Ledger
    metric: Metric
    learners: dict[str, Learner]
    listeners: Sequence[events.Listener]
    n_test_rows: int = 0
    refit_share: float = 0.0
    ensembles: bool = True
    best_loss: float = math.inf
    stopping: str | None = None
    _models: list[Cost] = field(default_factory=list)
    _running: dict[int, _Running] = field(default_factory=dict)
    _failures: list[str] = field(default_factory=list)
    _cancelled: set[int] = field(default_factory=set)
    _outrun: dict[int, tuple[float, str]] = field(default_factory=dict)
    _interrupted: bool = False
    _late: bool = False

    def emit(self, event: events.Event) -> None:
        """Tell all listeners."""
        for listener in self.listeners:
            listener(event)

    def loss(self, score: float) -> float:
        """A score as a loss: lower is better."""
        return -score if self.metric.greater_is_better else score

    @property
    def interrupted(self) -> bool:
        """Whether the user has asked to come to an end."""
        return self._interrupted

    def foresee(self, model: Cost) -> None:
        """Estimate anew, with one more model, how long the end will take."""
        self._models.append(model)
        self.ledger.foresee(self.n_test_rows, self._models, ensembles=self.ensembles)
        if self.refit_share:
            self.ledger.foresee_refit(self.refit_share, self._models, self.search.n_workers)

    def cost(self, learner: str, loss: float, measured: Mapping[str, Any]) -> Cost:
        """What a finished trial says of the end, from what was measured of it."""
        known = self.learners.get(learner)  # ensembles are none of the learners
        import_s = 0.0 if known is None else known.import_s
        return Cost(loss, **{name: measured.get(name, 0.0) for name in COSTS}, import_s=import_s)

    def prediction(self, folder: Path) -> np.ndarray[Any, Any] | None:
        """What a trial predicts of unseen rows, if its folder says so and anybody asks."""
        path = folder / OOF
        return read_oof(path)[1] if self.search.vote is not None and path.exists() else None

    def run_trials(self) -> None:
        """Run trials until there is a reason to stop, and wait for those under way.

        Raises
        ------
        NoModelError
            If none of them has a model.
        """
        self._run_to_a_stop()
        if math.isinf(self.best_loss) and not self._interrupted and self._short_of_time:
            self._last_resort()
        by_reason: dict[str, list[str]] = {}
        for label, reason in self.search.skipped().items():
            self.ledger.skip(label, reason)
            by_reason.setdefault(reason, []).append(label)
        for reason, labels in by_reason.items():
            self.emit(events.StepsSkipped(tuple(labels), reason))
        if math.isinf(self.best_loss):
            raise NoModelError(
                "no trial has a model"
                + (f"; the first failed: {self._failures[0]}" if self._failures else ""),
                place=str(self.tracker.workspace.path),
                remedy="Look at `trialbook leaderboard`, or give more time (--timeout).",
            )

    def _run_to_a_stop(self) -> None:
        while not (self.stopping and not self._running):
            self._start_trials()
            for message in self.pool.poll(POLL_S):
                self._handle(message)
            if self._interrupted and self.stopping is None:
                self._stop("interrupted; the trials so far are kept")
            if self._interrupted:
                self._cancel_running("stopped by the user")
            elif self.ledger.search_left_s <= 0:
                self._cancel_running("the time for trials was over")

    @property
    def _last_s(self) -> float:
        """Seconds in which the only model may still come, long after the deadline."""
        left_s, deadline_s = self.ledger.left_s, self.ledger.deadline_s
        return left_s if deadline_s is None else left_s + max(LAST_RESORT_S, deadline_s)

    @property
    def _short_of_time(self) -> bool:
        """Whether time is what a model wanted: the search's is over, or nothing fitted into it."""
        refused = bool(self.search.skipped()) and not self._failures
        return self._last_s > 0 and (self.ledger.search_left_s <= 0 or refused)

    def _last_resort(self) -> None:
        """Train the cheapest model beyond its time: a late model is worth more than none."""
        self.emit(events.Warned("no model in time; the cheapest is trained all the same"))
        number = self.search.highest + 1
        self.search.reserve(number)
        floor = self.search.smallest(self.search.plan[0])
        self._start(replace(floor, number=number), None, self._limit_s())
        while self._running and not self._interrupted:
            for message in self.pool.poll(POLL_S):
                self._handle(message)

    def run_request(self, request: Request) -> Message:
        """Run one request to its end while nothing else runs.

        Parameters
        ----------
        request : Request

        Returns
        -------
        Message
            ``done`` or ``failed``.
        """
        return self.run_requests([request])[request.id]

    def run_requests(
        self, requests: Sequence[Request], until: float = math.inf, *, stoppable: bool = False
    ) -> dict[int, Message]:
        """Run some requests, as many at once as there are workers.

        Parameters
        ----------
        requests : sequence of Request
        until : float
            `time.monotonic` when those are killed that still run; by default each has its own
            limit.
        stoppable : bool
            Whether an interruption ends them.

        Returns
        -------
        dict of int to Message
            Their answers, ``done`` or ``failed``, by the requests' ids.
        """
        waiting = list(requests)
        answers: dict[int, Message] = {}
        while len(answers) < len(requests):
            if stoppable and self._interrupted:
                stoppable, reason = False, "stopped by the user"
                for request in waiting:
                    answers[request.id] = Message(request.id, "failed", {"reason": reason})
                waiting.clear()
                for request in self.pool.busy:
                    self.pool.cancel(request.id, reason)
                continue
            while waiting and self.pool.idle:
                request = waiting.pop(0)
                if math.isfinite(until):
                    request = replace(request, limit_s=max(0.0, until - time.monotonic()))
                self.pool.submit(request)
            for message in self.pool.poll(POLL_S):
                if message.kind in ("done", "failed"):
                    answers[message.id] = message
                elif message.kind == "fold":
                    self.emit(_fold_done(message))
        return answers

    def keep(self, number: int, run_id: str, result: dict[str, Any], step: Step) -> bool:
        """Make a finished trial durable.

        Parameters
        ----------
        number : int
        run_id : str
        result : dict
            What `trialbook.execution._work.run_trial` returned.
        step : Step

        Returns
        -------
        bool
            Whether it is the best so far.
        """
        metrics = result["metrics"] | {
            "score": result["score"],
            "score_std": result["std"],
            "fit_s": result["fit_s"],
            "predict_ms": result["predict_ms"],
            "predict_row_ms": result["predict_row_ms"],
            "store_s": result["store_s"],
            "model_bytes": result["model_bytes"],
            "peak_bytes": result.get("peak_bytes", 0),
        }
        if "forecast_s" in result:
            metrics["forecast_s"] = result["forecast_s"]
        metrics |= {f"score_fold_{i}": score for i, score in enumerate(result["fold_scores"])}
        tags = {"cut_short": str(result["cut_short"]).lower()}
        if result["rounds"]:
            tags["rounds"] = str(result["rounds"])
        if result["n_folds"] < self.search.table.n_folds:
            tags["folds"] = f"{result['n_folds']} of {self.search.table.n_folds} folds"
            tags["configuration"] = f"{step.name}, {tags['folds']}"
        if result["members"]:
            tags["members"] = json.dumps(result["members"])
        if result.get("note"):
            tags["note"] = result["note"]
        rows = {} if step.rows is None else {"rows": step.rows}
        params = {"learner": step.learner, "configuration": step.name, **rows, **step.params}
        self.tracker.finish_trial(run_id, metrics, params, tags)
        self.tracker.log(self.tracker.run_id, tags={"elapsed_s": f"{self.ledger.elapsed_s:.1f}"})
        state.write_ledger(self.tracker.folder, self.ledger)
        loss = self.loss(result["score"])
        self.foresee(self.cost(step.learner, loss, result))
        best = loss < self.best_loss
        self.best_loss = min(loss, self.best_loss)
        return best

    def settle(self, step: Step, run_id: str, answer: Message) -> None:
        """Keep what became of a trial that follows the search, and say so.

        Parameters
        ----------
        step : Step
        run_id : str
        answer : Message
            ``done`` or ``failed``.
        """
        result = answer.payload
        if answer.kind == "failed":
            reason = result["reason"]
            self.tracker.fail_trial(run_id, reason)
            self.emit(events.TrialFailed(step.number, step.label, step.learner, reason))
            return
        took = round(result["fit_s"], 2)
        # One model of all rows does not tell how long a trial of its learner takes.
        family = "refit" if step.origin == "refit" else step.learner
        self.ledger.record(Entry(step.number, step.label, family, 0.0, took, "finished"))
        best = self.keep(step.number, run_id, result, step)
        self.emit(
            events.TrialFinished(
                step.number, step.label, step.learner, result["score"], result["std"], took, best
            )
        )

    def _start_trials(self) -> None:
        while self.pool.idle and self.stopping is None:
            choice = self.search.ask()
            if isinstance(choice, Wait):
                return
            if isinstance(choice, Stop):
                self._stop(choice.reason)
                return
            self._start(choice, self.search.budget_s(choice), self._limit_s())

    def _limit_s(self) -> float | None:
        """Seconds after which a trial that starts now is killed; ``None`` without any limit."""
        if math.isfinite(self.best_loss) or self.ledger.deadline_s is None:
            return self.ledger.trial_limit_s()
        # The first may become the only model; the others are ended when there is one, and late.
        return min(self._last_s, self.ledger.trial_timeout or math.inf)

    def _start(self, step: Step, budget_s: float | None, limit_s: float | None) -> None:
        learner = self.learners[step.learner]
        tags = {
            "configuration": step.name,
            "origin": step.origin,
            "config": config_tag(step.params),
        }
        if step.rows is not None:
            tags["rows"] = str(step.rows)
        run_id = self.tracker.start_trial(step.number, step.label, step.learner, tags)
        folder = self.tracker.new_folder(run_id)
        self.writer.write_trial(folder, step, learner)
        request = Request(
            id=step.number,
            kind="trial",
            folder=str(folder),
            payload=self.writer.payload(run_id, step, learner=step.learner)
            | {"race": self.search.races, "partial": math.isinf(self.best_loss)},
            budget_s=budget_s,
            limit_s=limit_s,
        )
        self._running[step.number] = _Running(step, run_id, step.learner, time.monotonic())
        self.emit(events.TrialStarted(step.number, step.label, step.learner))
        self.pool.submit(request)

    def _handle(self, message: Message) -> None:
        if message.kind == "fold":
            self.emit(_fold_done(message))
            self._race(message)
        if message.kind not in ("done", "failed"):
            return
        running = self._running.pop(message.id)
        step = running.step
        took = time.monotonic() - running.started
        reason = message.payload.get("reason", "finished")
        outrun = message.kind == "failed" and step.number in self._outrun
        growth = self.search.growth
        self.ledger.record(
            Entry(
                step.number,
                step.label,
                step.learner,
                step.projected_s,
                round(took, 2),
                STOPPED if outrun else reason,
                message.payload.get("peak_bytes", 0),
                0.0 if growth is None else growth.projected_bytes(step),
                step.rows or 0,
            )
        )
        if message.kind == "done":
            result = message.payload
            best = self.keep(step.number, running.run_id, result, step)
            folder = self.tracker.folder_of(running.run_id)
            whole = result["n_folds"] == self.search.table.n_folds
            # The score of some folds is no measure beside those of all.
            loss = self.loss(result["score"]) if whole else None
            self.search.tell(step.number, loss, self.prediction(folder) if whole else None)
            self.emit(
                events.TrialFinished(
                    step.number,
                    step.label,
                    step.learner,
                    result["score"],
                    result["std"],
                    result["fit_s"],
                    best,
                    result.get("note", ""),
                )
            )
        elif outrun:
            score, reason = self._outrun[step.number]
            known = {"score_fold_0": score}
            self.tracker.fail_trial(running.run_id, reason, status="stopped", metrics=known)
            self.search.tell(step.number, None, first_loss=self.loss(score))
            self.emit(events.TrialStopped(step.number, step.label, step.learner, score, reason))
        else:
            told = disk_error(self.tracker.workspace.path, RuntimeError(reason))
            if told is not None:
                raise told  # not the trial's fault: it stays open, and runs again on resume
            # What the engine itself ended runs again when the experiment is resumed.
            status: Unfinished = "killed" if step.number in self._cancelled else "failed"
            self.tracker.fail_trial(running.run_id, reason, status=status)
            self._failures.append(f"{step.label}: {reason}")
            self.search.tell(step.number, None)
            self.emit(events.TrialFailed(step.number, step.label, step.learner, reason))

    def _race(self, message: Message) -> None:
        """Stop a trial after its first fold if it brings the vote of all trials nothing there."""
        running, told = self._running.get(message.id), message.payload
        if running is None or not self.search.races or told["fold"] != 1:
            return
        left_s = (time.monotonic() - running.started) * (told["n_folds"] - 1)
        if left_s < RACE_MIN_S or message.id in self._cancelled:
            return
        try:
            _, part = read_oof(self.tracker.folder_of(running.run_id) / FIRST_FOLD)
        except FileNotFoundError:
            return  # all of its folds have ended meanwhile
        if not self.search.may_gain(running.learner, part):
            reason = f"stopped after fold 1 of {told['n_folds']}: no gain for the vote there"
            self._outrun[message.id] = told["score"], reason
            self.pool.cancel(message.id, reason)

    def _stop(self, reason: str) -> None:
        self.stopping = reason
        self.ledger.ended = reason
        self.emit(events.Stopping(reason))

    def _cancel_running(self, reason: str) -> None:
        """End the trials under way, unless one of them may become the only model.

        Until the deadline each of them may; then, unless the user has had enough, the first.
        """
        spared: set[int] = set()
        if math.isinf(self.best_loss) and self._running:
            if self.ledger.left_s > 0:
                return
            spared = set() if self._interrupted else {min(self._running)}
            if spared and not self._late:
                self._late = True
                self.emit(events.Warned("no model by the deadline; the first trial goes on"))
        for number in self._running.keys() - self._cancelled - spared:
            self._cancelled.add(number)
            self.pool.cancel(number, reason)

    @contextlib.contextmanager
    def graceful_interrupt(self) -> Iterator[None]:
        """Let the first Ctrl-C end the search in good order, and the second one the process."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(_signal: int, _frame: FrameType | None) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        before = {
            which: signal.signal(which, interrupt) for which in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)


def _fold_done(message: Message) -> events.FoldDone:
    payload = message.payload
    return events.FoldDone(message.id, payload["fold"], payload["n_folds"], payload["score"])
