"""Two models asked about the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook.data import Schema, encode, has_known_label
from trialbook.errors import DataError, OptionError
from trialbook.evaluation import Difference, Metric, default_metric, difference, metric
from trialbook.models import Model, predict
from trialbook.tables import read_table

if TYPE_CHECKING:
    from trialbook.tables import Source as Table


def compare(first: Model, second: Model, data: Table, by: str) -> Difference:
    """Measure two models on rows that neither has seen.

    Parameters
    ----------
    first, second : Model
        Of the same target.
    data : table
        With the target and all columns that any of the two needs.
    by : str
        Name of the metric. Where the two know other classes, and the metric is for another number
        of them, the default of that number takes its place.

    Returns
    -------
    Difference

    Raises
    ------
    OptionError
        If they predict different things.
    DataError
        If the table lacks a column, or has no row with a class that one of the two knows.
    """
    if (first.schema.task, first.schema.target) != (second.schema.task, second.schema.target):
        raise OptionError(
            f"'{first.label}' predicts {_what(first)}, and '{second.label}' {_what(second)}",
            remedy="Compare models of one target.",
        )
    text = first.schema.text | second.schema.text
    read = read_table(data, text=text, workspace=second.workspace)
    classes = _union(first, second)
    schema = replace(second.schema, classes=classes)
    target = schema.conform(read, require_target=True)[schema.target]
    known = has_known_label(target, schema)
    if not known.any():
        raise DataError(
            f"no row has a usable value of the target '{schema.target}'",
            remedy="Give a table with the classes that occur in training.",
        )
    y = encode(target[known], classes)
    before, after = (_answers(model, read, known, classes) for model in (first, second))
    return difference(_metric(by, second, len(classes)), y, before, after, _positive(schema))


def _what(model: Model) -> str:
    return f"'{model.schema.target}' ({model.schema.task})"


def _union(first: Model, second: Model) -> tuple[object, ...]:
    """The classes of both, sorted as those of each are."""
    found = {*first.schema.classes, *second.schema.classes}
    if found == set(second.schema.classes):
        return second.schema.classes
    return tuple(sorted(found, key=lambda label: (str(type(label)), label)))


def _positive(schema: Schema) -> int | None:
    return schema.positive if len(schema.classes) == 2 else None


def _metric(by: str, model: Model, n_classes: int) -> Metric:
    task = model.schema.task
    if n_classes != len(model.schema.classes):
        return default_metric(task, n_classes)
    return metric(by, task, n_classes)


def _answers(
    model: Model, read: pd.DataFrame, known: np.ndarray, classes: tuple[object, ...]
) -> np.ndarray:
    """Numbers, or probabilities of all classes: 0 for those that a model does not know."""
    X = model.schema.conform(read)[known].reset_index(drop=True)
    answer = predict(model.estimator, X, classification=model.is_classification)
    if not model.is_classification or classes == model.schema.classes:
        return answer
    whole = np.zeros((len(answer), len(classes)))
    whole[:, [classes.index(label) for label in model.schema.classes]] = answer
    return whole
