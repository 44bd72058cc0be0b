"""How many trials run at once, and on how many cores."""

from __future__ import annotations

import os
from pathlib import Path

from trialbook.experiment._state import Machine
from trialbook.job import Job

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
# Less than this is no limit but a mistake.
LEAST_BYTES = 2**29
# Limit and use of a control group: version 2, and version 1.
CONTROL_GROUPS = tuple(
    (Path("/sys/fs/cgroup") / limit, Path("/sys/fs/cgroup") / used)
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    )
)


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
    if job.max_concurrent_trials is not None:
        workers = min(job.max_concurrent_trials, max(workers, 1))
    if job.max_trials is not None:
        workers = min(workers, job.max_trials)
    return Machine(workers, per_trial)


def free_memory() -> int:
    """Bytes that are free on this machine, and in its control group if that has a limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    for limit, used in CONTROL_GROUPS:
        try:
            text = limit.read_text().strip()
            free = min(free, int(text) - int(used.read_text())) if text != "max" else free
        except (OSError, ValueError):
            continue
    return max(free, 0)


def run_memory(job: Job) -> int:
    """Bytes that the whole run may use: the job's limit, else most of what is free."""
    return job.total_memory or int(MEMORY_SHARE * free_memory())


def table_memory(job: Job) -> int:
    """Bytes that the training table, as often as a worker copies it, may take."""
    room = run_memory(job) - IMPORTS_BYTES
    return max(LEAST_BYTES, min(room, job.memory_limit or room))


def memory_limit(job: Job, n_workers: int) -> int:
    """Bytes that a trial may use.

    Parameters
    ----------
    job : Job
    n_workers : int

    Returns
    -------
    int
        The job's limit, else an even share of what is free, or of what the engine leaves of the
        job's limit for the whole run.
    """
    if job.memory_limit is not None:
        return job.memory_limit
    room = int(MEMORY_SHARE * free_memory())
    if job.total_memory is not None:
        import psutil

        engine = psutil.Process()
        held = sum(one.memory_info().rss for one in [engine, *engine.children(recursive=True)])
        room = min(room, int(TOTAL_SHARE * (job.total_memory - held)))
    return max(LEAST_BYTES, room) // n_workers
