"""The columns of a table that steer a job: folds, groups, times, weights."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data._guardrails import Guardrail, row_numbers
from trialbook.errors import DataError, OptionError, nearest
from trialbook.tables.plain import Storage, example, shown, storage_of
from trialbook.tables.text import detect_format, parse

# Names of the sides in a column of labels, in any case.
_TRAIN = {"train", "training"}
_VALIDATION = {"validation", "validate", "val", "valid"}
_TEST = {"test", "testing"}
# More labels than this are no folds (the limit of the option `folds` too).
MOST_FOLDS = 100


class FoldColumns(NamedTuple):
    """The user's folds: a matrix as in `Folds`, and the rows that are named test."""

    matrix: pd.DataFrame | None
    test: np.ndarray


def check_columns(columns: Collection[str], options: dict[str, tuple[str, ...]]) -> None:
    """Refuse options that name columns which do not exist.

    Parameters
    ----------
    columns : collection of str
        Those of the training table.
    options : dict
        Column names by the option that names them.

    Raises
    ------
    OptionError
    """
    for option, names in options.items():
        for name in names:
            if name not in columns:
                raise OptionError(
                    f"there is no column '{name}'",
                    place=f"option {option}",
                    remedy=nearest(name, columns),
                )


def read_fold_columns(frame: pd.DataFrame) -> FoldColumns:
    """Read the columns that say which rows train, validate and test.

    Parameters
    ----------
    frame : DataFrame
        The fold columns: several (or one) of 1 for rows that train and 0 for rows that validate,
        or one of labels, in which each label is a fold, or train, validation and test are named.

    Returns
    -------
    FoldColumns
        `matrix` is ``None`` when the labels name only training and test rows.

    Raises
    ------
    DataError
        If a cell is missing or means nothing, or a fold would be empty.
    """
    for name in frame.columns:
        missing = frame[name].isna().to_numpy()
        if missing.any():
            raise DataError(
                f"the fold column '{name}' has missing values",
                place=f"row {int(np.flatnonzero(missing)[0]) + 1}",
                remedy="Give every row a fold.",
            )
    nobody = np.zeros(len(frame), dtype=bool)
    if frame.shape[1] == 1 and not _binary(frame.iloc[:, 0]).all():
        return _labels(frame.iloc[:, 0])
    matrix = {}
    for name in frame.columns:
        known = _binary(frame[name])
        if not known.all():
            value, row = example(frame[name], ~known)
            raise DataError(
                f"the fold column '{name}' holds {shown(value)}, "
                "neither 1 (train) nor 0 (validate)",
                place=f"row {row}",
                remedy="Several fold columns hold 1 and 0; fold names go into one column.",
            )
        sides = frame[name].astype(np.int8)
        if sides.nunique() < 2:
            raise DataError(
                f"the fold column '{name}' has only {sides.iloc[0]}",
                remedy="A fold needs rows with 1, which train, and rows with 0, which validate.",
            )
        matrix[name] = sides
    return FoldColumns(pd.DataFrame(matrix), nobody)


def _binary(column: pd.Series) -> np.ndarray:
    storage = storage_of(column)
    if storage is Storage.BOOL:
        return np.ones(len(column), dtype=bool)
    if storage is Storage.NUMBER:
        return np.asarray(column.isin((0, 1)))
    return np.zeros(len(column), dtype=bool)


def _labels(column: pd.Series) -> FoldColumns:
    labels = column.astype(str).str.strip()
    folded = labels.str.casefold()
    test = folded.isin(_TEST).to_numpy()
    train = folded.isin(_TRAIN).to_numpy()
    validation = folded.isin(_VALIDATION).to_numpy()
    if (train | validation | test).all() and train.any():
        if not validation.any():
            return FoldColumns(None, test)
        sides = np.where(validation, 0, 1).astype(np.int8)
        return FoldColumns(pd.DataFrame({column.name: sides}), test)
    names = sorted(labels[~test].unique())
    if len(names) < 2 or len(names) > MOST_FOLDS:
        raise DataError(
            f"the fold column '{column.name}' has {len(names):,} different folds",
            remedy=f"Give 2 to {MOST_FOLDS} fold names, or train, validation and test.",
        )
    matrix = {f"{column.name}={name}": (labels != name).astype(np.int8) for name in names}
    return FoldColumns(pd.DataFrame(matrix), test)


def group_codes(column: pd.Series) -> np.ndarray:
    """Groups as whole numbers from 0; rows without a group form one group together."""
    codes, values = pd.factorize(column)
    return np.where(codes < 0, len(values), codes).astype(np.int64)


def time_values(column: pd.Series) -> tuple[np.ndarray, tuple[Guardrail, ...]]:
    """Times as numbers that can be compared.

    Parameters
    ----------
    column : Series
        Times, dates as text, or numbers such as years.

    Returns
    -------
    values : ndarray of float64 or int64, shape (n_rows,)
        Rows without a time come before all others.
    guardrails : tuple of Guardrail

    Raises
    ------
    DataError
        If the column cannot be put in order.
    """
    storage = storage_of(column)
    times = column
    if storage is Storage.STRING:
        form = detect_format(column.dropna().unique())
        if form is None:
            value, row = example(column, column.notna().to_numpy())
            raise DataError(
                f"the time column '{column.name}' holds {shown(value)}, "
                "which is not read as a date",
                place=f"row {row}",
                remedy="Write dates like 2024-12-31, or name another column.",
            )
        times = parse(column, form)
    elif storage not in (Storage.DATETIME, Storage.NUMBER):
        raise DataError(
            f"the time column '{column.name}' holds {storage.value} values, not times",
            remedy="Name a column of dates or numbers.",
        )
    missing = times.isna().to_numpy()
    if missing.all():
        raise DataError(
            f"the time column '{column.name}' has no times", remedy="Name another column."
        )
    values = times.to_numpy()
    if values.dtype.kind == "M":
        # A missing time is the smallest whole number, and so the earliest.
        values = values.astype("datetime64[ns]").astype(np.int64)
    elif missing.any():
        values = np.where(missing, values[~missing].min() - 1, values)
    if not missing.any():
        return values, ()
    note = Guardrail(
        "Missing times",
        "alerted",
        f"{plural(int(missing.sum()), 'row')} have no time in '{column.name}'",
        "they count as the earliest and train",
        (str(column.name),),
        row_numbers(np.flatnonzero(missing)),
    )
    return values, (note,)


def check_weights(column: pd.Series, *, place: str | None = None) -> pd.Series:
    """Refuse weights that are missing, negative, not numbers, or all zero.

    Parameters
    ----------
    column : Series
        Sample weights.
    place : str, optional
        The table, for messages.

    Returns
    -------
    Series of float64

    Raises
    ------
    DataError
    """
    storage = storage_of(column)
    numeric = storage in (Storage.NUMBER, Storage.BOOL)
    bad = column.isna().to_numpy()
    if numeric and not bad.any():
        column = column.astype(np.float64)
        bad = (column < 0).to_numpy()
    elif not numeric:
        bad = column.notna().to_numpy()
    where = f"{place}, row" if place else "row"
    if bad.any():
        value, row = example(column, bad)
        held = "nothing" if pd.isna(value) else shown(value)
        raise DataError(
            f"the weight column '{column.name}' holds {held}",
            place=f"{where} {row}",
            remedy="A weight is a number that is not negative.",
        )
    if not (column > 0).any():
        raise DataError(
            f"every weight in '{column.name}' is zero", place=place, remedy="Give some weight."
        )
    return column
