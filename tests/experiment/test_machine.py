"""How the machine is shared out."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from trialbook.experiment import _machine
from trialbook.experiment._machine import MAX_CELLS_ON_ONE_CORE, memory_limit, n_cores, share_out
from trialbook.experiment._state import Machine
from trialbook.job import Job

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
    assert memory_limit(job(), 2) == 4 * 2**30
    assert memory_limit(job(), 4) == 2 * 2**30
    assert memory_limit(job(memory_limit="3GB"), 4) == 3 * 2**30


def test_there_is_a_core_to_work_on():
    assert 1 <= n_cores() <= psutil.cpu_count()
