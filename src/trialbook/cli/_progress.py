"""The state of a running experiment, as far as its events have told.

`update` is a pure function from a state and an event to the next state, so that what is shown
can be tested without running anything, and a redraw from another thread sees a whole state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from trialbook import events

StepState = Literal["waiting", "running", "done", "failed", "stopped", "skipped"]


@dataclass(frozen=True)
class Step:
    """A step of the plan and how far it is."""

    label: str
    projected_s: float
    state: StepState = "waiting"


@dataclass(frozen=True)
class Running:
    """A trial on a worker, with the scores of the folds that it has done."""

    number: int
    label: str
    learner: str
    began: float
    scores: tuple[float, ...] = ()
    n_folds: int | None = None


@dataclass(frozen=True)
class State:
    """All that is known at one moment; times are seconds on one clock.

    Attributes
    ----------
    began : float
        When the command started, from which the deadline counts.
    greater_is_better : bool or None
        None until two different scores have told which way the metric goes.
    """

    began: float
    now: float
    started: events.Started | None = None
    guardrails: tuple[events.GuardrailChecked, ...] = ()
    steps: tuple[Step, ...] = ()
    n_workers: int = 0
    cores_per_trial: int = 0
    running: tuple[Running, ...] = ()
    done: tuple[events.TrialFinished, ...] = ()
    failed: tuple[events.TrialFailed, ...] = ()
    greater_is_better: bool | None = None
    best: events.TrialFinished | None = None
    stopping: str | None = None
    tested: events.Tested | None = None
    finished: events.Finished | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the command started."""
        return self.now - self.began

    @property
    def left_s(self) -> float | None:
        """Seconds to the deadline; None when there is none."""
        if self.started is None or self.started.deadline_s is None:
            return None
        return max(0.0, self.started.deadline_s - self.elapsed_s)

    @property
    def ranked(self) -> tuple[events.TrialFinished, ...]:
        """The finished trials, best first."""
        if self.greater_is_better is None:
            return self.done
        sign = -1 if self.greater_is_better else 1
        return tuple(sorted(self.done, key=lambda trial: sign * trial.score))


def update(state: State, event: events.Event, now: float) -> State:
    """Take in one event.

    Parameters
    ----------
    state : State
        What was known before.
    event : Event
        What happened; an event of a kind not known here changes only the time.
    now : float
        When, on the state's clock.

    Returns
    -------
    State
    """
    state = replace(state, now=now)
    change = _CHANGES.get(type(event))
    return change(state, event) if change else state


def _mark(state: State, label: str, mark: StepState) -> State:
    """Move the first open step of that label on."""
    for index, step in enumerate(state.steps):
        if step.label == label and step.state in ("waiting", "running"):
            steps = (*state.steps[:index], replace(step, state=mark), *state.steps[index + 1 :])
            return replace(state, steps=steps)
    return state


def _started(state: State, event: events.Started) -> State:
    return replace(state, started=event)


def _guardrail(state: State, event: events.GuardrailChecked) -> State:
    return replace(state, guardrails=(*state.guardrails, event))


def _plan(state: State, event: events.PlanReady) -> State:
    return replace(
        state,
        steps=tuple(Step(label, projected_s) for label, projected_s in event.steps),
        n_workers=event.n_workers,
        cores_per_trial=event.cores_per_trial,
    )


def _trial_started(state: State, event: events.TrialStarted) -> State:
    trial = Running(event.number, event.label, event.learner, state.now)
    return _mark(replace(state, running=(*state.running, trial)), event.label, "running")


def _fold_done(state: State, event: events.FoldDone) -> State:
    running = tuple(
        replace(trial, scores=(*trial.scores, event.score), n_folds=event.n_folds)
        if trial.number == event.number
        else trial
        for trial in state.running
    )
    return replace(state, running=running)


def _without(state: State, number: int) -> State:
    return replace(state, running=tuple(t for t in state.running if t.number != number))


def _trial_finished(state: State, event: events.TrialFinished) -> State:
    direction = state.greater_is_better
    if direction is None and state.best is not None and event.score != state.best.score:
        direction = (event.score > state.best.score) == event.best
    state = replace(
        _without(state, event.number),
        done=(*state.done, event),
        best=event if event.best or state.best is None else state.best,
        greater_is_better=direction,
    )
    return _mark(state, event.label, "done")


def _trial_failed(state: State, event: events.TrialFailed) -> State:
    state = replace(_without(state, event.number), failed=(*state.failed, event))
    return _mark(state, event.label, "failed")


def _trial_stopped(state: State, event: events.TrialStopped) -> State:
    return _mark(_without(state, event.number), event.label, "stopped")


def _skipped(state: State, event: events.StepsSkipped) -> State:
    for label in event.labels:
        state = _mark(state, label, "skipped")
    return state


def _stopping(state: State, event: events.Stopping) -> State:
    return replace(state, stopping=event.reason)


def _tested(state: State, event: events.Tested) -> State:
    return replace(state, tested=event)


def _finished(state: State, event: events.Finished) -> State:
    return replace(state, finished=event, running=())


_CHANGES: dict[type[events.Event], Callable[[State, Any], State]] = {
    events.Started: _started,
    events.GuardrailChecked: _guardrail,
    events.PlanReady: _plan,
    events.TrialStarted: _trial_started,
    events.FoldDone: _fold_done,
    events.TrialFinished: _trial_finished,
    events.TrialFailed: _trial_failed,
    events.TrialStopped: _trial_stopped,
    events.StepsSkipped: _skipped,
    events.Stopping: _stopping,
    events.Tested: _tested,
    events.Finished: _finished,
}
