"""Runs a job: starts trials while there is time, keeps what they find, and ends in good order."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from trialbook import events
from trialbook.errors import NoModelError
from trialbook.execution import OOF, Message, Pool, Request, read_oof
from trialbook.experiment import _state
from trialbook.experiment._handle import config_tag
from trialbook.experiment._programs import Writer
from trialbook.learners import Learner
from trialbook.search import Entry, Ledger, Search, Step, Stop, Wait
from trialbook.tracking import Tracker, disk_error

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from trialbook.evaluation import Metric

POLL_S = 0.1
# The cheapest model gets as long as the whole experiment should have taken, and this at least,
# when nothing else has become a model in time.
LAST_RESORT_S = 30.0


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
    best_loss: float = math.inf
    stopping: str | None = None
    _models: list[tuple[float, float, float]] = field(default_factory=list)
    _running: dict[int, _Running] = field(default_factory=dict)
    _failures: list[str] = field(default_factory=list)
    _cancelled: set[int] = field(default_factory=set)
    _interrupted: bool = False

    def emit(self, event: events.Event) -> None:
        """Tell all listeners."""
        for listener in self.listeners:
            listener(event)

    def loss(self, score: float) -> float:
        """A score as a loss: lower is better."""
        return -score if self.metric.greater_is_better else score

    def foresee(self, loss: float, predict_ms: float, model_bytes: float) -> None:
        """Estimate anew, with one more model, how long the end will take."""
        self._models.append((loss, predict_ms, model_bytes))
        self.ledger.foresee(self.n_test_rows, self._models)

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
        late = self.ledger.search_left_s <= 0
        if math.isinf(self.best_loss) and late and not self._interrupted:
            self._last_resort()
        for label, reason in self.search.skipped().items():
            self.ledger.skip(label, reason)
            self.emit(events.StepSkipped(label, reason))
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
                self._cancel_running("stopped by the user")
            elif self.ledger.search_left_s <= 0 and self._running:
                self._cancel_running("the time for trials was over")

    def _last_resort(self) -> None:
        """Train the cheapest model beyond its time: a late model is worth more than none."""
        self.emit(events.Warned("no model in time; the cheapest one is trained beyond the limit"))
        number = self.search.highest + 1
        self.search.reserve(number)
        floor = self.search.plan[0]
        limit = max(LAST_RESORT_S, self.ledger.deadline_s or 0.0)
        self._start(replace(floor, number=number), None, limit)
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

    def run_requests(self, requests: Sequence[Request]) -> dict[int, Message]:
        """Run some requests, as many at once as there are workers.

        Parameters
        ----------
        requests : sequence of Request

        Returns
        -------
        dict of int to Message
            Their answers, ``done`` or ``failed``, by the requests' ids.
        """
        waiting = list(requests)
        answers: dict[int, Message] = {}
        while len(answers) < len(requests):
            while waiting and self.pool.idle:
                self.pool.submit(waiting.pop(0))
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
            "model_bytes": result["model_bytes"],
            "peak_bytes": result.get("peak_bytes", 0),
        }
        metrics |= {f"score_fold_{i}": score for i, score in enumerate(result["fold_scores"])}
        tags = {"cut_short": str(result["cut_short"]).lower()}
        if result["rounds"]:
            tags["rounds"] = str(result["rounds"])
        params = {"learner": step.learner, "configuration": step.name, **step.params}
        self.tracker.finish_trial(run_id, metrics, params, tags)
        self.tracker.log(self.tracker.run_id, tags={"elapsed_s": f"{self.ledger.elapsed_s:.1f}"})
        _state.write_ledger(self.tracker.folder, self.ledger)
        loss = self.loss(result["score"])
        self.foresee(loss, result["predict_ms"], result["model_bytes"])
        best = loss < self.best_loss
        self.best_loss = min(loss, self.best_loss)
        return best

    def _start_trials(self) -> None:
        while self.pool.idle and self.stopping is None:
            choice = self.search.ask()
            if isinstance(choice, Wait):
                return
            if isinstance(choice, Stop):
                self._stop(choice.reason)
                return
            self._start(choice, self.ledger.trial_budget_s(), self.ledger.trial_limit_s())

    def _start(self, step: Step, budget_s: float | None, limit_s: float | None) -> None:
        learner = self.learners[step.learner]
        tags = {
            "configuration": step.name,
            "origin": step.origin,
            "config": config_tag(step.params),
        }
        run_id = self.tracker.start_trial(step.number, step.label, step.learner, tags)
        folder = self.tracker.new_folder(run_id)
        self.writer.write_trial(folder, step, learner)
        request = Request(
            id=step.number,
            kind="trial",
            folder=str(folder),
            payload=self.writer.payload(run_id, step, learner=step.learner),
            budget_s=budget_s,
            limit_s=limit_s,
        )
        self._running[step.number] = _Running(step, run_id, step.learner, time.monotonic())
        self.emit(events.TrialStarted(step.number, step.label, step.learner))
        self.pool.submit(request)

    def _handle(self, message: Message) -> None:
        if message.kind == "fold":
            self.emit(_fold_done(message))
        if message.kind not in ("done", "failed"):
            return
        running = self._running.pop(message.id)
        step = running.step
        took = time.monotonic() - running.started
        reason = message.payload.get("reason", "finished")
        peak = message.payload.get("peak_bytes", 0)
        self.ledger.record(
            Entry(
                step.number,
                step.label,
                step.learner,
                step.projected_s,
                round(took, 2),
                reason,
                peak,
            )
        )
        if message.kind == "done":
            result = message.payload
            best = self.keep(step.number, running.run_id, result, step)
            folder = self.tracker.folder_of(running.run_id)
            self.search.tell(step.number, self.loss(result["score"]), self.prediction(folder))
            self.emit(
                events.TrialFinished(
                    step.number,
                    step.label,
                    step.learner,
                    result["score"],
                    result["std"],
                    result["fit_s"],
                    best,
                )
            )
        else:
            told = disk_error(self.tracker.workspace.path, RuntimeError(reason))
            if told is not None:
                raise told  # not the trial's fault: it stays open, and runs again on resume
            # What the engine itself ended runs again when the experiment is resumed.
            killed = step.number in self._cancelled
            self.tracker.fail_trial(running.run_id, reason, killed=killed)
            self._failures.append(f"{step.label}: {reason}")
            self.search.tell(step.number, None)
            self.emit(events.TrialFailed(step.number, step.label, step.learner, reason))

    def _stop(self, reason: str) -> None:
        self.stopping = reason
        self.emit(events.Stopping(reason))

    def _cancel_running(self, reason: str) -> None:
        """End the trials under way, unless one of them may become the only model."""
        if math.isinf(self.best_loss) and self.ledger.left_s > 0:
            return
        for number in list(self._running):
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
