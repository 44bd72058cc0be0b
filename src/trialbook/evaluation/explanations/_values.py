"""SHAP values of any model, on the columns of its table and on the features made of them.

All values are in the space of predictions: probabilities of classes, or numbers. So they can be
averaged over the members of a vote, and add up to what the model answers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from trialbook.evaluation.explanations._carry import slopes, spread
from trialbook.evaluation.explanations._exact import exact_margins
from trialbook.evaluation.explanations._plan import (
    MODEL_STEP,
    Exact,
    Mean,
    Node,
    Sampled,
    Through,
    is_pipeline,
    leaves,
    pipelines,
    plan_of,
    say,
)
from trialbook.evaluation.explanations._sampler import as_table, sample_values
from trialbook.models import FEATURES_STEP, Feature, features_of

# What exact values may miss of a prediction, in parts of its size, as libraries that count in
# single precision do; it is spread. More means that the learner was not understood.
TOLERANCE = 1e-3
# Numbers of an array of rows, features and outputs that are held at once: 80 MB.
MOST_NUMBERS = 10_000_000
# Rows that show how long exact values take: a few more where the first are slow, for each call has
# its own cost, unless they took these seconds. And the fewest that make them worthwhile.
PROBE_ROWS, PROBE_S, LEAST_ROWS = (2, 16), 1.0, 24
# Seconds of a row and pipeline below which sampling is no quicker.
SLOW_S = 0.03
# Rows that are explained at first, whatever the time; how long they take tells how many follow.
FIRST_ROWS = 8
# Features of a learner that are sampled one by one; each pair of orders asks twice as many rows.
MOST_SAMPLED = 300
# Share of the time that sampling gets where some parts are exact, and what features get of it.
SAMPLED_SHARE, FEATURES_SHARE = 0.6, 0.4


@dataclass
class Values:
    """Values of rows.

    Parameters
    ----------
    raw : ndarray of shape (n_rows, n_columns, n_outputs)
        On the columns of the table.
    base : ndarray of shape (n_outputs,) or (n_rows, n_outputs)
        What they are added to.
    error : ndarray of the shape of raw
        Standard errors; zero where values are exact.
    engineered : ndarray of shape (n_rows, n_features, n_outputs), optional
        On the features that learners get; None where they were not asked for or not possible, and
        NaN for rows that were not reached in time.
    features : list of Feature
        What these are.
    exact : bool
        Whether nothing was sampled.
    methods : tuple of str
        How the parts were explained, in words.
    why_not : str
        Why there are no engineered ones.
    """

    raw: np.ndarray
    base: np.ndarray
    error: np.ndarray
    engineered: np.ndarray | None = None
    features: list[Feature] = field(default_factory=list)
    exact: bool = True
    methods: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def bases(self) -> np.ndarray:
        """What the values of each row are added to, of shape (n_rows, n_outputs)."""
        return np.broadcast_to(self.base, (len(self.raw), self.raw.shape[2]))


@dataclass(frozen=True)
class Request:
    """What is asked of a model.

    Parameters
    ----------
    classification : bool
    engineered : bool
        Whether values of features are wanted, too.
    deadline : float, optional
        Of the monotonic clock.
    all_rows : bool
        Whether every row must be explained, even beyond the deadline.
    seed : int
    """

    classification: bool
    engineered: bool = False
    deadline: float | None = None
    all_rows: bool = False
    seed: int = 0

    def left(self) -> float:
        """Seconds until the deadline."""
        return np.inf if self.deadline is None else self.deadline - time.monotonic()


class _RefusedError(Exception):
    """Pipelines whose exact values do not add up, or take too long."""

    def __init__(self, *pipelines: Any) -> None:
        super().__init__()
        self.pipelines = pipelines


def values_of(model: Any, X: pd.DataFrame, background: pd.DataFrame, request: Request) -> Values:
    """Explain rows.

    Parameters
    ----------
    model : estimator
        A fitted model of a trial, or an ensemble.
    X : DataFrame of shape (n_rows, n_columns)
        Features as the model wants them.
    background : DataFrame
        Rows that stand for all, alike.
    request : Request

    Returns
    -------
    Values
        Of the first rows that were reached in time, all if the request says so.
    """
    refused: list[int] = []
    while True:
        plan = plan_of(model, refused)
        try:
            return _Explainer(plan, X, background, request).run()
        except _RefusedError as error:
            refused += [id(one) for one in error.pipelines]


class _Explainer:
    """Walks a plan: sampled parts first, of all rows, then the others in blocks of rows."""

    def __init__(
        self, plan: Node, X: pd.DataFrame, background: pd.DataFrame, request: Request
    ) -> None:
        self.plan, self.X, self.background, self.request = plan, X, background, request
        self.columns = [str(name) for name in X.columns]
        self.parts = list(leaves(plan))
        self.exact = [part for part in self.parts if isinstance(part, Exact)]
        self.asked = [part for part in self.parts if isinstance(part, Sampled)]
        self.features: dict[tuple[str, tuple[str, ...]], tuple[int, Feature]] = {}
        self.made: dict[int, tuple[Any, list[Feature]]] = {}
        self.sampled: dict[int, Values] = {}
        self.engineered, self.why_not = request.engineered, ""

    def run(self) -> Values:
        self._probe()
        if self.engineered:
            self._name_features()
        n_rows = len(self.X)
        for number, part in enumerate(self.asked):
            self.sampled[id(part)] = self._sample(part, n_rows, len(self.asked) - number)
            n_rows = min(n_rows, len(self.sampled[id(part)].raw))
        # What is sampled is there already.
        blocks, at, size = [], 0, min(n_rows, FIRST_ROWS) if self.exact else n_rows
        while at < n_rows:
            begun = time.monotonic()
            blocks.append(self._block(self.plan, slice(at, at + size)))
            at += size
            per_row = (time.monotonic() - begun) / size
            size = max(1, min(4 * size, n_rows - at, self._most_rows()))
            if not self.request.all_rows and at < n_rows:
                fit = (
                    int(self.request.left() / max(per_row, 1e-9))
                    if self.request.deadline
                    else size
                )
                if fit < 1:
                    break
                size = min(size, fit)
        return self._together(blocks)

    def _together(self, blocks: list[Values]) -> Values:
        features = None
        if self.engineered and blocks[0].engineered is not None:
            features = np.concatenate([one.engineered for one in blocks])
        return Values(
            raw=np.concatenate([one.raw for one in blocks]),
            base=blocks[0].base,
            error=np.concatenate([one.error for one in blocks]),
            engineered=features,
            features=[one for _, one in self.features.values()] if features is not None else [],
            exact=not self.asked,
            methods=self._methods(),
            why_not=self.why_not,
        )

    def _methods(self) -> tuple[str, ...]:
        names = [type(part.pipeline.named_steps[MODEL_STEP]).__name__ for part in self.exact]
        told = [f"exact: {name}" for name in dict.fromkeys(names)]
        asked = [
            type(one.named_steps[MODEL_STEP] if is_pipeline(one) else one).__name__
            for part in self.asked
            for _, model in part.models
            for _, one in pipelines(model)
        ]
        return (*told, *(f"sampled: {name}" for name in dict.fromkeys(asked)))

    def _most_rows(self) -> int:
        width = max([len(self.features), len(self.columns), *self._widths()])
        return max(1, MOST_NUMBERS // (width * self._n_outputs()))

    def _widths(self) -> list[int]:
        return [len(made) for _, made in self.made.values()]

    def _n_outputs(self) -> int:
        classification = self.request.classification
        return int(say(self._first(), self.X.head(1), classification=classification).shape[1])

    def _first(self) -> Any:
        part = self.parts[0]
        return part.pipeline if isinstance(part, Exact) else part.models[0][1]

    # -- exact parts ---------------------------------------------------------------------------

    def _probe(self) -> None:
        """Refuse exact ways that would leave too few rows in time."""
        if self.request.deadline is None or not self.exact:
            return
        limit = self.request.left() * (1 - SAMPLED_SHARE if self.asked else 1.0)
        wanted = len(self.X) if self.request.all_rows else min(LEAST_ROWS, len(self.X))
        alike: dict[str, list[Any]] = {}
        for part in self.exact:
            alike.setdefault(_kind(part.pipeline), []).append(part.pipeline)
        per_row = {
            kind: len(every) * self._row_s(every[0], limit / (wanted * len(self.exact)))
            for kind, every in alike.items()
        }
        slowest = max(per_row, key=lambda kind: per_row[kind])
        is_slow = per_row[slowest] > SLOW_S * len(alike[slowest])
        if is_slow and sum(per_row.values()) * wanted > limit:
            raise _RefusedError(*alike[slowest])

    def _row_s(self, pipeline: Any, limit: float) -> float:
        """Seconds of a row, roughly: few rows tell, unless they take long for their number."""
        self._features_of(pipeline)
        per_row = 0.0
        for n_rows in PROBE_ROWS:
            rows = self.X.head(n_rows)
            begun = time.monotonic()
            self._margins(pipeline, rows)
            took = time.monotonic() - begun
            per_row = took / len(rows)
            if per_row <= limit or took > PROBE_S:
                break
        return per_row

    def _features_of(self, pipeline: Any) -> tuple[Any, list[Feature]]:
        """The background's features, and what they are made of."""
        if id(pipeline) not in self.made:
            try:
                made = features_of(pipeline)
            except (AttributeError, KeyError, ValueError, TypeError, IndexError) as error:
                raise _RefusedError(pipeline) from error  # a transformer of an edited notebook
            behind = pipeline.named_steps[FEATURES_STEP].transform(self.background)
            self.made[id(pipeline)] = (behind, made)
        return self.made[id(pipeline)]

    def _margins(self, pipeline: Any, rows: pd.DataFrame) -> tuple[Any, np.ndarray]:
        """Values of a pipeline's margin, and what it predicts; refused if they disagree."""
        transformer, learner = (
            pipeline.named_steps[FEATURES_STEP],
            pipeline.named_steps[MODEL_STEP],
        )
        background, made = self._features_of(pipeline)
        features = transformer.transform(rows)
        margins = exact_margins(learner, features, background)
        told = say(learner, features, classification=self.request.classification)
        if margins is None or margins.values.shape[1] != len(made):
            raise _RefusedError(pipeline)
        reached = margins.link(margins.end)
        if reached.shape != told.shape or not np.allclose(
            reached, told, rtol=TOLERANCE, atol=TOLERANCE * max(1e-9, float(np.abs(told).max()))
        ):
            raise _RefusedError(pipeline)
        return margins, told

    def _exact(self, pipeline: Any, rows: pd.DataFrame) -> Values:
        margins, told = self._margins(pipeline, rows)
        slope = slopes(margins.link, margins.base, margins.end)
        values = np.einsum("rfk,rkc->rfc", margins.values, slope)
        base = margins.link(margins.base[None])[0]
        values = spread(values, told - base - values.sum(axis=1))
        _, made = self.made[id(pipeline)]
        raw = np.einsum("rfc,fp->rpc", values, self._shares(made), optimize=True)
        engineered = self._placed(values, made) if self.engineered else None
        return Values(raw, base, np.zeros_like(raw), engineered)

    def _shares(self, made: Sequence[Feature]) -> np.ndarray:
        """Which columns features are made of, evenly, of shape (n_features, n_columns)."""
        place = {name: position for position, name in enumerate(self.columns)}
        shares = np.zeros((len(made), len(place)))
        for row, feature in enumerate(made):
            for parent in feature.parents:
                shares[row, place[parent]] += 1 / len(feature.parents)
        return shares

    # -- features ------------------------------------------------------------------------------

    def _name_features(self) -> None:
        """Give every feature that some part has a place; what parts make alike is one."""
        every = [part.pipeline for part in self.exact]
        for part in self.asked:
            every += [one for _, model in part.models for _, one in pipelines(model)]
        for pipeline in every:
            if not is_pipeline(pipeline):
                return self._without(f"{type(pipeline).__name__} is not features and a learner")
            transformer = pipeline.named_steps[FEATURES_STEP]
            if id(pipeline) not in self.made:
                try:
                    made = features_of(pipeline)
                except (AttributeError, KeyError, ValueError, TypeError, IndexError):
                    return self._without("its features are not known by their columns")
                self.made[id(pipeline)] = (transformer.transform(self.background), made)
            background, made = self.made[id(pipeline)]
            if background.shape[1] != len(made):
                return self._without("its features are not known by their columns")
            for one in made:
                key = (one.name, one.parents)
                self.features.setdefault(key, (len(self.features), one))
        wide = max((self.made[id(one)][0].shape[1] for one in every[len(self.exact) :]), default=0)
        if wide > MOST_SAMPLED:
            return self._without(f"{wide} features are too many to sample (limit {MOST_SAMPLED})")
        return None

    def _without(self, why: str) -> None:
        self.engineered, self.why_not = False, why
        self.features = {}

    def _placed(self, values: np.ndarray, made: Sequence[Feature]) -> np.ndarray:
        """Values of a part's features at their places among all."""
        places = [self.features[one.name, one.parents][0] for one in made]
        placed = np.zeros((len(values), len(self.features), values.shape[2]))
        for place, column in zip(places, np.moveaxis(values, 1, 0), strict=True):
            placed[:, place] += column
        return placed

    # -- sampled parts -------------------------------------------------------------------------

    def _sample(self, part: Sampled, n_rows: int, n_left: int) -> Values:
        request = self.request
        share = (SAMPLED_SHARE if self.exact else 1.0) / n_left
        limit, now = request.left() * share, time.monotonic()
        for_columns = limit * (1 - FEATURES_SHARE) if self.engineered else limit
        rows = self.X.iloc[:n_rows]

        def ask(X: Any) -> np.ndarray:
            told = [
                weight * say(model, X, classification=request.classification)
                for weight, model in part.models
            ]
            return np.asarray(sum(told))

        found = sample_values(
            ask,
            rows,
            self.background,
            deadline=None if np.isinf(limit) else now + for_columns,
            all_rows=request.all_rows,
            seed=request.seed,
        )
        values = Values(found.values, found.base, found.error, exact=False)
        if self.engineered:
            end = None if np.isinf(limit) else now + limit
            features = self._sample_features(part, rows.iloc[: found.n_done], end)
            values.engineered = spread(features, found.values.sum(axis=1) - features.sum(axis=1))
        return values

    def _sample_features(self, part: Sampled, rows: pd.DataFrame, end: float | None) -> np.ndarray:
        """Values of features, by orders of the features of each pipeline; NaN: not reached."""
        request = self.request
        every = [
            (weight * inner, one)
            for weight, model in part.models
            for inner, one in pipelines(model)
        ]
        total: Any = 0.0
        for number, (weight, pipeline) in enumerate(every):
            background, made = self.made[id(pipeline)]
            learner = pipeline.named_steps[MODEL_STEP]
            features = pipeline.named_steps[FEATURES_STEP].transform(rows)
            now = time.monotonic()
            limit = None if end is None else now + max(0, end - now) / (len(every) - number)

            def ask(X: Any, learner: Any = learner) -> np.ndarray:
                return say(learner, X, classification=request.classification)

            found = sample_values(
                ask,
                as_table(features),
                as_table(background),
                deadline=limit,
                seed=request.seed,
            )
            placed = weight * self._placed(found.values, made)
            unseen = np.full((len(rows) - found.n_done, *placed.shape[1:]), np.nan)
            total = total + np.concatenate([placed, unseen])
        return np.asarray(total)

    # -- together ------------------------------------------------------------------------------

    def _block(self, node: Node, rows: slice) -> Values:
        if isinstance(node, Exact):
            return self._exact(node.pipeline, self.X.iloc[rows])
        if isinstance(node, Sampled):
            whole = self.sampled[id(node)]
            features = None if whole.engineered is None else whole.engineered[rows]
            return Values(whole.raw[rows], whole.base, whole.error[rows], features)
        if isinstance(node, Mean):
            parts = [(weight, self._block(part, rows)) for weight, part in node.parts]
            return Values(
                raw=_sum(weight * one.raw for weight, one in parts),
                base=_sum(weight * one.base for weight, one in parts),
                error=np.sqrt(_sum((weight * one.error) ** 2 for weight, one in parts)),
                engineered=_sum(weight * np.asarray(one.engineered) for weight, one in parts)
                if self.engineered
                else None,
            )
        return self._through(node, [self._block(part, rows) for part in node.parts])

    def _through(self, node: Through, parts: list[Values]) -> Values:
        base = np.concatenate([one.base for one in parts])
        raw = np.concatenate([one.raw for one in parts], axis=2)
        error = np.concatenate([one.error for one in parts], axis=2)
        slope = slopes(node.function, base, base + raw.sum(axis=1))
        start = node.function(base[None])[0]

        def carried(values: np.ndarray) -> np.ndarray:
            return np.asarray(np.einsum("rfk,rkc->rfc", values, slope))

        engineered = None
        if self.engineered:
            features = np.concatenate([one.engineered for one in parts], axis=2)
            engineered = carried(features)
        spreads = np.sqrt(np.einsum("rfk,rkc->rfc", error**2, slope**2))
        return Values(carried(raw), start, spreads, engineered)


def _sum(parts: Any) -> Any:
    total: Any = 0.0
    for part in parts:
        total = total + part
    return total


def _kind(pipeline: Any) -> str:
    """Of pipelines that cost about the same: one for each configuration."""
    return repr(pipeline.named_steps[MODEL_STEP])
