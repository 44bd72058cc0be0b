"""What is finished stays: kill -9, Ctrl-C, and learners that crash, hang and eat memory."""

import contextlib
import os
import re
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import psutil
import pytest

import trialbook as tb

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(os.name != "posix", reason="signals are sent"),
]

# Longer than anything here takes; reached only when something hangs.
LONGEST_S = 200

MODELS = '''
import ctypes
import os
import sys
import time

import numpy as np
from sklearn.tree import DecisionTreeClassifier


class Slow(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None):
        print("a tree takes its time", flush=True)
        time.sleep(0.4)
        return super().fit(X, y, sample_weight)


class Dear(DecisionTreeClassifier):
    pass


class Late(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None):
        time.sleep(10)
        return super().fit(X, y, sample_weight)


class Crashing(Slow):
    def fit(self, X, y, sample_weight=None):
        print("about to misbehave", flush=True)
        self.misbehave()
        return super().fit(X, y, sample_weight)

    def misbehave(self):
        raise ValueError("this learner is broken")


class Exiting(Crashing):
    def misbehave(self):
        os._exit(7)


class Segfaulting(Crashing):
    def misbehave(self):
        ctypes.string_at(0)


class Sleeping(Crashing):
    def misbehave(self):
        time.sleep(3600)


class Stubborn(Crashing):
    """Sleeps in C code that keeps Python's lock, so that no thread of the process can act."""

    def misbehave(self):
        ctypes.PyDLL(None).sleep(3600)


class Greedy(Crashing):
    def misbehave(self):
        blocks = []
        for _ in range(60):
            blocks.append(np.ones(50 * 2**17))
            time.sleep(0.05)
        raise AssertionError("nobody stops the memory from growing")
'''

LEARNERS = """
from trialbook.learners import Learner, Start
from trialbook.program import ModelCode, Preprocessing, call


class Misbehaving(Learner):
    tasks = ("classification",)

    def space(self, table):
        return {}

    def starts(self, table):
        # Configurations that differ, and yet are as good as each other.
        return tuple(
            Start(f"start{i}", {"max_depth": 3, "min_impurity_decrease": i / 1e9}, gain=0.5)
            for i in range(self.n_starts)
        )

    def cost(self, params, table):
        return self.seconds

    def code(self, params, table):
        kind = type(self).__name__
        return ModelCode(
            estimator=call(kind, **params, random_state=0),
            imports=(f"from misbehaving_models import {kind}",),
            preprocessing=Preprocessing(numeric="impute", categorical="codes"),
        )


def learner(name, n_starts=1, seconds=0.1):
    attributes = {"key": name.lower(), "name": name, "n_starts": n_starts, "seconds": seconds}
    return type(name, (Misbehaving,), attributes | {"__module__": __name__})


Slow = learner("Slow", 6)
Late = learner("Late")
Dear = learner("Dear", seconds=1000.0)
Crashing = learner("Crashing")
Exiting = learner("Exiting")
Segfaulting = learner("Segfaulting")
Sleeping = learner("Sleeping")
Stubborn = learner("Stubborn")
Greedy = learner("Greedy")
"""

MISBEHAVING = ("Crashing", "Exiting", "Segfaulting", "Sleeping", "Greedy")
NAMES = ("Slow", "Dear", "Late", "Stubborn", *MISBEHAVING)


@pytest.fixture(scope="session")
def plug_ins(tmp_path_factory):
    """A package of learners as pip would install it; the environment in which it is found."""
    folder = tmp_path_factory.mktemp("plug-ins")
    (folder / "misbehaving_models.py").write_text(MODELS)
    (folder / "misbehaving_learners.py").write_text(LEARNERS)
    information = folder / "misbehaving-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: misbehaving\nVersion: 1.0\n"
    )
    points = "".join(f"{name.lower()} = misbehaving_learners:{name}\n" for name in NAMES)
    (information / "entry_points.txt").write_text(f"[trialbook.learners]\n{points}")
    return {"PYTHONPATH": os.pathsep.join((str(folder), os.environ["PYTHONPATH"]))}


