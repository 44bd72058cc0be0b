"""The rows that a model learned from, as far as they can be found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trialbook.errors import NoModelError, WorkspaceError
from trialbook.execution import OOF
from trialbook.models import BACKGROUND_FILE, Model
from trialbook.tracking import Tracker, Workspace

# Where an experiment keeps its rows.
ROWS = Path("data") / "train.parquet"


@dataclass(frozen=True)
class LearnedFrom:
    """Where old rows of a model are.

    Parameters
    ----------
    rows : Path
        Parquet file of features, and of the target where they are all training rows.
    said : str
        What they are.
    predicted : Path or None
        Out-of-fold predictions of these rows.
    notes : tuple of str
        What is not known of them.
    """

    rows: Path
    said: str
    predicted: Path | None = None
    notes: tuple[str, ...] = ()


def learned_from(model: Model, tracking_uri: str | None = None) -> LearnedFrom:
    """Find the rows that a model learned from.

    Parameters
    ----------
    model : Model
    tracking_uri : str, optional
        As in `find_model`.

    Returns
    -------
    LearnedFrom
        The training rows of its experiment; of a folder alone, those few that lie beside it.

    Raises
    ------
    NoModelError
        If there are none.
    """
    tracker = _experiment_of(model, tracking_uri)
    if tracker is not None and (tracker.folder / ROWS).is_file() and model.run_id is not None:
        predicted = tracker.folder_of(model.run_id) / OOF
        said = f"training rows of the experiment '{tracker.name}'"
        return LearnedFrom(tracker.folder / ROWS, said, predicted if predicted.is_file() else None)
    beside = model.folder / BACKGROUND_FILE
    if not beside.is_file():
        raise NoModelError(
            "the rows that the model learned from are nowhere: its experiment is not known here,"
            f" and it has no {BACKGROUND_FILE}",
            place=str(model.folder),
            remedy="Name the model as its workspace knows it.",
        )
    note = (
        "the experiment of the model is not known here: recent rows are compared with the few"
        " training rows that lie beside it, without target and predictions"
    )
    return LearnedFrom(beside, "training rows that lie beside the model", None, (note,))


def _experiment_of(model: Model, tracking_uri: str | None) -> Tracker | None:
    """The execution that made a model, if the workspace has it."""
    if model.run_id is None or model.workspace is None:
        return None
    try:
        space = Workspace.open(model.workspace, tracking_uri)
    except WorkspaceError:
        return None
    return Tracker.of_trial(space, model.run_id)
