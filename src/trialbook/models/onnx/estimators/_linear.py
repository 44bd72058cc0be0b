"""Linear models, networks, naive Bayes and calibration as operators of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.graph import (
    DOUBLE,
    Graph,
    Outputs,
    affine,
    cast,
    doubles,
    flat,
    shares_or_equal,
    total,
    two_sided,
)


def regressor(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A linear model of a number."""
    return Outputs(values=flat(graph, affine(graph, x, estimator.coef_, estimator.intercept_)))


def decision(graph: Graph, estimator: Any, x: str) -> str:
    """The decision function of a linear classifier: a column, or one for each of many classes."""
    return affine(graph, x, estimator.coef_, estimator.intercept_)


def logistic_regression(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Logistic regression."""
    scores = decision(graph, estimator, x)
    if len(estimator.classes_) == 2:
        return Outputs(probabilities=two_sided(graph, graph.add("Sigmoid", scores)))
    if estimator.solver == "liblinear":
        return Outputs(probabilities=_one_against_rest(graph, scores, estimator))
    return Outputs(probabilities=graph.add("Softmax", scores, axis=1))


def _one_against_rest(graph: Graph, scores: str, estimator: Any) -> str:
    sides = graph.add("Sigmoid", scores)
    return shares_or_equal(graph, sides, len(estimator.classes_))


def sgd_classifier(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A linear classifier by stochastic gradient descent, with a loss that has probabilities."""
    scores = decision(graph, estimator, x)
    two = len(estimator.classes_) == 2
    if estimator.loss == "log_loss":
        if two:
            return Outputs(probabilities=two_sided(graph, graph.add("Sigmoid", scores)))
        return Outputs(probabilities=_one_against_rest(graph, scores, estimator))
    if estimator.loss != "modified_huber":
        raise ExportError(f"SGDClassifier with the loss '{estimator.loss}' has no probabilities")
    clipped = graph.add("Clip", scores, doubles(graph, -1.0), doubles(graph, 1.0))
    sides = graph.add("Div", graph.add("Add", clipped, doubles(graph, 1.0)), doubles(graph, 2.0))
    if two:
        return Outputs(probabilities=two_sided(graph, sides))
    return Outputs(probabilities=shares_or_equal(graph, sides, len(estimator.classes_)))


_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}


def perceptron(graph: Graph, estimator: Any, x: str) -> Outputs:
    """A multilayer perceptron.

    Parameters
    ----------
    graph : Graph
    estimator : MLPClassifier or MLPRegressor
    x : str

    Returns
    -------
    Outputs

    Raises
    ------
    ExportError
        If its output is of a kind that is not known here.
    """
    hidden = x
    layers = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    for place, (weights, bias) in enumerate(layers):
        hidden = affine(graph, hidden, weights.T, bias)
        if place < len(layers) - 1:
            hidden = graph.add(_ACTIVATIONS[estimator.activation], hidden)
    last = estimator.out_activation_
    if hasattr(estimator, "classes_"):
        if last == "softmax":
            return Outputs(probabilities=graph.add("Softmax", hidden, axis=1))
        if last == "logistic" and len(estimator.classes_) == 2:
            return Outputs(probabilities=two_sided(graph, graph.add("Sigmoid", hidden)))
    elif last == "identity" and estimator.n_outputs_ == 1:
        return Outputs(values=flat(graph, hidden))
    raise ExportError(f"a perceptron with the output '{last}' has no ONNX form here")


# -- naive Bayes -----------------------------------------------------------------------------


def _posterior(graph: Graph, joint: str) -> Outputs:
    return Outputs(probabilities=graph.add("Softmax", joint, axis=1))


def gaussian_naive_bayes(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Gaussian naive Bayes.

    Squares are of differences, one class after another: the product of matrices that they could
    be would lose digits where a variance is tiny.
    """
    columns = []
    for mean, variance, prior in zip(
        estimator.theta_, estimator.var_, estimator.class_prior_, strict=True
    ):
        start = np.log(prior) - 0.5 * np.log(2.0 * np.pi * variance).sum()
        away = graph.add("Sub", x, doubles(graph, mean[None, :]))
        squares = graph.add(
            "Div", graph.add("Mul", away, away), doubles(graph, -2 * variance[None, :])
        )
        columns.append(graph.add("Add", total(graph, squares), doubles(graph, start)))
    return _posterior(graph, graph.add("Concat", *columns, axis=1))


def multinomial_naive_bayes(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Multinomial naive Bayes."""
    logs = estimator.feature_log_prob_
    return _posterior(graph, affine(graph, x, logs, estimator.class_log_prior_))


def bernoulli_naive_bayes(graph: Graph, estimator: Any, x: str) -> Outputs:
    """Bernoulli naive Bayes."""
    seen = x
    if estimator.binarize is not None:
        seen = cast(graph, graph.add("Greater", x, doubles(graph, estimator.binarize)), DOUBLE)
    logs = estimator.feature_log_prob_
    absent = np.log(1 - np.exp(logs))
    start = estimator.class_log_prior_ + absent.sum(axis=1)
    return _posterior(graph, affine(graph, seen, logs - absent, start))
