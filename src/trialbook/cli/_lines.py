"""Progress as lines of plain text: for files, pipes and continuous integration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trialbook import events
from trialbook._words import plural
from trialbook.cli._format import clock, number, span
from trialbook.cli._progress import State


def line(state: State, event: events.Event) -> str | None:
    """Say one event in one line, with the time since the start.

    Parameters
    ----------
    state : State
        The state after the event.
    event : Event
        What happened.

    Returns
    -------
    str or None
        None for what would only be noise in a log, such as a fold.
    """
    say = _SAYINGS.get(type(event))
    text = say(event, state) if say else None
    return f"[{clock(state.elapsed_s):>5}] {text}" if text else None


def experiment_line(event: events.Started) -> str:
    """Say what is being trained, on what, and how it is validated."""
    return (
        f"{event.experiment}: {event.task} by {event.metric}, "
        f"{event.n_rows:,} rows, {event.n_features} features, {event.validation}"
    )


def plan_line(state: State) -> str:
    """Say the steps to come and the machine that they run on."""
    steps = ", ".join(f"{step.label} ({span(step.projected_s)})" for step in state.steps)
    total = sum(step.projected_s for step in state.steps) / max(1, state.n_workers)
    workers = plural(state.n_workers, "worker")
    cores = f"{plural(state.cores_per_trial, 'core')} each"
    return (
        f"plan of {len(state.steps)} steps on {workers} of {cores}, about {span(total)}: {steps}"
    )


def scored(score: float, std: float) -> str:
    """Write a score with its spread over the folds."""
    return f"{number(score)} ± {number(std)}"


def metrics_line(metrics: dict[str, float], first: str | None, limit: int = 6) -> str:
    """Name a few metrics, the one that ranks before the others."""
    names = sorted(metrics, key=lambda name: name != first)
    shown = ", ".join(f"{name} {number(metrics[name])}" for name in names[:limit])
    more = len(names) - limit
    return f"{shown} and {more} more" if more > 0 else shown


def _started(event: events.Started, state: State) -> str:
    deadline = f", deadline {clock(event.deadline_s)}" if event.deadline_s is not None else ""
    return f"{experiment_line(event)}{deadline}, workspace {event.workspace}"


def _guardrail(event: events.GuardrailChecked, state: State) -> str:
    action = f" {event.action}" if event.action else ""
    return f"check {event.name}: {event.verdict}. {event.finding}{action}"


def _plan(event: events.PlanReady, state: State) -> str:
    return plan_line(state)


def _trial_started(event: events.TrialStarted, state: State) -> str:
    return f"trial {event.number} {event.label}: started"


def _trial_finished(event: events.TrialFinished, state: State) -> str:
    best = ", best so far" if event.best else ""
    return (
        f"trial {event.number} {event.label}: "
        f"{scored(event.score, event.std)} in {span(event.fit_s)}{best}"
    )


def _trial_failed(event: events.TrialFailed, state: State) -> str:
    return f"trial {event.number} {event.label}: failed. {event.reason}"


def _trial_stopped(event: events.TrialStopped, state: State) -> str:
    return f"trial {event.number} {event.label}: {number(event.score)}, {event.reason}"


def _skipped(event: events.StepSkipped, state: State) -> str:
    return f"skipped {event.label}: {event.reason}"


def _stopping(event: events.Stopping, state: State) -> str:
    return f"no more trials: {event.reason}"


def _tested(event: events.Tested, state: State) -> str:
    metric = state.started.metric if state.started else None
    return f"test of {event.label}: {metrics_line(event.metrics, metric)}"


def _finished(event: events.Finished, state: State) -> str:
    return f"finished in {clock(event.elapsed_s)}: best is {event.best}, {number(event.score)}"


def _warned(event: events.Warned, state: State) -> str:
    return f"warning: {event.message}"


_SAYINGS: dict[type[events.Event], Callable[[Any, State], str]] = {
    events.Started: _started,
    events.GuardrailChecked: _guardrail,
    events.PlanReady: _plan,
    events.TrialStarted: _trial_started,
    events.TrialFinished: _trial_finished,
    events.TrialFailed: _trial_failed,
    events.TrialStopped: _trial_stopped,
    events.StepSkipped: _skipped,
    events.Stopping: _stopping,
    events.Tested: _tested,
    events.Finished: _finished,
    events.Warned: _warned,
}
