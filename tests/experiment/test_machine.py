"""How the machine is shared out."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from trialbook.experiment import _machine
from trialbook.experiment._machine import (
    MAX_CELLS_ON_ONE_CORE,
    free_memory,
    memory_limit,
    n_cores,
    run_memory,
    share_out,
    table_memory,
)
from trialbook.experiment._state import Machine
from trialbook.job import Job

GIB = 2**30
SMALL, LARGE = MAX_CELLS_ON_ONE_CORE, MAX_CELLS_ON_ONE_CORE + 1


def job(**limits):
    return Job(data="data.csv", target="y", **limits)


@pytest.fixture
def cores(monkeypatch):
    return lambda count: monkeypatch.setattr(_machine, "n_cores", lambda: count)


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


def test_a_trial_gets_an_even_share_of_the_memory_unless_the_job_says_how_much(monkeypatch):
    free = SimpleNamespace(available=10 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(_machine, "CONTROL_GROUPS", ())
    assert memory_limit(job(), 2) == 4 * 2**30
    assert memory_limit(job(), 4) == 2 * 2**30
    assert memory_limit(job(memory_limit="3GB"), 4) == 3 * 2**30


def test_there_is_a_core_to_work_on():
    assert 1 <= n_cores() <= psutil.cpu_count()


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """So many bytes are free, of which a control group leaves some."""

    def make(free, group=None, used=0, held=0):
        one = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=held))
        one.children = lambda recursive: []
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
        monkeypatch.setattr(psutil, "Process", lambda: one)
        (tmp_path / "limit").write_text("max\n" if group is None else f"{group}\n")
        (tmp_path / "used").write_text(f"{used}\n")
        groups = ((tmp_path / "limit", tmp_path / "used"), (tmp_path / "no", tmp_path / "no"))
        monkeypatch.setattr(_machine, "CONTROL_GROUPS", groups)

    return make


def test_a_control_group_limits_what_is_free(memory):
    memory(10 * GIB)
    assert free_memory() == 10 * GIB
    memory(10 * GIB, group=6 * GIB, used=2 * GIB)
    assert free_memory() == 4 * GIB
    memory(10 * GIB, group=90 * GIB)
    assert free_memory() == 10 * GIB


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
    assert table_memory(job(total_memory="1GB")) == _machine.LEAST_BYTES
