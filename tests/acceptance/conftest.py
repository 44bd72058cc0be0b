"""What the acceptance tests share: a table, ways to run a command, and a trained workspace."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import trialbook
from trialbook.cli import main

SOURCE = Path(trialbook.__file__).parents[1]
PROGRAM = "import sys; from trialbook.cli import main; sys.exit(main())"

# A process that hangs is a failure, not a reason to wait for the test's own limit.
LONGEST_S = 240

# Python imports this by itself when it starts, in every process that has the folder on its path.
NO_TRIALBOOK = """
import sys

class NoTrialbook:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "trialbook":
            raise ModuleNotFoundError("No module named 'trialbook'", name="trialbook")

sys.meta_path.insert(0, NoTrialbook())
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def error(self):
        """The one line that says what is wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def refuse() -> Callable[..., None]:
    """Check that a command has refused, in one line that says all of some parts."""

    def check(outcome, *parts):
        assert outcome.code == 2
        for part in parts:
            assert part in outcome.error
        assert outcome.out == ""

    return check


@pytest.fixture(scope="session", autouse=True)
def findable():
    """Let the processes that a test starts find this Trialbook, installed or not."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(SOURCE), before)))
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def run(capsys) -> Callable[..., Outcome]:
    """Run a command line in this process, which has imported everything already."""

    def run_command(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_command


@pytest.fixture(scope="session")
def command() -> list[str]:
    """How a process of its own runs a command."""
    return [sys.executable, "-c", PROGRAM]


@pytest.fixture(scope="session")
def run_process(command) -> Callable[..., Outcome]:
    """Run a command line in a process of its own, as a person does."""

    def run_command(*arguments, cwd=None, env=None):
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run_command


@pytest.fixture(scope="session")
def warm_workers():
    """Workers of one fork server for all trainings, so that the libraries are imported once."""
    from trialbook.execution import _pool
    from trialbook.execution._processes import spawner, worker_environment

    server = spawner(worker_environment(os.cpu_count() or 1))

    class Shared:
        shares_imports = True
        spawn = staticmethod(server.spawn)

        @staticmethod
        def close():
            """Stay; others need it."""

    own = _pool.spawner
    _pool.spawner = lambda environment: Shared()
    yield
    _pool.spawner = own
    server.close()


@pytest.fixture(scope="session")
def without_trialbook(tmp_path_factory) -> dict[str, str]:
    """Environment of a Python that cannot import Trialbook."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(NO_TRIALBOOK)
    return {**os.environ, "PYTHONPATH": str(folder)}


def customers(n_rows=240, seed=0) -> pd.DataFrame:
    """Customers who leave or stay: numbers, categories, a date, text, a flag, missing values."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, n_rows)
    words = (
        "late parcel broken box return refund",
        "fast friendly good price happy",
        "no answer phone long wait",
        "great quality works well daily",
    )
    age = rng.integers(18, 80, n_rows).astype(float)
    city = rng.choice(["Oslo", "Rome", "Lima", "Pune"], n_rows).astype(object)
    joined = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 700, n_rows), unit="D")
    member = rng.random(n_rows) < 0.5
    leaning = 0.05 * (age - 45) + 1.2 * (city == "Rome") + 0.8 * member - 1.5 * (kind % 2 == 0)
    age[rng.random(n_rows) < 0.1] = np.nan
    city[rng.random(n_rows) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "city": city,
            "joined": joined.strftime("%Y-%m-%d"),
            "member": np.where(member, "true", "false"),
            "note": [
                f"{' '.join(rng.choice(words[k].split(), 6))} case {i}" for i, k in enumerate(kind)
            ],
            "income": rng.normal(50, 10, n_rows).round(1),
            "visits": rng.integers(0, 9, n_rows),
            "churn": np.where(leaning + rng.normal(0, 0.7, n_rows) > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def make_customers() -> Callable[..., pd.DataFrame]:
    return customers


@dataclass(frozen=True)
class Trained:
    """A workspace that `trialbook train` made, for looking only."""

    workspace: Path
    table: Path
    new: Path
    outcome: Outcome

    def copy_to(self, folder: Path) -> Path:
        """A workspace of one's own."""
        return Path(shutil.copytree(self.workspace, folder))


TRAIN_OPTIONS = (
    *("--target", "churn", "--folds", "3", "--test-size", "0.2", "--max-trials", "4"),
    *("--allow", "logistic_regression,lightgbm", "--json"),
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, run_process) -> Trained:
    """One training of `customers`; the test processes of one session share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    result = folder / "outcome.json"
    with FileLock(f"{folder}.lock"):
        if not result.exists():
            folder.mkdir(exist_ok=True)
            customers().to_csv(folder / "customers.csv", index=False)
            customers(60, seed=1).to_csv(folder / "new.csv", index=False)
            workspace = folder / "workspace"
            shutil.rmtree(workspace, ignore_errors=True)
            outcome = run_process(
                *("train", folder / "customers.csv", *TRAIN_OPTIONS, "--workspace", workspace)
            )
            result.write_text(json.dumps([outcome.code, outcome.out, outcome.err]))
    outcome = Outcome(*json.loads(result.read_text()))
    assert outcome.code == 0, outcome.err
    return Trained(folder / "workspace", folder / "customers.csv", folder / "new.csv", outcome)


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, int]]:
    """List what is in a folder: every file with its size and time, so that a change shows."""

    def list_contents(folder):
        return {
            str(path.relative_to(folder)): path.stat().st_mtime_ns if path.is_file() else -1
            for path in sorted(folder.rglob("*"))
        }

    return list_contents
