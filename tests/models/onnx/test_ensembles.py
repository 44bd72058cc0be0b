"""Votes and stacks over frozen models, and adjusted probabilities, in one graph."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNetCV, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from trialbook.data import Column, Schema, Semantic
from trialbook.errors import ExportError
from trialbook.models.onnx import Parity, compare, to_onnx
from trialbook.models.onnx import _ensembles as ensembles
from trialbook.models.onnx.graph import _graph as graphs
from trialbook.program import _calibration as calibration
from trialbook.program import _snippets as snippets

pytestmark = pytest.mark.filterwarnings("ignore")

N_ROWS = 240
CLASSES: dict[int, tuple[Any, ...]] = {2: ("no", "yes"), 3: (1, 2, 5), 0: ()}


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "a": rng.normal(size=N_ROWS),
            "b": np.where(rng.random(N_ROWS) < 0.1, np.nan, rng.normal(size=N_ROWS)),
            "town": rng.choice(["Ulm", "Bern", "Graz"], N_ROWS),
        }
    )


def targets(X: pd.DataFrame, classes: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Codes, or numbers, and what they stand for."""
    noise = np.random.default_rng(6).normal(size=N_ROWS)
    signal = (X["a"] + (X["town"] == "Ulm") + 0.5 * X["b"].fillna(0) + noise).to_numpy()
    if not classes:
        return signal, signal
    codes = pd.qcut(signal, len(classes), labels=False)
    return codes, np.array(classes)[codes]


def schema(classes: tuple[Any, ...]) -> Schema:
    columns = (
        Column("a", Semantic.NUMERIC, "number", "", 0, 0, None, None),
        Column("b", Semantic.NUMERIC, "number", "", 0, 0, None, None),
        Column("town", Semantic.CATEGORICAL, "string", "", 0, 0, None, None),
    )
    return Schema("classification" if classes else "regression", "y", classes, None, columns)


def pipeline(learner: Any) -> Pipeline:
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    features = ColumnTransformer(
        [("numbers", SimpleImputer(), ["a", "b"]), ("town", codes, ["town"])]
    )
    return Pipeline([("features", features), ("model", learner)])


def members(X: pd.DataFrame, codes: np.ndarray, classes: tuple[Any, ...]) -> list[Any]:
    """Pipelines that were trained on codes, and a vote of some, as a trial's model is."""
    learners = (
        [LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1), GaussianNB(), LogisticRegression()]
        if classes
        else [LGBMRegressor(n_estimators=9, n_jobs=1, verbose=-1), Ridge(), Ridge(99)]
    )
    return [pipeline(one).fit(X[:160], codes[:160]) for one in learners]


def vote(found: list[Any], X: pd.DataFrame, y: np.ndarray, classes: Any, weights: Any) -> Any:
    named = [(f"fold_{i}", FrozenEstimator(one)) for i, one in enumerate(found)]
    if classes:
        return VotingClassifier(named, voting="soft", weights=weights).fit(X, y)
    return VotingRegressor(named, weights=weights).fit(X, y)


def stack(found: list[Any], X: pd.DataFrame, codes: np.ndarray, classes: tuple[Any, ...]) -> Any:
    """As the programs of stacks build it."""
    named = [(f"m{i}", FrozenEstimator(one)) for i, one in enumerate(found)]
    if not classes:
        seen = np.column_stack([one.predict(X) for one in found])
        meta = ElasticNetCV(l1_ratio=[0.1, 0.5], positive=True, cv=3).fit(seen, codes)
        return StackingRegressor(named, FrozenEstimator(meta), cv="prefit").fit(X[:2], codes[:2])
    proba = [one.predict_proba(X) for one in found]
    seen = np.hstack([one[:, 1:] if len(classes) == 2 else one for one in proba])
    meta = make_pipeline(
        FunctionTransformer(snippets.log_odds), LogisticRegression(C=0.1, max_iter=1000)
    ).fit(seen, codes)
    options = {"cv": "prefit", "stack_method": "predict_proba"}
    one_of_each = np.unique(codes, return_index=True)[1]
    blended = StackingClassifier(named, FrozenEstimator(meta), **options)
    return blended.fit(X.iloc[one_of_each], np.array(classes)[codes[one_of_each]])


def parity(model: Any, classes: tuple[Any, ...], X: pd.DataFrame) -> Parity:
    asked = SimpleNamespace(estimator=model, is_classification=bool(classes))
    return compare(asked, to_onnx(model, schema(classes)), X)  # type: ignore[arg-type]


def check(model: Any, classes: tuple[Any, ...], X: pd.DataFrame) -> None:
    found = parity(model, classes, X)
    assert found.max_difference < 1e-9, found
    assert found.n_labels == 0


@pytest.mark.parametrize("n_classes", CLASSES)
def test_a_vote_with_weights_over_votes(n_classes: int) -> None:
    classes, X = CLASSES[n_classes], rows()
    codes, y = targets(X, classes)
    found = members(X, codes, classes)
    inner = [vote(found[:2], X, y, classes, None), vote(found[1:], X, y, classes, None)]
    check(vote(inner, X, y, classes, [0.7, 1.9]), classes, X)


