"""Rows that a trial's models had not seen, with the truth and what was predicted of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook.data import Schema, Semantic, encode, keep_known_labels
from trialbook.errors import DataError, OptionError, nearest
from trialbook.execution import OOF, read_oof
from trialbook.experiment import state
from trialbook.lifecycle._series import require_rows
from trialbook.models import predict
from trialbook.tables import read_table
from trialbook.tables.plain import Storage, as_text, normalise, storage_of
from trialbook.tables.text import parse

if TYPE_CHECKING:
    from trialbook.evaluation.errors import Losses
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle._trial import Trial
    from trialbook.tables import Source as Table


@dataclass(frozen=True)
class Held:
    """Rows to judge a trial by.

    Parameters
    ----------
    rows : DataFrame
        Columns as people understand them: numbers, dates (``datetime64``) and texts (``object``,
        NaN where missing). True or false is text, and of a long text there is its number of words.
    texts : tuple of str
        The columns that hold numbers of words.
    features : tuple of str
        Those of the columns that the model uses.
    y : ndarray of shape (n_rows,)
        True values, or codes of the true classes.
    prediction : ndarray of shape (n_rows,) or (n_rows, n_classes)
    origin : str
        Where the rows are from, for people.
    """

    rows: pd.DataFrame
    texts: tuple[str, ...]
    features: tuple[str, ...]
    y: np.ndarray
    prediction: np.ndarray
    origin: str

    @property
    def losses(self) -> Losses:
        """What each row loses."""
        from trialbook.evaluation.errors import losses_of

        return losses_of(self.y, self.prediction)

    def column(self, name: str) -> pd.Series:
        """A column of the rows.

        Raises
        ------
        OptionError
            If there is none of this name.
        """
        if name not in self.rows:
            raise OptionError(
                f"the rows have no column '{name}'",
                place=self.origin,
                remedy=nearest(name, self.rows.columns)
                + " A column that is no feature must be in a table that is given (data).",
            )
        return self.rows[name]


def held_rows(experiment: Experiment, trial: Trial, data: Table | None = None) -> Held:
    """The rows to judge a trial by.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    data : table, optional
        With the target and any other columns; else the rows of training, each as predicted by a
        model that had not seen it.

    Returns
    -------
    Held

    Raises
    ------
    NoModelError
        If the trial has no model.
    DataError
        If a column is missing, the target too, or the trial kept no out-of-fold predictions.
    """
    trial.require_model()
    schema = experiment.schema
    require_rows(schema, trial.label)
    if data is None:
        return _out_of_fold(experiment, trial)
    read = normalise(read_table(data, text=schema.text, workspace=experiment.workspace))
    rows = schema.conform(read, require_target=True)
    for name in read.columns:
        if name not in rows and storage_of(read[name]) is not Storage.NESTED:
            rows[name] = read[name].to_numpy()
    rows, _ = keep_known_labels(rows, schema, "given")
    prediction = predict(trial.model, rows[schema.names], classification=bool(schema.classes))
    return _held(rows, schema, prediction, f"{len(rows):,} rows of the table that was given")


def _out_of_fold(experiment: Experiment, trial: Trial) -> Held:
    schema, path = experiment.schema, trial.folder / OOF
    if not path.is_file():
        raise DataError(
            f"the trial {trial.label} kept no out-of-fold predictions",
            place=str(path),
            remedy="Give a table with the target (data) that the model has not seen.",
        )
    places, predicted = read_oof(path)
    # Where validation is repeated, a row has several predictions: it gets their mean.
    kept, inverse, times = np.unique(places, return_inverse=True, return_counts=True)
    flat = predicted if predicted.ndim == 2 else predicted[:, None]
    sums = np.zeros((len(kept), flat.shape[1]))
    np.add.at(sums, inverse, flat)
    mean = sums / times[:, None]
    train = pd.read_parquet(experiment.folder / state.TRAIN)
    names = [*schema.names, schema.target]
    rows = train[names].iloc[kept].reset_index(drop=True)
    prediction = mean if predicted.ndim == 2 else mean[:, 0]
    origin = f"{len(rows):,} out-of-fold rows of training"
    return _held(rows, schema, prediction, origin)


def _held(rows: pd.DataFrame, schema: Schema, prediction: np.ndarray, origin: str) -> Held:
    y = np.asarray(encode(rows[schema.target], schema.classes))
    texts = tuple(one.name for one in schema.columns if one.semantic is Semantic.TEXT)
    return Held(readable(rows, schema), texts, tuple(schema.names), y, prediction, origin)


def readable(rows: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Columns as people understand them, by what they mean to the model.

    Parameters
    ----------
    rows : DataFrame
        A normalised table.
    schema : Schema

    Returns
    -------
    DataFrame
        As `Held.rows` is described; without the target.
    """
    known = {column.name: column for column in schema.columns}
    columns = {}
    for name in rows.columns:
        if name == schema.target:
            continue
        column, about = rows[name], known.get(name)
        storage = storage_of(column)
        if about is not None and about.datetime_format and storage is Storage.STRING:
            columns[name] = parse(column, about.datetime_format)
        elif about is not None and about.semantic is Semantic.TEXT:
            columns[name] = column.str.split().str.len().astype(float)
        elif storage is Storage.DATETIME:
            columns[name] = column
        elif storage is Storage.NUMBER and (
            about is None or about.semantic is not Semantic.CATEGORICAL
        ):
            columns[name] = column.astype(float)
        else:
            columns[name] = _texts(column, storage)
    return pd.DataFrame(columns, index=rows.index)


def _texts(column: pd.Series, storage: Storage) -> pd.Series:
    missing = column.isna().to_numpy()
    texts = np.full(len(column), np.nan, dtype=object)
    written = column[~missing].map(as_text)
    texts[~missing] = written.str.lower() if storage is Storage.BOOL else written
    return pd.Series(texts, index=column.index, dtype=object)