@pytest.fixture
def folder(tmp_path, make_customers):
    """A folder with a table to train on."""
    table = make_customers(100).drop(columns=["note", "joined"])
    table.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path


def train(*learners, trials):
    """Arguments of a training with some learners."""
    options = ("--target", "churn", "--folds", "2", "--workspace", "W")
    return ("train", "table.csv", *options, "--allow", ",".join(learners), *trials)


class Session:
    """A command that runs in a process of its own while the test watches what it says."""

    def __init__(self, command, folder, env, arguments):
        self.said = []
        self.family = []
        self._process = subprocess.Popen(
            [*command, *arguments],
            cwd=folder,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def wait_for(self, pattern):
        """Read on until a line matches."""
        for line in self._process.stdout:
            self.said.append(line)
            if re.search(pattern, line):
                self.family = psutil.Process(self._process.pid).children(recursive=True)
                return
        raise AssertionError(f"{pattern} was never said:\n{''.join(self.said)}")

    def send(self, which):
        self._process.send_signal(which)

    def end(self):
        """Wait for the end; every process that it started must end too."""
        for line in self._process.stdout:
            self.said.append(line)
        code = self._process.wait(LONGEST_S)
        _, alive = psutil.wait_procs(self.family, timeout=LONGEST_S / 20)
        assert alive == []
        return code

    def clean_up(self):
        with contextlib.suppress(psutil.NoSuchProcess):
            self.family += psutil.Process(self._process.pid).children(recursive=True)
        for one in (self._process, *self.family):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.stdout.close()
        self._process.wait()


@pytest.fixture
def start(command, folder, plug_ins):
    """Start a command, and leave nothing behind however the test ends."""
    sessions = []

    def start_session(*arguments):
        sessions.append(Session(command, folder, plug_ins, [str(one) for one in arguments]))
        return sessions[-1]

    yield start_session
    for session in sessions:
        session.clean_up()


def finished(workspace):
    """Finished trials by run: label and score."""
    return {
        trial.run_id: (trial.label, trial.score)
        for trial in tb.open(workspace).trials
        if trial.state == "finished"
    }


# -- kill -9 ----------------------------------------------------------------------------------

# When the process is killed: each session is the continuation of the one before.
MOMENTS = (
    r"plan of",
    r"trial \d+ slow-\d+: started",
    r"trial \d+ slow-\d+: \d",
    r"voting-\d+: started",
    r"voting-\d+: \d",
)


def test_a_killed_experiment_is_resumed_without_losing_or_repeating_a_trial(
    start, folder, run, plug_ins, monkeypatch
):
    workspace = folder / "W"
    arguments = train("slow", trials=("--max-trials", "5"))
    known = {}
    for moment in MOMENTS:
        session = start(*arguments)
        session.wait_for(moment)
        session.send(signal.SIGKILL)
        assert session.end() == -signal.SIGKILL
        arguments = ("resume", "--workspace", "W")
        now = finished(workspace)
        assert now.items() >= known.items()
        said = [line for line in session.said if re.search(r"trial \d+ [\w-]+: \d", line)]
        assert len(now) - len(known) >= len(said)
        known = now
    assert len(known) >= 6

    last = start(*arguments)
    assert last.end() == 0, "".join(last.said)
    experiment = tb.open(workspace)
    assert experiment.status == "finished"
    after = finished(workspace)
    assert after.items() >= known.items()
    labels = sorted(label.rpartition("-")[0] for label, _ in after.values())
    assert labels == ["slow"] * 5 + ["stacking", "voting"]
    slow = [t for t in experiment.trials if t.state == "finished" and t.learner == "slow"]
    assert len({str(trial.params) for trial in slow}) == 5
    assert {trial.state for trial in experiment.trials} <= {"finished", "killed"}
    assert experiment.report.is_file()
    assert "running" not in set(experiment.leaderboard["state"])


@pytest.mark.parametrize("moment", [r"trial \d+ [\w-]+: \d", r"voting-\d+: started"])
def test_a_killed_forecast_is_resumed(start, folder, moment):
    when = pd.date_range("2020-01-01", periods=48, freq="MS")
    table = pd.DataFrame({"when": when, "y": np.arange(48) % 12 + np.arange(48) / 10})
    table.to_csv(folder / "table.csv", index=False)
    learners = ("average", "naive", "seasonal_naive")
    options = ("--target", "y", "--time", "when", "--horizon", "6", "--allow", ",".join(learners))
    session = start("forecast", "table.csv", *options, "--workspace", "W")
    session.wait_for(moment)
    session.send(signal.SIGKILL)
    assert session.end() == -signal.SIGKILL
    known = finished(folder / "W")
    last = start("resume", "--workspace", "W")
    assert last.end() == 0, "".join(last.said)
    experiment, after = tb.open(folder / "W"), finished(folder / "W")
    assert after.items() >= known.items()
    names = sorted(label.rpartition("-")[0] for label, _ in after.values())
    assert names == sorted([*learners, "voting"])
    assert len(experiment.forecast()) == 6


def test_no_process_is_left_of_a_killed_one_even_if_a_learner_holds_on(start, folder):
    session = start(*train("stubborn", trials=("--max-trials", "1")))
    session.wait_for(r"stubborn-\d+: started")
    while not any(
        "misbehave" in log.read_text() for log in folder.glob("W/artifacts/*/*/*/trial.log")
    ):
        time.sleep(0.1)
    session.send(signal.SIGKILL)
    assert session.end() == -signal.SIGKILL


# -- Ctrl-C -----------------------------------------------------------------------------------


def test_ctrl_c_ends_with_a_complete_result(start, folder):
    session = start(*train("slow", trials=("--max-trials", "6")))
    session.wait_for(r"trial \d+ slow-\d+: \d")
    session.wait_for(r"trial \d+ slow-\d+: \d")
    session.send(signal.SIGINT)
    assert session.end() == 0, "".join(session.said)
    experiment = tb.open(folder / "W")
    assert experiment.status == "finished"
    assert experiment.report.is_file()
    states = experiment.leaderboard.groupby("learner")["state"].value_counts().to_dict()
    assert states.get(("slow", "finished"), 0) >= 2
    assert ("slow", "running") not in states
    assert ("slow", "failed") not in states
    done = [trial for trial in experiment.trials if trial.state == "finished"]
    assert {trial.learner for trial in done} >= {"voting", "stacking"}
    assert any("interrupted" in line for line in session.said)


def test_ctrl_c_while_ensembles_are_built_still_ends_with_a_complete_result(start, folder):
    session = start(*train("slow", trials=("--max-trials", "2")))
    session.wait_for(r"voting-\d+: started")
    session.send(signal.SIGINT)
    assert session.end() == 0, "".join(session.said)
    experiment = tb.open(folder / "W")
    assert experiment.status == "finished"
    assert experiment.report.is_file()
    assert "running" not in set(experiment.leaderboard["state"])


def test_ctrl_c_twice_ends_at_once(start, folder, run):
    session = start(*train("slow", "sleeping", trials=("--max-trials", "2")))
    session.wait_for(r"sleeping-\d+: started")
    session.send(signal.SIGINT)
    session.wait_for("interrupted")
    session.send(signal.SIGINT)
    assert session.end() == 130
    assert "trialbook resume" in session.said[-1]
    assert not any("Traceback" in line for line in session.said)
    assert tb.open(folder / "W").status == "killed"


# -- learners that misbehave ------------------------------------------------------------------


def test_a_learner_that_misbehaves_costs_its_own_trial_alone(run_process, run, folder, plug_ins):
    names = [name.lower() for name in ("Slow", *MISBEHAVING)]
    limits = ("--max-trials", "8", "--trial-timeout", "10s", "--memory-limit", "1GB")
    arguments = train(*names, trials=(*limits, "--json"))
    outcome = run_process(*arguments, cwd=folder, env=plug_ins)
    assert outcome.code == 0, outcome.err
    rows = {row["learner"]: row for row in outcome.document["leaderboard"]}
    reasons = {
        "crashing": r"^ValueError: this learner is broken$",
        "exiting": r"ended with exit code 7$",
        "segfaulting": r"was killed by SIGSEGV$",
        "sleeping": r"ran past its limit of 10 s and was killed$",
        "greedy": r"^used [12]\.\d GiB, over its limit of 1\.0 GiB, and was killed$",
    }
    failed = [row for row in outcome.document["leaderboard"] if row["state"] == "failed"]
    assert sorted(row["learner"] for row in failed) == sorted(reasons)
    workspace = ("--workspace", folder / "W")
    for name, reason in reasons.items():
        assert re.search(reason, rows[name]["error"]), rows[name]["error"]
        assert rows[name]["rank"] is None
        log = run("show", rows[name]["trial"], "--log", *workspace).out
        assert "about to misbehave" in log
        assert f"{rows[name]['trial']}: failed" in outcome.err
    log = run("show", rows["crashing"]["trial"], "--log", *workspace).out
    assert "ValueError: this learner is broken" in log
    others = [row for row in outcome.document["leaderboard"] if row["state"] == "finished"]
    assert [row["learner"] for row in others].count("slow") == 3
    assert {row["learner"] for row in others} == {"slow", "voting", "stacking"}
    assert outcome.document["status"] == "finished"
    with pytest.raises(tb.NoModelError, match="this learner is broken"):
        _ = tb.open(folder / "W").trial(rows["crashing"]["trial"]).model


def test_the_deadline_holds_against_learners_that_sleep(run_process, folder, plug_ins):
    arguments = train("sleeping", "slow", trials=("--timeout", "60s", "--json"))
    outcome = run_process(*arguments, cwd=folder, env=plug_ins)
    assert outcome.code == 0, outcome.err
    rows = outcome.document["leaderboard"]
    by_state = {
        state: {row["learner"] for row in rows if row["state"] == state}
        for state in ("finished", "failed", "killed", "running")
    }
    assert "slow" in by_state["finished"]
    assert by_state["running"] == set()
    assert "sleeping" in by_state["failed"] | by_state["killed"]
    reasons = [row["error"] for row in rows if row["learner"] == "sleeping"]
    assert all("limit" in reason or "time for trials" in reason for reason in reasons)
    assert outcome.document["status"] == "finished"
    ledger = tb.open(folder / "W").ledger
    # An engine that waited for its learners would need an hour.
    assert ledger["elapsed_s"] < 2 * ledger["deadline_s"]


def test_a_model_that_is_late_is_better_than_none(run_process, folder, plug_ins):
    arguments = train("late", trials=("--timeout", "9s", "--json"))
    outcome = run_process(*arguments, cwd=folder, env=plug_ins)
    assert outcome.code == 0, outcome.err
    # A machine that needs most of the nine seconds to begin finds that nothing fits.
    assert re.search("no model by the deadline|no model in time", outcome.err)
    rows = outcome.document["leaderboard"]
    assert [row["learner"] for row in rows if row["state"] == "finished"] == ["late"]
    assert outcome.document["status"] == "finished"


def test_a_model_that_seems_too_dear_is_better_than_none(run_process, folder, plug_ins):
    arguments = train("dear", trials=("--timeout", "30s", "--json"))
    outcome = run_process(*arguments, cwd=folder, env=plug_ins)
    assert outcome.code == 0, outcome.err
    assert "no model in time; the cheapest is trained all the same" in outcome.err
    rows = outcome.document["leaderboard"]
    assert [row["learner"] for row in rows if row["state"] == "finished"] == ["dear"]
    assert outcome.document["status"] == "finished"


def test_an_experiment_without_a_model_says_why(run_process, folder, plug_ins):
    arguments = train("crashing", "exiting", trials=("--max-trials", "2"))
    outcome = run_process(*arguments, cwd=folder, env=plug_ins)
    assert outcome.code == 3
    assert "no trial has a model" in outcome.error
    assert "the first failed: " in outcome.error
    assert "trialbook leaderboard" in outcome.error
    experiment = tb.open(folder / "W")
    assert experiment.status == "failed"
    assert list(experiment.leaderboard["state"]) == ["failed", "failed"]
    with pytest.raises(tb.NoModelError, match="no model yet"):
        _ = experiment.best
