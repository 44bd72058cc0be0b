"""What tests of several rooms share: a PostgreSQL server, and small experiments.

Experiments end quickly, or were written by hand: a table, two models and a failed trial.
"""

from __future__ import annotations

import json
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
from types import SimpleNamespace

import numpy as np
import pandas as pd
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


def make_table(n_rows=80):
    rng = np.random.default_rng(0)
    size = rng.normal(size=n_rows)
    return pd.DataFrame(
        {
            "size": np.where(np.arange(n_rows) % 9 == 0, np.nan, size),
            "kind": rng.choice(["a", "b"], n_rows),
            "flag": pd.Series(rng.choice([True, False, None], n_rows), dtype=object),
            "day": pd.date_range("2024-01-01", periods=n_rows),
            "always": "same",
            "label": np.where(size > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def job():
    from trialbook.job import Job

    return Job(
        data=Job.IN_MEMORY, target="label", name="bank", test_size=0.25, folds=2, timeout="90s"
    )


@pytest.fixture(scope="session")
def prepared(job):
    from trialbook.data import prepare

    return prepare(job, frame=make_table())


def only_size(X):
    return X[["size"]]


@pytest.fixture
def written(tmp_path, job, prepared):
    """The experiment, its tracker, and a function that adds trials."""
    import cloudpickle
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from trialbook.experiment import state
    from trialbook.experiment._ranking import config_tag
    from trialbook.lifecycle import Experiment
    from trialbook.search import Entry, Ledger
    from trialbook.tracking import Tracker, Workspace

    workspace = Workspace.open(tmp_path / "workspace", create=True)
    tracker = Tracker.create(workspace, "bank", {"metric": "roc_auc"})
    folder = tracker.new_folder(tracker.run_id)
    state.write_inputs(folder, job, prepared)
    ledger = Ledger(90.0)
    ledger.record(Entry(1, "small-1", "small", 1.0, 2.5, "finished"))
    ledger.skip("large-9 (default)", "would take 90 s")
    state.write_ledger(folder, ledger)

    def add(number, label, score=None, *, error="no", C=None, tags=(), metrics=()):
        tags = {"config": config_tag({"C": C}), "configuration": "by hand", **dict(tags)}
        run_id = tracker.start_trial(number, label, label.split("-")[0], tags)
        trial = tracker.new_folder(run_id)
        if score is None:
            tracker.fail_trial(run_id, error)
            (trial / "trial.log").write_text("Traceback: ü", "utf-8")
            return run_id
        model = make_pipeline(
            FunctionTransformer(only_size), SimpleImputer(), LogisticRegression(C=C)
        )
        model.fit(prepared.train, prepared.train["label"])
        (trial / "model").mkdir()
        (trial / "model" / "model.pkl").write_bytes(cloudpickle.dumps(model))
        schema = json.dumps(prepared.schema.to_dict())
        (trial / "model" / "schema.json").write_text(schema, "utf-8")
        measured = {"score": score, "score_std": 0.01, "fit_s": 2.0, "model_bytes": 5e6}
        tracker.finish_trial(run_id, {**measured, **dict(metrics)}, {"C": C}, {})
        return run_id

    return SimpleNamespace(experiment=Experiment(tracker), tracker=tracker, add=add, ledger=ledger)


@pytest.fixture
def predicted(written, prepared):
    """The experiment with one model, and out-of-fold predictions of which each row has two."""
    from trialbook.evaluation.conformal import calibrate
    from trialbook.execution import OOF
    from trialbook.execution._oof import write_oof

    written.add(1, "small-1", 0.8, C=1.0)
    experiment = written.experiment
    trial = experiment.best
    yes = trial.model.predict_proba(prepared.train)[:, 1]
    rows = np.arange(len(prepared.train))
    (trial.folder / OOF).parent.mkdir(parents=True)
    first, second = np.clip(yes - 0.1, 0, 1), np.clip(yes + 0.1, 0, 1)
    both = [np.column_stack([1 - one, one]) for one in (first, second)]
    write_oof(trial.folder / OOF, [rows, rows[::-1]], [both[0], both[1][::-1]])
    y = (prepared.train["label"] == "yes").to_numpy().astype(int)
    calibrate(y, both[0]).write(trial.folder / "model")
    return experiment
