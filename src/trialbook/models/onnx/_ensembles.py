"""A whole model in one graph: pipelines, votes and stacks over them, and what adjusts these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.estimators import REMEDY, estimate
from trialbook.models.onnx.graph import Array, Graph, Outputs, doubles, mean, rising, shares
from trialbook.models.onnx.graph import columns as columns_of
from trialbook.models.onnx.transformers import features

# Probabilities on which a function that a model brings along is compared with the one that it is
# taken for: a notebook may have been edited.
PROBES = 64
# Log odds of the meta-learner stop here, and so do probabilities before a temperature.
ODDS_FLOOR, TEMPERED_FLOOR = 1e-6, 1e-15
# How much of an isotonic curve counts; the rest is the probability as it was.
CURVED = 0.7


def whole(graph: Graph, model: Any, columns: Mapping[str, str]) -> Outputs:
    """Add a fitted model to a graph, from the raw columns to its answers.

    Parameters
    ----------
    graph : Graph
    model : estimator
        A pipeline, a vote or a stack over frozen pipelines or over other votes, or one of these
        with adjusted probabilities.
    columns : mapping of str to str
        Tensors of the raw columns, as `trialbook.models.onnx.inputs` makes them.

    Returns
    -------
    Outputs
        With labels, if it is a classifier.

    Raises
    ------
    ExportError
        If a step cannot be written in ONNX; it is named.
    """
    outputs = _Walk(graph, columns).answers(model)
    if outputs.probabilities is None:
        return outputs
    place = graph.add("ArgMax", outputs.probabilities, axis=1, keepdims=0)
    label = graph.add("Gather", graph.constant(_classes(model)), place)
    return Outputs(probabilities=outputs.probabilities, label=label)


def _classes(model: Any) -> Array:
    classes = np.asarray(model.classes_)
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    return classes.astype(np.float64) if classes.dtype.kind == "f" else classes


class _Walk:
    """Goes through a model, and knows where it is."""

    def __init__(self, graph: Graph, columns: Mapping[str, str]) -> None:
        self.graph = graph
        self.columns = columns
        self._where: list[str] = []
        # What is there already; the models are kept, so that no other gets the same identity.
        self._made: dict[int, tuple[Any, str]] = {}

    @contextmanager
    def _within(self, name: str) -> Iterator[None]:
        """Errors of this part say where it is."""
        self._where.append(name)
        try:
            yield
        except ExportError as error:
            if error.place is not None:
                raise
            place = " of ".join(reversed(self._where))
            raise ExportError(error.cause, place=place, remedy=error.remedy) from error
        finally:
            self._where.pop()

    def answers(self, model: Any) -> Outputs:
        """What a model, or a part of one, says."""
        kind = type(model).__name__
        step = _PARTS.get(kind)
        if step is None:
            raise ExportError(f"a model that is a {kind} has no ONNX form here", remedy=REMEDY)
        return step(self, model)

    def frozen(self, model: Any) -> Outputs:
        return self.answers(model.estimator)

    def pipeline(self, model: Any) -> Outputs:
        transformer, (name, learner) = model[:-1], model.steps[-1]
        key = id(model.steps[0][1])
        if key in self._made and len(model.steps) == 2:
            x = self._made[key][1]
        else:
            with self._within("features"):
                x = features(self.graph, transformer, self.columns)
            self._made[key] = (model, x)
        with self._within(name):
            return estimate(self.graph, learner, x, n_levels=most_levels(transformer))

    def _members(self, model: Any) -> list[Outputs]:
        named = [name for name, one in model.estimators if one != "drop"]
        found = []
        for name, one in zip(named, model.estimators_, strict=True):
            with self._within(str(name)):
                found.append(self.answers(one))
        return found

    def _weights(self, model: Any) -> list[float] | None:
        if model.weights is None:
            return None
        pairs = zip(model.estimators, model.weights, strict=True)
        return [float(weight) for (_, one), weight in pairs if one != "drop"]

    def vote_of_classes(self, model: Any) -> Outputs:
        if model.voting != "soft":
            raise ExportError("a vote that counts labels has no ONNX form here", remedy=REMEDY)
        parts = [_probabilities(one) for one in self._members(model)]
        return Outputs(probabilities=mean(self.graph, parts, self._weights(model)))

    def vote_of_values(self, model: Any) -> Outputs:
        parts = [_values(one) for one in self._members(model)]
        return Outputs(values=mean(self.graph, parts, self._weights(model)))

    def stack_of_classes(self, model: Any) -> Outputs:
        self._check_stack(model)
        parts = [_probabilities(one) for one in self._members(model)]
        if len(model.classes_) == 2:
            parts = [columns_of(self.graph, one, [1]) for one in parts]
        x = self.graph.add("Concat", *parts, axis=1)
        with self._within("meta-learner"):
            return self._meta(model.final_estimator_, x)

    def stack_of_values(self, model: Any) -> Outputs:
        self._check_stack(model)
        axis = self.graph.constant(np.array([1], dtype=np.int64))
        parts = [self.graph.add("Unsqueeze", _values(one), axis) for one in self._members(model)]
        x = self.graph.add("Concat", *parts, axis=1)
        with self._within("meta-learner"):
            return self._meta(model.final_estimator_, x)

    def _check_stack(self, model: Any) -> None:
        methods = set(getattr(model, "stack_method_", ()))
        if model.passthrough or not methods <= {"predict_proba", "predict"}:
            raise ExportError(
                "a stack that sees more than its members' predictions has no ONNX form here",
                remedy=REMEDY,
            )

    def _meta(self, model: Any, x: str) -> Outputs:
        """What the model on top of a stack makes of the members' predictions."""
        kind = type(model).__name__
        if kind == "FrozenEstimator":
            return self._meta(model.estimator, x)
        if kind != "Pipeline":
            return estimate(self.graph, model, x)
        for name, step in model.steps[:-1]:
            function = getattr(step, "func", None)
            if function is None or not _is_same(function, log_odds, _probes(3)):
                raise ExportError(
                    f"the step '{name}' before a meta-learner has no ONNX form here",
                    remedy=REMEDY,
                )
            x = _log_odds(self.graph, x)
        return estimate(self.graph, model.steps[-1][1], x)

    def adjusted(self, model: Any) -> Outputs:
        """A classifier whose probabilities are adjusted to the metric."""
        x = _probabilities(self.answers(model.model_))
        name = getattr(model.adjust, "__name__", "a function")
        with self._within(name):
            known, write = _ADJUSTMENTS.get(name, (None, None))
            probes = _probes(len(model.classes_))
            if (
                known is None
                or write is None
                or not _is_same(model.adjust, known, probes, model.by)
            ):
                raise ExportError(
                    f"probabilities that {name} adjusts have no ONNX form here", remedy=REMEDY
                )
            return Outputs(probabilities=write(self.graph, x, model.by))


