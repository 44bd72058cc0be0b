"""What a model is made of, as far as its values can be put together from those of its parts.

A trial's model is a mean over the folds' pipelines, an ensemble a weighted mean over trials'
models, a stack or an adjusted vote a function of what its members say. Each pipeline whose learner
has an exact way is explained by itself. Those of a mean that have none are sampled together, as
one function, which costs no more than sampling one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialbook.evaluation.explanations._carry import Function
from trialbook.evaluation.explanations._exact import is_exact
from trialbook.models import FEATURES_STEP, predict

MODEL_STEP = "model"


@dataclass(frozen=True)
class Exact:
    """A pipeline of features and a learner that has an exact way."""

    pipeline: Any


@dataclass(frozen=True)
class Sampled:
    """What can only be asked: a weighted mean of models, weights summing to one."""

    models: tuple[tuple[float, Any], ...]


@dataclass(frozen=True)
class Mean:
    """A weighted mean of parts, weights summing to one."""

    parts: tuple[tuple[float, Node], ...]


@dataclass(frozen=True)
class Through:
    """A function of what parts say, side by side."""

    function: Function
    parts: tuple[Node, ...]


Node = Exact | Sampled | Mean | Through


def plan_of(model: Any, refused: Sequence[int] = ()) -> Node:
    """Take a model apart.

    Parameters
    ----------
    model : estimator
        Fitted.
    refused : sequence of int
        Ids of pipelines that are to be sampled although their learner has an exact way.

    Returns
    -------
    Node
    """
    model = thawed(model)
    if is_pipeline(model):
        can = is_exact(model.named_steps[MODEL_STEP]) and id(model) not in refused
        return Exact(model) if can else Sampled(((1.0, model),))
    votes = voters(model)
    if votes:
        return _mean([(weight, plan_of(one, refused)) for weight, one in votes])
    if hasattr(model, "adjust") and hasattr(model, "model_"):
        return _through(model, lambda p: model.adjust(p, model.by), [model.model_], refused)
    if type(model).__name__ in {"StackingClassifier", "StackingRegressor"}:
        if getattr(model, "passthrough", False):
            return Sampled(((1.0, model),))
        return _through(model, on_top(model), model.estimators_, refused)
    return Sampled(((1.0, model),))


def is_pipeline(model: Any) -> bool:
    """Whether a model is features and a learner, as programs build it."""
    return list(getattr(model, "named_steps", ())) == [FEATURES_STEP, MODEL_STEP]


def leaves(node: Node) -> Iterator[Exact | Sampled]:
    """Its parts that are explained by themselves."""
    if isinstance(node, (Exact, Sampled)):
        yield node
    elif isinstance(node, Mean):
        for _, part in node.parts:
            yield from leaves(part)
    else:
        for part in node.parts:
            yield from leaves(part)


def pipelines(model: Any) -> Iterator[tuple[float, Any]]:
    """The pipelines that a mean is of, with their weights; of anything else, itself."""
    model = thawed(model)
    votes = voters(model)
    if not votes:
        yield 1.0, model
    for weight, one in votes:
        for inner, pipeline in pipelines(one):
            yield weight * inner, pipeline


def say(model: Any, X: Any, *, classification: bool) -> np.ndarray:
    """What a model says of rows: probabilities, or one column of numbers."""
    told = predict(model, X, classification=classification)
    return told[:, None] if told.ndim == 1 else told


def thawed(model: Any) -> Any:
    """A model without what keeps it from being trained."""
    while type(model).__name__ == "FrozenEstimator":
        model = model.estimator
    return model


def voters(model: Any) -> list[tuple[float, Any]]:
    """What votes in a model with which share; nothing if it is no vote that averages."""
    kind = type(model).__name__
    averages = kind == "VotingRegressor" or (
        kind == "VotingClassifier" and getattr(model, "voting", "") == "soft"
    )
    if not averages:
        return []
    weights = [1.0] * len(model.estimators_)
    if model.weights is not None:
        named = zip(model.weights, model.estimators, strict=True)
        weights = [float(weight) for weight, (_, one) in named if one != "drop"]
    total = sum(weights)
    pairs = zip(weights, model.estimators_, strict=True)
    return [(weight / total, one) for weight, one in pairs if weight]


def _mean(parts: list[tuple[float, Node]]) -> Node:
    """A mean without means in it, whose sampled parts are one."""
    flat: list[tuple[float, Node]] = []
    for weight, part in parts:
        if isinstance(part, Mean):
            flat += [(weight * inner, one) for inner, one in part.parts]
        else:
            flat.append((weight, part))
    kept: list[tuple[float, Node]] = [
        (weight, one) for weight, one in flat if not isinstance(one, Sampled)
    ]
    asked = [
        (weight * inner, model)
        for weight, one in flat
        if isinstance(one, Sampled)
        for inner, model in one.models
    ]
    if asked:
        total = float(sum(weight for weight, _ in asked))
        together = Sampled(tuple((weight / total, model) for weight, model in asked))
        kept.append((total, together))
    return kept[0][1] if len(kept) == 1 else Mean(tuple(kept))


def _through(
    model: Any, function: Callable[[np.ndarray], np.ndarray], members: Any, refused: Sequence[int]
) -> Node:
    parts = tuple(plan_of(one, refused) for one in members)
    if all(isinstance(part, Sampled) for part in parts):
        return Sampled(((1.0, model),))
    return Through(function, parts)


def on_top(stack: Any) -> Function:
    """What a stack makes of its members' predictions, side by side."""
    top, n_members = stack.final_estimator_, len(stack.estimators_)

    def of_classes(told: np.ndarray) -> np.ndarray:
        each = told.reshape(len(told), n_members, -1)
        if each.shape[2] == 2:  # the other is its complement, and stacks leave it out
            each = each[:, :, 1:]
        return np.asarray(top.predict_proba(each.reshape(len(told), -1)))

    def of_numbers(told: np.ndarray) -> np.ndarray:
        return np.asarray(top.predict(told))[:, None]

    return of_classes if hasattr(stack, "classes_") else of_numbers
