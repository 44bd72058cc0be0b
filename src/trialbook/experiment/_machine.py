"""How many trials run at once, and on how many cores."""

from __future__ import annotations

import os

from trialbook.experiment._state import Machine
from trialbook.job import Job

# Up to this many encoded cells a learner gains little from a second core, while a second trial
# gains all of it.
MAX_CELLS_ON_ONE_CORE = 5_000_000
# Memory that workers may use together; the rest is for the system and the engine.
MEMORY_SHARE = 0.8


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


def memory_limit(job: Job, n_workers: int) -> int:
    """Bytes that a trial may use.

    Parameters
    ----------
    job : Job
    n_workers : int

    Returns
    -------
    int
        The job's limit, else an even share of what is available.
    """
    import psutil

    return job.memory_limit or int(psutil.virtual_memory().available * MEMORY_SHARE / n_workers)