@pytest.mark.parametrize("n_classes", CLASSES)
def test_a_stack_with_the_meta_learner_of_the_programs(n_classes: int) -> None:
    classes, X = CLASSES[n_classes], rows()
    codes, _ = targets(X, classes)
    check(stack(members(X, codes, classes), X, codes, classes), classes, X)


def adjustments(proba: np.ndarray, codes: np.ndarray) -> dict[str, tuple[Any, Any]]:
    def loss(y: np.ndarray, p: np.ndarray) -> float:
        return float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-9)).mean())

    return {
        "tempered": (calibration.tempered, 0.7),
        "isotonic": (calibration.isotonic, calibration.find_isotonic(codes, proba, loss)),
        "reweighted": (calibration.reweighted, np.linspace(0.5, 2.5, proba.shape[1])),
    }


@pytest.mark.parametrize("kind", ["tempered", "isotonic", "reweighted"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_adjusted_probabilities_move_the_labels_too(n_classes: int, kind: str) -> None:
    classes, X = CLASSES[n_classes], rows()
    codes, y = targets(X, classes)
    blend = vote(members(X, codes, classes), X, y, classes, None)
    adjust, by = adjustments(blend.predict_proba(X), codes)[kind]
    model = calibration.AdjustedClassifier(blend, adjust, by).fit(X, y)
    check(model, classes, X)
    assert np.abs(model.predict_proba(X) - blend.predict_proba(X)).max() > 0.01


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_functions_that_programs_carry_are_those_that_graphs_have(n_classes: int) -> None:
    proba = ensembles._probes(n_classes)
    codes = proba.argmax(axis=1)
    np.testing.assert_allclose(ensembles.log_odds(proba), snippets.log_odds(proba))
    for name, (adjust, by) in adjustments(proba, codes).items():
        known, _ = ensembles._ADJUSTMENTS[name]
        np.testing.assert_allclose(known(proba, by), adjust(proba, by))


def tempered(proba: np.ndarray, temperature: float) -> np.ndarray:
    """Somebody edited it in the notebook."""
    powers = np.maximum(proba, 1e-3) ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def edited_adjustment(X: pd.DataFrame, codes: np.ndarray, y: np.ndarray) -> Any:
    blend = vote(members(X, codes, CLASSES[2]), X, y, CLASSES[2], None)
    return calibration.AdjustedClassifier(blend, tempered, 0.7).fit(X, y)


def edited_meta_learner(X: pd.DataFrame, codes: np.ndarray, y: np.ndarray) -> Any:
    model = stack(members(X, codes, CLASSES[2]), X, codes, CLASSES[2])
    model.final_estimator_.estimator.steps[0][1].func = np.sqrt
    return model


def counted_labels(X: pd.DataFrame, codes: np.ndarray, y: np.ndarray) -> Any:
    model = vote(members(X, codes, CLASSES[2]), X, y, CLASSES[2], None)
    return model.set_params(voting="hard")


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (edited_adjustment, "tempered"),
        (edited_meta_learner, "before a meta-learner"),
        (counted_labels, "counts labels"),
    ],
)
def test_what_was_edited_is_refused(make: Callable[..., Any], named: str) -> None:
    X = rows()
    codes, y = targets(X, CLASSES[2])
    with pytest.raises(ExportError, match=named):
        to_onnx(make(X, codes, y), schema(CLASSES[2]))


def test_an_error_says_which_part_of_a_model_it_is_about() -> None:
    X = rows()
    codes, _ = targets(X, ())
    found = members(X, codes, ())
    found[1].steps[-1] = ("model", FunctionTransformer())
    model = VotingRegressor([(f"fold_{i}", FrozenEstimator(one)) for i, one in enumerate(found)])
    model.estimators_ = [FrozenEstimator(one) for one in found]
    with pytest.raises(ExportError) as caught:
        to_onnx(model, schema(()))
    assert caught.value.place == "model of fold_1"


def test_the_same_transformer_is_written_once() -> None:
    X = rows()
    codes, y = targets(X, ())
    first = pipeline(Ridge()).fit(X, codes)
    second = Pipeline([first.steps[0], ("model", Ridge(50).fit(first[:-1].transform(X), codes))])
    model = vote([first, second], X, y, (), None)
    proto = to_onnx(model, schema(()))
    alone = to_onnx(first, schema(()))
    encoders = [node.op_type for node in proto.graph.node].count("LabelEncoder")
    assert encoders == [node.op_type for node in alone.graph.node].count("LabelEncoder") > 0
    check(model, (), X)


def test_what_no_file_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    X = rows()
    codes, _ = targets(X, ())
    monkeypatch.setattr(graphs, "LARGEST", 1000)
    with pytest.raises(ExportError, match=r"an ONNX file holds 2\.1 GB"):
        to_onnx(members(X, codes, ())[0], schema(()))
