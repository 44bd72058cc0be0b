"""Progress as lines of plain text: for files, pipes and continuous integration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from trialbook import events
from trialbook._words import plural, sentence
from trialbook.cli._checks import VERDICT_STYLES
from trialbook.cli._format import clock, number, span
from trialbook.cli._progress import State

# Steps that one line names; the ledger has all of them.
STEPS_NAMED = 6


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
    of = event.series or f"{event.n_features} features"
    return (
        f"{event.experiment}: {event.task} by {event.metric}, "
        f"{event.n_rows:,} rows, {of}, {event.validation}"
    )


def check_line(name: str, verdict: str, finding: str, action: str) -> str:
    """Say what a check of the data found, and what was done."""
    said = " ".join(sentence(part) for part in (finding, action) if part)
    return f"check {name}: {verdict}. {said}"


def plan_line(state: State) -> str:
    """Say the steps to come and the machine that they run on."""
    steps = some(f"{step.label} ({span(step.projected_s)})" for step in state.steps)
    total = sum(step.projected_s for step in state.steps) / max(1, state.n_workers)
    workers = plural(state.n_workers, "worker")
    cores = f"{plural(state.cores_per_trial, 'core')} each"
    return (
        f"plan of {len(state.steps)} steps on {workers} of {cores}, about {span(total)}: {steps}"
    )


def checks_line(state: State) -> str:
    """Say how many checks of the data there were, and how they ended."""
    ended = Counter(check.verdict for check in state.guardrails)
    counts = ", ".join(f"{ended[one]} {one}" for one in reversed(VERDICT_STYLES) if ended[one])
    return f"{len(state.guardrails)} checks of the data: {counts}"


def skipped_line(event: events.StepsSkipped) -> str:
    """Say which steps are left out, and why."""
    return f"skipped {some(event.labels)}: {event.reason}"


def some(texts: Iterable[str], limit: int = STEPS_NAMED) -> str:
    """Name the first ones, and how many more there are."""
    texts = list(texts)
    more = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {more} more" if more > 0 else "")


def scored(score: float, std: float) -> str:
    """Write a score with its spread over the folds."""
    return f"{number(score)} ± {number(std)}"


def metrics_line(metrics: dict[str, float], first: str | None, limit: int = 6) -> str:
    """Name a few metrics, the one that ranks before the others."""
    names = sorted(metrics, key=lambda name: name != first)
    return some((f"{name} {number(metrics[name])}" for name in names), limit)


def _started(event: events.Started, state: State) -> str:
    deadline = f", deadline {clock(event.deadline_s)}" if event.deadline_s is not None else ""
    return f"{experiment_line(event)}{deadline}, workspace {event.workspace}"


def _guardrail(event: events.GuardrailChecked, state: State) -> str | None:
    if event.verdict == "passed":
        return None  # they are counted with the plan; `trialbook guardrails` has them
    return check_line(event.name, event.verdict, event.finding, event.action)


def _plan(event: events.PlanReady, state: State) -> str:
    return f"{checks_line(state)}; {plan_line(state)}" if state.guardrails else plan_line(state)


def _trial_started(event: events.TrialStarted, state: State) -> str:
    return f"trial {event.number} {event.label}: started"


def _trial_finished(event: events.TrialFinished, state: State) -> str:
    best = ", best so far" if event.best else ""
    note = f"; {event.note}" if event.note else ""
    return (
        f"trial {event.number} {event.label}: "
        f"{scored(event.score, event.std)} in {span(event.fit_s)}{best}{note}"
    )


def _trial_failed(event: events.TrialFailed, state: State) -> str:
    return f"trial {event.number} {event.label}: failed. {event.reason}"


def _trial_stopped(event: events.TrialStopped, state: State) -> str:
    return f"trial {event.number} {event.label}: {number(event.score)}, {event.reason}"


def _skipped(event: events.StepsSkipped, state: State) -> str:
    return skipped_line(event)


def _stopping(event: events.Stopping, state: State) -> str:
    return f"no more trials: {event.reason}"


def _tested(event: events.Tested, state: State) -> str:
    metric = state.started.metric if state.started else None
    return f"test of {event.label}: {metrics_line(event.metrics, metric)}"


def _finished(event: events.Finished, state: State) -> str:
    return f"finished in {clock(event.elapsed_s)}: best is {event.best}, {number(event.score)}"


def _warned(event: events.Warned, state: State) -> str:
    return f"warning: {event.message}"


_SAYINGS: dict[type[events.Event], Callable[[Any, State], str | None]] = {
    events.Started: _started,
    events.GuardrailChecked: _guardrail,
    events.PlanReady: _plan,
    events.TrialStarted: _trial_started,
    events.TrialFinished: _trial_finished,
    events.TrialFailed: _trial_failed,
    events.TrialStopped: _trial_stopped,
    events.StepsSkipped: _skipped,
    events.Stopping: _stopping,
    events.Tested: _tested,
    events.Finished: _finished,
    events.Warned: _warned,
}
