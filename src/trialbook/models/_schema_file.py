"""The schema that a model brings along, which may be anyone's."""

from __future__ import annotations

import json

from trialbook.data import Schema
from trialbook.errors import NoModelError


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
