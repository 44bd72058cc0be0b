"""Functions that judge models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialbook.experiment import ModelCard
    from trialbook.tables import Source


def card(
    which: str | Path = "best",
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
    which : str or Path
        A model of the registry, such as ``churn``, ``churn@3`` or ``churn@champion``; or a trial:
        ``best``, a label, a number or a run.
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment whose trials are meant; the latest one by default.
    tracking_uri : str, optional
        MLflow tracking URI in place of the workspace's own database.
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
    from trialbook.experiment import find_trial

    experiment, run_id = find_trial(which, workspace, name, tracking_uri)
    return experiment.card(
        run_id,
        data=data,
        fairness_by=fairness_by,
        timeout=timeout,
        intended_use=intended_use,
        owner=owner,
        licence=licence,
    )
