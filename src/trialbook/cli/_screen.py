"""Progress on a terminal: what has been said scrolls by, what is going on stays below it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from trialbook import events
from trialbook._words import sentence
from trialbook.cli._checks import VERDICT_STYLES
from trialbook.cli._format import clock, number, span
from trialbook.cli._lines import (
    checks_line,
    experiment_line,
    line,
    metrics_line,
    plan_line,
    scored,
    skipped_line,
    some,
)
from trialbook.cli._progress import State, update

TOP = 10
REFRESH_PER_SECOND = 4
NEXT_STEPS = 4


def render(state: State) -> RenderableType:
    """Draw the part that changes: time, steps, running trials and the leaderboard.

    Parameters
    ----------
    state : State
        With `State.now` set to the moment to draw.

    Returns
    -------
    rich renderable
    """
    if state.started is None:
        return Text(f"Reading the data … {clock(state.elapsed_s)}", style="dim")
    parts: list[RenderableType] = [Text(), _time_line(state)]
    if state.steps:
        parts.append(_steps_line(state))
    if state.running:
        parts.append(_running_table(state))
    if state.done:
        parts.append(_leaderboard(state))
    return Group(*parts)


def _time_line(state: State) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    started, left = state.started, state.left_s
    if started is None or started.deadline_s is None or left is None:
        row.add_row(Text(clock(state.elapsed_s), style="bold"), Text("elapsed", style="dim"))
        return row
    bar = ProgressBar(total=started.deadline_s, completed=state.elapsed_s, width=40)
    row.add_row(
        bar,
        Text(f"{clock(state.elapsed_s)} of {clock(started.deadline_s)}"),
        Text(f"{clock(left)} left", style="bold"),
    )
    return row


def _steps_line(state: State) -> Text:
    over = sum(step.state in ("done", "failed", "stopped", "skipped") for step in state.steps)
    text = Text(f"{over} of {len(state.steps)} steps done")
    if state.stopping:
        text.append(f"; no more trials: {state.stopping}", style="yellow")
        return text
    waiting = [step.label for step in state.steps if step.state == "waiting"]
    if waiting:
        text.append(f"; next {some(waiting, NEXT_STEPS)}", style="dim")
    return text


def _running_table(state: State) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("running", justify="right")
    table.add_column("trial", no_wrap=True, min_width=20)
    table.add_column("folds")
    table.add_column("score so far", justify="right")
    table.add_column("time", justify="right")
    for trial in state.running:
        folds = len(trial.scores)
        mean = sum(trial.scores) / folds if folds else None
        table.add_row(
            f"#{trial.number}",
            Text(trial.label),
            f"{folds} of {trial.n_folds}" if trial.n_folds else "",
            number(mean),
            clock(state.now - trial.began),
        )
    return table


def _leaderboard(state: State) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("rank", justify="right", min_width=7)
    table.add_column("trial", no_wrap=True, min_width=20)
    table.add_column("learner", no_wrap=True)
    table.add_column(state.started.metric if state.started else "score", justify="right")
    table.add_column("time", justify="right")
    for rank, trial in enumerate(state.ranked[:TOP], start=1):
        table.add_row(
            str(rank),
            Text(trial.label),
            Text(trial.learner),
            scored(trial.score, trial.std),
            span(trial.fit_s),
            style="bold" if trial == state.best else "",
        )
    more = len(state.done) - TOP
    if more > 0:
        table.add_row("", f"and {more} more", style="dim")
    return table


def announce(state: State, event: events.Event) -> RenderableType | None:
    """Draw what stays on the screen when an event has passed; None for most events."""
    draw = _ANNOUNCEMENTS.get(type(event))
    return draw(event, state) if draw else None


def _say_started(event: events.Started, state: State) -> RenderableType:
    return Text(experiment_line(event), style="bold")


def _say_guardrail(event: events.GuardrailChecked, state: State) -> RenderableType | None:
    if event.verdict == "passed":
        return None
    text = Text()
    text.append(f"{event.verdict} ", style=VERDICT_STYLES.get(event.verdict, ""))
    text.append(f"{event.name}: {sentence(event.finding)}")
    if event.action:
        text.append(f" {sentence(event.action)}", style="dim")
    return text


def _say_plan(event: events.PlanReady, state: State) -> RenderableType:
    said = plan_line(state)
    text = Text()
    if state.guardrails:
        text.append(f"{checks_line(state)}\n")
    return text.append(said[0].upper() + said[1:], style="dim")


def _say_failed(event: events.TrialFailed, state: State) -> RenderableType:
    return Text(f"#{event.number} {event.label} failed: {event.reason}", style="red")


def _say_skipped(event: events.StepsSkipped, state: State) -> RenderableType:
    return Text(skipped_line(event), style="dim")


def _say_tested(event: events.Tested, state: State) -> RenderableType:
    metric = state.started.metric if state.started else None
    return Text(f"test of {event.label}: {metrics_line(event.metrics, metric)}")


def _say_warned(event: events.Warned, state: State) -> RenderableType:
    return Text(f"warning: {event.message}", style="yellow")


_ANNOUNCEMENTS: dict[type[events.Event], Callable[[Any, State], RenderableType | None]] = {
    events.Started: _say_started,
    events.GuardrailChecked: _say_guardrail,
    events.PlanReady: _say_plan,
    events.TrialFailed: _say_failed,
    events.StepsSkipped: _say_skipped,
    events.Tested: _say_tested,
    events.Warned: _say_warned,
}


class Progress(Protocol):
    """A listener that remembers what it heard."""

    @property
    def state(self) -> State:
        """All that has been heard so far."""

    def __call__(self, event: events.Event) -> None:
        """Take in and show one event."""


class LineProgress:
    """A listener that writes lines.

    Parameters
    ----------
    err : bool
        Write to standard error, because standard output is for a document.
    """

    def __init__(self, *, err: bool, now: Callable[[], float] = time.monotonic) -> None:
        self._err = err
        self._now = now
        # Events may come from several threads, and each state builds on the one before.
        self._lock = threading.Lock()
        self.state = State(began=now(), now=now())

    def __call__(self, event: events.Event) -> None:
        """Write the event's line, if it has one."""
        with self._lock:
            self.state = update(self.state, event, self._now())
            text = line(self.state, event)
            if text:
                click.echo(text, err=self._err)


class LiveProgress:
    """A listener that keeps a drawing of the state at the bottom of the terminal."""

    def __init__(self, console: Console, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.state = State(began=now(), now=now())
        self.live = Live(
            console=console,
            get_renderable=self._draw,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
        )

    def _draw(self) -> RenderableType:
        # An event without a change only moves the time on.
        return render(update(self.state, events.Event(), self._now()))

    def __call__(self, event: events.Event) -> None:
        """Take in the event; the next redraw shows it."""
        with self._lock:
            self.state = update(self.state, event, self._now())
            said = announce(self.state, event)
        if said is not None:
            self.live.console.print(said)


@contextmanager
def progress(*, as_json: bool) -> Iterator[Progress]:
    """Choose how to show progress: live, as lines, or as lines beside a JSON document."""
    console = Console()
    if as_json or not console.is_terminal:
        yield LineProgress(err=as_json)
        return
    listener = LiveProgress(console)
    with listener.live:
        yield listener
