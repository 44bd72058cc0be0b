"""The application: addresses, and what each one answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from trialbook import __version__
from trialbook.errors import OptionError, TrialbookError, nearest
from trialbook.models import ForecastModel
from trialbook.serving._log import RequestLog
from trialbook.serving.server._answers import as_json
from trialbook.serving.server._door import ANSWERED_BY, COUNTED, Door, log_refusal, read_body
from trialbook.serving.server._engine import CHOICES, Choice
from trialbook.serving.server._fleet import MODEL_HEADER, Fleet
from trialbook.serving.server._forecasts import serve_forecaster
from trialbook.serving.server._hosts import Hosts
from trialbook.serving.server._metrics import Metrics
from trialbook.serving.server._openapi import openapi, worked_example
from trialbook.serving.server._page import page
from trialbook.serving.server._problems import Refused
from trialbook.serving.server._rows import serve_rows
from trialbook.serving.server._served import (
    CSV,
    Answer,
    AnyModel,
    Body,
    Options,
    Served,
    Unknown,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Named: TypeAlias = "str | Path | AnyModel | Callable[[], AnyModel]"

# Azure's endpoints take a megabyte and a half at most by default, MLflow's whatever comes.
MAX_BODY: Final = 16 * 2**20
TIMEOUT_S: Final = 30.0
# What is left to do for a model when the server stops has so many seconds.
CLOSE_S: Final = 5.0
# An answer of more rows is written in a thread, for it would hold up other requests.
LARGE_ANSWER: Final = 5_000
_log = logging.getLogger("trialbook.serving")
_JSON_TYPES: Final = frozenset({"", "application/json"})


def create_app(
    *models: Named,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    split: Sequence[float] | None = None,
    token: str | None = None,
    allowed_hosts: Sequence[str] | None = None,
    max_body: int = MAX_BODY,
    timeout: float = TIMEOUT_S,
    engine: Choice = "auto",
    unknown: Unknown = "warn",
    explain: bool = False,
    log: str | Path | None = None,
    watch: float | None = None,
    trust: bool = False,
) -> FastAPI:
    """Make the application that serves one model, or two.

    Parameters
    ----------
    *models : str, Path, Model, OnnxModel or callable
        What `trialbook.load_model` finds, an ``.onnx`` file, a model, or what gives one. Names are
        looked up anew when the server reloads.
    workspace, name, tracking_uri
        As in `trialbook.load_model`.
    split : sequence of float, optional
        How requests are split between the models, such as ``(90, 10)``; all to the first one if it
        is not given. A request may name the model that is to answer in a header.
    token : str, optional
        What requests must carry as bearers; ``/health`` and ``/ping`` are open.
    allowed_hosts : sequence of str, optional
        Names to which requests may be addressed beside those of this machine itself, such as
        ``models.example.org`` or ``*.example.org``; ``"*"`` or None for any. `trialbook.serve`
        gives none for an address of this machine itself, so that no page can reach it by a name
        of its own. Without a token, requests of pages of other hosts are refused, too.
    max_body : int
        Most bytes of a body.
    timeout : float
        Most seconds for the body to arrive, and for the answer after that.
    engine : {"auto", "python", "onnx"}
        What computes the answers; ``auto`` takes ONNX where it was seen to give the same.
    unknown : {"warn", "error"}
        What a category is that was not there in training.
    explain : bool
        Whether ``/explain`` answers.
    log : str or Path, optional
        Folder that keeps what was asked and answered.
    watch : float, optional
        Seconds between two looks whether the names mean other models now.
    trust : bool
        Whether models from outside the workspace may be unpickled.

    Returns
    -------
    FastAPI
        An ASGI application.

    Raises
    ------
    OptionError
        If an option does not fit.
    TrialbookError
        If a model cannot be found or loaded.
    """
    models = models or ("best",)
    weights = _weights(models, split)
    if engine not in CHOICES:
        raise OptionError(
            f"unknown engine '{engine}'", place="option engine", remedy=nearest(engine, CHOICES)
        )
    if token is not None and not token:
        raise OptionError("the token is empty", place="option token", remedy="Give one.")
    hosts = Hosts(allowed_hosts)
    metrics = Metrics()
    requests = None if log is None else RequestLog(log)
    options = Options(engine=engine, unknown=unknown, explain=explain)
    find = partial(_find, workspace=workspace, name=name, tracking_uri=tracking_uri, trust=trust)
    fleet = Fleet(
        [partial(find, one) for one in models],
        weights,
        partial(_serve, options=options, metrics=metrics, log=requests),
        metrics,
    )
    server = Server(fleet, metrics, options, requests, max_body, timeout, watch, token, hosts)
    return server.app()


def _weights(models: Sequence[Named], split: Sequence[float] | None) -> list[float]:
    if len(models) > 2:
        raise OptionError(f"{len(models)} models were named, and two are the most", place="MODEL")
    if split is None:
        return [100.0, 0.0][: len(models)]
    weights = list(map(float, split))
    if len(weights) != len(models) or min(weights) < 0 or sum(weights) <= 0:
        raise OptionError(
            f"{len(weights)} shares do not split the requests between {len(models)} models",
            place="option split",
            remedy="Give a share for each, such as 90,10.",
        )
    return weights


def _find(
    which: Named,
    *,
    workspace: str | Path,
    name: str | None,
    tracking_uri: str | None,
    trust: bool,
) -> AnyModel:
    """A model as its name says now."""
    if isinstance(which, (str, Path)):
        from trialbook.lifecycle import find_any_model

        return find_any_model(which, workspace, name, tracking_uri, trust=trust)
    return which() if callable(which) else which


def _serve(
    model: AnyModel, *, options: Options, metrics: Metrics, log: RequestLog | None
) -> Served:
    """A model that is ready to answer."""
    if isinstance(model, ForecastModel):
        return serve_forecaster(model, options, metrics, log)
    return serve_rows(model, options, metrics, log)


class Server:
    """What the addresses answer.

    Parameters
    ----------
    fleet : Fleet
    metrics : Metrics
    options : Options
    log : RequestLog, optional
    max_body : int
        Bytes.
    timeout_s : float
    watch_s : float, optional
    token : str, optional
    hosts : Hosts
    """

    def __init__(
        self,
        fleet: Fleet,
        metrics: Metrics,
        options: Options,
        log: RequestLog | None,
        max_body: int,
        timeout_s: float,
        watch_s: float | None,
        token: str | None,
        hosts: Hosts,
    ) -> None:
        self.fleet = fleet
        self.metrics = metrics
        self.options = options
        self.log = log
        self.max_body = max_body
        self.timeout_s = timeout_s
        self.watch_s = watch_s
        self.token = token
        self.hosts = hosts
        # Explanations take seconds: one at a time, so that predictions keep their cores.
        self._explaining = asyncio.Semaphore(1)

    def app(self) -> FastAPI:
        """Make the application."""
        app = FastAPI(
            title="Trialbook", docs_url=None, redoc_url=None, openapi_url=None, lifespan=self._live
        )
        app.state.fleet = self.fleet
        post, get = ["POST"], ["GET"]
        app.add_route("/invocations", self._score, post)
        app.add_route("/score", self._score, post)
        app.add_route("/explain", self._explain, post)
        app.add_route("/reload", self._reload, post)
        app.add_route("/health", self._health, get)
        app.add_route("/ping", self._ping, get)
        app.add_route("/version", self._version, get)
        app.add_route("/metrics", self._metrics, get)
        app.add_route("/openapi.json", self._openapi, get)
        app.add_route("/docs", self._docs, get)
        app.add_exception_handler(HTTPException, _no_such_address)
        app.add_exception_handler(Exception, _failed)

        def door(inner: ASGIApp) -> Door:
            return Door(inner, self.metrics, self.token, self.hosts)

        app.add_middleware(door)
        return app

    @contextlib.asynccontextmanager
    async def _live(self, _app: FastAPI) -> AsyncIterator[None]:
        watching = None
        if self.watch_s is not None:
            watching = asyncio.create_task(self.fleet.watch(self.watch_s))
        yield
        if watching is not None:
            watching.cancel()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        # Who had asked has its answer by now; a model that hangs must not keep the process.
        self.fleet.close(CLOSE_S)
        if self.log is not None:
            self.log.close()

    # -- predictions -------------------------------------------------------------------------

    async def _score(self, request: Request) -> Response:
        return await self._asked(request, lambda served, body: served.predict(body))

    async def _explain(self, request: Request) -> Response:
        if not self.options.explain:
            raise Refused(
                404,
                "explanations are not switched on",
                place="/explain",
                remedy="Start the server with --explain.",
            )
        alone = self._explaining
        return await self._asked(request, lambda served, body: served.explain(body, alone))

    async def _asked(
        self, request: Request, ask: Callable[[Served, Body], Awaitable[Answer]]
    ) -> Response:
        content = await self._body(request)
        with self.fleet.use(request.headers.get(MODEL_HEADER)) as served:
            request.scope[ANSWERED_BY] = served.label
            body = Body(content, _content_type(request) == CSV)
            answer = await self._in_time(ask(served, body))
            path = request.url.path
            self.metrics.rows(path, served.label, answer.n_rows, len(answer.warnings))
            return await _answered(answer, served)

    async def _body(self, request: Request) -> bytes:
        try:
            async with asyncio.timeout(self.timeout_s):
                return await read_body(request, self.max_body)
        except TimeoutError:
            raise Refused(
                408,
                f"the body did not arrive within {self.timeout_s:g} seconds",
                remedy="Send less at once.",
            ) from None
        except ClientDisconnect:
            raise Refused(400, "the connection was closed within the body") from None

    async def _in_time(self, work: Any) -> Any:
        try:
            async with asyncio.timeout(self.timeout_s):
                return await work
        except TimeoutError:
            raise Refused(
                504,
                f"the model did not answer within {self.timeout_s:g} seconds",
                remedy="Send fewer rows at once, or start the server with a larger --timeout.",
            ) from None

    # -- the server itself -------------------------------------------------------------------

    async def _reload(self, _request: Request) -> Response:
        if self.token is None:
            raise Refused(
                403,
                "without a token nobody may reload",
                remedy="Start the server with --token, or send it the signal HUP.",
            )
        try:
            changes = await self.fleet.reload()
        except TrialbookError as error:
            if error.__cause__ is not None:
                _log.warning("the models stay as they are", exc_info=error.__cause__)
            raise Refused(
                409,
                f"the models stay as they are: {error.cause}",
                place=error.place,
                remedy=error.remedy,
            ) from error
        return _json({"models": [vars(one) for one in changes]})

    async def _health(self, _request: Request) -> Response:
        models = [{"model": one.label, "engine": one.engine} for one in self.fleet.served]
        return _json({"status": "ok", "models": models})

    async def _ping(self, _request: Request) -> Response:
        return Response("\n", media_type="application/json")

    async def _version(self, _request: Request) -> Response:
        return Response(__version__, media_type="text/plain")

    async def _metrics(self, _request: Request) -> Response:
        dropped = 0 if self.log is None else self.log.dropped
        return Response(self.metrics.text(dropped), media_type=Metrics.CONTENT_TYPE)

    def _document(self) -> dict[str, Any]:
        return openapi(
            self.fleet.first,
            self.options,
            token=self.token is not None,
            labels=self.fleet.labels,
        )

    async def _openapi(self, _request: Request) -> Response:
        return _json(self._document())

    async def _docs(self, request: Request) -> Response:
        address = str(request.base_url).rstrip("/")
        text = page(self._document(), worked_example(self.fleet.first), address)
        return Response(text, media_type="text/html")


def _content_type(request: Request) -> str:
    """The kind of a body; what it is not told to be is JSON."""
    kind, *rest = request.headers.get("content-type", "").split(";")
    kind = kind.strip().lower()
    if kind not in _JSON_TYPES and kind != CSV:
        raise Refused(
            415,
            f"the content type '{kind[:60]}' is not known",
            place="header Content-Type",
            remedy="Send application/json or text/csv.",
        )
    for one in rest:
        key, _, value = one.strip().partition("=")
        if key.lower() == "charset" and value.strip('"').lower() not in ("utf-8", "utf8"):
            raise Refused(
                415,
                f"the encoding '{value[:60]}' is not known",
                place="header Content-Type",
                remedy="Send UTF-8.",
            )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(
            415,
            "the body is compressed",
            place="header Content-Encoding",
            remedy="Send it as it is.",
        )
    return kind


async def _answered(answer: Answer, served: Served) -> Response:
    document = dict(answer.document)
    if answer.warnings:
        document["warnings"] = [one.document() for one in answer.warnings]
    headers = {MODEL_HEADER: _latin(served.label)}
    if answer.n_rows > LARGE_ANSWER:
        content = await asyncio.to_thread(as_json, document)
        return Response(content, media_type="application/json", headers=headers)
    return _json(document, headers)


def _latin(label: str) -> str:
    """A label as a header may carry it."""
    return label.encode("latin-1", "replace").decode("latin-1")


def _json(document: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(as_json(document), media_type="application/json", headers=headers)


async def _no_such_address(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    path = request.url.path[:80]
    if status == 405:
        told = Refused(
            405, f"{request.method} is not answered here", place=path, remedy="See /docs."
        )
    else:
        told = Refused(
            status, "there is no such address", place=path, remedy=nearest(path, sorted(COUNTED))
        )
    return Response(
        as_json(told.document()),
        status,
        media_type="application/json",
        headers=getattr(error, "headers", None),
    )


async def _failed(_request: Request, error: Exception) -> Response:
    return Response(as_json(log_refusal(error)), 500, media_type="application/json")
