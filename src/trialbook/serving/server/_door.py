"""What every request passes: host, token, the clock, and the form in which refusals are told."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from trialbook.serving.server._answers import as_json
from trialbook.serving.server._hosts import Hosts
from trialbook.serving.server._metrics import Metrics
from trialbook.serving.server._problems import Refused

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Whoever probes a server has no token.
OPEN_PATHS: Final = frozenset({"/health", "/ping"})
# Paths that are counted by their name; whatever else is asked for counts as one.
COUNTED: Final = frozenset(
    {
        "/invocations",
        "/score",
        "/explain",
        "/reload",
        "/health",
        "/ping",
        "/version",
        "/metrics",
        "/docs",
        "/openapi.json",
    }
)
# Key of a request's scope under which its handler says which model answered.
ANSWERED_BY: Final = "trialbook.model"
# Key of a request's scope that is there if its connection is one too many.
CROWDED: Final = "trialbook.crowded"
# A body that is too large is read on for so many times its limit, so that its sender hears why it
# was refused instead of a connection that breaks.
DRAINED: Final = 4
_log = logging.getLogger("trialbook.serving")


class Door:
    """Lets requests in that may come, and counts them.

    Parameters
    ----------
    app : ASGI application
        What is behind it.
    metrics : Metrics
    token : str, optional
        What requests must carry.
    hosts : Hosts
        To which ones they may be addressed.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str | None, hosts: Hosts) -> None:
        self._app = app
        self._metrics = metrics
        self._token = None if token is None else token.encode("utf-8")
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            try:
                self._check(scope)
                await self._app(scope, receive, told)
            except Refused as refused:
                await _refuse(refused, told)
        finally:
            path = scope["path"] if scope["path"] in COUNTED else "other"
            seconds = time.perf_counter() - started
            self._metrics.answered(path, status, seconds, scope.get(ANSWERED_BY, ""))

    def _check(self, scope: Scope) -> None:
        if CROWDED in scope:
            raise Refused(
                503,
                "too many connections are open",
                remedy="Come back later, keep fewer connections, or start the server with a "
                "larger --max-connections.",
                headers=[("Connection", "close"), ("Retry-After", "1")],
            )
        self._hosts.check(scope["headers"], origin=self._token is None)
        if self._token is None or scope["path"] in OPEN_PATHS:
            return
        given = next((value for key, value in scope["headers"] if key == b"authorization"), b"")
        if not hmac.compare_digest(_token_of(given), self._token):
            # A browser asks its user for a password where it is told so.
            scheme = "Basic" if scope["path"] == "/docs" else "Bearer"
            raise Refused(
                401,
                "the token is wrong" if given else "a token is asked for",
                place="header Authorization",
                remedy="Send the header 'Authorization: Bearer TOKEN'.",
                headers=[("WWW-Authenticate", f'{scheme} realm="trialbook"')],
            )


def _token_of(header: bytes) -> bytes:
    """The token in a header: a bearer's, or the password of a browser's user."""
    scheme, _, value = header.strip().partition(b" ")
    value = value.strip()
    if scheme.lower() == b"bearer":
        return value
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""


async def _refuse(refused: Refused, send: Send) -> None:
    body = as_json(refused.document())
    headers = [(key.lower().encode(), value.encode()) for key, value in refused.headers.items()]
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request.

    Parameters
    ----------
    request : Request
    most : int
        Bytes that it may have.

    Returns
    -------
    bytes

    Raises
    ------
    Refused
        With status 413 if it has more.
    """
    length = request.headers.get("content-length", "")
    size = int(length) if length.isdecimal() else 0
    if size > DRAINED * most:
        raise _too_large(most)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > DRAINED * most:
            break
        if size > most:
            parts.clear()
        else:
            parts.append(part)
    if size > most:
        raise _too_large(most)
    return b"".join(parts)


def _too_large(most: int) -> Refused:
    return Refused(
        413,
        f"the body has more than {most:,} bytes",
        place="the body",
        remedy="Send fewer rows at once, or start the server with a larger --max-body.",
    )


def log_refusal(error: BaseException) -> dict[str, Any]:
    """Log what should not have happened, and give the document that is answered.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    dict
    """
    _log.error("a request failed", exc_info=error)
    told = Refused(500, "the server failed", remedy="Its log has the trace.")
    return told.document()
