"""What every kind of model that answers has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.errors import OptionError
from trialbook.tables import read_table

if TYPE_CHECKING:
    from trialbook.tables import Source as Table


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
    def _labels(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Labels or numbers of features as `conform` gives them."""

    @abstractmethod
    def _probabilities(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """The probability of each class, of shape (n_rows, n_classes)."""

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
            As in `conform`.
        """
        return self._labels(self.conform(data))

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
            As in `conform`.
        """
        if not self.is_classification:
            raise OptionError("a regression has no probabilities", remedy="Use predict.")
        probabilities = self._probabilities(self.conform(data))
        return pd.DataFrame(probabilities, columns=list(self.schema.classes))
