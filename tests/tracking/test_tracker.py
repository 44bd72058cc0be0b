"""An experiment in MLflow: what is written is read again, by trialbook and by MLflow alone."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from trialbook.errors import WorkspaceError
from trialbook.tracking import Tracker


@pytest.fixture
def tracker(workspace):
    return Tracker.create(workspace, "bank", {"metric": "roc_auc", "task": "classification"})


@pytest.fixture
def start(tracker):
    """Open a trial with a program; its run's id."""

    def begin(number, label=None, **tags):
        run_id = tracker.start_trial(number, label or f"tree-{number}", "tree", tags)
        folder = tracker.new_folder(run_id)
        (folder / "program").mkdir()
        (folder / "program" / "trial.py").write_text("x = 1\n", "utf-8")
        return run_id

    return begin


def listed(tracker, run_id, folder=None):
    return sorted(one.path for one in tracker.workspace.client.list_artifacts(run_id, folder))


def test_the_users_own_tags_have_no_prefix(workspace):
    tracker = Tracker.create(workspace, "bank", {"metric": "auc"}, {"team": "sales"})
    tags = workspace.client.get_run(tracker.run_id).data.tags
    assert (tags["team"], tags["trialbook.metric"]) == ("sales", "auc")
    assert "team" not in tracker.tags()


# -- trials ----------------------------------------------------------------------------------


def test_a_finished_trial_is_read_as_it_was_written(tracker, start):
    run_id = start(3, origin="portfolio", config='{"depth": 3, "leaf": null}')
    tracker.finish_trial(
        run_id,
        {"score": 0.9, "score_std": 0.01, "fit_s": 1.5},
        {"depth": 3, "leaf": None},
        {"cut_short": "false"},
    )
    (record,) = tracker.trials()
    assert (record.run_id, record.number, record.label) == (run_id, 3, "tree-3")
    assert (record.learner, record.status, record.finished) == ("tree", "finished", True)
    assert (record.score, record.std) == (0.9, 0.01)
    assert record.metrics == {"score": 0.9, "score_std": 0.01, "fit_s": 1.5}
    assert record.params == {"depth": "3", "leaf": "None"}
    assert record.config == {"depth": 3, "leaf": None}
    assert (record.tags["origin"], record.tags["cut_short"]) == ("portfolio", "false")
    assert record.folder == tracker.folder_of(run_id)


def test_a_trial_under_way_has_no_score(tracker, start):
    start(1)
    (record,) = tracker.trials()
    assert (record.status, record.finished, record.score) == ("running", False, None)


def test_trials_come_in_the_order_of_their_numbers(tracker, start):
    for number in (10, 2, 1):
        start(number)
    assert [record.number for record in tracker.trials()] == [1, 2, 10]


def test_mlflow_sees_children_of_one_run_and_their_files(tracker, start):
    run_id = start(1)
    tracker.finish_trial(run_id, {"score": 0.5}, {"depth": 3}, {})
    run = tracker.workspace.client.get_run(run_id)
    assert run.info.run_name == "tree-1"
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == tracker.run_id
    assert listed(tracker, run_id, "program") == ["program/trial.py"]


def test_a_failed_trial_keeps_its_program_and_log_and_nothing_half_written(tracker, start):
    run_id = start(1)
    folder = tracker.folder_of(run_id)
    (folder / "trial.log").write_text("Traceback", "utf-8")
    (folder / "model").mkdir()
    (folder / "model" / "model.pkl").write_bytes(b"half")
    tracker.fail_trial(run_id, "ValueError: no")
    (record,) = tracker.trials()
    assert (record.status, record.finished) == ("failed", False)
    assert record.tags["error"] == "ValueError: no"
    assert listed(tracker, run_id) == ["program", "trial.log"]


def test_a_trial_that_was_stopped_is_told_from_one_that_failed(tracker, start):
    tracker.fail_trial(start(1), "stopped by the user", status="killed")
    assert [record.status for record in tracker.trials()] == ["killed"]


