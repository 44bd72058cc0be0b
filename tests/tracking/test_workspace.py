"""The folder that keeps experiments: opened, refused, locked, moved and copied."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

import trialbook
from trialbook.errors import WorkspaceError
from trialbook.tracking import Tracker, Workspace, _workspace, disk_error, slug
from trialbook.tracking._template import copy_template

SOURCE = Path(trialbook.__file__).parents[1]


def keep_a_run(workspace, name="bank"):
    """An experiment with one file in one run; the tracker."""
    tracker = Tracker.create(workspace, name, {})
    (tracker.new_folder(tracker.run_id) / "note.txt").write_text(name, "utf-8")
    return tracker


def read_through_mlflow(workspace, run_id):
    """What a run's file says to someone who knows only MLflow."""
    return Path(workspace.client.download_artifacts(run_id, "note.txt")).read_text("utf-8")


def locations(workspace):
    return {one.name: one.artifact_location for one in workspace.client.search_experiments()}


# -- opening ---------------------------------------------------------------------------------


def test_a_new_workspace_is_a_folder_with_a_database(tmp_path):
    workspace = Workspace.open(tmp_path / "new" / "one", create=True)
    assert workspace.path == tmp_path / "new" / "one"
    assert [child.name for child in workspace.path.iterdir()] == ["mlflow.db"]
    assert not workspace.served
    assert set(workspace.experiments()) == {"Default"}


def test_a_workspace_is_found_again_by_a_relative_path(workspace, monkeypatch):
    keep_a_run(workspace)
    monkeypatch.chdir(workspace.path.parent)
    again = Workspace.open("workspace")
    assert again.path == workspace.path
    assert "bank" in again.experiments()


@pytest.mark.parametrize("create", [False, True])
def test_opening_twice_changes_nothing(workspace, create):
    keep_a_run(workspace)
    before = locations(workspace)
    assert locations(Workspace.open(workspace.path, create=create)) == before


@pytest.mark.parametrize("name", ["with spaces", "ümlaut", "100%", "it's", "a+b", "x#1"])
def test_a_folder_may_have_any_name(tmp_path, name):
    workspace = Workspace.open(tmp_path / name, create=True)
    tracker = keep_a_run(workspace)
    assert (tmp_path / name / "mlflow.db").is_file()
    assert read_through_mlflow(Workspace.open(tmp_path / name), tracker.run_id) == "bank"
    assert [child.name for child in tmp_path.iterdir()] == [name]


