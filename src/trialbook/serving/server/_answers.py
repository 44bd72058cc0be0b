"""What a model gave, as the documents that MLflow and Azure answer with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.serving.server._problems import Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray


def labels(given: NDArray[Any], schema: Schema) -> list[Any]:
    """Predictions as plain values: the most probable class of each row, or its number.

    Parameters
    ----------
    given : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Finite.
    schema : Schema

    Returns
    -------
    list
    """
    if given.ndim == 2:
        classes = schema.classes
        return [classes[position] for position in given.argmax(axis=1).tolist()]
    numbers: list[Any] = given.tolist()
    return numbers


def probabilities(given: NDArray[Any]) -> list[list[float]]:
    """Probabilities of each row as plain values, in the order of the classes.

    Parameters
    ----------
    given : ndarray of shape (n_rows, n_classes) or (n_rows,)

    Returns
    -------
    list of list of float

    Raises
    ------
    Refused
        With status 422 if the model has none.
    """
    if given.ndim != 2:
        raise Refused(
            422,
            "the model predicts numbers, which have no probabilities",
            place="method",
            remedy="Ask for predict.",
        )
    rows: list[list[float]] = given.tolist()
    return rows


def outputs(given: NDArray[Any], schema: Schema) -> pd.DataFrame:
    """Predictions as a table, as the log keeps them.

    Parameters
    ----------
    given : ndarray of shape (n_rows, n_classes) or (n_rows,)
    schema : Schema

    Returns
    -------
    DataFrame
        ``prediction``, and ``probability_…`` of each class.
    """
    columns: dict[str, Any] = {"prediction": labels(given, schema)}
    if given.ndim == 2:
        for position, label in enumerate(schema.classes):
            columns[f"probability_{label}"] = np.asarray(given[:, position])
    return pd.DataFrame(columns)


def as_json(document: Any) -> bytes:
    """A document as JSON in UTF-8, in one line.

    Parameters
    ----------
    document : object
        Plain values only, without NaN.

    Returns
    -------
    bytes
    """
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8"
    )
