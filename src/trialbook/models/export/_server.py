"""Serve the model beside this file over HTTP, as ``mlflow models serve`` does.

``python server.py`` listens on port 8080 of all addresses (``PORT`` and ``HOST`` say otherwise):
``POST /invocations`` answers MLflow's and Azure ML's forms of request, JSON or CSV;
``GET /health`` (and ``/ping``) says that the model is ready. There is no authentication: put it
behind something that has it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trialbook.models.export._reading import finite
from trialbook.models.export._score import Model, answer, answer_table

# A request of more bytes is refused before it is read.
MAX_BYTES = int(os.environ.get("MAX_BYTES", str(32 * 2**20)))
model = Model(Path(__file__).parent / "model")
# More predictions at a time than cores only make all of them late.
workers = anyio.CapacityLimiter(os.cpu_count() or 1)


class TooLarge(Exception):
    """A body of more than `MAX_BYTES`."""


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise TooLarge
        parts.append(part)
    return b"".join(parts)


def _answer(body: bytes, kind: str) -> dict[str, Any]:
    if kind == "text/csv":
        return answer_table(model, model.read_text(body.decode("utf-8-sig")))
    return answer(model, json.loads(body))


def _json(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status_code=status)


async def invocations(request: Request) -> Response:
    """Answer rows with predictions."""
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind not in ("application/json", "text/csv"):
        return _json({"error": "send application/json or text/csv"}, 415)
    try:
        body = await _body(request)
        made = await anyio.to_thread.run_sync(_answer, body, kind, limiter=workers)
    except TooLarge:
        return _json({"error": f"more than {MAX_BYTES} bytes"}, 413)
    except (ValueError, RecursionError) as error:  # of JSON and of the rows
        return _json({"error": str(error)}, 400)
    return _json(finite(made))


async def health(request: Request) -> Response:
    """Say that the model is ready."""
    return _json({"status": "ok"})


app = Starlette(
    routes=[
        Route("/invocations", invocations, methods=["POST"]),
        Route("/health", health),
        Route("/ping", health),
    ]
)

if __name__ == "__main__":
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "0.0.0.0"),
        port=int(os.environ.get("PORT", "8080")),
        log_level="warning",
    )
