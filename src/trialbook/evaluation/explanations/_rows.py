"""Explanations of given rows, as a server or a batch asks for them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.errors import NoModelError
from trialbook.evaluation.explanations._values import Request, values_of
from trialbook.models import BACKGROUND_FILE

if TYPE_CHECKING:
    from trialbook.models import Model


@dataclass(frozen=True)
class RowExplanations:
    """What each column of each row did to its prediction.

    Parameters
    ----------
    raw : ndarray of shape (n_rows, n_columns, n_classes) or (n_rows, n_columns)
        SHAP values in the unit of predictions: of each class' probability, or of the number.
        ``base + raw.sum(axis=1)`` is the prediction.
    base : ndarray of shape (n_classes,) or float
        What would be predicted without knowing the row.
    columns : tuple of str
        Of the table.
    classes : tuple
        Labels in the order of the last axis; empty for a regression.
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or numbers.
    error : ndarray of the shape of raw
        Standard errors; zero where values are exact.
    exact : bool
        Whether nothing was sampled.
    methods : tuple of str
        How the model's parts were explained, such as ``exact: LGBMClassifier``.
    """

    raw: np.ndarray
    base: np.ndarray
    columns: tuple[str, ...]
    classes: tuple[Any, ...]
    prediction: np.ndarray
    error: np.ndarray
    exact: bool
    methods: tuple[str, ...]

    def table(self, label: Any = None) -> pd.DataFrame:
        """The values as a table.

        Parameters
        ----------
        label : optional
            The class whose probability is explained; by default the last, which of two classes is
            usually the one that is looked for.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Under the names of the columns.
        """
        values = self.raw
        if self.classes:
            place = len(self.classes) - 1 if label is None else self.classes.index(label)
            values = values[:, :, place]
        return pd.DataFrame(values, columns=list(self.columns))


def explain_rows(
    model: Model,
    rows: pd.DataFrame,
    *,
    background: pd.DataFrame | None = None,
    timeout: float | None = None,
    seed: int = 0,
) -> RowExplanations:
    """Explain the predictions of rows.

    Parameters
    ----------
    model : Model
    rows : DataFrame
        Features; columns in any order, further ones are ignored.
    background : DataFrame, optional
        Rows that stand for all; by default those that lie beside the model.
    timeout : float, optional
        Seconds after which sampled values are not made more precise; every row is explained, if
        roughly, even if that takes longer. Values of a model with an exact way are not sampled
        unless they do not fit.
    seed : int
        Of what is sampled.

    Returns
    -------
    RowExplanations

    Raises
    ------
    DataError
        If there are no rows, or a column is missing or of another kind than in training.
    NoModelError
        If there is no background.
    """
    begun = time.monotonic()
    X = model.conform(rows)
    behind = load_background(model) if background is None else model.conform(background)
    request = Request(
        model.is_classification,
        deadline=None if timeout is None else begun + timeout,
        all_rows=True,
        seed=seed,
    )
    classes = tuple(model.schema.classes)
    found = values_of(model.estimator, X, behind, request)
    prediction = found.base + found.raw.sum(axis=1)
    some = slice(None) if classes else 0
    return RowExplanations(
        raw=found.raw[..., some],
        base=found.base[..., some],
        columns=tuple(map(str, X.columns)),
        classes=classes,
        prediction=prediction[..., some],
        error=found.error[..., some],
        exact=found.exact,
        methods=found.methods,
    )


def load_background(model: Model) -> pd.DataFrame:
    """The rows of training that lie beside a model to stand for all.

    Parameters
    ----------
    model : Model

    Returns
    -------
    DataFrame
        Features as the model wants them.

    Raises
    ------
    NoModelError
        If there are none: the model is older than they are.
    """
    path = model.folder / BACKGROUND_FILE
    if not path.is_file():
        raise NoModelError(
            "the model was stored without rows to compare with",
            place=str(path),
            remedy="Give a background, some hundred rows that stand for all, or train it anew.",
        )
    return pd.read_parquet(path)
