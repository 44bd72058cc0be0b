"""A model by whatever name it goes: in the registry, on a leaderboard, or as a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.addresses import path_of
from trialbook.errors import NoModelError, OptionError, WorkspaceError, nearest
from trialbook.lifecycle._handle import Experiment
from trialbook.lifecycle._series import refuse_series
from trialbook.models import (
    MODEL_FOLDER,
    SCHEMA_FILE,
    ForecastModel,
    Model,
    is_file_of_model,
    model_at,
    open_model,
)
from trialbook.tracking import ModelVersion, Tracker, Workspace, find_version, registered

if TYPE_CHECKING:
    from trialbook.lifecycle._trial import Trial
    from trialbook.models.onnx import OnnxModel

_REGISTERED = re.compile(r"(?:models:/)?(?P<name>[^/:@]+)(?:[/@](?P<which>[^/:@]+))?")
_RUN = re.compile(r"runs:/(?P<run>[^/]+)/.+")


def find_model(
    which: str | Path,
    workspace: str | Path,
    name: str | None = None,
    tracking_uri: str | None = None,
    *,
    trust: bool = False,
) -> Model:
    """Find a model that has a Python estimator.

    Parameters
    ----------
    which : str or Path
        A model of the registry: ``churn`` (its champion, or else its newest version),
        ``churn@3``, ``churn@challenger`` or MLflow's ``models:/churn/3``; a trial of the
        experiment: ``best``, a label, a number or a run; ``runs:/RUN/model``; or the folder or
        zip of a stored model, which needs no workspace. What is in the registry comes before
        trials, unless the experiment is named.
    workspace : str or Path
    name : str, optional
        The experiment whose trials are meant; else the latest.
    tracking_uri : str, optional
    trust : bool
        Whether the author of a folder or a zip from outside the workspace is trusted.

    Returns
    -------
    Model

    Raises
    ------
    OptionError, WorkspaceError
        If there is none, with the nearest name, or if it is an ONNX file or a forecast.
    NoModelError
        If it is a trial without a model.
    UntrustedError
        If it is a pickle from outside the workspace, and nobody said that it may be loaded.
    """
    found = find_fitted_model(which, workspace, name, tracking_uri, trust=trust)
    return found if isinstance(found, Model) else refuse_series(found.label)


def find_fitted_model(
    which: str | Path,
    workspace: str | Path,
    name: str | None = None,
    tracking_uri: str | None = None,
    *,
    trust: bool = False,
) -> Model | ForecastModel:
    """Find a model that was fitted here: one of rows, or one that forecasts series.

    Parameters
    ----------
    which, workspace, name, tracking_uri, trust
        As in `find_model`.

    Returns
    -------
    Model or ForecastModel

    Raises
    ------
    TrialbookError
        As in `find_model`, but not of a forecast.
    """
    found = find_any_model(which, workspace, name, tracking_uri, trust=trust)
    if isinstance(found, (Model, ForecastModel)):
        return found
    raise OptionError(
        "an ONNX file has no Python estimator, which this needs",
        place=str(which),
        remedy="Name the trial, the registered model or the folder that it was made of.",
    )


def find_any_model(
    which: str | Path,
    workspace: str | Path,
    name: str | None = None,
    tracking_uri: str | None = None,
    *,
    trust: bool = False,
) -> Model | ForecastModel | OnnxModel:
    """Find a model that predicts, of any kind.

    Parameters
    ----------
    which : str or Path
        As in `find_model`, or an ``.onnx`` file.
    workspace, name, tracking_uri, trust
        As in `find_model`.

    Returns
    -------
    Model, ForecastModel or OnnxModel
        All have a `schema`; a `ForecastModel` has `forecast`, the others `predict` and
        `predict_proba`.

    Raises
    ------
    TrialbookError
        As in `find_model`.
    """
    text = str(which)
    if is_file_of_model(which):
        return open_model(which, trust=trust, workspace=path_of(workspace).absolute())
    space = Workspace.open(workspace, tracking_uri)
    run = _RUN.fullmatch(text)
    if run:
        return _of_run(space, run["run"])
    version = _version(space, text, name)
    if version is not None:
        return model_of(space, version)
    experiment = Experiment(Tracker.latest(space, name))
    with _neither(space, text, name):
        trial = experiment.trial(text)
    if experiment.schema.series is not None:
        return trial.forecaster(space.path)
    return experiment.model(trial.run_id)


def find_trial(
    which: str | Path,
    workspace: str | Path,
    name: str | None = None,
    tracking_uri: str | None = None,
) -> tuple[Experiment, Trial]:
    """Find a trial, or the trial that made a model.

    Parameters
    ----------
    which, workspace, name, tracking_uri
        As in `find_model`.

    Returns
    -------
    experiment : Experiment
    trial : Trial
        One that was named as a trial may be without a model.

    Raises
    ------
    OptionError
        If there is none, with the nearest name; or if it is a folder or a file, which does not
        say what it comes from.
    WorkspaceError
        If a version of a model is asked for that is not there, or its experiment is gone.
    """
    text = str(which)
    if is_file_of_model(which):
        raise OptionError(
            "a file or a folder does not say which trial it comes from",
            place=text,
            remedy="Name a trial, or a model of the registry.",
        )
    space = Workspace.open(workspace, tracking_uri)
    run = _RUN.fullmatch(text)
    version = None if run else _version(space, text, name)
    if run is None and version is None:
        experiment = Experiment(Tracker.latest(space, name))
        with _neither(space, text, name):
            return experiment, experiment.trial(text)
    run_id = run["run"] if run else version.run_id if version else text
    label = f"{version.name}@{version.version}" if version else text
    experiment = Experiment(_tracker(space, run_id, label))
    return experiment, experiment.trial(run_id)


def _version(space: Workspace, text: str, name: str | None) -> ModelVersion | None:
    """The version of the registry that a name means; None where it can only mean a trial."""
    found = _REGISTERED.fullmatch(text)
    if found is None or name is not None:
        return None
    if found["name"] in registered(space) or text.startswith("models:/") or "@" in text:
        return find_version(space, found["name"], found["which"])
    return None


@contextmanager
def _neither(space: Workspace, text: str, name: str | None) -> Iterator[None]:
    """Say of a name that is no trial's that it is no registered model's either."""
    try:
        yield
    except OptionError as error:
        choices = registered(space) if name is None else []
        raise OptionError(
            f"there is no model '{text}': neither in the registry nor among the trials",
            place=str(space.path),
            remedy=nearest(text, choices) if choices else error.remedy,
        ) from error


def name_and_version(text: str) -> tuple[str, str | None]:
    """Take an address of the registry apart: ``churn@3`` into ``churn`` and ``3``.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of (str, str or None)

    Raises
    ------
    OptionError
        If it can be none.
    """
    found = _REGISTERED.fullmatch(text)
    if found is None:
        raise OptionError(
            f"'{text}' is no name of a registered model",
            place="option model",
            remedy="Write it like churn, churn@3 or churn@challenger.",
        )
    return found["name"], found["which"]


def model_of(space: Workspace, version: ModelVersion) -> Model | ForecastModel:
    """The model of a version.

    Parameters
    ----------
    space : Workspace
        That has the registry.
    version : ModelVersion

    Returns
    -------
    Model or ForecastModel

    Raises
    ------
    WorkspaceError
        If its run or experiment is gone.
    NoModelError
        If its run has no model.
    """
    label = f"{version.name}@{version.version}"
    return _stored(space, version.run_id, label, version.name, version.version)


def _of_run(space: Workspace, run_id: str) -> Model | ForecastModel:
    return _stored(space, run_id, f"runs:/{run_id}/{MODEL_FOLDER}", run_id[:8], None)


def _stored(
    space: Workspace, run_id: str, label: str, name: str, version: int | None
) -> Model | ForecastModel:
    """The model of a run, by its own schema, or that of its experiment if it has none of its own.

    Those of workspaces of before models kept their schema have none.
    """
    tracker = _tracker(space, run_id, label)
    folder = tracker.folder_of(run_id) / MODEL_FOLDER
    if not folder.is_dir():
        raise NoModelError(
            f"the run of the model '{label}' has no model",
            place=str(folder),
            remedy="Name another model.",
        )
    if not (folder / SCHEMA_FILE).is_file():
        schema = Experiment(tracker).schema
        return Model(name, folder, schema, version, run_id, space.path)
    return model_at(folder, name=name, version=version, run_id=run_id, workspace=space.path)


def _tracker(space: Workspace, run_id: str, label: str) -> Tracker:
    """The experiment that a model's run belongs to."""
    from mlflow.exceptions import MlflowException

    try:
        parent = space.client.get_run(run_id).data.tags.get("mlflow.parentRunId", run_id)
    except MlflowException as error:
        raise WorkspaceError(
            f"the run of the model '{label}' is gone",
            place=str(space.path),
            remedy="Restore it with `mlflow runs restore`, or name another model.",
        ) from error
    tracker = Tracker.at(space, parent)
    if tracker is None:
        raise WorkspaceError(
            f"the experiment of the model '{label}' is kept elsewhere, or was deleted",
            place=str(space.path),
            remedy="Name the workspace that it was trained in (--workspace).",
        )
    return tracker
