"""Whether a graph answers as the model in Python does, row by row, and why it does not."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.models.onnx._runtime import OnnxModel
from trialbook.models.onnx.graph import Array

if TYPE_CHECKING:
    import onnx

    from trialbook.models._model import Model

# What answers may differ by: of probabilities, and of numbers in standard deviations of what the
# model predicts.
TOLERANCE = 1e-4
# Without this share of predictions at either end, that deviation may be half of what it is, not
# less; and what is far from the middle may differ by some steps of single precision, in which
# XGBoost sums.
EXTREME, ROUNDING = 0.01, 1e-6
# How far features are moved, relative to their size: a few steps of single precision, in which
# most libraries of trees compare. Where that alone changes an answer, the row sits on a threshold.
# Sizes below a millionth are noise around 0, as the sine of a half turn is.
NUDGE, SMALLEST = 2e-7, 1e-6
# Ways to move them: all up, all down, and so many at random.
RANDOM_NUDGES = 6


@dataclass(frozen=True)
class Parity:
    """How alike a graph and its model in Python are.

    Parameters
    ----------
    n_rows : int
        Rows that were compared.
    max_difference : float
        The largest difference of a probability, or of a predicted number.
    typical_difference : float
        The largest one among the rows within the tolerance.
    tolerance : float
        What is allowed, in the same unit.
    n_over : int
        Rows that differ by more.
    n_explained : int
        Of these, rows on a threshold: there the Python model itself answers so differently when
        its features move by their last digits, in single precision. Such are rows on a split of
        a tree, on a tie of neighbours, or on a step of a curve; or all rows of a model whose
        sums cancel nearly all digits, as a lasso by least angles of columns that are sums of
        others.
    n_labels : int
        Rows with another label.
    n_labels_explained : int
        Of these, rows on a threshold, or whose classes are as probable as one another within the
        tolerance.
    """

    n_rows: int
    max_difference: float
    typical_difference: float
    tolerance: float
    n_over: int
    n_explained: int
    n_labels: int = 0
    n_labels_explained: int = 0

    @property
    def holds(self) -> bool:
        """Whether the graph is the model: whatever differs is explained."""
        return self.n_over == self.n_explained and self.n_labels == self.n_labels_explained

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return {**asdict(self), "holds": self.holds}

    def __str__(self) -> str:
        rows = f"{self.n_rows:,} rows: largest difference {self.max_difference:.1e}"
        if not self.n_over and not self.n_labels:
            return rows
        over = f"{self.n_over} over {self.tolerance:.1e}, {self.n_explained} of them on thresholds"
        return f"{rows}; {over}; {self.n_labels} other labels"


def compare(model: Model, proto: onnx.ModelProto | bytes, X: pd.DataFrame) -> Parity:
    """Run a graph and its model on the same rows.

    Parameters
    ----------
    model : Model
        In Python.
    proto : ModelProto or bytes
        What was made of it.
    X : DataFrame
        Rows with the features of the model, as `Model.conform` gives them.

    Returns
    -------
    Parity
    """
    estimator = model.estimator
    answers = OnnxModel(proto if isinstance(proto, bytes) else proto.SerializeToString()).answers(
        X
    )
    if not model.is_classification:
        ours = np.asarray(estimator.predict(X), dtype=float)[:, None]
        theirs = np.asarray(answers[0], dtype=float)[:, None]
        tolerance = TOLERANCE * _spread(ours)
        return _parity(estimator, X, ours, theirs, tolerance)
    labels, theirs = answers
    ours = np.asarray(estimator.predict_proba(X), dtype=float)
    other = np.asarray(estimator.predict(X)) != labels
    return _parity(estimator, X, ours, np.asarray(theirs, dtype=float), TOLERANCE, other)


def _spread(values: Array) -> float:
    """The standard deviation of what a model predicts, unless extremes make up most of it.

    One row beyond all others, or one that is infinite or missing, would make anything alike.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return 1.0
    most = _deviation(np.clip(known, *np.quantile(known, (EXTREME, 1 - EXTREME))))
    spread = _deviation(known)
    return min(spread, 2 * most) or spread or max(1.0, float(np.abs(known).max()))


def _deviation(values: Array) -> float:
    """The standard deviation, also of numbers whose squares are infinite or nothing."""
    size = float(np.abs(values).max()) or 1.0
    return float(np.std(values / size)) * size


def _parity(
    estimator: Any,
    X: pd.DataFrame,
    ours: Array,
    theirs: Array,
    tolerance: float,
    other: Array | None = None,
) -> Parity:
    """What answers of shape (n_rows, n_outputs) come to; `other` are rows with another label."""
    # Two missing answers are alike, and so are two of the same infinity; one is not.
    alike = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.nan_to_num(np.abs(ours - theirs), nan=np.inf, posinf=np.inf)
        apart = np.where(alike, 0.0, apart).max(axis=1, initial=0.0)
    allowed = np.maximum(tolerance, ROUNDING * _remoteness(ours))
    over = apart > allowed
    other = np.zeros(len(X), dtype=bool) if other is None else other
    ranked = np.sort(theirs, axis=1)
    tied = ranked[:, -1] - ranked[:, -2] <= 2 * tolerance if theirs.shape[1] > 1 else ~other
    open_rows = np.flatnonzero(over | (other & ~tied))
    explained = np.zeros(len(X), dtype=bool)
    if len(open_rows):
        low, high = reach(estimator, X.iloc[open_rows])
        room = allowed[open_rows, None]
        within = (theirs[open_rows] >= low - room) & (theirs[open_rows] <= high + room)
        explained[open_rows] = within.all(axis=1)
    return Parity(
        n_rows=len(X),
        max_difference=float(apart.max(initial=0.0)),
        typical_difference=float(apart[~over].max(initial=0.0)),
        tolerance=tolerance,
        n_over=int(over.sum()),
        n_explained=int((over & explained).sum()),
        n_labels=int(other.sum()),
        n_labels_explained=int((other & (tied | explained)).sum()),
    )


