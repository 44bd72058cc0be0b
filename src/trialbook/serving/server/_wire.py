"""What comes before any token: connections, bounded in number, and heads, in size and time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trialbook.serving.server._door import CROWDED

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

# Of a request line with its headers, about: what comes in one read is not taken apart.
MOST_HEAD: Final = 64 * 1024
# For all of it to arrive.
HEAD_S: Final = 30.0


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which of itself keeps and waits for whatever head a stranger sends.

    Of connections beyond ``limit_concurrency`` the door tells why they are refused, which uvicorn
    of itself says in plain text. Those beyond twice as many are hung up on, for each takes a file
    of the process, and its log and its models need some.
    """

    _in_head: bool = True
    _n_head: int = 0
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in if there is room, and begin to wait for a head."""
        super().connection_made(transport)
        most, self.limit_concurrency = self.limit_concurrency, None
        if most is not None and len(self.connections) > 2 * most:
            transport.abort()
        elif most is not None and len(self.connections) > most:
            self.app = _crowded(self.app)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is a head that does not end."""
        if self._in_head:
            self._n_head += len(data)
        super().data_received(data)
        if not self._in_head:
            self._stop()
        elif self._n_head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")
        else:
            self._wait()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._n_head = True, self._n_head if self._clock else 0

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._in_head, self._n_head = False, 0
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._clock is None and not self.transport.is_closing():
            self._clock = self.loop.call_later(HEAD_S, self.transport.close)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def _crowded(app: ASGI3Application) -> ASGI3Application:
    """An application whose door knows that there is no room."""

    async def told(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        scope[CROWDED] = True  # type: ignore[typeddict-unknown-key]
        await app(scope, receive, send)

    return told
