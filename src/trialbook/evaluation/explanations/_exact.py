"""Exact values of one learner on its features: trees, linear models, naive Bayes.

Each gives the values of its *margin*, what it computes before a last function (`Margins.link`)
makes probabilities of it: log-odds for boosted trees and linear models, probabilities for forests.
Trees are explained by the training rows that went through their branches (path-dependent
TreeSHAP), models that are sums over features by the background's mean of each summand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from trialbook.evaluation.explanations._carry import (
    Function,
    exponential,
    identity,
    one_by_one,
    sigmoid,
    softmax,
)
from trialbook.evaluation.explanations._trees import boosted_trees, tree_values, trees_of


@dataclass(frozen=True)
class Margins:
    """Values of a margin.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features, n_margins)
    base : ndarray of shape (n_margins,)
    link : callable
        Makes of margins of shape (n_rows, n_margins) what the model predicts.
    """

    values: np.ndarray
    base: np.ndarray
    link: Function

    @property
    def end(self) -> np.ndarray:
        """Margins of the rows."""
        return np.asarray(self.base + self.values.sum(axis=1))


# Of a fitted learner, features of rows and those of the background.
Exact = Callable[[Any, Any, Any], Margins | None]


def exact_margins(model: Any, features: Any, background: Any) -> Margins | None:
    """Exact values of a learner.

    Parameters
    ----------
    model : estimator
        A fitted learner, without what makes its features.
    features : array, sparse matrix or DataFrame of shape (n_rows, n_features)
    background : as features
        Of the rows that stand for all.

    Returns
    -------
    Margins, optional
        None for a model of which no exact way is known.
    """
    way = _WAYS.get(type(model).__name__)
    return None if way is None else way(model, features, background)


def is_exact(model: Any) -> bool:
    """Whether a way is known for this kind of learner."""
    return type(model).__name__ in _WAYS


def dense(features: Any) -> np.ndarray:
    """Features as an array of numbers."""
    if sparse.issparse(features):
        features = features.toarray()
    return np.asarray(features, dtype=float)


# -- boosting ----------------------------------------------------------------------------------


def _split(contributions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values, and the base in the last column, of an array (n_rows, n_margins, n_features + 1)."""
    values = np.moveaxis(contributions[:, :, :-1], 1, 2).astype(float)
    return values, contributions[0, :, -1].astype(float)


def _classes(model: Any) -> bool:
    return len(getattr(model, "classes_", ())) > 0  # CatBoost's regressor has an empty list


def _link(n_margins: int, *, classes: bool) -> Function:
    if not classes:
        return identity
    return sigmoid if n_margins == 1 else softmax


def _lightgbm(model: Any, features: Any, background: Any) -> Margins | None:
    told = model.predict(features, pred_contrib=True)
    if isinstance(told, list):  # one sparse matrix a class
        told = np.hstack([one.toarray() for one in told])
    elif sparse.issparse(told):
        told = told.toarray()
    width = features.shape[1] + 1
    values, base = _split(np.asarray(told).reshape(len(told), -1, width))
    classes = _classes(model)
    link = _link(len(base), classes=classes)
    if classes and str(model.objective_).startswith(("multiclassova", "ova")):
        link = one_by_one
    if not classes and model.objective_ in {"poisson", "gamma", "tweedie"}:
        link = exponential
    return Margins(values, base, link)


def _xgboost(model: Any, features: Any, background: Any) -> Margins | None:
    import xgboost as xgb

    matrix = xgb.DMatrix(
        features,
        missing=model.missing,
        feature_types=model.feature_types,
        enable_categorical=True,
        nthread=model.n_jobs,
    )
    told = model.get_booster().predict(matrix, pred_contribs=True)
    values, base = _split(told[:, None] if told.ndim == 2 else told)
    link = _link(len(base), classes=_classes(model))
    if str(model.objective) in {"count:poisson", "reg:gamma", "reg:tweedie"}:
        link = exponential
    return Margins(values, base, link)


def _catboost(model: Any, features: Any, background: Any) -> Margins | None:
    from catboost import Pool

    threads = model.get_params().get("thread_count") or -1
    pool = Pool(features, cat_features=model.get_cat_feature_indices())
    told = model.get_feature_importance(pool, type="ShapValues", thread_count=threads)
    values, base = _split(told[:, None] if told.ndim == 2 else told)
    return Margins(values, base, _link(len(base), classes=_classes(model)))


def _hist_gradient_boosting(model: Any, features: Any, background: Any) -> Margins | None:
    places = np.arange(features.shape[1])
    prepared = np.asarray(model._preprocess_X(features, reset=False), dtype=float)
    if model.is_categorical_ is not None:  # they come first in what its trees see
        places = np.concatenate([places[model.is_categorical_], places[~model.is_categorical_]])
    base = np.asarray(model._baseline_prediction, dtype=float).ravel().copy()
    values = np.zeros((*prepared.shape, len(base)))
    for output, tree in boosted_trees(model):
        one, mean = tree_values(tree, prepared)
        values[:, places, output] += one[:, :, 0]
        base[output] += mean[0]
    link = _link(len(base), classes=_classes(model))
    if link is identity and model.loss in {"poisson", "gamma"}:
        link = exponential
    return Margins(values, base, link)