def _remoteness(values: Array) -> Array:
    """How far rows are from the middle of all, shape (n_rows,); 0 for probabilities."""
    known = values[np.isfinite(values)]
    if values.shape[1] > 1 or not len(known):
        return np.zeros(len(values))
    return np.asarray(np.nan_to_num(np.abs(values[:, 0] - np.median(known)), posinf=0.0))


def reach(estimator: Any, X: pd.DataFrame) -> tuple[Array, Array]:
    """The lowest and highest answers of a model whose features move by their last digits.

    Parameters
    ----------
    estimator : estimator
        A whole fitted model.
    X : DataFrame of shape (n_rows, n_columns)

    Returns
    -------
    low, high : ndarray of shape (n_rows, n_outputs)
    """
    answers = []
    known: dict[tuple[int, int], Any] = {}
    for number in range(2 + RANDOM_NUDGES):
        moved = _nudged(estimator, _Nudge(number, known))
        if hasattr(moved, "predict_proba"):
            answers.append(np.asarray(moved.predict_proba(X), dtype=float))
        else:
            answers.append(np.asarray(moved.predict(X), dtype=float)[:, None])
    return np.min(answers, axis=0), np.max(answers, axis=0)


class _Nudge:
    """Moves features: all up, all down, or each at random.

    `known` has the features of the rows at hand: they are the same for every way to move them,
    and take far longer than moving them.
    """

    def __init__(self, number: int, known: dict[tuple[int, int], Any]) -> None:
        self.number = number
        self.known = known

    def features(self, pipeline: Any, X: pd.DataFrame) -> Any:
        """What the learner of a pipeline sees of some rows, moved."""
        key = id(pipeline), id(X)
        if key not in self.known:
            self.known[key] = pipeline[:-1].transform(X)
        return self(self.known[key])

    def __call__(self, values: Any) -> Any:
        if isinstance(values, pd.DataFrame):  # CatBoost's, with codes that are whole numbers
            moved = values.copy()
            for place in range(values.shape[1]):
                if values.dtypes.iloc[place].kind == "f":
                    moved.isetitem(place, self._moved(values.iloc[:, place].to_numpy(), place))
            return moved
        if hasattr(values, "tocsr"):
            moved = values.tocsr(copy=True).astype(float)
            moved.data = self._moved(moved.data, 0)
            return moved
        return self._moved(np.asarray(values, dtype=float), 0)

    def _moved(self, values: Array, seed: int) -> Array:
        if self.number < 2:
            sign = np.full(values.shape, 1.0 - 2 * self.number)
        else:
            drawn = np.random.default_rng([self.number, seed])
            sign = drawn.choice([-1.0, 1.0], values.shape)
        # Whole numbers stay: codes, counts and flags are the same everywhere.
        whole = np.nan_to_num(values) == np.round(np.nan_to_num(values))
        step = np.where(whole, 0.0, NUDGE * np.maximum(np.abs(values), SMALLEST))
        return np.asarray(values + sign * step)


def _nudged(model: Any, nudge: _Nudge) -> Any:
    """A copy of a model that moves the features of all its learners."""
    kind = type(model).__name__
    if kind == "FrozenEstimator":
        return _nudged(model.estimator, nudge)
    if kind == "Pipeline":
        classifies = hasattr(model, "predict_proba")
        return (_NudgedClassifier if classifies else _NudgedPipeline)(model, nudge)
    copied = copy.copy(model)
    if hasattr(model, "estimators_"):
        copied.estimators_ = [_nudged(one, nudge) for one in model.estimators_]
    elif kind == "AdjustedClassifier":
        copied.model_ = _nudged(model.model_, nudge)
        copied.adjust = lambda proba, by: model.adjust(nudge(proba), by)  # a curve has steps
    return copied


class _NudgedPipeline:
    """A pipeline whose features are moved before its learner sees them."""

    def __init__(self, pipeline: Any, nudge: _Nudge) -> None:
        self.pipeline = pipeline
        self.learner = _without_ties(pipeline[-1], nudge.number)
        self.nudge = nudge

    def predict(self, X: pd.DataFrame) -> Any:
        """As of any estimator."""
        return self.learner.predict(self.nudge.features(self.pipeline, X))


class _NudgedClassifier(_NudgedPipeline):
    """The same with probabilities."""

    def predict_proba(self, X: pd.DataFrame) -> Any:
        """As of any estimator."""
        return self.learner.predict_proba(self.nudge.features(self.pipeline, X))


def _without_ties(learner: Any, seed: int) -> Any:
    """Nearest neighbours whose training rows are moved, so that ties fall some way or other."""
    if not type(learner).__name__.startswith("KNeighbors"):
        return learner
    copied = copy.copy(learner)
    rows = np.asarray(learner._fit_X, dtype=float)
    drawn = np.random.default_rng(seed).uniform(-1, 1, rows.shape)
    copied._fit_X = rows + 1e-9 * np.maximum(np.abs(rows), 1e-3) * drawn
    copied._fit_method, copied._tree = "brute", None
    return copied
