"""Full and read-only disks: said in one clear line, and nothing that is finished is lost."""

import contextlib
import errno
import io
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import trialbook as tb
from trialbook import events
from trialbook.tracking import _workspace

pytestmark = pytest.mark.acceptance

QUICK = ("--allow", "decision_tree", "--max-trials", "1", "--folds", "2")
ROWS = [f"{20 + i},{'ab'[i % 2]},{'no' if i % 3 else 'yes'}\n" for i in range(30)]
GOOD = "age,job,y\n" + "".join(ROWS)

MIB = 2**20


@contextlib.contextmanager
def mounted(folder, *options):
    """Mount something on a folder, where that is allowed; yields whether it was."""
    folder.mkdir(exist_ok=True)
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None:
        yield False
        return
    done = subprocess.run(["mount", *options, folder], capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(params=["a real disk", "a pretended one"])
def small_disk(request, tmp_path, monkeypatch):
    """Make a disk of some size, real where the system lets us."""
    with contextlib.ExitStack() as stack:

        def make(size_mib):
            folder = tmp_path / "disk"
            if request.param == "a real disk":
                size = ("-t", "tmpfs", "-o", f"size={size_mib}m", "none")
                if not stack.enter_context(mounted(folder, *size)):
                    pytest.skip("this user may not mount")
            else:
                folder.mkdir()
                usage = shutil._ntuple_diskusage(size_mib * MIB, 0, size_mib * MIB)
                monkeypatch.setattr(_workspace.shutil, "disk_usage", lambda path: usage)
            return folder

        yield make


def test_a_full_disk_is_refused_before_anything_is_written(
    refuse, run, small_disk, folder, contents
):
    disk = small_disk(10)
    Path("table.csv").write_text(GOOD)
    outcome = run("train", "table.csv", "--target", "y", *QUICK, "--workspace", disk / "W")
    refuse(outcome, "the disk is full", "10 MiB are free", str(disk / "W"), "another disk")
    assert contents(disk) == {}


def fill(disk):
    """Fill a disk to the last byte."""
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


@pytest.mark.parametrize("when", [events.PlanReady, events.TrialStarted, events.TrialFinished])
def test_a_disk_that_fills_up_in_mid_run_is_said_and_costs_no_finished_trial(
    when, warm_workers, tmp_path, folder
):
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=120m", "none") as real:
        if not real:
            pytest.skip("this user may not mount")
        disk = tmp_path / "disk"
        Path("table.csv").write_text(GOOD)
        finished = []

        def listen(event):
            if isinstance(event, when) and not (disk / "filler").exists():
                fill(disk)
            if isinstance(event, events.TrialFinished):
                finished.append(event.label)

        with pytest.raises(tb.WorkspaceError, match="the disk is full") as caught:
            tb.classify(
                "table.csv",
                "y",
                allow=["decision_tree", "knn", "logistic_regression"],
                max_trials=3,
                folds=2,
                workspace=disk / "W",
                listeners=[listen],
            )
        assert str(disk / "W") in str(caught.value)
        assert "Free some space and resume" in str(caught.value)
        (disk / "filler").unlink()
        experiment = tb.resume(disk / "W")
        done = [trial for trial in experiment.trials if trial.state == "finished"]
        names = [trial.label for trial in done if trial.learner not in ("voting", "stacking")]
        assert len(names) == len(set(names)) == 3
        assert set(finished) <= set(names)
        assert len(done[0].model.predict(pd.DataFrame({"age": [30.0], "job": ["a"]}))) == 1
        assert experiment.status == "finished"


def test_a_pretended_full_disk_in_mid_run_is_said(warm_workers, folder, monkeypatch):
    from trialbook.experiment import state

    Path("table.csv").write_text(GOOD)
    write = state.write_json

    def full(path, document):
        if path.name == "ledger.json":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, document)

    monkeypatch.setattr(state, "write_json", full)
    options = {"allow": ["decision_tree"], "max_trials": 1, "folds": 2, "workspace": "W"}
    with pytest.raises(tb.WorkspaceError, match=r"the disk is full.*Free some space and resume"):
        tb.classify("table.csv", "y", **options)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    experiment = tb.resume("W")
    assert [trial.state for trial in experiment.trials] == ["finished"]
    assert experiment.status == "finished"


