"""The models of a server: which one answers a request, and how another takes its place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trialbook.errors import OptionError, TrialbookError, WorkspaceError, nearest
from trialbook.serving.server._metrics import Metrics
from trialbook.serving.server._problems import Refused
from trialbook.serving.server._served import AnyModel, Served, identity_of

# Names the model that answered, and in a request the one that is to answer.
MODEL_HEADER: Final = "X-Trialbook-Model"
_log = logging.getLogger("trialbook.serving")


@dataclass(frozen=True)
class Change:
    """What a reload did for one model.

    Parameters
    ----------
    before, after : str
        Labels; alike if nothing changed.
    changed : bool
    """

    before: str
    after: str
    changed: bool


class Fleet:
    """The models that a server has.

    Parameters
    ----------
    finders : sequence of callable
        Each finds a model anew, as its name says now; nothing is loaded by it.
    weights : sequence of float
        How the requests are split between them.
    build : callable
        Loads a model and makes it ready.
    metrics : Metrics

    Raises
    ------
    TrialbookError
        If a model cannot be found or loaded.
    """

    def __init__(
        self,
        finders: Sequence[Callable[[], AnyModel]],
        weights: Sequence[float],
        build: Callable[[AnyModel], Served],
        metrics: Metrics,
    ) -> None:
        self._finders = finders
        self._weights = list(weights)
        self._build = build
        self._metrics = metrics
        self._reloading = asyncio.Lock()
        self.served = [build(find()) for find in finders]
        labels = self.labels
        if len(set(labels)) < len(labels):
            raise OptionError(
                f"both models are called '{labels[0]}'",
                place="MODEL",
                remedy="Name two versions, such as churn@3 and churn@4.",
            )
        self._tell()

    @property
    def labels(self) -> list[str]:
        """What the models are called now."""
        return [one.label for one in self.served]

    @property
    def first(self) -> Served:
        """The first model, whose columns the documents describe."""
        return self.served[0]

    @contextlib.contextmanager
    def use(self, asked: str | None) -> Iterator[Served]:
        """The model that answers a request; it stays until the request is answered.

        Parameters
        ----------
        asked : str, optional
            A label or a name, if the request names one.

        Yields
        ------
        Served

        Raises
        ------
        Refused
            With status 400 if there is no such model.
        """
        one = self._choose(asked)
        one.users += 1
        try:
            yield one
        finally:
            one.leave()

    def _choose(self, asked: str | None) -> Served:
        if asked is not None:
            for one in self.served:
                if asked in (one.label, one.name):
                    return one
            raise Refused(
                400,
                f"no model '{asked[:60]}' is served here",
                place=f"header {MODEL_HEADER}",
                remedy=nearest(asked, self.labels),
            )
        if len(self.served) == 1:
            return self.served[0]
        return random.choices(self.served, self._weights)[0]

    async def reload(self) -> list[Change]:
        """Look up each model again, and put those that changed in place of the ones before.

        Requests that a model has begun are answered by it.

        Returns
        -------
        list of Change

        Raises
        ------
        TrialbookError
            If a model cannot be found or loaded. Those before go on answering, all of them.
        """
        async with self._reloading:
            try:
                made = await asyncio.to_thread(self._anew)
            except TrialbookError:
                self._metrics.reloaded("failed")
                raise
            except Exception as error:
                # A registry that is away, a model whose library is not here, one that cannot
                # predict: whatever it is, the models before go on answering.
                self._metrics.reloaded("failed")
                raise WorkspaceError(
                    f"a model cannot be looked up or loaded: {type(error).__name__}",
                    remedy="The log of the server has the trace.",
                ) from error
            changes = []
            for place, new in enumerate(made):
                old = self.served[place]
                changes.append(Change(old.label, (new or old).label, new is not None))
                if new is not None:
                    self.served[place] = new
                    old.retire()
                    _log.info("%s took the place of %s", new.label, old.label)
            changed = any(one.changed for one in changes)
            self._metrics.reloaded("changed" if changed else "unchanged")
            self._tell()
            return changes

    def _anew(self) -> list[Served | None]:
        """Every model that changed, loaded; all of them, or none."""
        made: list[Served | None] = []
        try:
            for find, old in zip(self._finders, self.served, strict=True):
                model = find()
                made.append(None if identity_of(model) == old.identity else self._build(model))
        except Exception:
            for one in made:
                if one is not None:
                    one.retire()
            raise
        return made

    async def watch(self, every_s: float) -> None:
        """Reload whenever what a name means has changed, until it is cancelled.

        Parameters
        ----------
        every_s : float
            Seconds between two looks.
        """
        while True:
            await asyncio.sleep(every_s)
            await self.try_to_reload()

    async def try_to_reload(self) -> None:
        """Reload where nobody waits for the outcome: what fails is logged."""
        try:
            await self.reload()
        except TrialbookError as error:
            _log.warning("the models stay as they are: %s", error, exc_info=error.__cause__)

    def close(self, timeout_s: float | None = None) -> None:
        """Answer what waits, and end all threads.

        Parameters
        ----------
        timeout_s : float, optional
            Most seconds to wait for models that do not come back.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        for one in self.served:
            one.queue.close(None if end is None else max(0.0, end - time.monotonic()))

    def _tell(self) -> None:
        total = sum(self._weights)
        self._metrics.models(
            [
                (one.name, one.version, one.engine, 100 * weight / total)
                for one, weight in zip(self.served, self._weights, strict=True)
            ]
        )
