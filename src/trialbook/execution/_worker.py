"""The worker: runs one request after another and answers.

It ends when its requests end, that is when the engine closes its side or dies, however that
happens: a worker never outlives the engine.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import os
import queue
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from trialbook.execution._messages import LOG, Message, Request, read_request, send

# Imported before they are needed, so that no trial pays for them; what every trial needs first.
WARM = (
    "pandas",
    "sklearn.calibration",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "trialbook.execution._work",
    "lightgbm",
    "xgboost",
    "catboost",
    "mlflow.sklearn",
    "matplotlib.backends.backend_agg",
    "skrub",
)


# Linux' name for the request (linux/prctl.h).
PR_SET_PDEATHSIG = 1


def warm_up() -> Iterator[str]:
    """Import what trials need, as far as it is installed.

    Yields
    ------
    str
        The name of every module that has been imported.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    for module in WARM:
        if importlib.util.find_spec(module.split(".")[0]) is not None:
            importlib.import_module(module)
            yield module
    from trialbook.models import requirements

    requirements("")  # fills its cache


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Run requests until there are no more, then end the process.

    Parameters
    ----------
    requests, answers : binary file
        One JSON document a line.
    """
    waiting: queue.Queue[Request] = queue.Queue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    try:
        send(answers, Message(-1, "ready", {"pid": os.getpid()}))
        while True:
            send(answers, _run(waiting.get(), answers))
    finally:
        # At once: closing the files would wait for ever for the thread that reads from one.
        os._exit(1)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends.

    The thread that watches the engine's side cannot do so while a learner's code holds Python's
    lock. Linux only; the parent must be single-threaded, as the fork server is.
    """
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)  # it ended meanwhile


def send_output_to(path: Path) -> None:
    """Send what Python code and C libraries print to a file."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # what does not fit on a full disk is lost
            stream.flush()
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def _listen(requests: IO[bytes], waiting: queue.Queue[Request]) -> None:
    """Queue the requests; end the process when the engine is gone, even in mid-training."""
    for line in requests:
        waiting.put(read_request(line))
    os._exit(0)


def _run(request: Request, answers: IO[bytes]) -> Message:
    """Run one request; whatever it raises becomes its answer."""
    from trialbook.execution import _charts, _explain, _work

    folder = Path(request.folder)
    log = folder / LOG
    try:
        folder.mkdir(parents=True, exist_ok=True)
        send_output_to(log)
        name = f"run_{request.kind}"
        homes = (_charts, _explain)
        home = next((one for one in homes if hasattr(one, name)), _work)
        result = getattr(home, name)(
            request, lambda kind, payload: send(answers, Message(request.id, kind, payload))
        )
        return Message(request.id, "done", result)
    except BaseException as error:  # noqa: BLE001 -- a trial may raise anything; it costs itself alone
        with contextlib.suppress(OSError):  # the disk may be full: the answer must go out
            traceback.print_exc()
        return Message(request.id, "failed", {"reason": _one_line(error)})
    finally:
        send_output_to(Path(os.devnull))
        with contextlib.suppress(OSError):
            if log.stat().st_size == 0:
                log.unlink()


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:500] if text else type(error).__name__


def main() -> None:
    """Serve standard input, on systems where workers are not forked."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what imports print must not get among the answers
    deque(warm_up(), maxlen=0)
    send_output_to(Path(os.devnull))
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
