"""Files in stores and on the web: fetched, read as files are, and told by their addresses."""

from __future__ import annotations

import base64
import gzip
import io
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from trialbook.errors import DataError
from trialbook.tables import open_big, read_table

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")

CSV = b"age,city\n41,Oslo\n39,Rome\n"
TABLE = {"age": [41, 39], "city": ["Oslo", "Rome"]}


def refused(address: str) -> str:
    with pytest.raises(DataError) as caught:
        read_table(address)
    assert caught.value.place
    assert caught.value.remedy
    assert tempfile.gettempdir() not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files are put on their way; nothing may be left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


# -- stores ----------------------------------------------------------------------------------


@pytest.fixture
def store() -> Iterator[object]:
    """A store in the memory of this process."""
    system = fsspec.filesystem("memory")
    system.pipe_file("/shop/bank.csv", CSV)
    system.pipe_file("/shop/bank.csv.gz", gzip.compress(CSV))
    for i in (1, 2, 10):
        frame = pd.DataFrame({"n": [i], "t": [f"row {i}"]})
        system.pipe_file(f"/parts/part{i}.parquet", parquet(frame))
        system.pipe_file(f"/years/{i}/part.csv", f"n\n{i}\n".encode())
    system.pipe_file("/parts/_SUCCESS", b"")
    system.pipe_file("/parts/notes.md", b"# notes")
    system.pipe_file("/broken/a.csv", CSV)
    system.pipe_file("/broken/b.csv", b"age,town\n1,Lima\n")
    system.pipe_file("/broken/c.csv.gz", gzip.compress(CSV)[:-9])
    yield system
    system.rm("/", recursive=True)


@pytest.mark.parametrize("name", ["bank.csv", "bank.csv.gz"])
def test_a_file_in_a_store_is_read(store: object, name: str) -> None:
    assert read_table(f"memory://shop/{name}").to_dict("list") == TABLE


def test_columns_that_were_text_stay_text(store: object) -> None:
    table = read_table("memory://shop/bank.csv", text=["age"])
    assert table["age"].tolist() == ["41", "39"]


def test_folders_and_patterns_are_read_in_natural_order(store: object) -> None:
    assert read_table("memory://parts")["n"].tolist() == [1, 2, 10]
    assert read_table("memory://parts/*.parquet")["t"].tolist() == ["row 1", "row 2", "row 10"]
    assert sorted(read_table("memory://years/*/part.csv")["n"]) == [1, 2, 10]


def test_parquet_in_a_store_can_be_read_in_parts(store: object, temporary: Path) -> None:
    big = open_big("memory://parts/*.parquet")
    assert big is not None
    assert (big.n_rows, big.names) == (3, ["n", "t"])
    assert big.read(["n"])["n"].tolist() == [1, 2, 10]
    assert open_big("memory://shop/bank.csv") is None


def test_what_is_wrong_with_a_file_is_said_of_its_address(store: object) -> None:
    message = refused("memory://broken/[ab].csv")
    assert "differ from those of a.csv" in message
    assert "(memory:///broken/b.csv)" in message or "(memory://broken/b.csv)" in message
    assert "memory://" in refused("memory://broken/c.csv.gz")
    assert "Did you mean 'bank.csv'?" in refused("memory://shop/bnak.csv")
    assert "no file matches" in refused("memory://shop/*.tsv")
    assert "no tables in it" in refused("memory://years")
    assert "not supported" in refused("memory://parts/notes.md")


@pytest.mark.parametrize(
    ("address", "package", "module"),
    [
        ("s3://bucket/bank.csv", "s3fs", "s3fs"),
        ("gs://bucket/bank.csv", "gcsfs", "gcsfs"),
        ("abfs://container@account.dfs.core.windows.net/bank.csv", "adlfs", "adlfs"),
        ("az://container/bank.csv", "adlfs", "adlfs"),
        ("s3://bucket/bank.csv", "trialbook[tables]", "fsspec"),
    ],
)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str, package: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    message = refused(address)
    assert "is not installed" in message
    assert f"pip install {package}" in message.replace("'", "")


def test_an_unknown_kind_of_address_is_told() -> None:
    assert "unknown kind of address 's4://'" in refused("s4://bucket/bank.csv")


# -- file:// ---------------------------------------------------------------------------------


def test_an_address_of_a_local_file_is_its_path(tmp_path: Path) -> None:
    path = tmp_path / "my bank #1.csv"
    path.write_bytes(CSV)
    assert read_table(path.as_uri()).to_dict("list") == TABLE
    assert read_table(f"file://{tmp_path}/*.csv").to_dict("list") == TABLE
    with pytest.raises(DataError, match="there is no such file") as caught:
        read_table(f"file://{tmp_path}/no.csv")
    assert caught.value.place == str(tmp_path / "no.csv")


# -- the web ---------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """A few files, some of which are behind a password or misbehave."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        plain = {"/bank.csv": CSV, "/bank.csv.gz": gzip.compress(CSV)}
        plain["/bank.parquet"] = parquet(pd.DataFrame(TABLE))
        login = base64.b64encode(b"ada:S3cret/1").decode()
        if path == "/private.csv" and self.headers["Authorization"] != f"Basic {login}":
            self.send_error(401)
        elif path in plain or path == "/private.csv":
            self.answer(plain.get(path, CSV))
        elif path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/bank.csv")
            self.end_headers()
        elif path == "/export":
            kind = {"type": "text/csv", "name": "application/octet-stream"}[query]
            name = {"Content-Disposition": 'attachment; filename="../bank.csv"'}
            self.answer(CSV, kind, name if query == "name" else {})
        elif path == "/page.csv":
            self.answer(b"<html></html>", "text/html; charset=utf-8")
        elif path == "/short.csv":
            self.answer(CSV, extra={"Content-Length": "1000"})
        elif path == "/error.csv":
            self.send_error(500)
        else:
            self.send_error(404)

    def answer(
        self, body: bytes, kind: str = "application/octet-stream", extra: dict | None = None
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        for name, value in ({"Content-Length": str(len(body))} | (extra or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Be silent."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "path",
    [
        *("bank.csv", "bank.csv?version=2", "bank.csv.gz", "bank.parquet", "moved.csv"),
        *("export?type", "export?name"),
    ],
)
def test_a_file_on_the_web_is_read(site: str, path: str) -> None:
    assert read_table(f"{site}/{path}").to_dict("list") == TABLE


def test_parquet_on_the_web_can_be_read_in_parts(site: str) -> None:
    big = open_big(f"{site}/bank.parquet")
    assert big is not None
    assert big.read().to_dict("list") == TABLE
    assert open_big(f"{site}/export?type") is None


def test_a_user_and_password_in_the_address_are_sent_and_not_shown(site: str) -> None:
    login = site.replace("http://", "http://ada:S3cret%2F1@")
    assert read_table(f"{login}/private.csv").to_dict("list") == TABLE
    for message in (
        refused(f"{login}/no.csv"),
        refused(f"{login.replace('1@', '2@')}/private.csv"),
        refused(f"{site}/no.csv?token=S3cret"),
    ):
        assert "S3cret" not in message


def test_what_is_wrong_on_the_web_is_told(site: str) -> None:
    assert "there is no such file" in refused(f"{site}/no.csv")
    assert "401 Unauthorized" in refused(f"{site}/private.csv")
    assert "500" in refused(f"{site}/error.csv")
    assert "a web page, not a table" in refused(f"{site}/page.csv")
    assert "cut off on its way" in refused(f"{site}/short.csv")
    assert "cannot be reached" in refused("http://127.0.0.1:1/bank.csv")
