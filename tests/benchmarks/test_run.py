"""A run is measured from outside, ended in time, and scored by the runner."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest

from benchmarks import ablation, big_table, deadlines, install, results, run
from benchmarks.catalog import HERE, ROOT, read_catalog
from benchmarks.datasets import find_datasets, load_split
from benchmarks.forecasting import many_series
from benchmarks.forecasting import run as forecasting_run
from benchmarks.frameworks import shared
from benchmarks.frameworks.constant import Constant
from benchmarks.install import find_links, find_uv, locked
from benchmarks.process import ENDING, Ended, ended_by_signals, kill_after, run_bounded
from benchmarks.results import COLUMNS, Constraint
from benchmarks.scoring import UNKNOWN_CLASS


@pytest.fixture
def folder(tmp_path):
    """A set of two classes with booleans, text that looks like a missing value, and gaps."""
    where = tmp_path / "data" / "pets"
    where.mkdir(parents=True)
    meta = {
        "name": "pets",
        "task": "binary",
        "target": "kind",
        "metric": "roc_auc",
        "files": {"train": "train.csv.gz", "test": "test.csv.gz"},
    }
    (where / "meta.json").write_text(json.dumps(meta))
    train = pd.DataFrame(
        {
            "weight": [4.0, np.nan, 30.0, 25.0],
            "tail": [True, False, True, True],
            "code": ["NA", "None", "", "x"],
            "kind": ["cat", "cat", "dog", "dog"],
        }
    )
    train.to_csv(where / "train.csv.gz", index=False)
    train.assign(kind=["cat", "dog", "dog", "emu"]).to_csv(where / "test.csv.gz", index=False)
    return where.parent


@pytest.fixture
def dataset(folder):
    (found,) = find_datasets(folder)
    return found


@pytest.fixture
def plan(dataset):
    constant = read_catalog().frameworks["constant"]
    return run.Plan(constant, "1.0", dataset, Constraint(60, 2), 0, "Some CPU")


def bounded(code, tmp_path, limit_s=20.0):
    return run_bounded(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        log=tmp_path / "log.txt",
        environ=os.environ | {"THIS_TEST": str(tmp_path)},
        cores=1,
        limit_s=limit_s,
    )


def alive(tmp_path):
    found = []
    for process in psutil.process_iter():
        try:
            found += [process.pid] if process.environ().get("THIS_TEST") == str(tmp_path) else []
        except psutil.Error:
            continue
    return found


def test_the_target_is_coded_and_the_test_rows_do_not_have_it(dataset):
    split = load_split(dataset)
    assert split.classes == ("cat", "dog")
    assert split.train["kind"].tolist() == [0, 0, 1, 1]
    assert split.truth.tolist() == [0, 1, 1, UNKNOWN_CLASS]
    assert "kind" not in split.test


def test_cells_are_what_the_file_says(dataset):
    train = load_split(dataset).train
    assert train["tail"].tolist() == ["True", "False", "True", "True"]
    assert train["code"].isna().tolist() == [False, False, True, False]


def test_sets_are_found_by_name(folder):
    with pytest.raises(FileNotFoundError, match="no set birds"):
        find_datasets(folder, ["birds"])


def test_the_log_memory_and_exit_code_of_a_run_are_kept(tmp_path):
    code = "import time; x = bytearray(80_000_000); print('hello'); time.sleep(1.2); exit(3)"
    ended = bounded(code, tmp_path)
    assert (ended.exit_code, ended.timed_out) == (3, False)
    assert ended.peak_memory_mb > 70
    assert "hello" in (tmp_path / "log.txt").read_text()


def test_a_run_that_does_not_end_is_ended_with_all_its_processes(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "wait = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "subprocess.Popen(wait, start_new_session=True)\n"
        "subprocess.Popen(wait)\n"
        "time.sleep(60)"
    )
    ended = bounded(code, tmp_path, limit_s=1.5)
    assert (ended.exit_code, ended.timed_out) == (-signal.SIGKILL, True)
    assert alive(tmp_path) == []


def test_a_server_that_a_run_leaves_behind_is_ended(tmp_path):
    code = (
        "import subprocess, sys\n"
        "wait = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "subprocess.Popen(wait, start_new_session=True)"
    )
    assert bounded(code, tmp_path).exit_code == 0
    assert alive(tmp_path) == []


# Stands for a runner: its run says when it has begun, and would take a minute.
RUNNER = """
import os, pathlib, sys
from benchmarks.process import ended_by_signals, run_bounded
here = pathlib.Path.cwd()
code = "import pathlib, time; pathlib.Path('begun').touch(); time.sleep(60)"
with ended_by_signals():
    run_bounded([sys.executable, "-c", code], cwd=here, log=here / "log.txt",
                environ=os.environ, cores=1, limit_s=60.0)
