"""How the machine is shared out."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from trialbook import memory as memory_room
from trialbook.experiment import _machine
from trialbook.experiment._machine import (
    LEAST_TABLE_BYTES,
    LEAST_WORKER_BYTES,
    MAX_CELLS_ON_ONE_CORE,
    memory_limit,
    n_cores,
    run_memory,
    share_out,
    table_memory,
)
from trialbook.experiment.state import Machine
from trialbook.job import Job
from trialbook.memory import ControlGroup, free_memory

GIB = 2**30
SMALL, LARGE = MAX_CELLS_ON_ONE_CORE, MAX_CELLS_ON_ONE_CORE + 1


def job(**limits):
    return Job(data="data.csv", target="y", **limits)


@pytest.fixture
def cores(monkeypatch):
    """So many cores, and memory for so many workers."""

    def make(count, workers=1000):
        monkeypatch.setattr(_machine, "n_cores", lambda: count)
        monkeypatch.setattr(_machine, "worker_memory", lambda job: workers * LEAST_WORKER_BYTES)

    return make


@pytest.mark.parametrize(
    ("count", "n_cells", "limits", "expected"),
    [
        (8, SMALL, {}, Machine(8, 1)),
        (8, LARGE, {}, Machine(1, 8)),
        (1, SMALL, {}, Machine(1, 1)),
        (1, LARGE, {}, Machine(1, 1)),
        (8, SMALL, {"max_cores_per_trial": 2}, Machine(4, 2)),
        (8, LARGE, {"max_cores_per_trial": 2}, Machine(4, 2)),
        (8, SMALL, {"max_concurrent_trials": 2}, Machine(2, 4)),
        (8, LARGE, {"max_concurrent_trials": 3}, Machine(3, 2)),
        (8, SMALL, {"max_concurrent_trials": 2, "max_cores_per_trial": 1}, Machine(2, 1)),
        (2, SMALL, {"max_concurrent_trials": 16}, Machine(2, 1)),
        (8, SMALL, {"max_trials": 3}, Machine(3, 1)),
    ],
)
def test_trials_and_cores(cores, count, n_cells, limits, expected):
    cores(count)
    assert share_out(job(**limits), n_cells) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
@pytest.mark.parametrize("concurrent", [None, 1, 2, 5, 20])
@pytest.mark.parametrize("n_cells", [SMALL, LARGE])
def test_no_more_cores_are_used_than_there_are(cores, count, concurrent, n_cells):
    cores(count)
    machine = share_out(job(max_concurrent_trials=concurrent), n_cells)
    assert machine.n_workers >= 1
    assert machine.cores_per_trial >= 1
    assert machine.n_workers * machine.cores_per_trial <= count
    assert concurrent is None or machine.n_workers <= concurrent


@pytest.mark.parametrize(
    ("count", "workers", "limits", "expected"),
    [
        (8, 3, {}, Machine(3, 2)),
        (8, 0, {}, Machine(1, 8)),
        (4, 2, {"max_cores_per_trial": 1}, Machine(2, 1)),
        (8, 3, {"max_concurrent_trials": 2}, Machine(2, 4)),
        (2, 2, {}, Machine(2, 1)),
    ],
)
def test_where_memory_is_short_fewer_trials_run_at_once(cores, count, workers, limits, expected):
    cores(count, workers)
    assert share_out(job(**limits), SMALL) == expected


def test_a_trial_gets_an_even_share_of_the_memory_unless_the_job_says_how_much(monkeypatch):
    free = SimpleNamespace(available=10 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(memory_room, "CONTROL_GROUPS", ())
    assert memory_limit(job(), 2) == 4 * 2**30
    assert memory_limit(job(), 4) == 2 * 2**30
    assert memory_limit(job(memory_limit="3GB"), 4) == 3 * 2**30


def test_there_is_a_core_to_work_on():
    assert 1 <= n_cores() <= psutil.cpu_count()


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """So many bytes are free, of which a control group leaves some."""

    def make(free, group=None, used=0, held=0, files=0):
        one = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=held))
        one.children = lambda recursive: []
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
        monkeypatch.setattr(psutil, "Process", lambda: one)
        (tmp_path / "limit").write_text("max\n" if group is None else f"{group}\n")
        (tmp_path / "used").write_text(f"{used}\n")
        statistics = f"anon 1\nactive_file {files}\ninactive_file {files}\ntotal_active_file 7\n"
        (tmp_path / "memory.stat").write_text(statistics)
        names = ("limit", "used")
        groups = (ControlGroup(tmp_path, *names), ControlGroup(tmp_path / "no", *names))
        monkeypatch.setattr(memory_room, "CONTROL_GROUPS", groups)

    return make


def test_a_control_group_limits_what_is_free(memory):
    memory(10 * GIB)
    assert free_memory() == 10 * GIB
    memory(10 * GIB, group=6 * GIB, used=2 * GIB)
    assert free_memory() == 4 * GIB
    memory(10 * GIB, group=90 * GIB)
    assert free_memory() == 10 * GIB
    memory(10 * GIB, group=2 * GIB, used=3 * GIB)
    assert free_memory() == 0


def test_pages_of_files_are_free_in_a_control_group(memory):
    memory(10 * GIB, group=6 * GIB, used=5 * GIB, files=2 * GIB)
    assert free_memory() == 5 * GIB


def test_a_control_group_of_version_1_counts_those_below_it(tmp_path):
    (tmp_path / "limit").write_text("1000\n")
    (tmp_path / "used").write_text("700\n")
    (tmp_path / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 300\n")
    assert ControlGroup(tmp_path, "limit", "used", total="total_").free() == 600


def test_no_trial_gets_less_than_the_libraries_take(memory):
    memory(2 * GIB, held=GIB)
    assert memory_limit(job(total_memory="2GB"), 1) == LEAST_WORKER_BYTES
    assert memory_limit(job(), 4) == LEAST_WORKER_BYTES


def test_a_limit_for_the_whole_run_counts_what_the_engine_holds(memory):
    memory(100 * GIB, held=2 * GIB)
    assert run_memory(job(total_memory="16GB")) == 16 * GIB
    assert memory_limit(job(total_memory="16GB"), 2) == int(0.9 * 14 * GIB) // 2
    assert memory_limit(job(total_memory="16GB", memory_limit="1GB"), 2) == GIB
    memory(10 * GIB, held=2 * GIB)
    assert memory_limit(job(total_memory="16GB"), 1) == 8 * GIB


def test_a_table_gets_what_libraries_leave_and_a_trial_could_hold(memory):
    memory(20 * GIB)
    assert table_memory(job()) == 15 * GIB
    assert table_memory(job(total_memory="5GB")) == 4 * GIB
    assert table_memory(job(memory_limit="2GB")) == 2 * GIB
    assert table_memory(job(total_memory="1GB")) == LEAST_TABLE_BYTES