def test_a_trial_can_fail_before_it_wrote_anything(tracker):
    run_id = tracker.start_trial(1, "tree-1", "tree", {})
    tracker.fail_trial(run_id, "the worker had died")
    assert tracker.trials()[0].status == "failed"


def test_long_parameters_are_cut(tracker, start):
    run_id = start(1)
    tracker.finish_trial(run_id, {}, {"members": "x" * 9000}, {})
    value = tracker.trials()[0].params["members"]
    assert value.startswith("xxx")
    assert value.endswith("…")
    assert len(value) == 500


def test_trials_of_another_execution_are_not_mixed_in(tracker, start, workspace):
    start(1)
    other = Tracker.create(workspace, "bank", {})
    other.start_trial(7, "tree-7", "tree", {})
    assert [record.number for record in tracker.trials()] == [1]
    assert [record.number for record in other.trials()] == [7]


def test_more_trials_than_a_page_holds_are_all_read(tracker, start, monkeypatch):
    for number in range(1, 6):
        start(number)
    search = tracker.workspace.client.search_runs
    pages = []

    def small_pages(*args, **kwargs):
        pages.append(search(*args, **kwargs | {"max_results": 2}))
        return pages[-1]

    monkeypatch.setattr(tracker.workspace.client, "search_runs", small_pages)
    assert [record.number for record in tracker.trials()] == [1, 2, 3, 4, 5]
    assert len(pages) == 3


# -- the experiment --------------------------------------------------------------------------


def test_tags_status_and_metrics_of_the_experiment(tracker):
    tracker.log(tracker.run_id, metrics={"best_score": 0.9}, tags={"elapsed_s": "1.5"})
    tags = tracker.tags()
    assert (tags["metric"], tags["elapsed_s"], tags["kind"]) == ("roc_auc", "1.5", "experiment")
    assert not any(key.startswith(("trialbook.", "mlflow.")) for key in tags)
    assert tracker.status() == "running"


@pytest.mark.parametrize("status", ["finished", "failed", "killed"])
def test_an_experiment_that_ended_can_be_opened_again(tracker, status):
    tracker.end(status.upper())
    assert tracker.status() == status
    tracker.end("RUNNING")
    assert tracker.status() == "running"


def test_the_latest_execution_of_an_experiment_is_found(tracker, workspace):
    time.sleep(0.01)  # MLflow counts in milliseconds
    second = Tracker.create(workspace, "bank", {})
    assert Tracker.latest(workspace, "bank").run_id == second.run_id
    assert Tracker.latest(workspace).run_id == second.run_id


def test_without_a_name_the_latest_execution_of_all_is_found(tracker, workspace):
    time.sleep(0.01)
    other = Tracker.create(workspace, "other", {})
    assert Tracker.latest(workspace).run_id == other.run_id
    time.sleep(0.01)
    again = Tracker.create(workspace, "bank", {})
    assert Tracker.latest(workspace).run_id == again.run_id


def test_experiments_that_are_not_trialbooks_are_passed_over(tracker, workspace):
    time.sleep(0.01)
    mine = workspace.client.create_experiment("by hand")
    workspace.client.create_run(mine)
    assert Tracker.latest(workspace).name == "bank"
    with pytest.raises(WorkspaceError, match="no experiment"):
        Tracker.latest(workspace, "by hand")


def test_an_unknown_name_is_refused_with_the_nearest(tracker, workspace):
    with pytest.raises(WorkspaceError, match=r"no experiment 'bnak'.* Did you mean 'bank'"):
        Tracker.latest(workspace, "bnak")


def test_a_deleted_experiment_is_not_found(tracker, workspace):
    Tracker.create(workspace, "other", {})
    workspace.client.delete_experiment(tracker.experiment_id)
    assert Tracker.latest(workspace).name == "other"
    with pytest.raises(WorkspaceError, match=r"no experiment 'bank'|was deleted"):
        Tracker.latest(workspace, "bank")


def test_an_empty_workspace_says_to_train_first(workspace):
    with pytest.raises(WorkspaceError, match=r"no experiment yet.* Train first"):
        Tracker.latest(workspace)


