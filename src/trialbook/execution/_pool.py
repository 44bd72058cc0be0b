"""The local pool: warm worker processes under guard of time and memory."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
import time
from dataclasses import dataclass, field

from trialbook.errors import TrialbookError
from trialbook.execution._lasting import spawner
from trialbook.execution._messages import Message, Request, read_message, send
from trialbook.execution._processes import (
    Process,
    Spawner,
    resident_bytes,
    worker_environment,
)

# How often memory and time are looked at.
GUARD_S = 0.2
# So many workers in a row that die while they start have a reason that will not go away.
MAX_STILLBORN = 4


@dataclass(eq=False)
class _Worker:
    """One worker process and what it is doing."""

    process: Process
    ready: bool = False
    request: Request | None = None
    kill_at: float = float("inf")
    peak_bytes: int = 0
    ended_because: str | None = None

    @property
    def free(self) -> bool:
        """Whether it waits for a request, and will live to serve it."""
        return self.ready and self.request is None and self.ended_because is None


@dataclass
class Pool:
    """Worker processes that run requests.

    Parameters
    ----------
    n_workers : int
        Requests that run at once.
    threads : int
        Threads that the numerical libraries of a worker may use.
    memory_limit : int, optional
        Resident bytes above which a worker is killed.

    Notes
    -----
    A worker that crashes, hangs or grows too large costs its request alone: it is replaced, and
    the request answers with ``failed`` and the reason.
    """

    n_workers: int
    threads: int
    memory_limit: int | None = None
    _workers: list[_Worker] = field(default_factory=list)
    _spawner: Spawner | None = None
    _stillborn: int = 0
    _inbox: queue.Queue[tuple[_Worker, Message | None]] = field(default_factory=queue.Queue)

    def prepare(self) -> None:
        """Have the libraries imported while the caller goes on; `resize` then starts workers."""
        self._spawner = spawner(worker_environment(self.threads))
        if not self._spawner.shares_imports:
            self.start()  # each must import them itself

    def start(self) -> None:
        """Start the workers."""
        while len(self._workers) < self.n_workers:
            self._workers.append(self._spawn())

    def resize(self, n_workers: int, memory_limit: int | None) -> None:
        """Start or end workers, none of which may be busy.

        Parameters
        ----------
        n_workers : int
        memory_limit : int, optional
            See `Pool`.
        """
        self.n_workers, self.memory_limit = n_workers, memory_limit
        while len(self._workers) > n_workers:
            # Keep those that are ready, or will be so sooner.
            slowest = next((w for w in self._workers if not w.free), self._workers[-1])
            self._workers.remove(slowest)
            slowest.process.kill()
        self.start()

    @property
    def idle(self) -> int:
        """Workers that wait for a request."""
        return sum(worker.free for worker in self._workers)

    @property
    def busy(self) -> list[Request]:
        """Requests under way."""
        return [worker.request for worker in self._workers if worker.request is not None]

    def submit(self, request: Request) -> None:
        """Hand a request to an idle worker.

        Parameters
        ----------
        request : Request

        Raises
        ------
        RuntimeError
            If no worker is idle.
        """
        for worker in self._workers:
            if worker.free:
                worker.request = request
                worker.peak_bytes = 0
                if request.limit_s is not None:
                    worker.kill_at = time.monotonic() + request.limit_s
                try:
                    send(worker.process.requests, request)
                except OSError:
                    worker.ended_because = "the worker had died"
                return
        raise RuntimeError("no worker is idle")

    def poll(self, timeout: float) -> list[Message]:
        """Wait for news, guarding time and memory meanwhile.

        Parameters
        ----------
        timeout : float
            Seconds to wait at most; returns sooner with the first news.

        Returns
        -------
        list of Message
            Possibly empty.
        """
        end = time.monotonic() + timeout
        while True:
            self._guard()
            news = self._news(max(0.0, min(GUARD_S, end - time.monotonic())))
            if news or time.monotonic() >= end:
                return news

    def cancel(self, request_id: int, reason: str) -> None:
        """Kill the worker of a request, which then answers ``failed``.

        Parameters
        ----------
        request_id : int
        reason : str
            One line, for the record.
        """
        for worker in self._workers:
            if worker.request is not None and worker.request.id == request_id:
                self._kill(worker, reason)

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.process.kill()
        self._workers.clear()
        if self._spawner is not None:
            self._spawner.close()
            self._spawner = None

    def _spawn(self) -> _Worker:
        if self._spawner is None:
            self._spawner = spawner(worker_environment(self.threads))
        try:
            process = self._spawner.spawn()
        except OSError:  # the fork server has been killed: it is the largest process of all
            self._spawner.close()
            self._spawner = spawner(worker_environment(self.threads))
            process = self._spawner.spawn()
        worker = _Worker(process)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        return worker

    def _listen(self, worker: _Worker) -> None:
        # A killed process may end in the middle of a line.
        with contextlib.suppress(OSError, ValueError):
            for line in worker.process.answers:
                self._inbox.put((worker, read_message(line)))
        self._inbox.put((worker, None))

    def _news(self, timeout: float) -> list[Message]:
        messages: list[Message] = []
        try:
            worker, message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return messages
        if worker not in self._workers:
            return messages
        if message is None:
            messages += self._replace(worker)
        elif message.kind == "ready":
            worker.ready = True
            worker.process.pid = message.payload["pid"]
            messages.append(message)
        else:
            if message.kind in ("done", "failed"):
                message.payload["peak_bytes"] = worker.peak_bytes
                worker.request, worker.kill_at = None, float("inf")
            messages.append(message)
        return messages

    def _replace(self, worker: _Worker) -> list[Message]:
        """Put a new worker in the place of a dead one; its request has failed."""
        code = worker.process.exit_code()
        self._stillborn = 0 if worker.ready else self._stillborn + 1
        if self._stillborn >= MAX_STILLBORN:
            trouble = "" if self._spawner is None else self._spawner.trouble()
            raise TrialbookError(
                "worker processes die before they are ready" + (f": {trouble}" if trouble else ""),
                remedy="See whether the libraries can be imported: python -m pip check.",
            )
        self._workers[self._workers.index(worker)] = self._spawn()
        if worker.request is None:
            return []
        reason = worker.ended_because or _death(code)
        return [
            Message(
                worker.request.id, "failed", {"reason": reason, "peak_bytes": worker.peak_bytes}
            )
        ]

    def _guard(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.request is None or worker.ended_because is not None:
                continue
            if now > worker.kill_at:
                self._kill(
                    worker, f"ran past its limit of {worker.request.limit_s:.0f} s and was killed"
                )
                continue
            used = resident_bytes(worker.process.pid)
            worker.peak_bytes = max(worker.peak_bytes, used)
            if self.memory_limit is not None and used > self.memory_limit:
                limit = f"its limit of {self.memory_limit / 2**30:.1f} GiB"
                self._kill(worker, f"used {used / 2**30:.1f} GiB, over {limit}, and was killed")

    def _kill(self, worker: _Worker, reason: str) -> None:
        worker.ended_because = reason
        worker.process.kill()


def _death(code: int | None) -> str:
    if code is None:
        return "the trial's process ended unexpectedly"
    if code < 0:
        name = signal.Signals(-code).name
        hint = "; the system may be out of memory" if name == "SIGKILL" else ""
        return f"the trial's process was killed by {name}{hint}"
    return f"the trial's process ended with exit code {code}"
