"""Runs of Trialbook's command line: measured from outside, and read by what they print.

Each is a process of its own, timed from its start to its end, imports included.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Ended, kill_after, run_bounded

TRIALBOOK = Path(__file__).parent / ".venvs" / "trialbook" / "bin" / "trialbook"
CORES = 2
# A trial that has a model, with the minutes and seconds since the start.
MODEL = re.compile(r"^\[ *(\d+):(\d\d)\] trial \d+ \S+: [\d.,-]+ ±", re.MULTILINE)


@dataclass(frozen=True)
class Training:
    """A run that has ended.

    Parameters
    ----------
    ended : Ended
        Its processes.
    log : str
        What it printed.
    report : str
        Its report; empty if there is none.
    """

    ended: Ended
    log: str
    report: str = ""

    @property
    def failure(self) -> str:
        """How it failed, such as ``exit 3`` or ``timed out``; empty if it finished."""
        if self.ended.timed_out:
            return "timed out"
        return f"exit {self.ended.exit_code}" if self.ended.exit_code else ""

    @property
    def n_models(self) -> int:
        """Trials that have a model."""
        return len(MODEL.findall(self.log))

    @property
    def first_model(self) -> str:
        """When the first model was there, such as ``3 s``, or ``none``."""
        first = MODEL.search(self.log)
        return f"{int(first[1]) * 60 + int(first[2])} s" if first else "none"

    @property
    def peak_memory(self) -> str:
        """Most memory that all its processes held at once, such as ``1.2 GiB``."""
        return f"{self.ended.peak_memory_mb / 1024:.1f} GiB"


def train(
    table: Path,
    deadline_s: float,
    workspace: Path,
    options: Sequence[str] = (),
    command: Sequence[str | Path] = (TRIALBOOK,),
) -> Training:
    """Train on a table whose target is called ``target``.

    Parameters
    ----------
    table : Path
    deadline_s : float
    workspace : Path
        Its folder keeps the log, too.
    options : sequence of str
        More of the command line.
    command : sequence of str or Path
        How the command line is called.

    Returns
    -------
    Training
    """
    log = workspace.with_suffix(".log")
    ended = run_bounded(
        [
            *(*command, "train", table, "--target", "target", "--timeout", f"{deadline_s:.0f}s"),
            *("--workspace", workspace, "--name", workspace.name, *options),
        ],
        cwd=workspace.parent,
        log=log,
        environ=os.environ,
        cores=CORES,
        limit_s=kill_after(deadline_s),
    )
    reports = sorted(workspace.rglob("report.md"))
    report = reports[0].read_text("utf-8") if reports else ""
    return Training(ended, log.read_text("utf-8", errors="replace"), report)
