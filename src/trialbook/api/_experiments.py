"""Experiments that are there: carried on, opened, and joined by edited notebooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.events import Listener
from trialbook.job import read_seconds

if TYPE_CHECKING:
    from trialbook.lifecycle import Experiment, Trial


def resume(
    workspace: str | Path = "trialbook",
    name: str | None = None,
    *,
    timeout: str | float | None = None,
    max_trials: int | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[Listener] = (),
) -> Experiment:
    """Continue an experiment where it stopped, or give a finished one more time.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment; the latest one by default.
    timeout : str or float, optional
        Time from now, such as ``"5m"``; what its own deadline leaves by default.
    max_trials : int, optional
        Number of trials in all.
    tracking_uri : str, optional
        As in `classify`.
    listeners : sequence of Listener
        Told what happens while it runs.

    Returns
    -------
    Experiment

    Raises
    ------
    WorkspaceError
        If there is nothing to resume, it is running, or its time is spent and no new time given.
    """
    started = time.monotonic()
    from trialbook import experiment, lifecycle

    tracker = experiment.resume(
        workspace,
        name,
        timeout=None if timeout is None else read_seconds(timeout),
        max_trials=max_trials,
        tracking_uri=tracking_uri,
        listeners=listeners,
        started=started,
    )
    return lifecycle.Experiment(tracker)


def open(
    workspace: str | Path = "trialbook",
    name: str | None = None,
    *,
    tracking_uri: str | None = None,
) -> Experiment:
    """Open an earlier experiment.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment; the latest one by default.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    Experiment

    Raises
    ------
    WorkspaceError
        If the workspace or the experiment does not exist.
    """
    from trialbook.lifecycle import Experiment
    from trialbook.tracking import Tracker, Workspace

    return Experiment(Tracker.latest(Workspace.open(workspace, tracking_uri), name))


def rerun(
    notebook: str | Path,
    *,
    workspace: str | Path | None = None,
    name: str | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[Listener] = (),
) -> Trial:
    """Run an edited notebook as a new trial of the experiment that it comes from.

    Parameters
    ----------
    notebook : str or Path
        A trial's ``.ipynb`` or ``.py``, edited.
    workspace : str or Path, optional
        Folder that keeps the experiment; else the workspace that the notebook lies in.
    name : str, optional
        The experiment; else the one that the notebook comes from.
    tracking_uri : str, optional
        As in `classify`.
    listeners : sequence of Listener
        Told what happens while it runs.

    Returns
    -------
    Trial

    Raises
    ------
    DataError
        If it is no notebook, or fails; the leaderboard then shows it as failed.
    WorkspaceError
        If the experiment cannot be found, or is running.
    """
    from trialbook import experiment, lifecycle

    record = experiment.rerun(
        notebook, workspace=workspace, name=name, tracking_uri=tracking_uri, listeners=listeners
    )
    return lifecycle.Trial(record)
