"""What tests of all rooms share: a PostgreSQL server, and experiments that end quickly."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# PostgreSQL refuses to run as root; its packages make this user.
SERVER_USER = "postgres"
START_S = 60
PASSWORD = "S3cret-Pa55word"


@pytest.fixture(scope="session", autouse=True)
def nothing_is_explained() -> Iterator[None]:
    """Experiments end without an explanation, which costs seconds each; one test has its own."""
    from trialbook.experiment import _explain_best

    before, _explain_best.MOST_S = _explain_best.MOST_S, 0.0
    yield
    _explain_best.MOST_S = before


@dataclass(frozen=True)
class Postgres:
    """A server on this machine, with a user who may do everything.

    `password` is the one of that user; nothing that Trialbook writes may hold it.
    """

    port: int
    user: str = "ada"
    password: str = PASSWORD

    def url(self, database: str = "postgres", *, user: str | None = None) -> str:
        return f"postgresql://{user or self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def database(self, name: str) -> str:
        """Make an empty database anew; its address."""
        self.run(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
        return self.url(name)


def _binaries() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    for folder in reversed(folders):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("postgres") else None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this session's own; skipped where there is none to start."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    who = {}
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(SERVER_USER)
        except KeyError:
            pytest.skip(f"PostgreSQL does not run as root, and there is no user {SERVER_USER}")
        who = {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []}
    # Not pytest's own folder, which another user may not enter.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(_free_port())
        Path(folder, "password").write_text(server.password)
        if who:
            shutil.chown(folder, SERVER_USER, SERVER_USER)
            shutil.chown(Path(folder, "password"), SERVER_USER, SERVER_USER)
        init = [binaries / "initdb", "-D", f"{folder}/data", "-U", server.user, "-E", "UTF8"]
        init += ["--no-sync", "--auth=scram-sha-256", f"--pwfile={folder}/password"]
        made = subprocess.run(init, **who, cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"initdb fails: {made.stderr.strip()}")
        start = [binaries / "postgres", "-D", f"{folder}/data", "-p", str(server.port)]
        start += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        start += ["-c", "fsync=off", "-c", "max_connections=20"]
        with Path(folder, "log").open("w") as log:
            process = subprocess.Popen(start, **who, cwd=folder, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + START_S
            while True:
                try:
                    psycopg.connect(server.url()).close()
                    break
                except psycopg.OperationalError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        pytest.skip(
                            f"PostgreSQL does not start: {Path(folder, 'log').read_text()}"
                        )
                    time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=START_S)