"""


@pytest.mark.parametrize("number", ENDING)
def test_a_runner_that_is_ended_by_a_signal_ends_its_run(tmp_path, number):
    environ = os.environ | {"THIS_TEST": str(tmp_path), "PYTHONPATH": str(ROOT)}
    # As if nobody had said `nohup` before these tests.
    code = f"import signal; signal.signal({number:d}, signal.SIG_DFL)\n{RUNNER}"
    runner = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environ)
    while runner.poll() is None and not (tmp_path / "begun").exists():
        time.sleep(0.05)
    runner.send_signal(number)
    assert runner.wait(30) == 128 + number
    assert alive(tmp_path) == []


def test_a_second_signal_does_not_interrupt_the_end_and_handlers_come_back(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ends = []
    try:
        with pytest.raises(SystemExit), ended_by_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            own = signal.getsignal(signal.SIGTERM)
            try:
                own(signal.SIGTERM, None)
            finally:
                ends.append(signal.getsignal(signal.SIGTERM))
        assert ends == [signal.SIG_IGN]
        assert signal.getsignal(signal.SIGTERM) != own
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    "module", [run, ablation, deadlines, big_table, forecasting_run, many_series]
)
def test_every_command_that_has_runs_can_be_ended_by_signals(module, monkeypatch):
    heard = []

    def parse(_parser):
        heard.extend(signal.getsignal(one) for one in ENDING)
        raise SystemExit(0)

    monkeypatch.setattr("argparse.ArgumentParser.parse_args", parse)
    before = [signal.signal(one, signal.SIG_DFL) for one in ENDING]
    try:
        with pytest.raises(SystemExit):
            module.main()
    finally:
        for one, handler in zip(ENDING, before):
            signal.signal(one, handler)
    assert all(callable(one) for one in heard)


def test_runs_are_ended_after_twice_their_budget_or_an_hour():
    assert kill_after(60) - kill_after(30) == 60
    assert kill_after(7200) - kill_after(3600) == 3600


def test_a_row_has_all_columns(plan, tmp_path):
    split = load_split(plan.dataset)
    row = plan.identity | run.outcome(split, tmp_path, Ended(1, 2.0, 30.0, False))
    assert set(row) == set(COLUMNS)
    assert row["result"] is None


def test_predictions_are_scored_even_if_the_run_was_ended_later(plan, tmp_path):
    split = load_split(plan.dataset)
    table = pd.DataFrame({"0": [0.9, 0.2, 0.1, 0.8], "1": [0.1, 0.8, 0.9, 0.2]})
    table.to_csv(tmp_path / "predictions.csv", index=False)
    ended = Ended(-9, 240.0, 30.0, timed_out=True)
    said = "after its predictions: TimeoutError: ended after 240 s"
    assert run.judge(split, tmp_path, ended) == ({"result": 1.0}, said)
    (tmp_path / "log.txt").write_text("KeyError: 'rank'\n")
    ended = Ended(1, 40.0, 30.0, timed_out=False)
    said = "after its predictions: exit code 1: KeyError: 'rank'"
    assert run.judge(split, tmp_path, ended) == ({"result": 1.0}, said)
    assert run.judge(split, tmp_path, Ended(0, 40.0, 30.0, False)) == ({"result": 1.0}, "")


def test_each_run_writes_to_a_folder_of_its_own_until_it_has_ended(plan, tmp_path, monkeypatch):
    split, asked = load_split(plan.dataset), []
    final = plan.folder(tmp_path)
    orphans = final.with_name(f"{final.name}.0123{run.UNFINISHED}")
    orphans.mkdir(parents=True)

    def train(command, **_options):
        request = json.loads(command[-1].read_text("utf-8"))
        asked.append(request["output"])
        # As a run may that another runner has left behind, in the folder that has the result.
        if final.exists():
            (final / "predictions.csv").write_text("0,1\n1,0\n1,0\n1,0\n1,0\n")
        return Ended(1, 2.0, 30.0, timed_out=False)

    monkeypatch.setattr(run, "run_bounded", train)
    rows = [run.execute(plan, split, tmp_path) for _ in range(2)]
    assert [row["result"] for row in rows] == [None, None]
    assert len({*asked, str(final)}) == 3
    assert [path.name for path in final.parent.iterdir()] == [final.name]
    assert (final / "request.json").exists()


def test_frameworks_are_given_a_share_of_the_memory_that_a_control_group_allows(
    plan, tmp_path, monkeypatch
):
    (tmp_path / "memory.max").write_text(str(2**30))
    monkeypatch.setattr(results, "MEMORY_LIMITS", (tmp_path / "memory.max",))
    path = run.write_request(plan, load_split(plan.dataset), tmp_path, tmp_path)
    assert json.loads(path.read_text())["memory_mb"] == int(1024 * run.MEMORY_SHARE)


def test_why_a_run_failed_is_one_line(tmp_path):
    ended = Ended(1, 2.0, 30.0, timed_out=False)
    log = "Traceback\n  somewhere\nMemoryError: too much\n\n"
    assert run.failure(ended, log) == "exit code 1: MemoryError: too much"
    ended = Ended(-9, 240.2, 30.0, timed_out=True)
    assert run.failure(ended, log) == "TimeoutError: ended after 240 s"


def test_an_adapter_writes_predictions_and_times(dataset, tmp_path):
    split = load_split(dataset)
    request = shared.Request(
        split.train, split.test, "kind", "binary", "roc_auc", 2, 60.0, 1, 100, 0, tmp_path
    )
    shared.run(Constant(), request, tmp_path)
    assert pd.read_csv(tmp_path / "predictions.csv").to_numpy().tolist() == [[0.5, 0.5]] * 4
    said = json.loads((tmp_path / "result.json").read_text())
    assert set(said) == {"training_s", "predict_s", "models_count", "single_row_ms"}


def test_predictions_are_kept_if_the_models_cannot_be_counted(dataset, tmp_path):
    class Uncounted(Constant):
        def models_count(self):
            raise KeyError("rank")

    split = load_split(dataset)
    request = shared.Request(
        split.train, split.test, "kind", "binary", "roc_auc", 2, 60.0, 1, 100, 0, tmp_path
    )
    with pytest.raises(KeyError):
        shared.run(Uncounted(), request, tmp_path)
    assert (tmp_path / "predictions.csv").exists()
    assert "predict_s" in json.loads((tmp_path / "result.json").read_text())


def test_classes_that_a_framework_leaves_out_have_no_probability():
    table = pd.DataFrame({"2": [0.3], "0.0": [0.7]})
    assert shared.in_order(table, 3).tolist() == [[0.7, 0.0, 0.3]]


def test_the_catalog_is_whole():
    catalog = read_catalog()
    assert {"constant", "random_forest", "trialbook"} <= set(catalog.frameworks)
    assert [one.name for one in catalog.choose(["trialbook", "constant"])] == [
        "constant",
        "trialbook",
    ]
    with pytest.raises(ValueError, match="no framework autogloo"):
        catalog.choose(["autogloo"])


def test_locks_hold_versions_and_no_places():
    lines = ["torch==2.13.0+cpu", "pip @ file:///somewhere/pip.whl", "-e /home", "Abc==1.0"]
    assert locked(lines) == ["Abc==1.0", "torch==2.13.0"]


def test_places_for_wheels_are_handed_on_to_uv():
    assert find_links({"PIP_FIND_LINKS": "/a /b"}) == {"UV_FIND_LINKS": "/a,/b"}
    assert find_links({"PIP_FIND_LINKS": "/a", "UV_FIND_LINKS": "/c"}) == {}


def test_uv_is_found_beside_the_interpreter(tmp_path, monkeypatch):
    monkeypatch.setattr(install.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="uv is needed"):
        find_uv()
    command = tmp_path / "uv"
    command.touch(mode=0o755)
    assert find_uv() == str(command)


def test_an_environment_without_its_packages_is_not_taken_for_complete():
    rules = re.findall(r"^(\S+): *(.*)\n((?:\t.*\n)+)", (HERE / "Makefile").read_text(), re.M)
    ((stamp, recipe),) = [(one, how) for one, _, how in rules if "pip install" in how]
    assert recipe.splitlines()[-1].strip() == "@touch $@"
    users = [needs for _, needs, how in rules if "benchmarks.install" in how]
    assert users == [stamp, stamp]


def test_the_version_of_our_sources_changes_with_them(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    before = run.source_hash(tmp_path)
    path.write_text("x = 2")
    assert run.source_hash(tmp_path) != before
