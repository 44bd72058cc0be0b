"""Old rows and new rows of a model compared: columns, target, predictions, all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data import (
    CHANCE,
    FEWEST_ROWS,
    MOVED,
    NEW_LEVELS,
    Column,
    Schema,
    Semantic,
)
from trialbook.errors import DataError
from trialbook.evaluation.drift._columns import Cells, cells_of, compare, corrected
from trialbook.evaluation.drift._figures import Drift, Moved, Predicted
from trialbook.evaluation.drift._policy import SMALL_EFFECT
from trialbook.evaluation.drift._rows import Drawn
from trialbook.evaluation.drift._separation import separate


@dataclass(frozen=True)
class Answers:
    """Predictions of old rows that the model did not learn from, and of new ones.

    Parameters
    ----------
    before, after : ndarray of shape (n,) or (n, n_classes)
        Numbers, or probabilities in the order of the classes.
    """

    before: np.ndarray
    after: np.ndarray


def compare_rows(
    model: str,
    schema: Schema,
    old: Drawn,
    new: Drawn,
    *,
    reference: str,
    answers: Answers | None = None,
    notes: Sequence[str] = (),
    seed: int = 0,
) -> Drift:
    """Compare the rows that a model learned from with new ones.

    Parameters
    ----------
    model : str
        What it is called.
    schema : Schema
    old, new : Drawn
    reference : str
        What the old rows are, in words.
    answers : Answers, optional
    notes : sequence of str, optional
        What could not be compared.
    seed : int, optional

    Returns
    -------
    Drift

    Raises
    ------
    DataError
        If there are too few rows.
    """
    for drawn in (old, new):
        if len(drawn.frame) < FEWEST_ROWS:
            raise DataError(
                f"{plural(len(drawn.frame), 'row')} of {drawn.place} say nothing of drift:"
                f" {FEWEST_ROWS} are the least",
                remedy="Give more rows.",
            )
    columns = compare_columns(schema.used, old.frame, new.frame)
    told = [
        f"{len(drawn.frame):,} of the {drawn.n_rows:,} {which} rows are compared, drawn at random"
        for which, drawn in (("old", old), ("recent", new))
        if len(drawn.frame) < drawn.n_rows
    ]
    told += notes
    target, targets = None, [drawn.target(schema) for drawn in (old, new)]
    if targets[0] is not None and targets[1] is not None:
        target = _target(schema, targets[0], targets[1])
    elif targets[0] is not None:
        told.append(f"the recent rows have no '{schema.target}', so that it is not compared")
    labels: Moved | None = None
    predictions: list[Predicted] = []
    if answers is not None:
        labels, predictions = _predictions(schema, answers)
    separation = separate(schema.used, old.frame, new.frame, columns, seed)
    if separation is not None and separation.left_out:
        told.append("dates are left out where a model tells old rows from new ones: time goes by")
    return Drift(
        model=model,
        reference=reference,
        recent=new.place,
        n_reference=old.n_rows,
        n_recent=new.n_rows,
        compared=(len(old.frame), len(new.frame)),
        columns=tuple(columns),
        target=target,
        labels=labels,
        predictions=tuple(predictions),
        separation=separation,
        notes=tuple(told),
    )


def compare_columns(
    columns: Sequence[Column], old: pd.DataFrame, new: pd.DataFrame
) -> list[Moved]:
    """Compare the columns of two tables; those that moved most come first.

    Parameters
    ----------
    columns : sequence of Column
    old, new : DataFrame

    Returns
    -------
    list of Moved
    """
    found = [
        compare(cells)
        for column in columns
        for cells in cells_of(column, old[column.name], new[column.name])
    ]
    moved = corrected(found, [_is_far(one) for one in found])
    return sorted(moved, key=lambda one: (not one.moved, -max(one.distance, one.new_share)))


def _is_far(found: Moved) -> bool:
    return found.distance >= MOVED or found.new_share >= NEW_LEVELS


def _target(schema: Schema, before: pd.Series, after: pd.Series) -> Moved:
    kind = Semantic.CATEGORICAL if schema.classes else Semantic.NUMERIC
    column = Column(schema.target, kind, schema.target_storage, "", 0, len(schema.classes))
    return _one(column, before.dropna(), after.dropna())


def _one(column: Column, before: pd.Series, after: pd.Series) -> Moved:
    """A comparison that is the only one of its kind."""
    if column.semantic is Semantic.NUMERIC:
        before, after = before.astype(float), after.astype(float)
    found = compare(Cells(column, before, after))
    return corrected([found], [_is_far(found)])[0]


def _predictions(schema: Schema, answers: Answers) -> tuple[Moved | None, list[Predicted]]:
    """Labels as a column, and means of probabilities or numbers."""
    from scipy.stats import ttest_ind

    classes = schema.classes
    if not classes:
        pairs = [("prediction", answers.before, answers.after)]
        labels = None
    else:
        names = np.array([str(label) for label in classes], dtype=object)
        one, other = (
            pd.Series(names[each.argmax(axis=1)]) for each in (answers.before, answers.after)
        )
        column = Column("predicted label", Semantic.CATEGORICAL, "string", "", 0, len(classes))
        labels = _one(column, one, other)
        # Of two classes, one says it all.
        codes = [1 if schema.positive is None else schema.positive] if len(classes) == 2 else None
        pairs = [
            (str(classes[code]), answers.before[:, code], answers.after[:, code])
            for code in (codes or range(len(classes)))
        ]
    found = []
    for name, before, after in pairs:
        deviation = float(before.std())
        effect = float(after.mean() - before.mean()) / deviation if deviation else 0.0
        chance = float(ttest_ind(before, after, equal_var=False).pvalue)
        chance = 1.0 if np.isnan(chance) else min(1.0, len(pairs) * chance)
        moved = chance < CHANCE and abs(effect) >= SMALL_EFFECT
        means = float(before.mean()), float(after.mean())
        found.append(Predicted(name, *means, effect, chance, moved))
    return labels, found