@pytest.mark.timeout(60)  # MLflow tries for minutes to open what is not there
@pytest.mark.parametrize("name", ["what?", "a%20b"])
def test_a_folder_whose_name_means_something_else_in_an_address_is_refused(tmp_path, name):
    with pytest.raises(WorkspaceError, match="the path of a workspace cannot hold"):
        Workspace.open(tmp_path / name, create=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(WorkspaceError, match="no such workspace"):
        Workspace.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_with_a_server_the_folder_need_not_be_there(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(_workspace, "check_server", lambda uri: None)
    monkeypatch.setattr(_workspace, "_connect", lambda uri: workspace.client)
    opened = Workspace.open(tmp_path / "elsewhere", tracking_uri="http://127.0.0.1:5000")
    assert opened.served
    assert "Default" in opened.experiments()
    assert not opened.path.exists()


def test_a_folder_without_a_database_is_no_workspace(tmp_path):
    with pytest.raises(WorkspaceError, match="is not a workspace"):
        Workspace.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_runs_that_start_at_the_same_moment_share_a_new_workspace(tmp_path, monkeypatch):
    (tmp_path / "mlflow.db.7.part").write_bytes(b"half")
    (tmp_path / ".write-test").write_text("x", "utf-8")
    first = Workspace.open(tmp_path, create=True)
    keep_a_run(first)
    database = tmp_path / "mlflow.db"
    before = database.read_bytes()
    # The second one has looked before the first had made it.
    monkeypatch.setattr(type(database), "exists", lambda self: self != database)
    copy_template(database)
    assert database.read_bytes() == before
    assert list(tmp_path.glob("*.part")) == [tmp_path / "mlflow.db.7.part"]


def test_an_experiment_of_another_folder_in_the_same_database_is_not_ours(workspace, tmp_path):
    keep_a_run(workspace)
    there = Workspace.open(tmp_path / "there", workspace.uri, create=True)
    assert there.experiments() == {}
    with pytest.raises(WorkspaceError, match="no experiment yet"):
        Tracker.latest(there)
    with pytest.raises(WorkspaceError, match=r"kept in another folder .*workspace/artifacts/bank"):
        Tracker.create(there, "bank", {})


def test_a_server_is_not_given_a_password_that_notebooks_would_show(tmp_path):
    with pytest.raises(WorkspaceError, match="MLFLOW_TRACKING_PASSWORD") as caught:
        Workspace.open(tmp_path, "https://ada:secret@runs.example", create=True)
    assert "secret" not in str(caught.value)
    assert "https://ada:***@runs.example" in str(caught.value)


def test_a_folder_of_other_things_is_not_made_a_workspace(tmp_path):
    (tmp_path / "thesis.tex").write_text("x", "utf-8")
    with pytest.raises(WorkspaceError, match="holds other things"):
        Workspace.open(tmp_path, create=True)
    assert [child.name for child in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_not_made_a_workspace(tmp_path):
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(WorkspaceError, match="is a file"):
        Workspace.open(tmp_path / "file", create=True)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(WorkspaceError, match="cannot write to the workspace: Permission denied"):
        Workspace.open(tmp_path, create=True)


def test_a_full_disk_is_refused_and_no_folder_left(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(_workspace.shutil, "disk_usage", lambda path: usage(1, 1, 5 * 2**20))
    with pytest.raises(WorkspaceError, match="the disk is full: 5 MiB are free"):
        Workspace.open(tmp_path / "new", create=True)
    assert not (tmp_path / "new").exists()


def test_a_store_that_cannot_be_opened_is_named_without_its_password(tmp_path):
    uri = "postgresql+nodriver://me:secret@host/db"
    with pytest.raises(WorkspaceError, match="cannot open the tracking store") as caught:
        Workspace.open(tmp_path, uri, create=True)
    assert "secret" not in str(caught.value)


def test_another_store_takes_the_place_of_the_folders_own(tmp_path):
    uri = f"sqlite:///{tmp_path / 'central.db'}"
    workspace = Workspace.open(tmp_path / "w", uri, create=True)
    tracker = keep_a_run(workspace)
    assert not (tmp_path / "w" / "mlflow.db").exists()
    assert Tracker.latest(Workspace.open(tmp_path / "w", uri)).run_id == tracker.run_id


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system"),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), "the disk is full"),
        (RuntimeError("attempt to write a readonly database"), "cannot write"),
        (RuntimeError("OSError: [Errno 28] No space left on device"), "the disk is full"),
    ],
)
def test_a_failure_of_the_disk_is_explained(error, message):
    explained = disk_error(Path("/w"), error)
    assert isinstance(explained, WorkspaceError)
    assert message in str(explained)
    assert "/w" in str(explained)


def test_a_failure_of_something_else_is_none_of_the_disks():
    assert disk_error(Path("/w"), ValueError("no such column")) is None
    assert disk_error(Path("/w"), OSError("a library's own")) is None


# -- experiments -----------------------------------------------------------------------------


def test_an_experiment_is_made_once(workspace):
    first = workspace.experiment_id("bank")
    assert workspace.experiment_id("bank") == first
    assert workspace.experiments()["bank"] == first


def test_a_deleted_experiment_is_refused_by_name(workspace):
    workspace.client.delete_experiment(workspace.experiment_id("bank"))
    with pytest.raises(WorkspaceError, match="'bank' was deleted"):
        workspace.experiment_id("bank")
    assert "bank" not in workspace.experiments()


@pytest.mark.parametrize("name", ["bank", "bank-2.v1", "A_b"])
def test_a_safe_name_is_its_own_folder(name):
    assert slug(name) == name


@pytest.mark.parametrize(
    "name", ["a b", "a/b", "../up", ".hidden", "..", "größe", "数据", "x" * 61, "end.", "-a"]
)
def test_any_other_name_gets_a_folder_with_a_digest(name):
    folder = slug(name)
    assert folder == slug(name)
    assert folder != name
    assert len(folder) <= 70
    assert folder[0].isalnum()
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_names_that_look_alike_have_folders_of_their_own():
    names = ["a b", "a/b", "a-b", "a  b", "a\tb", "x" * 61, "x" * 62, "数", "据"]
    assert len({slug(name) for name in names}) == len(names)


# -- locks -----------------------------------------------------------------------------------


def test_an_experiment_is_claimed_by_one_at_a_time(workspace):
    lock = workspace.lock("bank")
    with pytest.raises(WorkspaceError, match="'bank' is running in another process"):
        workspace.lock("bank")
    workspace.lock("other").release()
    lock.release()
    workspace.lock("bank").release()


def test_a_claim_ends_with_its_process_however_it_ends(workspace):
    program = (
        "import sys; from pathlib import Path; from trialbook.tracking import Workspace;"
        "lock = Workspace(Path(sys.argv[1]), '', None, False).lock('bank');"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(workspace.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(SOURCE)},
    ) as process:
        assert process.stdout.readline().strip() == b"held"
        with pytest.raises(WorkspaceError, match="running in another process"):
            workspace.lock("bank")
        process.kill()
        process.wait()
    workspace.lock("bank").release()


# -- moved and copied ------------------------------------------------------------------------


def test_a_moved_workspace_finds_its_artifacts(workspace, tmp_path):
    trackers = [keep_a_run(workspace, name) for name in ("bank", "bank-2", "a b")]
    shutil.move(workspace.path, tmp_path / "elsewhere" / "moved")
    moved = Workspace.open(tmp_path / "elsewhere" / "moved")
    for tracker in trackers:
        assert read_through_mlflow(moved, tracker.run_id) == tracker.name
        again = Tracker.latest(moved, tracker.name)
        assert (again.folder / "note.txt").read_text("utf-8") == tracker.name


def test_a_moved_workspace_keeps_new_runs_where_it_is(workspace, tmp_path):
    keep_a_run(workspace)
    shutil.move(workspace.path, tmp_path / "moved")
    moved = Workspace.open(tmp_path / "moved")
    tracker = keep_a_run(moved)
    assert read_through_mlflow(moved, tracker.run_id) == "bank"
    assert not workspace.path.exists()


def test_a_copy_points_to_itself_while_the_original_stays(workspace, tmp_path):
    tracker = keep_a_run(workspace)
    shutil.copytree(workspace.path, tmp_path / "copy")
    copy = Workspace.open(tmp_path / "copy")
    (Tracker.latest(copy).folder / "note.txt").write_text("copied", "utf-8")
    original = Workspace.open(workspace.path)
    assert read_through_mlflow(copy, tracker.run_id) == "copied"
    assert read_through_mlflow(original, tracker.run_id) == "bank"
    assert all(
        str(workspace.path) in where
        for name, where in locations(original).items()
        if name != "Default"
    )


def test_a_move_leaves_experiments_that_are_kept_elsewhere_alone(workspace, tmp_path):
    keep_a_run(workspace)
    elsewhere = (tmp_path / "store").as_uri()
    workspace.client.create_experiment("mine", artifact_location=elsewhere)
    shutil.move(workspace.path, tmp_path / "moved")
    found = locations(Workspace.open(tmp_path / "moved"))
    assert found["mine"] == elsewhere
    assert found["bank"] == (tmp_path / "moved" / "artifacts" / "bank").as_uri()
