"""A fork server that outlives one experiment, for callers that run many short ones.

A cross-validation of an AutoML estimator runs one experiment a fold. To import the libraries takes
a second or three, more than such an experiment itself.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextvars import ContextVar

from trialbook.execution._processes import ForkServer, Process, Spawner
from trialbook.execution._processes import spawner as new_spawner

# A server holds a few hundred MB. Who runs experiments one after another asks again at once.
IDLE_S = 20.0

_wanted: ContextVar[bool] = ContextVar("lasting_workers", default=False)
_lock = threading.Lock()
_kept: dict[int, _Kept] = {}


@contextlib.contextmanager
def lasting_workers() -> Iterator[None]:
    """Let the experiments that run meanwhile, and soon after, share one fork server."""
    token = _wanted.set(True)
    try:
        yield
    finally:
        _wanted.reset(token)


def spawner(environment: dict[str, str]) -> Spawner:
    """The spawner for this system, which may have served earlier experiments of this process.

    Parameters
    ----------
    environment : dict of str to str
        Of the workers.

    Returns
    -------
    Spawner
        Its `close` ends it, or gives it back where it is shared.
    """
    if not _wanted.get():
        return new_spawner(environment)
    with _lock:
        # A process that was forked from this one has the table, but not the server.
        kept = _kept.get(os.getpid())
        if kept is None or kept.broken or kept.environment != environment:
            made = new_spawner(environment)
            if not isinstance(made, ForkServer):
                return made  # workers that share nothing
            if kept is not None:
                kept.retire()
            kept = _kept[os.getpid()] = _Kept(made, environment)
        return kept.lend()


class _Kept:
    """A server, those that use it, and when it ends."""

    def __init__(self, server: ForkServer, environment: dict[str, str]) -> None:
        self.server = server
        self.environment = environment
        self.broken = False
        self._users = 0
        self._retired = False
        self._timer: threading.Timer | None = None

    def lend(self) -> _Lent:
        """One more uses it."""
        self._users += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return _Lent(self)

    def give_back(self) -> None:
        """One fewer uses it; after the last one it waits a little for another."""
        with _lock:
            self._users -= 1
            if self._users:
                return
            if self._retired or self.broken:
                self._end()
                return
            self._timer = threading.Timer(IDLE_S, self._idle)
            self._timer.daemon = True
            self._timer.start()

    def retire(self) -> None:
        """End it as soon as nobody uses it; `_lock` is held."""
        self._retired = True
        if not self._users:
            self._end()

    def _idle(self) -> None:
        with _lock:
            if not self._users:
                self._end()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if _kept.get(os.getpid()) is self:
            del _kept[os.getpid()]
        self.server.close()


class _Lent:
    """A kept server as one pool has it."""

    shares_imports = True

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept
        self._open = True

    def spawn(self) -> Process:
        """Have a worker forked."""
        try:
            return self._kept.server.spawn()
        except OSError:
            self._kept.broken = True
            raise

    def trouble(self) -> str:
        """The last line of what the server printed before it was ready."""
        return self._kept.server.trouble()

    def close(self) -> None:
        """Give it back."""
        if self._open:
            self._open = False
            self._kept.give_back()
