"""The part of an experiment that predicts rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from trialbook.lifecycle._handle import Experiment
    from trialbook.tables import Source as Table


class Predicting:
    """What the models of `Experiment` say of rows."""

    @property
    def _experiment(self) -> Experiment:
        return cast("Experiment", self)

    def predict(self, data: Table, trial: str | int = "best") -> np.ndarray[Any, Any]:
        """Predict labels or numbers.

        Parameters
        ----------
        data : table
            A DataFrame, or anything that can be trained on. Columns may be in any order, and
            further ones are ignored.
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        DataError
            If a column is missing or of another kind than in training.
        """
        return self._experiment.model(trial).predict(data)

    def predict_proba(self, data: Table, trial: str | int = "best") -> pd.DataFrame:
        """Predict the probability of each class.

        Parameters
        ----------
        data, trial
            As in `predict`.

        Returns
        -------
        DataFrame of shape (n_rows, n_classes)
            One column a class, under its label.

        Raises
        ------
        OptionError
            If the target is a number.
        DataError
            If a column is missing or of another kind than in training.
        """
        return self._experiment.model(trial).predict_proba(data)

    def predict_interval(
        self, data: Table, coverage: float = 0.9, trial: str | int = "best"
    ) -> pd.DataFrame:
        """Predict numbers with intervals that hold the truth so often.

        Parameters
        ----------
        data, trial
            As in `predict`.
        coverage : float, optional
            Share of rows whose true value the intervals are to hold, from 0.5 to 0.999.

        Returns
        -------
        DataFrame of shape (n_rows, 3)
            ``prediction``, ``lower`` and ``upper``. Errors and notes: `Model.predict_interval`.
        """
        return self._experiment.model(trial).predict_interval(data, coverage)

    def predict_set(
        self,
        data: Table,
        coverage: float = 0.9,
        trial: str | int = "best",
        *,
        per_class: bool = False,
    ) -> pd.DataFrame:
        """Predict sets of classes that hold the truth so often.

        Parameters
        ----------
        data, trial
            As in `predict`.
        coverage, per_class
            As in `Model.predict_set`, where errors and notes are, too.

        Returns
        -------
        DataFrame of shape (n_rows, 2)
            ``prediction`` and ``set``, a list of labels.
        """
        return self._experiment.model(trial).predict_set(data, coverage, per_class=per_class)
