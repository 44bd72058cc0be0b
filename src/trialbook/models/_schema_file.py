"""The schema that a model brings along, which may be anyone's."""

from __future__ import annotations

import json
from pathlib import Path

from trialbook.data import Schema
from trialbook.errors import NoModelError
from trialbook.models._package import SCHEMA_FILE


def schema_at(folder: Path) -> Schema:
    """Read the schema of the model in a folder.

    Parameters
    ----------
    folder : Path
        An MLflow model that a trial wrote.

    Returns
    -------
    Schema

    Raises
    ------
    NoModelError
        If the model is none of Trialbook's, or its schema is damaged.
    """
    path = folder / SCHEMA_FILE
    if not path.is_file():
        raise NoModelError(
            f"this is no model of Trialbook: it has no {SCHEMA_FILE}",
            place=str(folder),
            remedy="Name a trial, a model of the registry, or the folder of a trial's model.",
        )
    return schema_of_text(path.read_text("utf-8", errors="replace"), str(path))


def schema_of_text(text: str, place: str | None) -> Schema:
    """Read the schema of a model.

    Parameters
    ----------
    text : str
        JSON, as `Schema.to_dict` has it.
    place : str, optional
        The file that it is of.

    Returns
    -------
    Schema

    Raises
    ------
    NoModelError
        If it is none: the file is damaged, or was written by something else.
    """
    try:
        return Schema.from_dict(json.loads(text))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise NoModelError(
            f"the schema of this model cannot be read ({type(error).__name__}: {error})",
            place=place,
            remedy="Export or train it again.",
        ) from error
