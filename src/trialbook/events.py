"""What the engine says while it works: one stream, many listeners.

The command line's progress, the log file and every later front end listen to the same events.
An event is a frozen dataclass; a listener is a function of one event that must not block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True)
class Started(Event):
    """The job was accepted and its table read."""

    experiment: str
    task: str
    metric: str
    n_rows: int
    n_features: int
    validation: str
    workspace: str
    deadline_s: float | None
    series: str = ""  # what the rows are, where they are of series


@dataclass(frozen=True)
class GuardrailChecked(Event):
    """A check of the data reached a verdict: passed, fixed or alerted."""

    name: str
    verdict: str
    finding: str
    action: str


@dataclass(frozen=True)
class PlanReady(Event):
    """The steps to come, each a (label, projected seconds) pair, and the machine they run on."""

    steps: tuple[tuple[str, float], ...]
    n_workers: int
    cores_per_trial: int


@dataclass(frozen=True)
class TrialStarted(Event):
    """A trial went to a worker."""

    number: int
    label: str
    learner: str


@dataclass(frozen=True)
class FoldDone(Event):
    """A trial trained and validated one more fold."""

    number: int
    fold: int
    n_folds: int
    score: float


@dataclass(frozen=True)
class TrialFinished(Event):
    """A trial is durable: its run, model and notebook are stored; `best` is by its score.

    A `note` says what its model could not do.
    """

    number: int
    label: str
    learner: str
    score: float
    std: float
    fit_s: float
    best: bool
    note: str = ""


@dataclass(frozen=True)
class TrialFailed(Event):
    """A trial ended without a model; the reason is one line."""

    number: int
    label: str
    learner: str
    reason: str


@dataclass(frozen=True)
class TrialStopped(Event):
    """A trial was not worth the rest of its folds; the reason is one line."""

    number: int
    label: str
    learner: str
    score: float
    reason: str


@dataclass(frozen=True)
class StepsSkipped(Event):
    """Planned steps that will not run, and why."""

    labels: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Stopping(Event):
    """No more trials start, and why; ensembles, test and report still follow."""

    reason: str


@dataclass(frozen=True)
class Tested(Event):
    """The winner was tested on rows that nothing had seen."""

    label: str
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished(Event):
    """The experiment is complete."""

    best: str
    score: float
    elapsed_s: float
    notebook: str


@dataclass(frozen=True)
class Warned(Event):
    """Something a person should know that does not stop the work."""

    message: str


Listener = Callable[[Event], None]
