"""How many trials run at once, and on how many cores."""

from __future__ import annotations

import os

from trialbook.experiment.state import Machine
from trialbook.job import Job
from trialbook.memory import free_memory

# Two models on a core each are trained about as fast as one after the other on both: 1.0 to 1.1
# times for LightGBM and CatBoost, 0.8 to 1.1 for XGBoost and 1.0 to 1.5 for extra trees, on 30,000
# to 30 million cells (benchmarks/cores.py). What has no threads, such as features, scores and
# packaging, speaks for a core each; beyond so many encoded cells, memory for one trial on all.
MAX_CELLS_ON_ONE_CORE = 5_000_000
# Memory that workers may use together; the rest is for the system and the engine.
MEMORY_SHARE = 0.8
# Of a limit for the whole run, workers get this much of what the engine leaves: it grows a little,
# and workers are looked at a few times a second only.
TOTAL_SHARE = 0.9
# The engine and the fork server with their libraries.
IMPORTS_BYTES = 2**30
# A table that may take less than this is no table.
LEAST_TABLE_BYTES = 2**29
# A worker that may hold less than this would be killed for its libraries: where memory is short
# there are fewer workers.
LEAST_WORKER_BYTES = 2**30


def n_cores() -> int:
    """Cores that this process may use."""
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def share_out(job: Job, n_cells: int) -> Machine:
    """Share the machine out among trials.

    Parameters
    ----------
    job : Job
        Its limits come first.
    n_cells : int
        Rows times encoded columns of the training table.

    Returns
    -------
    Machine
    """
    cores = n_cores()
    per_trial = job.max_cores_per_trial
    if per_trial is None:
        if job.max_concurrent_trials is not None:
            per_trial = max(1, cores // job.max_concurrent_trials)
        else:
            per_trial = 1 if n_cells <= MAX_CELLS_ON_ONE_CORE else cores
    workers = max(1, cores // per_trial)
    fitting = max(1, worker_memory(job) // LEAST_WORKER_BYTES)
    if fitting < workers:
        workers, per_trial = fitting, job.max_cores_per_trial or cores // fitting
    if job.max_concurrent_trials is not None:
        workers = min(job.max_concurrent_trials, workers)
    if job.max_trials is not None:
        workers = min(workers, job.max_trials)
    return Machine(workers, per_trial)


def run_memory(job: Job) -> int:
    """Bytes that the whole run may use: the job's limit, else most of what is free."""
    return job.total_memory or int(MEMORY_SHARE * free_memory())


def table_memory(job: Job) -> int:
    """Bytes that the training table, as often as a worker copies it, may take."""
    room = run_memory(job) - IMPORTS_BYTES
    return max(LEAST_TABLE_BYTES, min(room, job.memory_limit or room))


def worker_memory(job: Job) -> int:
    """Bytes that all workers together may use: what is free, or what the engine leaves."""
    room = int(MEMORY_SHARE * free_memory())
    if job.total_memory is not None:
        import psutil

        engine = psutil.Process()
        held = sum(one.memory_info().rss for one in [engine, *engine.children(recursive=True)])
        room = min(room, int(TOTAL_SHARE * (job.total_memory - held)))
    return max(0, room)


def memory_limit(job: Job, n_workers: int) -> int:
    """Bytes that a trial may use.

    Parameters
    ----------
    job : Job
    n_workers : int

    Returns
    -------
    int
        The job's limit, else an even share of `worker_memory`.
    """
    return job.memory_limit or max(LEAST_WORKER_BYTES, worker_memory(job) // n_workers)
