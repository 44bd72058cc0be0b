"""Requests that wait for a model, answered together.

A model takes hardly longer for thirty rows than for one, since most of its time goes into calls.
So whatever has come while it was busy is put together and answered at once. A request that comes
alone waits for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from trialbook.serving.server._problems import Refused

# A batch of so many rows gains nothing more by being larger, and delays the next one.
BATCH_ROWS: Final = 2_000
# Rows that wait at once; who comes then is asked to come back, for memory is finite.
MOST_WAITING: Final = 500_000
RETRY_S: Final = "1"

_log = logging.getLogger("trialbook.serving")


class Question(Protocol):
    """What a model is asked."""

    @property
    def n_rows(self) -> int:
        """Rows of the answer."""

    @property
    def kinds(self) -> object:
        """Questions of which this is the same may be put together."""

    @classmethod
    def together(cls, several: Sequence[Self]) -> Self:
        """Several questions as one; of one, that one."""


Q = TypeVar("Q", bound=Question)


@dataclass(eq=False)
class _Waiting(Generic[Q]):
    rows: Q
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Queue(Generic[Q]):
    """Asks a model in a thread of its own, many requests at once.

    Parameters
    ----------
    ask : callable
        Takes a question, gives an array or a table with as many rows as it says.
    name : str
        Of the thread.
    listener : callable, optional
        Told of each batch after it was answered: the question, what the model gave, and the
        number of requests.
    batch_rows : int
        Most rows that are put together.
    """

    def __init__(
        self,
        ask: Callable[[Q], Any],
        *,
        name: str = "model",
        listener: Callable[[Q, Any, int], None] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._ask = ask
        self._listener = listener
        self._batch_rows = batch_rows
        self._waiting: deque[_Waiting[Q]] = deque()
        self._n_rows = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def ask(self, rows: Q) -> Any:
        """What the model gives.

        Parameters
        ----------
        rows : Question

        Returns
        -------
        ndarray or DataFrame
            With a row for each.

        Raises
        ------
        Refused
            With status 503 if too many rows wait already, with 422 if the model cannot take the
            rows, with 500 if it fails.
        """
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Q] = _Waiting(rows, loop.create_future(), loop)
        with self._changed:
            if self._closed:
                raise Refused(503, "the server stops", remedy="Ask another one.")
            if self._n_rows and self._n_rows + rows.n_rows > MOST_WAITING:
                raise Refused(
                    503,
                    "too many rows wait for the model",
                    remedy="Come back in a second.",
                    headers=[("Retry-After", RETRY_S)],
                )
            self._waiting.append(waiting)
            self._n_rows += rows.n_rows
            self._changed.notify()
        return await waiting.future

    def close(self, timeout_s: float | None = None) -> None:
        """Answer what waits, and end the thread. Calling it again does nothing.

        Parameters
        ----------
        timeout_s : float, optional
            Most seconds to wait for a model that does not come back.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closed:
                        return
                    self._changed.wait()
                batch = self._take()
            if batch:
                self._answer(batch)

    def _take(self) -> list[_Waiting[Q]]:
        """The first that waits, with those behind it that can be put together with it."""
        batch: list[_Waiting[Q]] = []
        left: deque[_Waiting[Q]] = deque()
        n_rows = 0
        while self._waiting:
            one = self._waiting.popleft()
            if one.future.cancelled():  # nobody waits for it any more
                self._n_rows -= one.rows.n_rows
            elif not batch or (
                n_rows + one.rows.n_rows <= self._batch_rows
                and one.rows.kinds == batch[0].rows.kinds
            ):
                batch.append(one)
                n_rows += one.rows.n_rows
            else:
                left.append(one)
        self._waiting = left
        self._n_rows -= n_rows
        return batch

    def _answer(self, batch: Sequence[_Waiting[Q]]) -> None:
        rows = type(batch[0].rows).together([one.rows for one in batch])
        try:
            given = self._ask(rows)
            if len(given) != rows.n_rows:
                raise RuntimeError(f"{rows.n_rows} rows were asked, {len(given)} are answered")
        except Exception as error:  # noqa: BLE001 -- any library may be behind it
            if len(batch) > 1:  # one request must not fail for another's rows
                middle = len(batch) // 2
                self._answer(batch[:middle])
                self._answer(batch[middle:])
                return
            _deliver(batch, [_failure(error)])
            return
        answers: list[Any] = []
        start = 0
        for one in batch:
            answers.append(given[start : start + one.rows.n_rows])
            start += one.rows.n_rows
        _deliver(batch, answers)
        if self._listener is not None:
            try:
                self._listener(rows, given, len(batch))
            except Exception as error:  # noqa: BLE001 -- without this thread nobody is answered
                _log.error("answers were given, but not noted", exc_info=error)


def _failure(error: Exception) -> Refused:
    """What is said of a model that did not answer."""
    if isinstance(error, Refused):
        return error
    message = str(error).strip().split("\n")[0][:300] or type(error).__name__
    if isinstance(error, (ValueError, ArithmeticError)):
        # What scikit-learn raises where numbers are beyond what float32 holds, for example.
        return Refused(
            422,
            f"the model cannot take these rows: {message}",
            remedy="Send values such as it was trained on.",
        )
    _log.error("the model failed", exc_info=error)
    return Refused(
        500,
        f"the model failed: {type(error).__name__}",
        remedy="The log of the server has the trace.",
    )


def _deliver(batch: Sequence[_Waiting[Any]], answers: Sequence[Any]) -> None:
    """Hand the answers over to those who wait, in one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for one, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(one.loop, []).append((one.future, answer))
    for loop, pairs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits
            loop.call_soon_threadsafe(_settle, pairs)


def _settle(pairs: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, answer in pairs:
        if future.done():
            continue
        if isinstance(answer, Refused):
            future.set_exception(answer)
        else:
            future.set_result(answer)