def set_modes(folder, of_folders, of_files):
    folder.chmod(0o755)  # so that its contents can be changed
    for path in sorted(folder.rglob("*"), reverse=of_folders & 0o200 == 0):
        path.chmod(of_folders if path.is_dir() else of_files)
    folder.chmod(of_folders)


def is_writable(folder):
    try:
        (folder / "probe").touch()
    except OSError:
        return False
    (folder / "probe").unlink()
    return True


@pytest.fixture
def read_only(monkeypatch):
    """Make a folder read-only, also for a user whom permissions do not stop; tell if really."""
    with contextlib.ExitStack() as stack:

        def make(folder):
            stack.callback(set_modes, folder, 0o755, 0o644)
            set_modes(folder, 0o555, 0o444)
            if not is_writable(folder):
                return True
            if stack.enter_context(mounted(folder, "--bind", "-o", "ro", folder)):
                remount = ["mount", "-o", "remount,ro,bind", folder]
                subprocess.run(remount, capture_output=True, check=True)
                return True
            _pretend_read_only(folder, monkeypatch)
            return False

        yield make


def _pretend_read_only(folder, monkeypatch):
    """Let this process's own ways to write fail below a folder."""

    def guarded(function, writes):
        def guard(path, *arguments, **named):
            inside = isinstance(path, (str, Path)) and Path(path).is_relative_to(folder)
            if inside and writes(arguments, named):
                raise OSError(errno.EROFS, "Read-only file system", str(path))
            return function(path, *arguments, **named)

        return guard

    monkeypatch.setattr(os, "mkdir", guarded(os.mkdir, lambda arguments, named: True))
    monkeypatch.setattr(
        io,
        "open",
        guarded(io.open, lambda arguments, named: "w" in (*arguments, named.get("mode", "r"))[0]),
    )


def test_a_workspace_in_a_read_only_folder(refuse, run, read_only, folder, contents, tmp_path):
    Path("table.csv").write_text(GOOD)
    locked = tmp_path / "locked"
    locked.mkdir()
    read_only(locked)
    train = ("train", "table.csv", "--target", "y", *QUICK, "--workspace")
    refuse(run(*train, locked / "W"), "cannot write", str(locked / "W"), "--workspace")
    refuse(run(*train, locked), "cannot write", str(locked), "--workspace")
    assert contents(locked) == {}


def test_predictions_into_a_read_only_folder(
    refuse, run, trained, read_only, folder, contents, tmp_path
):
    locked = tmp_path / "locked"
    locked.mkdir()
    read_only(locked)
    outcome = run(
        *("predict", trained.new, "--workspace", trained.workspace),
        *("--out", locked / "out.csv"),
    )
    refuse(outcome, "cannot write", str(locked / "out.csv"), "a folder that you may write to")
    assert contents(locked) == {}


def test_a_read_only_workspace_can_be_read_and_is_not_trained_into(
    refuse, run, trained, read_only, folder, contents
):
    workspace = trained.copy_to(folder / "W")
    first = run("leaderboard", "--workspace", workspace, "--json")
    before = contents(workspace)
    real = read_only(workspace)
    again = run("leaderboard", "--workspace", workspace, "--json")
    assert again.code == 0
    assert again.document["leaderboard"] == first.document["leaderboard"]
    assert run("predict", trained.new, "--workspace", workspace).code == 0
    refuse(
        run("train", trained.table, "--target", "churn", *QUICK, "--workspace", workspace),
        "cannot write",
        str(workspace),
    )
    if real:  # what SQLite writes cannot be kept from it by pretending
        refuse(run("resume", "--workspace", workspace, "--max-trials", "9"), str(workspace))
    assert contents(workspace) == before
