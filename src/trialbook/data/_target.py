"""The target: which task it poses, which classes it has, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data._guardrails import Guardrail, row_numbers
from trialbook.data._schema import Schema, Task
from trialbook.errors import DataError, OptionError, nearest
from trialbook.tables.plain import Storage, example, shown, storage_of

# Whole numbers with this few values are classes (digits, ratings, codes); with more, a count.
INTEGER_CLASSES = 20
# Each class needs this many rows on average, or the whole numbers are rather a count.
ROWS_PER_INTEGER_CLASS = 10
# More classes than this share of the rows cannot be learned: it is an identifier or a quantity.
CLASS_SHARE = 0.5

# Whole numbers under a name whose last word is one of these are codes, however many.
CLASS_WORDS = {"class", "classes", "label", "labels", "category", "type", "species", "cluster"}

# The class that is called so is not the one that is looked for.
NEGATIVE_WORDS = {"no", "n", "false", "f", "negative", "neg", "none", "normal", "healthy", "ham"}


def infer_task(target: pd.Series) -> tuple[Task, str]:
    """Tell the task from the target.

    Parameters
    ----------
    target : Series
        Target column of a normalised table.

    Returns
    -------
    tuple of (str, str)
        The task, and the evidence as a short sentence.
    """
    present = target.dropna()
    storage = storage_of(target)
    distinct = int(present.nunique())
    if storage is not Storage.NUMBER:
        kind = "true and false" if storage is Storage.BOOL else "text"
        return "classification", f"the target holds {kind} with {distinct:,} different values"
    if distinct <= 2:
        return "classification", f"the target has {distinct} different values"
    whole = bool((present == np.floor(present)).all())
    if not whole:
        return "regression", "the target holds fractions"
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", str(target.name))
    if words and words[-1].lower() in CLASS_WORDS and distinct <= CLASS_SHARE * len(present):
        return "classification", f"'{target.name}' is the name of a class"
    enough = len(present) >= distinct * ROWS_PER_INTEGER_CLASS
    if distinct <= INTEGER_CLASSES and enough:
        return "classification", f"the target holds only {distinct} different whole numbers"
    return "regression", f"the target holds {distinct:,} different whole numbers"


def prepare_target(
    frame: pd.DataFrame,
    target: str,
    task: Task,
    positive_label: object = None,
) -> tuple[pd.DataFrame, tuple[Any, ...], int | None, tuple[Guardrail, ...]]:
    """Clean the target and list its classes.

    Parameters
    ----------
    frame : DataFrame
        Normalised table.
    target : str
        Column to predict.
    task : {"classification", "regression"}
        What is predicted.
    positive_label : optional
        Class that counts as positive; two classes only.

    Returns
    -------
    frame : DataFrame
        Without the rows that have no target; whole numbers are int64.
    classes : tuple
        Sorted Python scalars; empty for regression.
    positive : int or None
        Position of the positive class; ``None`` unless there are two classes.
    guardrails : tuple of Guardrail

    Raises
    ------
    DataError
        If the target is unknown, all missing, constant, or does not suit the task.
    OptionError
        If the positive label is no class of the target.
    """
    check_target(frame, target)
    column = frame[target]
    if task == "regression":
        _check_numbers(column)
    missing = column.isna()
    guardrails: tuple[Guardrail, ...] = ()
    if missing.any():
        frame = frame[~missing].reset_index(drop=True)
        guardrails = (_missing_target(target, missing.to_numpy(), np.arange(len(missing))),)
    column = _plain(frame[target])
    if column.nunique() == 1:
        what = "one class" if task == "classification" else "one value"
        raise DataError(
            f"the target '{target}' has only {what}, {shown(column.iloc[0])}: "
            "there is nothing to learn",
            remedy="Name another target, or give a table in which it differs.",
        )
    if task == "regression":
        frame = frame.assign(**{target: pd.to_numeric(column).astype(np.float64)})
        if positive_label is not None:
            raise OptionError("a regression has no positive label", place="option positive_label")
        return frame, (), None, guardrails
    frame = frame.assign(**{target: column})
    classes = _classes(frame[target], target)
    return frame, classes, _positive(classes, positive_label), guardrails


def check_target(frame: pd.DataFrame, target: str) -> None:
    """Refuse a target that is not there, is empty, or holds what cannot be predicted."""
    check_target_name(frame.columns, target)
    column = frame[target]
    if column.isna().all():
        raise DataError(
            f"every cell of the target '{target}' is missing", remedy="Name another target."
        )
    storage = storage_of(column)
    if storage in (Storage.DATETIME, Storage.NESTED):
        kind = "times" if storage is Storage.DATETIME else "lists or objects"
        raise DataError(
            f"the target '{target}' holds {kind}, which cannot be predicted",
            remedy="Give numbers or labels, such as the days until the event.",
        )


def check_target_name(columns: Collection[str], target: str) -> None:
    """Refuse a target that is not there."""
    if target not in columns:
        raise DataError(
            f"there is no column '{target}' to predict", remedy=nearest(target, columns)
        )


def encode(target: pd.Series, classes: tuple[Any, ...]) -> np.ndarray:
    """The target as the evaluation sees it.

    Parameters
    ----------
    target : Series
        Target column without missing values.
    classes : tuple
        Classes in order; empty for regression.

    Returns
    -------
    ndarray, shape (n_rows,)
        Positions in `classes` (int64, -1 for an unknown label), or float64 for regression.
    """
    if not classes:
        return np.asarray(target, dtype=np.float64)
    index = pd.Index(list(classes), dtype=object)
    return np.asarray(index.get_indexer(target.astype(object)), dtype=np.int64)


def has_known_label(target: pd.Series, schema: Schema) -> np.ndarray:
    """Which cells of a target are there, and of a class that training saw."""
    return np.asarray(target.isin(schema.classes) if schema.classes else target.notna())


def keep_known_labels(
    frame: pd.DataFrame, schema: Schema, what: str, positions: np.ndarray | None = None
) -> tuple[pd.DataFrame, tuple[Guardrail, ...]]:
    """Drop the rows that cannot be scored: no target, or a class that training never saw.

    Parameters
    ----------
    frame : DataFrame
        Table that `Schema.conform` returned with the target.
    schema : Schema
        The training schema.
    what : str
        Name of the table in messages, such as "test".
    positions : ndarray of int, shape (n_rows,), optional
        Which row of its table each row is, from 0, if rows are lacking.

    Returns
    -------
    frame : DataFrame
        The rows that are left; the target is stored as in training.
    guardrails : tuple of Guardrail

    Raises
    ------
    DataError
        If no row is left.
    """
    guardrails = []
    positions = np.arange(len(frame)) if positions is None else positions
    target = frame[schema.target]
    missing = target.isna().to_numpy()
    if missing.any():
        guardrails.append(_missing_target(schema.target, missing, positions, what))
        frame, positions = frame[~missing], positions[~missing]
        target = frame[schema.target]
    if schema.classes:
        unknown = ~target.isin(schema.classes).to_numpy()
        if unknown.any():
            labels = sorted({str(label) for label in target[unknown]})
            guardrails.append(
                Guardrail(
                    f"Classes of the {what} table",
                    "alerted",
                    f"{plural(int(unknown.sum()), 'row')} of the {what} table have a class that "
                    f"training never saw, such as {shown(labels[0])}",
                    "these rows are left out",
                    (schema.target,),
                    row_numbers(positions[unknown]),
                )
            )
            frame = frame[~unknown]
    if frame.empty:
        raise DataError(
            f"no row of the {what} table has a usable value of the target '{schema.target}'",
            remedy="Give a table with the classes that occur in training.",
        )
    frame = frame.reset_index(drop=True)
    if schema.classes and isinstance(schema.classes[0], bool):
        frame[schema.target] = frame[schema.target].astype(bool)
    elif schema.classes and isinstance(schema.classes[0], int):
        frame[schema.target] = frame[schema.target].astype(np.int64)
    elif not schema.classes or isinstance(schema.classes[0], float):
        frame[schema.target] = frame[schema.target].astype(np.float64)
    return frame, tuple(guardrails)


def _missing_target(
    target: str, missing: np.ndarray, positions: np.ndarray, what: str = ""
) -> Guardrail:
    table = f" of the {what} table" if what else ""
    return Guardrail(
        "Missing target values",
        "fixed",
        f"{int(missing.sum()):,} of {len(missing):,} rows{table} have no value of '{target}'",
        "these rows are left out",
        (target,),
        row_numbers(positions[missing]),
    )


def _plain(column: pd.Series) -> pd.Series:
    """The column without missing cells, in its narrowest storage."""
    storage = storage_of(column)
    if storage is Storage.BOOL:
        return column.astype(bool)
    if storage is Storage.NUMBER and column.dtype.kind == "f":
        whole = bool((column == np.floor(column)).all()) and bool((column.abs() < 2**53).all())
        return column.astype(np.int64) if whole else column
    return column


def _check_numbers(column: pd.Series) -> None:
    if storage_of(column) is not Storage.STRING:
        return
    unread = pd.to_numeric(column, errors="coerce").isna() & column.notna()
    if unread.any():
        value, row = example(column, unread.to_numpy())
        raise DataError(
            f"the target '{column.name}' holds text such as {shown(value)}, "
            "which a regression cannot predict",
            place=f"row {row}",
            remedy="Ask for classification, or give numbers.",
        )


def _classes(column: pd.Series, target: str) -> tuple[Any, ...]:
    distinct = int(column.nunique())
    if distinct > 2 and distinct > CLASS_SHARE * len(column):
        numeric = storage_of(column) is Storage.NUMBER
        raise DataError(
            f"the target '{target}' has {distinct:,} different values in {len(column):,} rows, "
            "too many to be classes",
            remedy="Ask for regression." if numeric else "Name another target.",
        )
    return tuple(sorted(column.astype(object).unique().tolist()))


def _positive(classes: tuple[Any, ...], label: object) -> int | None:
    if len(classes) != 2:
        if label is not None:
            raise OptionError(
                f"a positive label needs two classes, and the target has {len(classes)}",
                place="option positive_label",
                remedy="Leave it out.",
            )
        return None
    if label is None:
        # The second class, as in scikit-learn, unless its name says that nothing was found.
        negative = [str(item).strip().lower() in NEGATIVE_WORDS for item in classes]
        return 0 if negative[1] and not negative[0] else 1
    for position, item in enumerate(classes):
        if item == label and isinstance(item, bool) == isinstance(label, bool):
            return position
    spelled = [str(item).casefold() for item in classes]
    # A file of YAML that says yes means true.
    words = {True: ("yes", "on", "y"), False: ("no", "off", "n")}
    for word in (str(label).casefold(), *(words[label] if isinstance(label, bool) else ())):
        if word in spelled:
            return spelled.index(word)
    raise OptionError(
        f"the target has no class {shown(label)}",
        place="option positive_label",
        remedy=nearest(str(label), [str(item) for item in classes]),
    )
