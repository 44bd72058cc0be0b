"""A tracking server that does not answer is told before any work is done."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import trialbook as tb
from trialbook.errors import WorkspaceError
from trialbook.tracking import Workspace, _server, check_server


@contextmanager
def server(status):
    """A server that gives one answer to everything; its address, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    one = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=one.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{one.server_port}/mlflow/", asked
    finally:
        one.shutdown()
        thread.join()
        one.server_close()


@pytest.fixture
def closed():
    """The address of a port that nobody listens to."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{one.getsockname()[1]}"


def test_a_port_that_nobody_listens_to_is_told(closed, tmp_path):
    with pytest.raises(WorkspaceError, match="cannot be reached: Connection refused") as caught:
        Workspace.open(tmp_path / "new", closed, create=True)
    assert caught.value.place == closed
    assert "--tracking-uri" in caught.value.remedy
    assert not (tmp_path / "new").exists()


def test_it_is_told_before_the_table_is_read(closed, tmp_path):
    with pytest.raises(WorkspaceError, match="the tracking server cannot be reached"):
        tb.classify(tmp_path / "no.csv", "y", workspace=tmp_path / "new", tracking_uri=closed)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_whatever_a_server_says_it_is_there(status):
    with server(status) as (uri, asked):
        check_server(uri)
    assert asked == ["/mlflow/health"]


def test_a_gateway_says_that_the_server_is_down():
    with server(503) as (uri, asked), pytest.raises(WorkspaceError, match="it answers 503"):
        check_server(uri)
    assert len(asked) == 1


def test_one_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(_server, "PROBE_S", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(WorkspaceError, match=r"does not answer within 0\.1 s"):
            check_server(uri)


@pytest.mark.parametrize("uri", [None, "sqlite:///mlflow.db", "postgresql://db.example/runs"])
def test_what_is_no_server_is_left_to_mlflow(uri):
    check_server(uri)
