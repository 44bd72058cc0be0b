"""The folds' models within a trial's model: each predicts rows that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from trialbook.evaluation.explanations._plan import on_top, say, thawed, voters

Predict = Callable[[pd.DataFrame], np.ndarray]


def fold_models(model: Any, n_folds: int, *, classification: bool) -> list[Predict] | None:
    """What each fold's model predicts; of an ensemble, its blend of the members' fold models.

    Parameters
    ----------
    model : estimator
        A trial's model.
    n_folds : int
        How many folds validated it.
    classification : bool

    Returns
    -------
    list of callable, optional
        For each fold a function of features; None for a model that is not one of folds, such as
        one that was trained anew on all rows.
    """
    if not _is_of_folds(model, n_folds):
        return None

    def of_fold(fold: int) -> Predict:
        return lambda X: _say(model, fold, X, classification=classification)

    return [of_fold(fold) for fold in range(n_folds)]


def _folds(model: Any) -> list[Any]:
    """The models of the folds, of a trial that is no ensemble."""
    names = [name for name, _ in getattr(model, "estimators", ())]
    if not names or any(not name.startswith("fold_") for name in names):
        return []
    return [thawed(one) for one in model.estimators_]


def _is_of_folds(model: Any, n_folds: int) -> bool:
    model = thawed(model)
    if hasattr(model, "adjust") and hasattr(model, "model_"):
        return _is_of_folds(model.model_, n_folds)
    if _folds(model):
        return len(_folds(model)) == n_folds
    members = getattr(model, "estimators_", None)
    if members is None or hasattr(model, "named_steps"):
        return False
    return all(_is_of_folds(one, n_folds) for one in members)


def _say(model: Any, fold: int, X: pd.DataFrame, *, classification: bool) -> np.ndarray:
    model = thawed(model)
    if hasattr(model, "adjust") and hasattr(model, "model_"):
        told = _say(model.model_, fold, X, classification=classification)
        return np.asarray(model.adjust(told, model.by))
    if _folds(model):
        return say(_folds(model)[fold], X, classification=classification)
    votes = voters(model)
    if votes:
        parts = [
            weight * _say(one, fold, X, classification=classification) for weight, one in votes
        ]
        return np.asarray(sum(parts))
    told = np.hstack(
        [_say(one, fold, X, classification=classification) for one in model.estimators_]
    )
    return np.asarray(on_top(model)(told))
