"""A process that serves: uvicorn around the application, and the signals that it heeds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import uvicorn

from trialbook.errors import OptionError
from trialbook.serving.server._wire import BoundedProtocol

if TYPE_CHECKING:
    from fastapi import FastAPI

    from trialbook.serving.server._fleet import Fleet

# The thread that asks the model and the loop that reads requests share Python's lock. With its
# usual interval of 5 ms the loop would wait that long for each of its turns.
SWITCH_S: Final = 0.0005
# Requests that have begun when the server is told to stop have so many seconds.
GRACE_S: Final = 30
# A process may often have 1,024 files open. Half of them for connections leave room for telling
# others that there is none.
MAX_CONNECTIONS: Final = 500
_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
TOKEN_VARIABLE: Final = "TRIALBOOK_TOKEN"


def read_token(token: str | None, file: str | Path | None) -> str | None:
    """The token from wherever it is given: the option, a file, or the environment.

    Parameters
    ----------
    token : str, optional
    file : str or Path, optional
        Its first line is the token.

    Returns
    -------
    str or None

    Raises
    ------
    OptionError
        If both are given, the file cannot be read, or the token is empty.
    """
    if token is not None and file is not None:
        raise OptionError(
            "a token and a file of one were given", place="option --token", remedy="Give one."
        )
    if file is not None:
        try:
            lines = Path(file).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError(
                f"the token cannot be read: {error}", place=str(file), remedy="Check the path."
            ) from error
        token = lines[0].strip() if lines else ""
    elif token is None:
        token = os.environ.get(TOKEN_VARIABLE)
    if token is not None and not token.strip():
        raise OptionError("the token is empty", place="option --token", remedy="Give some text.")
    return token


def listen(host: str, port: int) -> socket.socket:
    """Take an address, before anything is loaded.

    Parameters
    ----------
    host : str
    port : int
        0 for a free one.

    Returns
    -------
    socket
        Bound; it listens once the application is served.

    Raises
    ------
    OptionError
        If the address is taken or is none of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise OptionError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            place="options --host and --port",
            remedy="Choose another port; 0 takes a free one.",
        ) from error
    return bound


def address_of(bound: socket.socket) -> str:
    """Where a socket is found: ``http://127.0.0.1:8080``."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(
    app: FastAPI,
    bound: socket.socket,
    ready: Callable[[str], None] | None = None,
    *,
    max_connections: int = MAX_CONNECTIONS,
) -> None:
    """Serve an application until the process is told to stop.

    SIGTERM and SIGINT let requests end that have begun. SIGHUP looks up the models anew. For the
    main thread of a process, which is the one that Python tells of signals.

    Parameters
    ----------
    app : FastAPI
        What `create_app` made.
    bound : socket
        What `listen` gave; it is closed in the end.
    ready : callable, optional
        Told the address once connections are taken.
    max_connections : int
        Most connections at once; who comes then is answered with status 503.

    Raises
    ------
    OptionError
        If no connection is allowed.
    """
    if max_connections < 1:
        raise OptionError(
            f"{max_connections} connections serve nobody",
            place="option max-connections",
            remedy="Give a whole number from 1 on.",
        )
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        limit_concurrency=max_connections,
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
    )
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    # Once it has stopped, uvicorn raises the signal that stopped it again. All is done by then.
    # And nobody shall end the server who asks it to reload just before it can.
    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    handlers = {one: signal.signal(one, _done) for one in known}
    try:
        with contextlib.closing(bound):
            bound.listen(config.backlog)
            if ready is not None:
                ready(address_of(bound))
            # uvloop's loop where that is installed.
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(_serve(uvicorn.Server(config), bound, app.state.fleet))
    finally:
        sys.setswitchinterval(before)
        for one, handler in handlers.items():
            signal.signal(one, handler)


def _done(_number: int, _frame: FrameType | None) -> None:
    """Heed a signal by nothing."""


async def _serve(server: uvicorn.Server, bound: socket.socket, fleet: Fleet) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(fleet.try_to_reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has no such signal
        loop.add_signal_handler(signal.SIGHUP, reload)
    await server.serve([bound])
