"""Every learner that the core installs as operators of ONNX, on the features that it gets.

Each is written straight from what it has learnt, and compares and sums as its library does, in
the same precision. So what differs are the last digits, and next to no row takes another branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.estimators import _distances as distances
from trialbook.models.onnx.estimators import _linear as linear
from trialbook.models.onnx.estimators import _sklearn_trees as trees
from trialbook.models.onnx.estimators._boosting import lightgbm, xgboost
from trialbook.models.onnx.estimators._catboost import catboost
from trialbook.models.onnx.graph import (
    Graph,
    Outputs,
    affine,
    columns,
    doubles,
    mean,
    rising,
    shares_or_equal,
    two_sided,
)

REMEDY = "Export another trial, or this one as a pickle, zip or Docker context."
_LINEAR_REGRESSORS = (
    *("BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV", "Lasso"),
    *("LassoCV", "LassoLars", "LassoLarsCV", "LinearRegression", "LinearSVR", "Ridge", "RidgeCV"),
    "SGDRegressor",
)


def estimate(graph: Graph, estimator: Any, x: str, *, n_levels: int = 0) -> Outputs:
    """Add one fitted learner to a graph.

    Parameters
    ----------
    graph : Graph
    estimator : estimator
        The last step of a trial's pipeline, fitted.
    x : str
        Its features: doubles of shape (n_rows, n_features).
    n_levels : int
        Where some features are codes of categories, these are less than this. Only CatBoost
        needs to know.

    Returns
    -------
    Outputs
        Without labels.

    Raises
    ------
    ExportError
        If it is of a kind, or has options, that are not known here.
    """
    name = _name(estimator)
    if name in ("catboost.CatBoostClassifier", "catboost.CatBoostRegressor"):
        return catboost(graph, estimator, x, n_levels)
    write = _KINDS.get(name)
    if write is None:
        raise ExportError(
            f"the learner {type(estimator).__name__} has no ONNX form here", remedy=REMEDY
        )
    return write(graph, estimator, x)


def _name(estimator: Any) -> str:
    """The library and the class of an estimator; classes of other libraries are others."""
    kind = type(estimator)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _scaled_target(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A regressor of a scaled target."""
    values = estimate(graph, estimator.regressor_, x).values
    scaler = estimator.transformer_
    if values is None or _name(scaler) != "sklearn.StandardScaler":
        raise ExportError(
            f"a target that {type(scaler).__name__} has transformed has no ONNX form here",
            remedy=REMEDY,
        )
    if scaler.scale_ is not None:
        values = graph.add("Mul", values, doubles(graph, scaler.scale_[0]))
    if scaler.mean_ is not None:
        values = graph.add("Add", values, doubles(graph, scaler.mean_[0]))
    return Outputs(values=values)


def _calibrated(graph: Graph, estimator: Any, x: str) -> Outputs:
    """The mean of calibrated classifiers; in Trialbook's programs it is one."""
    parts = [_calibrated_part(graph, one, x) for one in estimator.calibrated_classifiers_]
    return Outputs(probabilities=mean(graph, parts, None))


def _calibrated_part(graph: Graph, part: Any, x: str) -> str:
    if list(part.classes) != list(part.estimator.classes_):
        raise ExportError("a calibrated classifier that lacks a class has no ONNX form here")
    scores = _scores(graph, part.estimator, x)
    sides = [
        _curve(graph, columns(graph, scores, [place]), calibrator)
        for place, calibrator in enumerate(part.calibrators)
    ]
    if len(part.classes) == 2:
        return two_sided(graph, sides[0])
    if len(sides) != len(part.classes):
        raise ExportError("calibration by a temperature has no ONNX form here", remedy=REMEDY)
    joined = graph.add("Concat", *sides, axis=1)
    return shares_or_equal(graph, joined, len(part.classes))


def _scores(graph: Graph, estimator: Any, x: str) -> str:
    """What calibration looks at: a column for two classes, else one a class."""
    write = _DECISIONS.get(_name(estimator))
    if write is not None:
        return write(graph, estimator, x)
    if hasattr(estimator, "decision_function"):
        raise ExportError(
            f"the decision function of {type(estimator).__name__} has no ONNX form here",
            remedy=REMEDY,
        )
    probabilities = estimate(graph, estimator, x).probabilities
    assert probabilities is not None  # a classifier has some
    return columns(graph, probabilities, [1]) if len(estimator.classes_) == 2 else probabilities


def _curve(graph: Graph, scores: str, calibrator: Any) -> str:
    kind = type(calibrator).__name__
    if kind == "_SigmoidCalibration":
        slope = np.array([[-calibrator.a_]])
        return graph.add("Sigmoid", affine(graph, scores, slope, -calibrator.b_))
    if kind == "IsotonicRegression" and calibrator.out_of_bounds == "clip":
        return rising(graph, scores, calibrator.X_thresholds_, calibrator.y_thresholds_)
    raise ExportError(f"calibration by {kind} has no ONNX form here", remedy=REMEDY)


Writer = Callable[[Graph, Any, str], Outputs]
_KINDS: Mapping[str, Writer] = {
    **{f"sklearn.{name}": linear.regressor for name in _LINEAR_REGRESSORS},
    "lightgbm.LGBMClassifier": lightgbm,
    "lightgbm.LGBMRegressor": lightgbm,
    "sklearn.BernoulliNB": linear.bernoulli_naive_bayes,
    "sklearn.CalibratedClassifierCV": _calibrated,
    "sklearn.DecisionTreeClassifier": trees.tree,
    "sklearn.DecisionTreeRegressor": trees.tree,
    "sklearn.ExtraTreesClassifier": trees.forest,
    "sklearn.ExtraTreesRegressor": trees.forest,
    "sklearn.GaussianNB": linear.gaussian_naive_bayes,
    "sklearn.HistGradientBoostingClassifier": trees.histogram_boosting,
    "sklearn.HistGradientBoostingRegressor": trees.histogram_boosting,
    "sklearn.KNeighborsClassifier": distances.neighbours,
    "sklearn.KNeighborsRegressor": distances.neighbours,
    "sklearn.LogisticRegression": linear.logistic_regression,
    "sklearn.MLPClassifier": linear.perceptron,
    "sklearn.MLPRegressor": linear.perceptron,
    "sklearn.MultinomialNB": linear.multinomial_naive_bayes,
    "sklearn.RandomForestClassifier": trees.forest,
    "sklearn.RandomForestRegressor": trees.forest,
    "sklearn.SGDClassifier": linear.sgd_classifier,
    "sklearn.SVR": distances.kernel_regressor,
    "sklearn.TransformedTargetRegressor": _scaled_target,
    "xgboost.XGBClassifier": xgboost,
    "xgboost.XGBRegressor": xgboost,
}
_DECISIONS: Mapping[str, Callable[[Graph, Any, str], str]] = {
    "sklearn.LinearSVC": linear.decision,
    "sklearn.LogisticRegression": linear.decision,
    "sklearn.SGDClassifier": linear.decision,
    "sklearn.SVC": distances.kernel_decision,
}
