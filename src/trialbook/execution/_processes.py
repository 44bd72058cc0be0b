"""Worker processes as the pool sees them: forked where that is safe, else started."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from typing import IO, Protocol

import psutil

from trialbook.execution._forkserver import FORK

# A dead worker's exit code is known this soon, or it stays unknown.
EXIT_CODE_WAIT_S = 2.0
# Not from the folder it runs in: a file of the name statistics.py there is no library.
PYTHON = (sys.executable, "-P", "-m")


class Process(Protocol):
    """A worker process."""

    requests: IO[bytes]
    answers: IO[bytes]
    pid: int | None

    def kill(self) -> None:
        """End it and the processes that it started."""

    def exit_code(self) -> int | None:
        """How it ended: negative for a signal; ``None`` if that is not known."""


class Spawner(Protocol):
    """Makes worker processes.

    Attributes
    ----------
    shares_imports : bool
        Whether the libraries are imported once for all of them, from the moment it is made.
    """

    shares_imports: bool

    def spawn(self) -> Process:
        """Make one; it answers ``ready`` when it can take a request."""

    def trouble(self) -> str:
        """The last line that a process printed which could not start; empty if there is none."""

    def close(self) -> None:
        """End what it needs to make them."""


def spawner(environment: dict[str, str]) -> Spawner:
    """The spawner for this system.

    Parameters
    ----------
    environment : dict of str to str
        Of the workers.

    Returns
    -------
    Spawner
        Forking on Linux; macOS and Windows have libraries that do not survive it, or no fork.
    """
    return ForkServer(environment) if sys.platform == "linux" else Starter(environment)


class Starter:
    """Starts every worker as a program of its own."""

    shares_imports = False

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close

    def spawn(self) -> Process:
        """Start a worker."""
        return _Started(self._environment, self._errors)

    def trouble(self) -> str:
        """The last line of what workers printed before they were ready."""
        return _last_line(self._errors)

    def close(self) -> None:
        """Let go of what they printed."""
        self._errors.close()


class _Started:
    def __init__(self, environment: dict[str, str], errors: IO[bytes]) -> None:
        self._process = subprocess.Popen(
            [*PYTHON, "trialbook.execution._worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.requests: IO[bytes] = self._process.stdin
        self.answers: IO[bytes] = self._process.stdout
        self.pid: int | None = self._process.pid

    def kill(self) -> None:
        kill_family(self._process.pid)

    def exit_code(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(EXIT_CODE_WAIT_S)
        return None


class ForkServer:
    """Has workers forked by a process that imports the libraries."""

    shares_imports = True

    def __init__(self, environment: dict[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close
        self._process = subprocess.Popen(
            [*PYTHON, "trialbook.execution._forkserver", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=environment,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._codes: dict[int, int] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def spawn(self) -> Process:
        """Have a worker forked."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [FORK], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return _Forked(ours, self)

    def trouble(self) -> str:
        """The last line of what the server printed before it was ready."""
        return _last_line(self._errors)

    def close(self) -> None:
        """End the server; workers end when their own sockets close."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def exit_code_of(self, pid: int) -> int | None:
        """How a worker ended, as soon as the server knows."""
        with self._news:
            self._news.wait_for(lambda: pid in self._codes, EXIT_CODE_WAIT_S)
            return self._codes.get(pid)

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._control.makefile("rb") as lines:
            for line in lines:
                pid, code = json.loads(line)
                with self._news:
                    self._codes[pid] = code
                    self._news.notify_all()


class _Forked:
    def __init__(self, connection: socket.socket, server: ForkServer) -> None:
        self._connection = connection
        self._server = server
        self.requests: IO[bytes] = connection.makefile("wb")
        self.answers: IO[bytes] = connection.makefile("rb")
        self.pid: int | None = None  # it says so itself when it is ready

    def kill(self) -> None:
        if self.pid is not None:
            kill_family(self.pid)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def exit_code(self) -> int | None:
        return None if self.pid is None else self._server.exit_code_of(self.pid)


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def kill_family(pid: int) -> None:
    """Kill a process and those that it started.

    Parameters
    ----------
    pid : int
    """
    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()


def resident_bytes(pid: int | None) -> int:
    """Resident memory of a process and its children.

    Parameters
    ----------
    pid : int, optional

    Returns
    -------
    int
        0 when it is not known or gone.
    """
    if pid is None:
        return 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.NoSuchProcess:
        return 0


def worker_environment(threads: int) -> dict[str, str]:
    """Environment of a worker.

    Parameters
    ----------
    threads : int
        Threads that numerical libraries may start; programs set their own number below it.

    Returns
    -------
    dict of str to str
    """
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    own = {
        "MPLBACKEND": "agg",
        "PYTHONHASHSEED": "0",
        # What is found here is found there; an empty path is this folder.
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
    }
    return {**os.environ, **dict.fromkeys(limits, str(threads)), **own}
