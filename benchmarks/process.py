"""A run in processes of its own: measured from outside, and ended when its time is over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

# Every process of a run inherits it. Some frameworks start servers that leave the process group;
# they are found by it.
MARKER = "TRIALBOOK_BENCHMARK_RUN"
SAMPLE_S = 0.5
# A killed process is gone after this, or something is wrong with the machine.
END_S = 5.0
# The public AutoML benchmark ends a run at twice its budget, or an hour after it.
KILL_FACTOR = 2
KILL_MORE_S = 3600
# For imports, reading the tables and predicting, which nobody's budget covers.
GRACE_S = 120
# What ends a command that nobody waits for: `kill`, and a terminal that is closed.
ENDING = (signal.SIGTERM, signal.SIGHUP)
# What a shell adds to the number of the signal that ended a command.
SIGNALLED = 128


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Parameters
    ----------
    exit_code : int
        Of its first process; negative is the number of a signal.
    seconds : float
        Wall time.
    peak_memory_mb : float
        Most memory that all its processes held at once. Pages that processes share count once.
    timed_out : bool
        Whether it was ended from outside.
    """

    exit_code: int
    seconds: float
    peak_memory_mb: float
    timed_out: bool


def kill_after(budget_s: float) -> float:
    """Seconds after which a run with a budget is ended."""
    return min(KILL_FACTOR * budget_s, budget_s + KILL_MORE_S) + GRACE_S


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals end this process as exceptions do, so that its run ends with it.

    For the main thread, which is the one that Python tells of signals.

    Raises
    ------
    SystemExit
        Wherever the process is when it gets one of `ENDING`.
    """
    # A signal that is ignored, such as after `nohup`, stays ignored.
    heard = [one for one in ENDING if signal.getsignal(one) != signal.SIG_IGN]

    def leave(number: int, _frame: FrameType | None) -> None:
        # A second signal must not interrupt what the first one has begun to end.
        for one in heard:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(SIGNALLED + number)

    before = {one: signal.signal(one, leave) for one in heard}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def run_bounded(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    environ: Mapping[str, str],
    cores: int,
    limit_s: float,
) -> Ended:
    """Run a command, and leave none of its processes behind.

    Parameters
    ----------
    command : sequence of str or Path
        What to run.
    cwd : Path
        Where.
    log : Path
        Keeps what it prints.
    environ : mapping
        Its environment.
    cores : int
        On how many cores it may run.
    limit_s : float
        Seconds after which it is ended.

    Returns
    -------
    Ended
    """
    marker = uuid.uuid4().hex
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environ) | {MARKER: marker},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        family = Family(process, marker)
        timed_out = False
        try:
            os.sched_setaffinity(process.pid, allowed)
            family.measure()
            while not timed_out and not _finished(process):
                family.measure()
                timed_out = time.monotonic() - started > limit_s
            seconds = time.monotonic() - started
        finally:
            family.kill()
            process.wait()
    return Ended(process.returncode, seconds, family.peak / 2**20, timed_out)


class Family:
    """The processes of a run: the first one, what descends from it, and what has its marker.

    Parameters
    ----------
    first : Popen
        The first process; it leads its process group.
    marker : str
        Value of `MARKER` in the environment of its processes.
    """

    def __init__(self, first: subprocess.Popen[bytes], marker: str) -> None:
        self.peak = 0
        self._first = first
        # Not its number alone, which another process may have once this one has ended.
        self._leader = psutil.Process(first.pid)
        self._marker = marker
        # Whether a process belongs to it, so that each one is asked once.
        self._known: dict[psutil.Process, bool] = {}

    def members(self) -> list[psutil.Process]:
        """Its processes that are alive now."""
        known: dict[psutil.Process, bool] = {}
        # By number, so that a parent usually comes before its children.
        for process in psutil.process_iter():
            known[process] = self._known.get(process) or self._belongs(process, known)
        self._known = known
        return [process for process, ours in known.items() if ours]

    def measure(self) -> None:
        """Take the memory of now into account."""
        members = self.members()
        # What processes share is counted in each one's resident memory, so their sum is an upper
        # bound. The exact number is dear, and asked only when it may be a new peak.
        if sum(_memory(process, exact=False) for process in members) > self.peak:
            self.peak = max(self.peak, sum(_memory(process, exact=True) for process in members))

    def kill(self) -> None:
        """End all of them, also those that left the group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._first.pid, signal.SIGKILL)
        # What starts while the others end is met the second time.
        for _ in range(2):
            members = self.members()
            for process in members:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            # Only its parent's own handle may wait for the first one, or its exit code is lost.
            psutil.wait_procs([one for one in members if one != self._leader], timeout=END_S)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._first.wait(END_S)

    def _belongs(self, process: psutil.Process, known: Mapping[psutil.Process, bool]) -> bool:
        if process == self._leader:
            return True
        if self._known.get(process) is False:
            return False
        try:
            parent = process.ppid()
            if any(ours and one.pid == parent for one, ours in known.items()):
                return True
            return process.environ().get(MARKER) == self._marker
        except psutil.Error:
            return False


def _finished(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(SAMPLE_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _memory(process: psutil.Process, *, exact: bool) -> int:
    """Bytes of a process; shared pages in parts if exact."""
    try:
        if exact:
            full = process.memory_full_info()
            return int(getattr(full, "pss", full.rss))
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