_PARTS: Mapping[str, Callable[[_Walk, Any], Outputs]] = {
    "AdjustedClassifier": _Walk.adjusted,
    "FrozenEstimator": _Walk.frozen,
    "Pipeline": _Walk.pipeline,
    "StackingClassifier": _Walk.stack_of_classes,
    "StackingRegressor": _Walk.stack_of_values,
    "VotingClassifier": _Walk.vote_of_classes,
    "VotingRegressor": _Walk.vote_of_values,
}


def _probabilities(outputs: Outputs) -> str:
    if outputs.probabilities is None:
        raise ExportError("a member gives no probabilities")
    return outputs.probabilities


def _values(outputs: Outputs) -> str:
    if outputs.values is None:
        raise ExportError("a member gives no numbers")
    return outputs.values


def most_levels(transformer: Any) -> int:
    """The number of codes of the category that has most, of all that a transformer encodes.

    Parameters
    ----------
    transformer : estimator
        Fitted; a pipeline or a ColumnTransformer, or what is within them.

    Returns
    -------
    int
    """
    most = max((len(one) for one in getattr(transformer, "categories_", ())), default=0)
    inner = [*getattr(transformer, "steps", ()), *getattr(transformer, "transformers_", ())]
    return max([most, *(most_levels(one[1]) for one in inner)])


# -- functions that programs carry along --------------------------------------------------------


def log_odds(p: Array) -> Array:
    """What the meta-learner of a stack sees."""
    p = np.clip(p, ODDS_FLOOR, 1 - ODDS_FLOOR)
    return np.asarray(np.log(p / (1 - p)))


def _log_odds(graph: Graph, x: str) -> str:
    low, high = doubles(graph, ODDS_FLOOR), doubles(graph, 1 - ODDS_FLOOR)
    clipped = graph.add("Clip", x, low, high)
    return graph.add(
        "Log", graph.add("Div", clipped, graph.add("Sub", doubles(graph, 1.0), clipped))
    )


def tempered(proba: Array, temperature: float) -> Array:
    """Probabilities at another temperature."""
    powers = np.maximum(proba, TEMPERED_FLOOR) ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _tempered(graph: Graph, x: str, temperature: float) -> str:
    floored = graph.add("Max", x, doubles(graph, TEMPERED_FLOOR))
    return shares(graph, graph.add("Pow", floored, doubles(graph, 1 / temperature)))


def isotonic(proba: Array, curves: Any) -> Array:
    """Probabilities on rising curves, mostly."""
    curved = [np.interp(proba[:, k], *curve) for k, curve in enumerate(curves)]
    mixed = CURVED * np.column_stack(curved) + (1 - CURVED) * proba
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def _isotonic(graph: Graph, x: str, curves: Any) -> str:
    curved = [rising(graph, columns_of(graph, x, [k]), *curve) for k, curve in enumerate(curves)]
    joined = graph.add("Concat", *curved, axis=1)
    parts = (graph.add("Mul", joined, doubles(graph, CURVED)),)
    rest = graph.add("Mul", x, doubles(graph, 1 - CURVED))
    return shares(graph, graph.add("Add", *parts, rest))


def reweighted(proba: Array, class_weights: Array) -> Array:
    """Probabilities as if each class were so many times as frequent."""
    weighed = proba * class_weights
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def _reweighted(graph: Graph, x: str, class_weights: Array) -> str:
    return shares(graph, graph.add("Mul", x, doubles(graph, np.ravel(class_weights)[None, :])))


_ADJUSTMENTS: Mapping[str, tuple[Callable[..., Array], Callable[[Graph, str, Any], str]]] = {
    "isotonic": (isotonic, _isotonic),
    "reweighted": (reweighted, _reweighted),
    "tempered": (tempered, _tempered),
}


def _probes(n_classes: int) -> Array:
    """Probabilities to try a function on, certain ones too."""
    drawn = np.random.default_rng(0).dirichlet(np.full(n_classes, 0.5), PROBES)
    return np.concatenate([np.eye(n_classes), drawn])


def _is_same(
    function: Callable[..., Any], known: Callable[..., Array], probes: Array, *by: Any
) -> bool:
    """Whether a function that a model brings along does what the known one does."""
    return bool(np.allclose(function(probes, *by), known(probes, *by), rtol=1e-9, atol=1e-15))
