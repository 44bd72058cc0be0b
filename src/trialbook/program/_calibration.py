"""How an ensemble's probabilities are adjusted to its metric, as a part of its program.

The source of the functions and of the class below stands in programs, so each uses nothing but its
arguments and what the imports of its `Adjustment` bring in.
"""
# ruff: noqa: ANN001, ANN202, ANN204 -- read in notebooks, where annotations would distract
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin

from trialbook.program._code import source_of

AdjustmentKind = Literal["temperature", "class_weights"]


def tempered(proba, temperature):
    """Probabilities that are less certain at a temperature above 1, and more below."""
    powers = np.maximum(proba, 1e-15) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def find_temperature(y, proba, loss):
    """The temperature, from 1/5 to 5, that has the lowest loss."""
    step = 1 + len(y) // 50_000  # that many rows tell one number well enough
    y, proba = y[::step], proba[::step]
    found = minimize_scalar(
        lambda log_temperature: loss(y, tempered(proba, np.exp(log_temperature))),
        bounds=(-np.log(5), np.log(5)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x))


def reweighted(proba, class_weights):
    """Probabilities as they would be if each class were so many times as frequent."""
    shares = proba * class_weights
    return shares / shares.sum(axis=1, keepdims=True)


def find_class_weights(y, proba, loss):
    """The weights of the classes, some power of their frequencies, that have the lowest loss."""
    step = 1 + len(y) // 20_000  # that many rows tell one number well enough
    y, proba = y[::step], proba[::step]
    frequency = np.maximum(np.bincount(y, minlength=proba.shape[1]), 1) / len(y)
    candidates = [frequency**-power for power in np.linspace(-0.5, 1.5, 21)]
    losses = np.array([loss(y, reweighted(proba, weights)) for weights in candidates])
    return candidates[losses.argmin()]


def cross_fitted(y, proba, parts, loss, find, adjust):
    """What suits all rows, and each part adjusted by what suits the other parts."""
    honest = np.empty_like(proba)
    for part in np.unique(parts):
        others = parts != part
        honest[~others] = adjust(proba[~others], find(y[others], proba[others], loss))
    if not loss(y, honest) < loss(y, proba):
        return None, proba  # rows that it was not found on gain nothing
    return find(y, proba, loss), honest


class AdjustedClassifier(ClassifierMixin, BaseEstimator):
    """A classifier with adjusted probabilities, whose label is the most probable class."""

    def __init__(self, model, adjust, by):
        self.model = model
        self.adjust = adjust
        self.by = by

    def fit(self, X, y):
        self.model_ = self.model.fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.adjust(self.model_.predict_proba(X), self.by)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@dataclass(frozen=True)
class Adjustment:
    """What a program says of one kind of adjustment.

    Parameters
    ----------
    name : str
        What is found, as the programs name it.
    find, adjust : callable
        ``find(y, proba, loss)`` gives what ``adjust(proba, found)`` takes.
    imports : tuple of str
        Import lines that both need.
    """

    name: str
    find: Callable[..., Any]
    adjust: Callable[..., Any]
    imports: tuple[str, ...]

    @property
    def definition(self) -> str:
        """Source of all that the programs need."""
        parts = (self.adjust, self.find, cross_fitted, AdjustedClassifier)
        return "\n\n\n".join(source_of(part) for part in parts)

    def cross_fit(self, y: str, proba: str, parts: str) -> list[str]:
        """Lines that replace the probabilities of a name by adjusted ones."""
        using = f"loss, {self.find.__name__}, {self.adjust.__name__}"
        return [
            f"    {self.name}, {proba} = cross_fitted(",
            f"        {y}, {proba}, {parts}, {using}",
            "    )",
        ]

    def show(self) -> list[str]:
        """Lines that print what was found."""
        return [f'    print("{self.name}:", {self.name})']

    def wrap(self, model: str) -> list[str]:
        """Lines that adjust the model of a name where an adjustment was found."""
        adjusted = f"AdjustedClassifier({model}, {self.adjust.__name__}, {self.name})"
        return [f"    if {self.name} is not None:", f"        {model} = {adjusted}"]


_CLASSES = ("import numpy as np", "from sklearn.base import BaseEstimator, ClassifierMixin")
ADJUSTMENTS: dict[AdjustmentKind, Adjustment] = {
    "temperature": Adjustment(
        "temperature",
        find_temperature,
        tempered,
        (*_CLASSES, "from scipy.optimize import minimize_scalar"),
    ),
    "class_weights": Adjustment("class_weights", find_class_weights, reweighted, _CLASSES),
}
