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
from sklearn.isotonic import IsotonicRegression

from trialbook.program._code import source_of

AdjustmentKind = Literal["temperature", "temperature_or_isotonic", "class_weights"]


def tempered(proba, temperature):
    """Probabilities that are less certain at a temperature above 1, and more below."""
    powers = np.maximum(proba, 1e-15) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def find_temperature(y, proba, loss):
    """The temperature, from 1/5 to 5, that has the lowest loss."""
    step = 1 + (len(y) - 1) // 50_000  # that many rows tell one number well enough
    y, proba = y[::step], proba[::step]
    found = minimize_scalar(
        lambda log_temperature: loss(y, tempered(proba, np.exp(log_temperature))),
        bounds=(-np.log(5), np.log(5)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x))


def isotonic(proba, curves):
    """Probabilities on the curves of their classes, but for three tenths, lest one becomes 0."""
    curved = [np.interp(proba[:, k], *curve) for k, curve in enumerate(curves)]
    mixed = 0.7 * np.column_stack(curved) + 0.3 * proba
    return mixed / mixed.sum(axis=1, keepdims=True)


def find_isotonic(y, proba, loss):
    """A rising curve for each class: how often a row was of it, by its probability."""
    step = 1 + (len(y) - 1) // 50_000
    y, proba = y[::step], proba[::step]
    fits = [IsotonicRegression().fit(proba[:, k], y == k) for k in range(proba.shape[1])]
    return [(fit.X_thresholds_, fit.y_thresholds_) for fit in fits]


def reweighted(proba, class_weights):
    """Probabilities as they would be if each class were so many times as frequent."""
    shares = proba * class_weights
    return shares / shares.sum(axis=1, keepdims=True)


def find_class_weights(y, proba, loss):
    """The weights of the classes, some power of their frequencies, that have the lowest loss."""
    step = 1 + (len(y) - 1) // 20_000  # that many rows tell one number well enough
    y, proba = y[::step], proba[::step]
    frequency = np.maximum(np.bincount(y, minlength=proba.shape[1]), 1) / len(y)
    candidates = [frequency**-power for power in np.linspace(-0.5, 1.5, 21)]
    losses = np.array([loss(y, reweighted(proba, weights)) for weights in candidates])
    return candidates[losses.argmin()]


def cross_fitted(y, proba, parts, loss, ways):
    """The best way to adjust, if any, and each part adjusted by what was found on the others."""
    best, honest = None, proba
    for find, adjust in ways:
        adjusted = np.empty_like(proba)
        for part in np.unique(parts):
            others = parts != part
            adjusted[~others] = adjust(proba[~others], find(y[others], proba[others], loss))
        if loss(y, adjusted) < loss(y, honest):  # a gain on rows that it was not found on
            best, honest = (adjust, find(y, proba, loss)), adjusted
    return best, honest


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
    ways : tuple of (callable, callable)
        ``find(y, proba, loss)`` gives what ``adjust(proba, found)`` takes; the way that gains most
        on rows that it was not found on is used.
    imports : tuple of str
        Import lines that all of them need.
    """

    ways: tuple[tuple[Callable[..., Any], Callable[..., Any]], ...]
    imports: tuple[str, ...]

    @property
    def definition(self) -> str:
        """Source of all that the programs need."""
        parts: list[Callable[..., Any]] = []
        for find, adjust in self.ways:
            parts += [adjust, find]
        parts += [cross_fitted, AdjustedClassifier]
        ways = ", ".join(f"({find.__name__}, {adjust.__name__})" for find, adjust in self.ways)
        return "\n\n\n".join([*map(source_of, parts), f"WAYS = [{ways}]"])

    def cross_fit(self, y: str, proba: str, parts: str) -> list[str]:
        """Lines that replace the probabilities of a name by adjusted ones."""
        return [f"    adjustment, {proba} = cross_fitted({y}, {proba}, {parts}, loss, WAYS)"]

    def show(self) -> list[str]:
        """Lines that print what was found; curves are too long for that."""
        is_short = " if adjust is not isotonic else ''" if find_isotonic in dict(self.ways) else ""
        return [
            "    if adjustment is not None:",
            "        adjust, by = adjustment",
            f'        print("adjusted:", adjust.__name__, by{is_short})',
        ]

    def wrap(self, model: str) -> list[str]:
        """Lines that adjust the model of a name where an adjustment was found."""
        return [
            "    if adjustment is not None:",
            f"        {model} = AdjustedClassifier({model}, *adjustment)",
        ]


_CLASSES = ("import numpy as np", "from sklearn.base import BaseEstimator, ClassifierMixin")
_TEMPERATURE = (find_temperature, tempered)
_OPTIMIZE = (*_CLASSES, "from scipy.optimize import minimize_scalar")
_ISOTONIC = (*_OPTIMIZE, "from sklearn.isotonic import IsotonicRegression")
ADJUSTMENTS: dict[AdjustmentKind, Adjustment] = {
    "temperature": Adjustment((_TEMPERATURE,), _OPTIMIZE),
    "temperature_or_isotonic": Adjustment((_TEMPERATURE, (find_isotonic, isotonic)), _ISOTONIC),
    "class_weights": Adjustment(((find_class_weights, reweighted),), _CLASSES),
}
