"""Requests that are made of the server's own document, by rules and against them."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from trialbook.serving import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(model):
    app = create_app(model, engine="python", allowed_hosts=["testserver"])

    async def alive(scope, receive, send):
        """The application, which its clients would else start and stop for every request."""
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})

    yield schemathesis.openapi.from_asgi("/openapi.json", alive)
    app.state.fleet.close()


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        ("/invocations", "POST", POSITIVE),
        ("/invocations", "POST", NEGATIVE),
        ("/score", "POST", POSITIVE),
        ("/score", "POST", NEGATIVE),
        ("/health", "GET", POSITIVE),
    ],
)
def test_answers_are_as_the_document_says(document, path, method, mode):
    statuses = set()

    @given(case=document[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        statuses.add(case.call_and_validate(checks=CHECKS).status_code)

    ask()
    assert statuses
