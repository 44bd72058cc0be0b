"""Starts servers of models as processes of their own, and ends them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_S = 180.0
STOP_S = 20.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Running:
    """A server that answers.

    Parameters
    ----------
    port : int
    process : Popen
    """

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """Such as ``http://127.0.0.1:8080``."""
        return f"http://{HOST}:{self.port}"


def trialbook(model: str, *options: str) -> list[str]:
    """The command that serves a model with Trialbook; its port is still lacking."""
    main = "import sys; from trialbook.cli import main; sys.exit(main())"
    return [sys.executable, "-c", main, "serve", model, "--host", HOST, *options]


def mlflow(python: str, folder: str, workers: int | None) -> list[str]:
    """The command that serves a model with MLflow; its port is still lacking."""
    command = [python, "-m", "mlflow", "models", "serve", "--env-manager", "local", "-h", HOST]
    return [*command, "-m", folder, *(["-w", str(workers)] if workers else [])]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start a server, wait until it answers, and end it.

    Parameters
    ----------
    command : sequence of str
        Takes ``--port``.
    log : Path
        Keeps what it prints.
    environ : mapping, optional
        More for its environment.

    Yields
    ------
    Running

    Raises
    ------
    RuntimeError
        If it ends, or does not answer in time.
    """
    port = free_port()
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    where = {**os.environ, "PYTHONPATH": path, **(environ or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=where,
            start_new_session=True,
        )
        try:
            _wait(process, port, log)
            yield Running(port, process)
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/ping", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and the workers that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
