"""Asks a server as fast as it answers, over connections that stay open.

It writes requests that were made beforehand to plain sockets and looks at no more of an answer
than its status and its length, so that it is not what is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

# A server that says nothing for so long has hung up without closing the connection.
SILENCE_S = 60.0


@dataclass
class Load:
    """What came back.

    Parameters
    ----------
    seconds : float
        Wall time.
    latencies : list of float
        Seconds of each answer with status 200.
    statuses : dict of int to int
        How often each status came.
    lost : int
        Requests without an answer: the connection was closed or silent.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def throughput(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """The latency that this share of the good answers kept to, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def request(
    host: str, path: str, body: bytes, kind: str = "application/json", token: str | None = None
) -> bytes:
    """An HTTP request as it goes over the wire.

    Parameters
    ----------
    host : str
    path : str
    body : bytes
    kind : str
        Its content type.
    token : str, optional

    Returns
    -------
    bytes
    """
    bearer = "" if token is None else f"Authorization: Bearer {token}\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n{bearer}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """One connection, which sends the next request when the answer to the last one is there."""

    def __init__(self, load: Load, requests: Sequence[bytes], first: int, stop: _Stop) -> None:
        self.load = load
        self.requests = requests
        self.next = first
        self.stop = stop
        self.done = asyncio.get_running_loop().create_future()
        self.begun = 0.0
        self.waiting = False
        self.missing = -1  # bytes of the body; -1 until the head is there
        self.read = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        assert self.transport is not None
        if not self.stop.another():
            self.transport.close()
            return
        self.waiting = True
        self.begun = time.perf_counter()
        self.transport.write(self.requests[self.next % len(self.requests)])
        self.next += 1

    def data_received(self, data: bytes) -> None:
        self.read += data
        if self.missing < 0:
            end = self.read.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.read[:end]).lower()
            at = head.find(b"content-length:")
            if at < 0:
                raise ValueError("an answer without Content-Length")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            self.missing = end + 4 + length
        if len(self.read) >= self.missing:
            self._answered(int(self.read[9:12]))

    def _answered(self, status: int) -> None:
        if status == 200:
            self.load.latencies.append(time.perf_counter() - self.begun)
        self.load.statuses[status] = self.load.statuses.get(status, 0) + 1
        self.read.clear()
        self.missing = -1
        self.waiting = False
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting:
            self.load.lost += 1
        if not self.done.done():
            self.done.set_result(None)


class _Stop:
    """Counts requests down, or the seconds."""

    def __init__(self, most: int | None, seconds: float | None) -> None:
        self.left = most
        self.end = None if seconds is None else time.perf_counter() + seconds

    def another(self) -> bool:
        if self.end is not None and time.perf_counter() >= self.end:
            return False
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0


async def ask(
    host: str,
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    most: int | None = None,
    seconds: float | None = None,
) -> Load:
    """Ask a server of this machine.

    Parameters
    ----------
    host : str
    port : int
    requests : sequence of bytes
        What `request` made; they are sent in turn.
    connections : int
        How many requests are under way at once.
    most : int, optional
        Requests in all.
    seconds : float, optional
        After which no more are sent.

    Returns
    -------
    Load
    """
    if most is None and seconds is None:
        raise ValueError("without an end it would ask forever")
    load = Load()
    stop = _Stop(most, seconds)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    open_ones: list[_Connection] = []
    for number in range(connections):
        first = number * max(1, len(requests) // connections)
        _, made = await loop.create_connection(
            lambda first=first: _Connection(load, requests, first, stop), host, port
        )
        open_ones.append(made)
    bound = SILENCE_S + (seconds or 0.0) + (most or 0) * 0.05
    _, silent = await asyncio.wait([one.done for one in open_ones], timeout=bound)
    load.lost += len(silent)
    load.seconds = time.perf_counter() - begun
    return load
