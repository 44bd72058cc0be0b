"""Functions that judge models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialbook.lifecycle import Experiment, ModelCard, Trial
    from trialbook.tables import Source


def find_trial(
    model: str | Path = "best",
    *,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
) -> tuple[Experiment, Trial]:
    """Find a trial, or the trial that made a registered model, and its experiment.

    Parameters
    ----------
    model : str or Path
        A model of the registry, such as ``churn``, ``churn@3`` or ``churn@champion``; or a trial:
        ``best``, a label, a number or a run. What is in the registry comes before trials, unless
        the experiment is named.
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment whose trials are meant; the latest one by default.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    experiment : Experiment
    trial : Trial
        One that was named as a trial may be without a model.

    Raises
    ------
    OptionError, WorkspaceError
        If there is none, with the nearest name; or if it is a folder or a file, which does not
        say what it comes from.

    Examples
    --------
    >>> import trialbook as tb
    >>> experiment, trial = tb.find_trial("churn@champion")  # doctest: +SKIP
    >>> experiment.errors(trial.label)  # doctest: +SKIP
    """
    from trialbook.lifecycle import find_trial as find

    return find(model, workspace, name, tracking_uri)


def card(
    model: str | Path = "best",
    *,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    data: Source | None = None,
    fairness_by: str | Sequence[str] = (),
    timeout: str | float = 60.0,
    intended_use: str | None = None,
    owner: str | None = None,
    licence: str | None = None,
) -> ModelCard:
    """Make the card of a model.

    Parameters
    ----------
    model, workspace, name, tracking_uri
        As in `find_trial`.
    data, fairness_by, timeout, intended_use, owner, licence
        As in `Experiment.card`.

    Returns
    -------
    ModelCard

    Raises
    ------
    TrialbookError
        As in `Experiment.card`; also if there is no such model.
    """
    experiment, trial = find_trial(
        model, workspace=workspace, name=name, tracking_uri=tracking_uri
    )
    return experiment.card(
        trial.run_id,
        data=data,
        fairness_by=fairness_by,
        timeout=timeout,
        intended_use=intended_use,
        owner=owner,
        licence=licence,
    )
