"""A server as a process of its own: signals, reloads under load, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import uvicorn

from benchmarks.serving.load import ask, request
from trialbook.errors import OptionError
from trialbook.serving import address_of, create_app, listen, read_log, read_token, run

MAIN = "import sys; from trialbook.cli import main; sys.exit(main())"
TOKEN = "s3cret"
N_REQUESTS = 300


@pytest.fixture
def folder(model, tmp_path):
    shutil.copytree(model.folder, tmp_path / "churn")
    return tmp_path / "churn"


@contextlib.contextmanager
def started(folder, *options):
    """A running server with its port."""
    command = [sys.executable, "-c", MAIN, "serve", str(folder), "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--trust", "--engine", "python", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder.parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    told = ""
    while not told.endswith("}\n"):
        line = process.stdout.readline()
        assert line, "the server ended"
        told += line
    process.port = int(json.loads(told)["address"].rpartition(":")[2])
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def server(folder, tmp_path):
    """A server that asks for a token and keeps a log."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    token = ["--token-file", str(tmp_path / "token")]
    with started(folder, *token, "--log", str(tmp_path / "log")) as process:
        yield process


@pytest.fixture
def open_server(folder):
    """A server that asks for no token."""
    options = ["--allowed-host", "models.example.org", "--max-connections", "3"]
    with started(folder, *options) as process:
        yield process


def told(port, head):
    """What is answered to the head of a request, in one piece."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as one:
        one.sendall(b"\r\n".join([*head, b"Connection: close", b"", b""]))
        return b"".join(iter(lambda: one.recv(65536), b""))


def reloads(port):
    """How often models were replaced, as the server counts it."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    start = 'trialbook_reloads_total{outcome="changed"} '
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


def test_no_request_is_lost_by_reloads_and_all_are_logged(server, folder, records, tmp_path):
    body = json.dumps({"inputs": records[:2]}).encode()
    wire = request("127.0.0.1", "/invocations", body, token=TOKEN)

    async def scene():
        loop = asyncio.get_running_loop()
        asking = asyncio.create_task(
            ask("127.0.0.1", server.port, [wire], connections=8, most=N_REQUESTS)
        )
        changed = 0
        while not asking.done() or changed < 2:
            os.utime(folder / "model.pkl")  # another training, for all that the server knows
            server.send_signal(signal.SIGHUP)
            for _ in range(200):
                await asyncio.sleep(0.05)
                seen = await loop.run_in_executor(None, reloads, server.port)
                if seen > changed:
                    break
            changed = seen
        return await asking

    load = asyncio.run(scene())
    assert load.lost == 0
    assert load.statuses == {200: N_REQUESTS}
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    assert len(read_log(tmp_path / "log").inputs) == 2 * N_REQUESTS


def test_requests_that_have_begun_are_answered_before_it_ends(server, records):
    body = json.dumps({"inputs": records}).encode()
    wire = request("127.0.0.1", "/invocations", body, token=TOKEN)
    with socket.create_connection(("127.0.0.1", server.port)) as one:
        one.sendall(wire[:-1])
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ping", timeout=30).close()
        server.send_signal(signal.SIGTERM)
        one.sendall(wire[-1:])
        answer = one.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert server.wait(60) == 0


def test_an_address_that_is_taken_is_told_before_anything_is_loaded():
    with listen("127.0.0.1", 0) as bound:
        bound.listen()
        port = int(address_of(bound).rpartition(":")[2])
        with pytest.raises(OptionError, match=f"cannot listen on 127.0.0.1:{port}"):
            listen("127.0.0.1", port)


def test_a_server_without_connections_is_refused(model):
    app = create_app(model, engine="python")
    with listen("127.0.0.1", 0) as bound, pytest.raises(OptionError, match="0 connections"):
        run(app, bound, max_connections=0)
    app.state.fleet.close()


