"""Values of keys: numbers, switches, lists and the names of Azure's enumerations."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from typing import Any

from trialbook.compat.azure._entries import Entry
from trialbook.errors import nearest

TASKS = ("classification", "regression", "forecasting")
# Tasks of the same service that are no tables.
OTHER_TASKS = (
    "image_classification",
    "image_classification_multilabel",
    "image_object_detection",
    "image_instance_segmentation",
    "text_classification",
    "text_classification_multilabel",
    "text_ner",
)

# Algorithms that Azure ML has, or had, and Trialbook has not, for this task or for any.
LACKING = (
    *("TCNForecaster", "Prophet", "AutoArima", "Arimax", "ExponentialSmoothing"),
    *("Naive", "SeasonalNaive", "Average", "SeasonalAverage"),
    *("AveragedPerceptronClassifier", "TabnetClassifier", "TabnetRegressor"),
    *("TensorFlowDNN", "TensorFlowLinearClassifier", "TensorFlowLinearRegressor"),
    *("OnlineGradientDescentRegressor", "FastLinearRegressor"),
)

# What Azure ML optimises where a job names no metric; its author expects no other.
DEFAULT_METRICS = {
    "classification": "accuracy",
    "regression": "normalized_root_mean_squared_error",
    "forecasting": "normalized_root_mean_squared_error",
}

# The metrics that Azure ML offers as primary ones.
PRIMARY_METRICS = {
    "classification": (
        *("accuracy", "AUC_weighted", "norm_macro_recall"),
        *("average_precision_score_weighted", "precision_score_weighted"),
    ),
    **dict.fromkeys(
        ("regression", "forecasting"),
        (
            *("normalized_root_mean_squared_error", "spearman_correlation", "r2_score"),
            "normalized_mean_absolute_error",
        ),
    ),
}

# Purposes of columns -> types of Trialbook.
COLUMN_TYPES = {
    "Numeric": "numeric",
    "Categorical": "categorical",
    "CategoricalHash": "categorical_hash",
    "DateTime": "datetime",
    "Text": "text",
    "Ignore": "ignore",
    "Hashes": "ignore",
    "AllNan": "ignore",
}


def fold(name: object) -> str:
    """A name as it is compared: ``light_gbm``, ``LightGBM`` and ``LIGHT_GBM`` are one."""
    return re.sub(r"[^a-z0-9]", "", str(name).casefold())


def text(entry: Entry) -> str:
    """A text; numbers are texts too, for a column may be called 2024."""
    if isinstance(entry.value, (Mapping, list)):
        raise entry.wrong("is no single value", "Write one text.")
    return str(entry.value)


def names(entry: Entry) -> tuple[str, ...]:
    """One name or a list of them."""
    value = entry.value
    if isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(one, (Mapping, list)) for one in value)
    ):
        raise entry.wrong("is no list of names", "Write [one, another].")
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def number(entry: Entry) -> float:
    """A number that is finite."""
    value = entry.value
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            if math.isfinite(float(value)):
                return float(value)
    raise entry.wrong(f"is {value!r:.60}, which is no number", "Write a number.")


def whole(entry: Entry) -> int:
    """A whole number."""
    value = number(entry)
    if not value.is_integer():
        raise entry.wrong(f"is {entry.value}, which is no whole number", "Write a whole number.")
    return int(value)


def positive(entry: Entry) -> float:
    """A number above zero."""
    value = number(entry)
    if value <= 0:
        raise entry.wrong(f"is {entry.value}, which is not above zero", "Write a longer time.")
    return value


def switch(entry: Entry) -> bool:
    """True or false."""
    found = {"true": True, "false": False}.get(str(entry.value).casefold())
    if found is None:
        raise entry.wrong(f"is {entry.value!r}, neither true nor false", "Write true or false.")
    return found


def mapping(entry: Entry) -> dict[str, Any]:
    """Values by their names."""
    if not isinstance(entry.value, Mapping):
        raise entry.wrong("holds no keys", "Write one 'name: value' a line below it.")
    return {str(name): value for name, value in entry.value.items()}


def one_of(entry: Entry, value: object, known: tuple[str, ...] | Mapping[str, str]) -> str:
    """The known name that a value spells in any way.

    Parameters
    ----------
    entry : Entry
        Where it stands.
    value : object
    known : tuple of str, or mapping

    Returns
    -------
    str

    Raises
    ------
    OptionError
        If none is spelled like it; the nearest is suggested.
    """
    for name in known:
        if fold(name) == fold(value):
            return name
    raise entry.wrong(f"names {str(value)!r}, which is unknown", nearest(str(value), known))
