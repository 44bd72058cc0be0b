"""Runs the experiments of many models: some at once, all within one deadline."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from trialbook import events
from trialbook.errors import TrialbookError, WorkspaceError
from trialbook.execution import lasting_workers
from trialbook.experiment import Tables, n_cores, resume, state, train
from trialbook.job import Job
from trialbook.lifecycle._handle import Experiment
from trialbook.lifecycle.many._plan import Part, Plan, share_s
from trialbook.memory import free_memory
from trialbook.tracking import CHAMPION, Tracker, Workspace

PartListener = Callable[[Part], None]
# An experiment is not begun with less than this: its result would be a naive forecast.
LEAST_S = 3.0
# Of the free memory all trials together may use so much, and each at least a worker's libraries.
MEMORY_SHARE = 0.7
LEAST_BYTES = 2**30


@dataclass
class Runner:
    """One session that trains what waits.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where the plan is kept.
    workspace : Workspace
    job : Job
        Of the whole.
    tables : mapping of str to mapping of str to DataFrame
        By the role in the job, and in it by the key of the part.
    deadline : float, optional
        `time.monotonic` by which all have ended; without it the number of trials ends each.
    listeners : sequence of callable
        Told of each part that ended.
    """

    plan: Plan
    folder: Path
    workspace: Workspace
    job: Job
    tables: Mapping[str, Mapping[str, pd.DataFrame]]
    deadline: float | None
    listeners: Sequence[PartListener] = ()
    _stopped: threading.Event = field(default_factory=threading.Event)
    _registry: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Train what waits, the largest first; what fails costs itself alone."""
        waiting = deque(part for part in self.plan.parts if part.state == "waiting")
        running: dict[Future[None], tuple[Part, float]] = {}
        with ThreadPoolExecutor(self.plan.at_once) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < self.plan.at_once:
                        seconds = self._share_s(waiting, running)
                        if seconds is not None and seconds < LEAST_S:
                            waiting.clear()  # they wait for a session with more time
                            break
                        part = waiting.popleft()
                        part.begun, again = True, part.begun
                        self.plan.write(self.folder)
                        mine = {role: of.get(part.key) for role, of in self.tables.items()}
                        until = time.monotonic() + (seconds or 0.0)
                        future = pool.submit(self._train, part, mine, seconds, again=again)
                        running[future] = (part, until)
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        part, _ = running.pop(done)
                        done.result()
                        self.plan.write(self.folder)
                        for listener in self.listeners:
                            listener(part)
            except BaseException:
                self._stopped.set()
                raise

    def _share_s(
        self, waiting: Sequence[Part], running: Mapping[Future[None], tuple[Part, float]]
    ) -> float | None:
        if self.deadline is None:
            return None
        now = time.monotonic()
        weights = [self.plan.weight(part) for part in waiting]
        left = [max(0.0, until - now) for _, until in running.values()]
        at_once = min(self.plan.at_once, len(waiting) + len(running))
        return share_s(self.deadline - now, at_once, left, weights[0], sum(weights[1:]))

    def _train(
        self,
        part: Part,
        tables: Mapping[str, Any],
        seconds: float | None,
        *,
        again: bool,
    ) -> None:
        begun = time.monotonic()
        try:
            with lasting_workers():
                tracker = self._carried_on(part, seconds) if again else None
                tracker = tracker or self._trained(part, tables, seconds)
            with self._registry:
                experiment, tags = Experiment(tracker), self.plan.tags(part)
                version = experiment.register(part.name, aliases=[CHAMPION], tags=tags)
            part.state, part.error, part.version = "finished", None, version.version
        except KeyboardInterrupt:
            part.error = "its session was interrupted"
        except TrialbookError as error:
            part.state, part.error = "failed", str(error)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the others go on
            part.state, part.error = "failed", f"{type(error).__name__}: {error}"
        part.seconds = round(part.seconds + time.monotonic() - begun, 1)

    def _trained(self, part: Part, tables: Mapping[str, Any], seconds: float | None) -> Tracker:
        """Train a part: a job of its own, with its share of the machine."""
        there = {
            role: Job.IN_MEMORY if table is not None else None for role, table in tables.items()
        }
        workers = self.job.max_concurrent_trials or max(1, n_cores() // self.plan.at_once)
        room = int(MEMORY_SHARE * free_memory()) // (workers * self.plan.at_once)
        changes = {
            "name": part.name,
            "timeout": seconds,
            "max_concurrent_trials": workers,
            "max_cores_per_trial": self.job.max_cores_per_trial or 1,
            "memory_limit": self.job.memory_limit or max(LEAST_BYTES, room),
            "tags": {**self.job.tags, **self.plan.tags(part)},
        }
        return train(
            self.job.model_copy(update={**there, **changes}), Tables(**tables), [self._stop]
        )

    def _carried_on(self, part: Part, seconds: float | None) -> Tracker | None:
        """The experiment that an earlier session began, brought to its end; or None."""
        try:
            tracker = Tracker.latest(self.workspace, part.name)
            mine = state.read_json(tracker.folder / state.JOB)["tags"]
        except (WorkspaceError, OSError):
            return None
        if mine.get("many_models_begun") != self.plan.begun:
            return None
        if tracker.status() == "finished":
            return tracker
        place, uri = self.workspace.path, self.job.tracking_uri
        return resume(place, part.name, timeout=seconds, tracking_uri=uri, listeners=[self._stop])

    def _stop(self, event: events.Event) -> None:
        """End an experiment at its next event, in a way in which it can be resumed."""
        if self._stopped.is_set():
            raise KeyboardInterrupt
