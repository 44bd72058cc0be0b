"""Many models: an experiment for each part of a table, under one name and within one budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trialbook.job import Job
    from trialbook.lifecycle import ManyModels, Part
    from trialbook.tables import Source


def train_many(
    job: Job,
    partition: Sequence[str],
    *,
    data: Source | None = None,
    divide: Literal["rows", "even"] = "rows",
    at_once: int | None = None,
    listeners: Sequence[Callable[[Part], None]] = (),
) -> ManyModels:
    """Run a job once for each part of its table, all within its budget.

    Each part becomes an experiment like any other, called by the job's name and its own, and its
    best model a version of a registered model of that name. A part that fails costs itself alone.

    Parameters
    ----------
    job : Job
        What is asked of each part. Its timeout is the deadline of all parts together, and its
        number of trials is that of each.
    partition : sequence of str
        Columns whose values tell parts apart. Other tables of the job must have them, too.
    data : table, optional
        A table in memory, in place of the job's.
    divide : {"rows", "even"}
        Whether a part gets time by its rows, or as much as any other. What a part leaves goes to
        those behind it; the largest begin.
    at_once : int, optional
        Experiments that run at once; as many as there are cores by default.
    listeners : sequence of callable
        Told of each part that ended.

    Returns
    -------
    ManyModels
        Its `results` say what became of each part, its `forecast` asks all of them.

    Raises
    ------
    TrialbookError
        If a table, a column or the workspace cannot be used; nothing is written then.

    Examples
    --------
    >>> import trialbook as tb
    >>> job = tb.Job(
    ...     data="sales.csv", target="sold", task="forecasting", time_column="date",
    ...     series=["store", "item"], horizon=14, timeout="30m",
    ... )  # doctest: +SKIP
    >>> many = tb.train_many(job, partition=["state"])  # doctest: +SKIP
    >>> many.forecast()  # doctest: +SKIP
    """
    started = time.monotonic()
    from trialbook import lifecycle

    return lifecycle.train_many(
        job,
        partition,
        data=data,
        divide=divide,
        at_once=at_once,
        listeners=listeners,
        started=started,
    )


def open_many(
    workspace: str | Path = "trialbook",
    name: str | None = None,
    *,
    tracking_uri: str | None = None,
) -> ManyModels:
    """Open many models that were trained together.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps them.
    name : str, optional
        Their name; the latest ones by default.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    ManyModels

    Raises
    ------
    WorkspaceError
        If there are none.
    """
    from trialbook import lifecycle

    return lifecycle.open_many(workspace, name, tracking_uri=tracking_uri)
