"""A graph that answers otherwise than its model is found; rows on thresholds are told apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import ModelProto, numpy_helper
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from trialbook.data import Column, Schema, Semantic
from trialbook.models.onnx import TOLERANCE, compare, to_onnx
from trialbook.models.onnx import _parity as parity

N_ROWS = 200


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame({"a": rng.normal(size=N_ROWS), "b": rng.uniform(size=N_ROWS)})


def schema(classes: tuple[Any, ...] = ()) -> Schema:
    columns = tuple(
        Column(name, Semantic.NUMERIC, "number", "", 0, 0, None, None) for name in ("a", "b")
    )
    return Schema("classification" if classes else "regression", "y", classes, None, columns)


def fitted(learner: Any, y: np.ndarray) -> Pipeline:
    kept = ColumnTransformer([("numbers", "passthrough", ["a", "b"])])
    return Pipeline([("features", kept), ("model", learner)]).fit(rows(), y)


def asked(model: Any, *, classes: bool = False) -> Any:
    return SimpleNamespace(estimator=model, is_classification=classes)


def spoilt(proto: ModelProto, size: int, factor: float) -> ModelProto:
    """The same graph with other numbers in its constants of a size."""
    wrong = ModelProto()
    wrong.CopyFrom(proto)
    found = 0
    for tensor in wrong.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float64 and values.size == size:
            tensor.CopyFrom(numpy_helper.from_array(values * factor, tensor.name))
            found += 1
    assert found
    return wrong


def test_a_wrong_regression_is_found() -> None:
    X = rows()
    model = fitted(Ridge(), (X["a"] + X["b"]).to_numpy())
    proto = to_onnx(model, schema())
    right = compare(asked(model), proto, X)
    assert right.holds
    assert right.max_difference < 1e-12
    found = compare(asked(model), spoilt(proto, 2, 1.001), X)
    assert not found.holds
    assert found.n_over > found.n_explained == 0
    assert found.tolerance == pytest.approx(TOLERANCE * np.std(model.predict(X)))


def test_a_wrong_classification_is_found_with_its_labels() -> None:
    X = rows()
    model = fitted(LogisticRegression(), (X["a"] > 0).to_numpy().astype(int))
    proto = to_onnx(model, schema((0, 1)))
    assert compare(asked(model, classes=True), proto, X).holds
    found = compare(asked(model, classes=True), spoilt(proto, 2, -1.0), X)
    assert not found.holds
    assert found.n_labels > N_ROWS / 2
    assert found.n_labels_explained == 0


def test_a_missing_answer_is_a_difference() -> None:
    X = rows()
    model = fitted(Ridge(), X["a"].to_numpy())
    found = compare(asked(model), spoilt(to_onnx(model, schema()), 2, np.nan), X)
    assert found.n_over == N_ROWS
    assert found.max_difference == np.inf
    assert not found.holds


def test_rows_on_a_split_are_explained_and_others_are_not() -> None:
    X = rows()
    model = fitted(DecisionTreeRegressor(max_leaf_nodes=2), (X["a"] > 0).to_numpy().astype(float))
    split = float(model[-1].tree_.threshold[0])
    X.loc[0, "a"] = split * (1 + 1e-9)
    X.loc[1, "a"] = split + 0.1 * np.sign(split)
    ours = model.predict(X)[:, None]
    theirs = ours.copy()
    theirs[:2] = 1 - theirs[:2]  # both took the other branch
    found = parity._parity(model, X, ours, theirs, TOLERANCE)
    assert (found.n_over, found.n_explained) == (2, 1)
    assert not found.holds
    theirs[1] = ours[1]
    found = parity._parity(model, X, ours, theirs, TOLERANCE)
    assert found.holds
    assert found.max_difference == 1
    assert found.typical_difference == 0


def test_an_answer_that_no_branch_gives_is_not_explained() -> None:
    X = rows()
    model = fitted(DecisionTreeRegressor(max_leaf_nodes=2), (X["a"] > 0).to_numpy().astype(float))
    X.loc[0, "a"] = float(model[-1].tree_.threshold[0])
    ours = model.predict(X)[:, None]
    theirs = ours.copy()
    theirs[0] += 7
    assert not parity._parity(model, X, ours, theirs, TOLERANCE).holds


def test_ties_of_neighbours_are_explained() -> None:
    X = rows()
    X.loc[1:5] = X.loc[1].to_numpy()  # five rows alike, of which the model takes three
    y = np.arange(N_ROWS, dtype=float)
    kept = ColumnTransformer([("numbers", "passthrough", ["a", "b"])])
    model = Pipeline([("features", kept), ("model", KNeighborsRegressor(1))]).fit(X, y)
    ours = model.predict(X)[:, None]
    theirs = ours.copy()
    theirs[1] = 1.0 if ours[1] != 1 else 5.0
    assert parity._parity(model, X, ours, theirs, TOLERANCE).holds
    theirs[50] = 3.0
    assert not parity._parity(model, X, ours, theirs, TOLERANCE).holds


def test_labels_of_equal_probabilities_may_differ() -> None:
    X = rows()
    model = fitted(DecisionTreeClassifier(max_depth=1), (X["a"] > 0).to_numpy().astype(int))
    ours = np.tile([0.5, 0.5], (N_ROWS, 1))
    other = np.zeros(N_ROWS, dtype=bool)
    other[3] = True
    found = parity._parity(model, X, ours, ours, TOLERANCE, other)
    assert (found.n_labels, found.n_labels_explained) == (1, 1)
    ours[3] = [0.9, 0.1]
    assert not parity._parity(model, X, ours, ours, TOLERANCE, other).holds
    assert "1 other labels" in str(parity._parity(model, X, ours, ours, TOLERANCE, other))


class _Extreme:
    """A model whose prediction of the first row is beyond all measure."""

    def __init__(self, model: Pipeline, value: float) -> None:
        self.model, self.value = model, value

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        made = np.asarray(self.model.predict(X))
        made[0] = self.value
        return made


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 1e9])
def test_an_extreme_prediction_does_not_hide_that_the_others_are_wrong(
    value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = rows()
    model = fitted(Ridge(), (X["a"] + X["b"]).to_numpy())
    proto = to_onnx(model, schema())
    monkeypatch.setattr(
        parity, "reach", lambda _, X: (np.full((len(X), 1), np.inf), np.full((len(X), 1), -np.inf))
    )
    found = compare(asked(_Extreme(model, value)), spoilt(proto, 2, 1.01), X)
    assert found.n_over > N_ROWS / 2
    assert found.tolerance < 1e-3
    assert not found.holds


def test_the_same_infinity_is_no_difference() -> None:
    ours = np.array([[np.inf], [-np.inf], [np.nan], [1.0]])
    found = parity._parity(None, pd.DataFrame(index=range(4)), ours, ours.copy(), 1e-4)
    assert (found.n_over, found.max_difference) == (0, 0.0)
