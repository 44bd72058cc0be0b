"""Functions of models: found, registered, promoted, trained anew."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.events import Listener
from trialbook.job import read_seconds

if TYPE_CHECKING:
    from trialbook.lifecycle import Promotion, Retrained
    from trialbook.models import ForecastModel, Model
    from trialbook.models.export import Exported
    from trialbook.models.onnx import OnnxModel
    from trialbook.tables import Source
    from trialbook.tracking import ModelVersion


def load_model(
    which: str | Path = "best",
    *,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Model | ForecastModel | OnnxModel:
    """Find a model that answers: of the registry, of a leaderboard, or in a file.

    Parameters
    ----------
    which : str or Path
        A model of the registry: ``churn`` (its champion, or else its newest version), ``churn@3``
        or ``churn@challenger``; a trial of the experiment: ``best``, a label, a number or a run;
        the folder or the zip of a stored model; or an ONNX file. What is in the registry comes
        before trials, unless the experiment is named.
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment whose trials are meant; the latest one by default.
    tracking_uri : str, optional
        As in `classify`.
    trust : bool
        Whether the author of a folder or a zip from outside the workspace is trusted: such a
        model is a pickle, and loading a pickle runs any code that its author put there. ONNX files
        need no trust.

    Returns
    -------
    Model, ForecastModel or OnnxModel
        With its `schema`, `predict` and `predict_proba`; all but ONNX files with the `estimator`.
        One that forecasts series has its `schema`, `forecast`, `rolling` and `fitted` instead.

    Raises
    ------
    OptionError, WorkspaceError
        If there is none, with the nearest name.
    NoModelError
        If it is a trial without a model, or nothing here can read it.
    UntrustedError
        If it is a pickle from outside the workspace, and `trust` is not given.
    """
    from trialbook.lifecycle import find_any_model

    return find_any_model(which, workspace, name, tracking_uri, trust=trust)


def registered_models(
    workspace: str | Path = "trialbook", *, tracking_uri: str | None = None
) -> list[ModelVersion]:
    """All registered models: every version, by name, newest first.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps them.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    list of ModelVersion
        With `name`, `version`, `aliases`, `uri`, `run_id` and `tags`: experiment, trial, score,
        notebook, data and what comparisons found.

    Raises
    ------
    WorkspaceError
        If the workspace does not exist.
    """
    from trialbook.tracking import Workspace, registered, versions

    space = Workspace.open(workspace, tracking_uri)
    return [one for name in registered(space) for one in versions(space, name)]


def promote(
    model: str,
    *,
    data: Source | None = None,
    alias: str = "champion",
    force: bool = False,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
) -> Promotion:
    """Let a version of a registered model be the one that is used, if it is better on new data.

    Parameters
    ----------
    model : str
        ``churn`` (its challenger, or else its newest version), ``churn@3`` or
        ``churn@candidate``.
    data : table, optional
        Rows with the target that neither model has seen; needed if another version has the alias.
    alias : str
        What it is promoted to: a name alone means its ``champion``.
    force : bool
        Whether it is promoted without a comparison, or in spite of it.
    workspace : str or Path
        Folder that keeps it.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    Promotion
        Whether it was `promoted`, and the `difference` on the new data with its uncertainty. The
        champion of before is called ``previous`` from then on.

    Raises
    ------
    OptionError
        If another version has the alias, and there is neither data to compare them on nor force.
    WorkspaceError
        If there is no such model or version.
    DataError
        If the data cannot be used.
    """
    from trialbook import lifecycle

    return lifecycle.promote(
        model, workspace, data=data, alias=alias, force=force, tracking_uri=tracking_uri
    )


def retrain(
    model: str,
    data: Source,
    *,
    test: Source | None = None,
    timeout: str | float | None = None,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
    listeners: Sequence[Listener] = (),
) -> Retrained:
    """Train the configuration of a registered model on new data, as a challenger of it.

    Parameters
    ----------
    model : str
        ``churn`` (its champion, or else its newest version) or ``churn@3``.
    data : table
        New rows, with the target and the columns of before.
    test : table, optional
        Rows to compare both models on; else a fifth of the data is kept for that, of forecasts
        the last horizon.
    timeout : str or float, optional
        Time for everything, such as ``"5m"``; else it takes what it takes.
    workspace : str or Path
        Folder that keeps it.
    tracking_uri : str, optional
        As in `classify`.
    listeners : sequence of Listener
        Told what happens while it trains.

    Returns
    -------
    Retrained
        The `version` that was registered as ``challenger``, its `experiment`, and the
        `difference` of both models with its uncertainty.

    Raises
    ------
    OptionError
        If a person edited the program.
    WorkspaceError
        If there is no such model, or the experiment that made it is gone.
    DataError
        If the data cannot be used.
    NoModelError
        If the training failed.
    """
    started = time.monotonic()
    from trialbook import lifecycle

    return lifecycle.retrain(
        model,
        data,
        workspace,
        test=test,
        timeout=None if timeout is None else read_seconds(timeout),
        tracking_uri=tracking_uri,
        listeners=listeners,
        started=started,
    )


def export(
    model: str | Path = "best",
    *,
    to: str,
    path: str | Path | None = None,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Exported:
    """Write a model in a form that others can use.

    Parameters
    ----------
    model : str or Path
        As `which` in `load_model`.
    workspace, name, tracking_uri, trust
        As in `load_model`.
    to : {"onnx", "pickle", "zip", "docker"}
        ``onnx``: one file from the columns of the table to the prediction, for any language, and
        safe to load. ``pickle``: the estimator alone, with a file of its requirements. ``zip``:
        the model, its environment and a script that predicts. ``docker``: a folder that an image
        is built from, which answers over HTTP.
    path : str or Path, optional
        Where; by default the model's name in the current folder. A file there is replaced, a
        folder is not.

    Returns
    -------
    Exported
        Its `path`, and for ONNX the `parity`: how alike the file and the model are on real rows.

    Raises
    ------
    ExportError
        If a step cannot be written as ONNX, or the file would answer otherwise than the model
        does. Nothing is written then.
    TrialbookError
        As `load_model`, or if the place cannot be written to.
    """
    from trialbook import lifecycle

    return lifecycle.export(model, to, path, workspace, name, tracking_uri, trust=trust)
