"""A model that answers: a fitted estimator with the schema of the table that it learned from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.errors import OptionError
from trialbook.models._answering import Answering
from trialbook.models._conformal import Conformal, read_conformal
from trialbook.models._package import load_model
from trialbook.models._schema_file import schema_at

if TYPE_CHECKING:
    from trialbook.tables import Source as Table


@dataclass(frozen=True)
class Model(Answering):
    """A fitted estimator, found by whatever name, that answers tables of any origin.

    Parameters
    ----------
    name : str
        What people call it: ``lightgbm-2``, or its name in the registry.
    folder : Path
        Its folder as an MLflow model.
    schema : Schema
        The columns that it asks for, and the classes.
    version : int, optional
        Of its name in the registry.
    run_id : str, optional
        MLflow's id of the run that made it.
    workspace : Path, optional
        Where names of tables are looked up.
    """

    name: str
    folder: Path
    schema: Schema
    version: int | None = None
    run_id: str | None = None
    workspace: Path | None = None

    @classmethod
    def at(cls, folder: Path, **known: Any) -> Model:
        """The model of a folder, with its own schema.

        Parameters
        ----------
        folder : Path
            An MLflow model that a trial wrote.
        **known
            Fields of `Model`; the name is the folder's unless it is given.

        Returns
        -------
        Model

        Raises
        ------
        NoModelError
            If it is none of Trialbook's, or its schema is damaged.
        """
        return cls(**{"name": folder.name, **known}, folder=folder, schema=schema_at(folder))

    @property
    def label(self) -> str:
        """Its name with its version: ``churn@3``."""
        return self.name if self.version is None else f"{self.name}@{self.version}"

    @property
    def pickle(self) -> Path:
        """The file that the estimator is kept in."""
        return self.folder / "model.pkl"

    @functools.cached_property
    def estimator(self) -> Any:
        """The fitted scikit-learn estimator, read when it is first asked for."""
        return load_model(self.folder)

    @functools.cached_property
    def conformal(self) -> Conformal:
        """How far its predictions may be off, as its folder says.

        Raises
        ------
        NoModelError
            If the model was stored without.
        """
        return read_conformal(self.folder)

    def given(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """As `Answering.given`."""
        estimator = self.estimator
        return np.asarray(
            estimator.predict_proba(X) if self.is_classification else estimator.predict(X)
        )

    def predict_interval(self, data: Table, coverage: float = 0.9) -> pd.DataFrame:
        """Predict numbers with intervals that hold the truth so often.

        Parameters
        ----------
        data
            As in `conform`.
        coverage : float, optional
            Share of rows whose true value the intervals are to hold, from 0.5 to 0.999.

        Returns
        -------
        DataFrame of shape (n_rows, 3)
            ``prediction``, ``lower`` and ``upper``, in units of the target.

        Raises
        ------
        OptionError
            If the target is a class, or the coverage cannot be promised.
        NoModelError
            If the model was stored without its calibration.
        DataError
            As in `conform`.

        Notes
        -----
        By conformal prediction from out-of-fold errors; see `trialbook.evaluation.conformal`. The
        share holds on average over rows like those in training, not for every group of rows.
        """
        if self.is_classification:
            raise OptionError("a class has no interval", remedy="Use predict_set.")
        known = self.conformal
        prediction = self.predict(data)
        lower, upper = known.interval(prediction, coverage)
        return pd.DataFrame({"prediction": prediction, "lower": lower, "upper": upper})

    def predict_set(
        self, data: Table, coverage: float = 0.9, *, per_class: bool = False
    ) -> pd.DataFrame:
        """Predict sets of classes that hold the truth so often.

        Parameters
        ----------
        data
            As in `conform`.
        coverage : float, optional
            Share of rows whose true class the sets are to hold, from 0.5 to 0.999.
        per_class : bool, optional
            Keep it for the rows of every class, rare ones too; sets are then larger.

        Returns
        -------
        DataFrame of shape (n_rows, 2)
            ``prediction``, the most probable class, and ``set``, a list of labels with the most
            probable ones first. It is never empty.

        Raises
        ------
        OptionError
            If the target is a number, or the coverage is not in its range.
        NoModelError
            If the model was stored without its calibration.
        DataError
            As in `conform`.
        """
        if not self.is_classification:
            raise OptionError("a number has no set of classes", remedy="Use predict_interval.")
        probabilities = self.predict_proba(data).to_numpy()
        sets = self.sets_of(probabilities, coverage, per_class=per_class)
        return pd.DataFrame(
            {"prediction": self.labels_of(probabilities), "set": pd.Series(sets, dtype=object)}
        )

    def sets_of(
        self, probabilities: np.ndarray, coverage: float, *, per_class: bool = False
    ) -> list[list[Any]]:
        """The sets of `predict_set`, where the probabilities are known.

        Parameters
        ----------
        probabilities : ndarray of shape (n_rows, n_classes)
        coverage, per_class
            As in `predict_set`.

        Returns
        -------
        list of list
            Labels, the most probable ones first.

        Raises
        ------
        OptionError, NoModelError
            As in `predict_set`.
        """
        within = self.conformal.sets(probabilities, coverage, per_class=per_class)
        order = np.argsort(-probabilities, axis=1, kind="stable")
        labels = self.schema.classes
        return [
            [labels[code] for code in codes if inside[code]]
            for codes, inside in zip(order, within, strict=True)
        ]