def _forest(model: Any, features: Any, background: Any) -> Margins | None:
    trees = trees_of(model)
    if trees is None:
        return None
    X = dense(features)
    values: np.ndarray | float = 0.0
    base: np.ndarray | float = 0.0
    for share, tree in trees:
        one, mean = tree_values(tree, X)
        values, base = values + share * one, base + share * mean
    return Margins(np.asarray(values), np.asarray(base), identity)


# -- sums over features ------------------------------------------------------------------------


def _linear_values(model: Any, features: Any, background: Any) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients times the distance from the mean of the background."""
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=float))
    mean = np.asarray(background.mean(axis=0), dtype=float).ravel()
    values = (dense(features) - mean)[:, :, None] * weights.T
    return values, mean @ weights.T + np.ravel(model.intercept_)


def _linear_regression(model: Any, features: Any, background: Any) -> Margins | None:
    return Margins(*_linear_values(model, features, background), identity)


def _logistic(model: Any, features: Any, background: Any) -> Margins | None:
    values, base = _linear_values(model, features, background)
    return Margins(values, base, _link(len(base), classes=True))


def _sgd(model: Any, features: Any, background: Any) -> Margins | None:
    if model.loss != "log_loss":
        return None
    values, base = _linear_values(model, features, background)
    return Margins(values, base, sigmoid if len(base) == 1 else one_by_one)


def _calibrated(model: Any, features: Any, background: Any) -> Margins | None:
    """One linear classifier with a curve of Platt's for each class."""
    if len(model.calibrated_classifiers_) != 1:
        return None
    (only,) = model.calibrated_classifiers_
    curves = only.calibrators
    if not hasattr(only.estimator, "coef_") or any(not hasattr(one, "a_") for one in curves):
        return None
    if getattr(only.estimator, "kernel", "linear") != "linear":
        return None
    values, base = _linear_values(only.estimator, features, background)
    slope, shift = (np.array([getattr(one, name) for one in curves]) for name in ("a_", "b_"))
    link = sigmoid if len(curves) == 1 else one_by_one
    return Margins(-values * slope, -base * slope - shift, link)


def _scaled_target(model: Any, features: Any, background: Any) -> Margins | None:
    """A regressor of a target that was standardized."""
    scaler = model.transformer_
    if type(scaler).__name__ != "StandardScaler":
        return None
    inner = exact_margins(model.regressor_, features, background)
    if inner is None or inner.link is not identity:
        return None
    scale, mean = scaler.scale_ or 1.0, scaler.mean_ if scaler.mean_ is not None else 0.0
    return replace(inner, values=inner.values * scale, base=inner.base * scale + mean)


def _summands(values: np.ndarray, mean: np.ndarray, prior: np.ndarray) -> Margins:
    return Margins(values - mean, prior + mean.sum(axis=0), softmax)


def _gaussian(model: Any, features: Any, background: Any) -> Margins | None:
    def likelihood(X: np.ndarray) -> np.ndarray:
        distance = (X[:, :, None] - model.theta_.T) ** 2 / model.var_.T
        return np.asarray(-0.5 * (distance + np.log(2 * np.pi * model.var_.T)))

    mean = likelihood(dense(background)).mean(axis=0)
    return _summands(likelihood(dense(features)), mean, np.log(model.class_prior_))


def _bernoulli(model: Any, features: Any, background: Any) -> Margins | None:
    absent = np.log1p(-np.exp(model.feature_log_prob_)).T

    def likelihood(X: np.ndarray) -> np.ndarray:
        limit = model.binarize
        is_on = X if limit is None else np.greater(X, limit).astype(float)
        return np.asarray(is_on[:, :, None] * (model.feature_log_prob_.T - absent) + absent)

    mean = likelihood(dense(background)).mean(axis=0)
    return _summands(likelihood(dense(features)), mean, model.class_log_prior_)


def _multinomial(model: Any, features: Any, background: Any) -> Margins | None:
    def likelihood(X: np.ndarray) -> np.ndarray:
        return np.asarray(X[:, :, None] * model.feature_log_prob_.T)

    mean = likelihood(dense(background)).mean(axis=0)
    return _summands(likelihood(dense(features)), mean, model.class_log_prior_)


_WAYS: dict[str, Exact] = {
    "BernoulliNB": _bernoulli,
    "CalibratedClassifierCV": _calibrated,
    "CatBoostClassifier": _catboost,
    "CatBoostRegressor": _catboost,
    "DecisionTreeClassifier": _forest,
    "DecisionTreeRegressor": _forest,
    "ElasticNet": _linear_regression,
    "ElasticNetCV": _linear_regression,
    "ExtraTreesClassifier": _forest,
    "ExtraTreesRegressor": _forest,
    "GaussianNB": _gaussian,
    "HistGradientBoostingClassifier": _hist_gradient_boosting,
    "HistGradientBoostingRegressor": _hist_gradient_boosting,
    "LGBMClassifier": _lightgbm,
    "LGBMRegressor": _lightgbm,
    "Lasso": _linear_regression,
    "LassoLars": _linear_regression,
    "LinearRegression": _linear_regression,
    "LinearSVR": _linear_regression,
    "LogisticRegression": _logistic,
    "MultinomialNB": _multinomial,
    "RandomForestClassifier": _forest,
    "RandomForestRegressor": _forest,
    "Ridge": _linear_regression,
    "SGDClassifier": _sgd,
    "SGDRegressor": _linear_regression,
    "TransformedTargetRegressor": _scaled_target,
    "XGBClassifier": _xgboost,
    "XGBRegressor": _xgboost,
}
