"""What every kind of model that answers has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.errors import DataError, OptionError
from trialbook.tables import read_table

if TYPE_CHECKING:
    from trialbook.tables import Source as Table


# What is said of a row whose numbers are beyond what the model can reckon with.
NO_ANSWER: Final = "the model has no answer for this row: its arithmetic overflows"
NO_ANSWER_REMEDY: Final = "Look for numbers far beyond those that it was trained on."


def rows_without_answer(given: np.ndarray[Any, Any]) -> list[int]:
    """The rows for which a model gave NaN or an infinite number.

    Parameters
    ----------
    given : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or numbers.

    Returns
    -------
    list of int
        Positions from 0, ascending.
    """
    finite = np.isfinite(given)
    if finite.all():
        return []
    whole = finite if finite.ndim == 1 else finite.all(axis=1)
    return [int(position) for position in np.flatnonzero(~whole)]


class Answering(ABC):
    """A model with the schema of its table: it answers tables of any origin.

    Attributes
    ----------
    schema : Schema
        The columns that it asks for, and the classes.
    workspace : Path or None
        Where names of tables are looked up.
    """

    schema: Schema
    workspace: Path | None = None

    @abstractmethod
    def given(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """What the model gives for features, whatever it is.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features)
            As `conform` gives it.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_rows,)
            Probabilities, or numbers. They are NaN where its arithmetic overflowed.
        """

    def answer(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """What the model gives for features, where it has an answer to all of them.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features)
            As `conform` gives it.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_rows,)
            Probabilities, or numbers: finite.

        Raises
        ------
        DataError
            If it has none for a row. Its label would be that of the first class, by chance.
        """
        given = self.given(X)
        without = rows_without_answer(given)
        if without:
            raise DataError(NO_ANSWER, place=f"row {without[0] + 1:,}", remedy=NO_ANSWER_REMEDY)
        return given

    def labels_of(self, answer: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The most probable classes, or the numbers themselves.

        Parameters
        ----------
        answer : ndarray of shape (n_rows, n_classes) or (n_rows,)
            As `answer` gives it.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        if not self.is_classification:
            return answer
        labels: np.ndarray[Any, Any] = np.asarray(self.schema.classes)[answer.argmax(axis=1)]
        return labels

    @property
    def is_classification(self) -> bool:
        """Whether it predicts classes."""
        return bool(self.schema.classes)

    def conform(self, data: Table) -> pd.DataFrame:
        """The features of a table as the model wants them.

        Parameters
        ----------
        data : table
            A DataFrame, or anything that can be trained on. Columns may be in any order, and
            further ones are ignored.

        Returns
        -------
        DataFrame of shape (n_rows, n_features)

        Raises
        ------
        DataError
            If a column is missing or of another kind than in training.
        """
        read = read_table(data, text=self.schema.text, workspace=self.workspace)
        return self.schema.conform(read)

    def predict(self, data: Table) -> np.ndarray[Any, Any]:
        """Labels or numbers.

        Parameters
        ----------
        data
            As in `conform`.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        DataError
            As in `conform` and `answer`.
        """
        return self.labels_of(self.answer(self.conform(data)))

    def predict_proba(self, data: Table) -> pd.DataFrame:
        """The probability of each class.

        Parameters
        ----------
        data
            As in `conform`.

        Returns
        -------
        DataFrame of shape (n_rows, n_classes)
            One column a class, under its label.

        Raises
        ------
        OptionError
            If the target is a number.
        DataError
            As in `conform` and `answer`.
        """
        if not self.is_classification:
            raise OptionError("a regression has no probabilities", remedy="Use predict.")
        probabilities = self.answer(self.conform(data))
        return pd.DataFrame(probabilities, columns=list(self.schema.classes))
