"""The load generator, and the report of servers side by side."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest

from benchmarks.serving.load import Load, ask, request
from benchmarks.serving.run import Row, add_result, bodies, read_results, report


async def server(answers):
    """A server that gives its answers in turn; `None` hangs up."""
    left = list(answers)
    seen = []

    async def handle(reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            seen.append(await reader.readexactly(length))
            answer = left.pop(0) if left else b""
            if answer is None:
                writer.close()
                return
            status = answer or b"200 OK"
            body = b'{"predictions": [1]}'
            size = str(len(body)).encode()
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: " + size + b"\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0)  # the body comes in a part of its own
            writer.write(body)

    made = await asyncio.start_server(handle, "127.0.0.1", 0)
    return made, made.sockets[0].getsockname()[1], seen


def asked(answers, wires, **options):
    async def scene():
        made, port, seen = await server(answers)
        async with made:
            return await ask("127.0.0.1", port, wires, **options), seen

    return asyncio.run(scene())


WIRES = [request("127.0.0.1", "/invocations", body) for body in (b"a", b"bb", b"ccc")]


def test_every_request_is_counted_once_by_its_status():
    load, seen = asked([b"200 OK", b"422 No", b"200 OK"], WIRES, connections=2, most=20)
    assert load.statuses == {200: 19, 422: 1}
    assert len(load.latencies) == 19
    assert load.lost == 0
    assert len(seen) == 20
    assert set(seen) == {b"a", b"bb", b"ccc"}


def test_a_connection_that_is_closed_without_an_answer_loses_a_request():
    load, _ = asked([b"200 OK", None], WIRES, connections=1, most=5)
    assert load.statuses == {200: 1}
    assert load.lost == 1


def test_asking_ends_after_its_seconds():
    load, _ = asked([], WIRES, connections=3, seconds=0.2)
    assert load.throughput > 0
    assert load.seconds < 20
    with pytest.raises(ValueError, match="forever"):
        asyncio.run(ask("127.0.0.1", 1, WIRES, connections=1))


def test_quantiles_are_those_of_the_good_answers():
    load = Load(seconds=2.0, latencies=[0.4, 0.1, 0.2, 0.3])
    assert load.quantile(0.5) == 0.3
    assert load.quantile(0.99) == 0.4
    assert load.throughput == 2.0


def row(server, throughput, p99, **changed):
    fields = {
        "version": "1",
        "model": "churn@1",
        "rows": 1,
        "connections": 32,
        "machine": "m",
        "day": "2026-01-01",
        "seconds": 8.0,
        "requests": 100,
        "refused": 0,
        "p50_ms": 1.0,
        "load_before": 0.1,
    }
    return Row(server=server, throughput=throughput, p99_ms=p99, **{**fields, **changed})


def test_the_report_has_the_newest_lines_against_mlflow(tmp_path):
    path = tmp_path / "serving.csv"
    for one in (
        row("mlflow", 10.0, 50.0),
        row("trialbook, onnx", 90.0, 9.0),
        row("trialbook, onnx", 120.0, 5.0),
        row("mlflow", 1.0, 1.0, machine="another"),
    ):
        add_result(path, one)
    text = report(read_results(path), "m")
    assert "| churn@1 | 1 | 32 | trialbook, onnx | 120 | 12.0 | 1.0 ms | 5.0 ms | 0.10 |" in text
    assert "| 90 |" not in text


def test_bodies_differ_and_have_their_rows():
    table = pd.DataFrame({"a": range(300), "b": "x"})
    made = bodies(table, 2)
    assert len(set(made)) > 30
    assert made[0] == b'{"dataframe_split": {"columns": ["a", "b"], "data": [[0, "x"], [1, "x"]]}}'