@pytest.mark.parametrize("name", ["my bank/2024", "it's", 'a "b"', "größe", "a%20b"])
def test_an_experiment_may_have_any_name(workspace, name):
    tracker = Tracker.create(workspace, name, {})
    (tracker.new_folder(tracker.run_id) / "note.txt").write_text("x", "utf-8")
    assert Tracker.latest(workspace, name).run_id == tracker.run_id
    assert listed(tracker, tracker.run_id) == ["note.txt"]
    assert tracker.root.parent == workspace.path / "artifacts"


# -- a server that keeps the artifacts itself --------------------------------------------------


def test_artifacts_are_sent_to_a_server_and_read_back_elsewhere(workspace, tmp_path):
    here = replace(workspace, path=tmp_path / "here", served=True)
    there = replace(workspace, path=tmp_path / "there", served=True)
    workspace.client.create_experiment("bank", artifact_location=(tmp_path / "server").as_uri())
    tracker = Tracker.create(here, "bank", {})
    run_id = tracker.start_trial(1, "tree-1", "tree", {})
    (tracker.new_folder(run_id) / "note.txt").write_text("sent", "utf-8")
    tracker.finish_trial(run_id, {"score": 1.0}, {}, {})
    other = Tracker.latest(there, "bank")
    assert (other.folder_of(run_id) / "note.txt").read_text("utf-8") == "sent"
    assert other.folder_of(run_id).is_relative_to(tmp_path / "there")
    shutil.rmtree(there.path)
    (record,) = other.trials()
    assert (record.folder / "note.txt").read_text("utf-8") == "sent"


def test_what_a_server_had_half_sent_is_fetched_again(workspace, tmp_path, monkeypatch):
    here = replace(workspace, path=tmp_path / "here", served=True)
    there = replace(workspace, path=tmp_path / "there", served=True)
    workspace.client.create_experiment("bank", artifact_location=(tmp_path / "server").as_uri())
    run_id = Tracker.create(here, "bank", {}).run_id
    (tmp_path / "server" / run_id / "artifacts").mkdir(parents=True)
    (tmp_path / "server" / run_id / "artifacts/note.txt").write_text("sent", "utf-8")
    fetch = type(workspace.client).download_artifacts

    def break_off(client, run_id, path, folder):
        (Path(folder) / "half").touch()
        raise ConnectionError

    monkeypatch.setattr(type(workspace.client), "download_artifacts", break_off)
    other = Tracker.latest(there, "bank")
    with pytest.raises(ConnectionError):
        other.folder_of(run_id)
    monkeypatch.setattr(type(workspace.client), "download_artifacts", fetch)
    assert sorted(one.name for one in other.folder_of(run_id).iterdir()) == ["note.txt"]


def test_an_execution_is_found_by_its_run(tracker):
    later = Tracker.create(tracker.workspace, tracker.name, {})
    found = Tracker.at(tracker.workspace, tracker.run_id)
    assert (found.run_id, found.name) == (tracker.run_id, tracker.name)
    assert Tracker.latest(tracker.workspace, tracker.name).run_id == later.run_id
    assert Tracker.at(tracker.workspace, "f" * 32) is None


def test_a_run_is_described_and_its_table_named_where_mlflow_shows_it(tracker):
    tracker.describe(tracker.run_id, "x" * 9000)
    tracker.log_table("bank", "abc123", "bank.csv")
    run = tracker.workspace.client.get_run(tracker.run_id)
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("xxx")
    assert len(note) <= 5000
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("bank", "abc123")
    assert "bank.csv" in used.dataset.source


def test_a_store_that_is_gone_does_not_hide_why_an_experiment_ended(tracker, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tracker.workspace.client, "set_terminated", refuse)
    tracker.end_if_possible("FAILED")
    assert tracker.status() == "running"
    with pytest.raises(OSError, match="No space"):
        tracker.end("FAILED")


def test_the_execution_of_a_trial_is_found(tracker, start, workspace):
    found = Tracker.of_trial(workspace, start(0))
    assert found is not None
    assert found.run_id == tracker.run_id
    assert Tracker.of_trial(workspace, "0" * 32) is None