def test_a_token_comes_of_the_option_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("TRIALBOOK_TOKEN", raising=False)
    assert read_token(None, None) is None
    assert read_token("a", None) == "a"
    monkeypatch.setenv("TRIALBOOK_TOKEN", "b")
    assert read_token(None, None) == "b"
    (tmp_path / "token").write_text("c \nmore\n")
    assert read_token(None, tmp_path / "token") == "c"
    with pytest.raises(OptionError, match="a token and a file"):
        read_token("a", tmp_path / "token")
    with pytest.raises(OptionError, match="cannot be read"):
        read_token(None, tmp_path / "nowhere")
    (tmp_path / "empty").write_text("")
    with pytest.raises(OptionError, match="empty"):
        read_token(None, tmp_path / "empty")


def test_a_page_does_not_reach_a_server_of_the_machine_by_a_name_of_its_own(open_server):
    ask = b"GET /health HTTP/1.1"
    for head in ([b"Host: localhost:1"], [b"Host: [::1]"], [b"Host: models.example.org"]):
        assert told(open_server.port, [ask, *head]).startswith(b"HTTP/1.1 200 "), head
    for head in ([b"Host: evil.example"], [b"Host: localhost", b"Host: evil.example"], []):
        answer = told(open_server.port, [ask, *head])
        assert answer.startswith(b"HTTP/1.1 400 "), head
        error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert (error["place"], error["status"]) == ("header Host", 400)
    head = [b"Host: localhost", b"Origin: http://evil.example"]
    assert told(open_server.port, [ask, *head]).startswith(b"HTTP/1.1 403 ")


def test_who_comes_when_all_connections_are_taken_is_told_so(open_server):
    ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with contextlib.ExitStack() as stack:

        def connect():
            address = ("127.0.0.1", open_server.port)
            return stack.enter_context(socket.create_connection(address, timeout=60))

        taken = [connect() for _ in range(3)]
        for one in taken:
            one.sendall(ask[:-2])
        refused = connect()
        refused.sendall(ask)
        head, _, body = b"".join(iter(lambda: refused.recv(65536), b"")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in head.lower()
        error = json.loads(body)["error"]
        assert (error["status"], error["cause"]) == (503, "too many connections are open")
        assert "--max-connections" in error["remedy"]
        refused.close()
        beyond = [connect() for _ in range(4)]  # three are told, the others get nothing
        with contextlib.suppress(ConnectionError):
            beyond[-1].sendall(ask)
            assert beyond[-1].recv(65536) == b""
        for one in taken:
            one.sendall(ask[-2:])
            assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
    for _ in range(200):  # once the connections have ended, others are taken
        answer = told(open_server.port, [b"GET /metrics HTTP/1.1", b"Host: localhost"])
        if answer.startswith(b"HTTP/1.1 200 "):
            break
        time.sleep(0.05)
    assert b'trialbook_errors_total{endpoint="/health",status="503"} 1.0' in answer


def test_a_head_that_does_not_end_is_refused(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(ConnectionError):  # it may hang up before all is sent
            for _ in range(40):
                one.sendall(b"X-Name: " + b"a" * 20_000 + b"\r\n")
                time.sleep(0.01)
        with contextlib.suppress(ConnectionError):
            told = one.recv(100)
            assert not told or told.startswith(b"HTTP/1.1 400 ")
            while one.recv(1000):
                pass
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health") as answer:
        assert answer.status == 200


def test_heads_are_waited_for_no_longer_than_told(monkeypatch):
    wire = pytest.importorskip("trialbook.serving.server._wire")
    monkeypatch.setattr(wire, "HEAD_S", 0.1)

    async def answer(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    async def scene():
        config = uvicorn.Config(answer, http=wire.BoundedProtocol, lifespan="off")
        server = uvicorn.Server(config)
        bound = listen("127.0.0.1", 0)
        bound.listen()
        running = asyncio.create_task(server.serve([bound]))
        port = bound.getsockname()[1]
        for sent in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):  # the pause after an answer is no part of a head
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
            assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"ok\r\n0\r\n\r\n"), 20)
            await asyncio.sleep(0.3)
        writer.close()
        server.should_exit = True
        await running

    asyncio.run(scene())
