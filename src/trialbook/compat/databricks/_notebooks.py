"""Copies of trials' notebooks, which run wherever they are put."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from trialbook._plain import write_text
from trialbook.errors import DataError, OptionError
from trialbook.program import with_absolute_paths

SUFFIX = ".ipynb"


@dataclass(frozen=True)
class ImportNotebookResult:
    """Where an imported notebook is.

    Parameters
    ----------
    path : str
        The file.
    url : str
        The same as an address for a browser.
    """

    path: str
    url: str


def import_notebook(artifact_uri: str, path: str, overwrite: bool = False) -> ImportNotebookResult:
    """Copy a trial's notebook to where you want to work on it.

    Parameters
    ----------
    artifact_uri : str
        `TrialInfo.artifact_uri`, or another address of a notebook among MLflow's artifacts, such
        as ``runs:/<run id>/program/trial.ipynb``.
    path : str
        The file to write; ``.ipynb`` is added where it is missing, and folders are made.
    overwrite : bool
        Whether a file that is there is replaced.

    Returns
    -------
    ImportNotebookResult

    Raises
    ------
    DataError
        If there is no notebook at the address.
    OptionError
        If the file exists and is not to be overwritten.

    Notes
    -----
    The copy names the data by absolute paths, so that it runs from its new place.
    """
    source = _local(artifact_uri)
    target = Path(path).expanduser()
    if target.suffix != SUFFIX:
        target = target.with_name(target.name + SUFFIX)
    target = target.absolute()
    if target.exists() and not overwrite:
        raise OptionError(
            "there is a file already",
            place=str(target),
            remedy="Give overwrite=True to replace it, or another path.",
        )
    try:
        notebook = json.loads(source.read_text("utf-8"))
        for cell in notebook["cells"]:
            text = with_absolute_paths("".join(cell["source"]), source.parent)
            cell["source"] = text.splitlines(keepends=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"there is no notebook: {error}",
            place=artifact_uri,
            remedy="Give the artifact_uri of a trial.",
        ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return ImportNotebookResult(str(target), target.as_uri())


def _local(uri: str) -> Path:
    """The file of an address, fetched if it is elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme in ("", "file"):
        return Path(url2pathname(parts.path) if parts.scheme else uri)
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        return Path(download_artifacts(artifact_uri=uri))
    except (MlflowException, OSError) as error:
        raise DataError(
            f"the notebook cannot be fetched: {error}",
            place=uri,
            remedy="Give the artifact_uri of a trial.",
        ) from error
