"""A whole fitted model as one file: its outputs are named and typed as its classes are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from trialbook.data import Column, Schema, Semantic
from trialbook.errors import ExportError
from trialbook.models.onnx import MISSING_TEXT, OnnxModel, to_onnx
from trialbook.program._snippets import as_text

N = 120
# An input and an output of one name would be one tensor.
SIZE, TOWN, FLAG = "prediction", "label", "flag"


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            SIZE: rng.normal(size=N),
            TOWN: pd.Series(rng.choice(["Köln", "Łódź", "x"], N)).where(rng.random(N) > 0.1),
            FLAG: pd.Series(rng.choice([True, False], N), dtype=object).where(
                rng.random(N) > 0.1, None
            ),
        }
    )


def pipeline(learner: Any, *texts: str) -> Pipeline:
    words = make_pipeline(FunctionTransformer(as_text), OneHotEncoder(handle_unknown="ignore"))
    parts = [("numbers", StandardScaler(), [SIZE]), ("words", words, [*texts])]
    return Pipeline([("features", ColumnTransformer(parts)), ("model", learner)])


def schema(classes: tuple[Any, ...] = ()) -> Schema:
    columns = (
        Column(SIZE, Semantic.NUMERIC, "number", "", 0, 0),
        Column(TOWN, Semantic.CATEGORICAL, "string", "", 0, 0),
        Column(FLAG, Semantic.BOOLEAN, "bool", "", 0, 0),
    )
    task = "classification" if classes else "regression"
    return Schema(task, "y", classes, None, columns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "classes", [("ja", "nein", "ö"), (1, 2, 30), (1.0, 2.0, 30.0), (False, True)], ids=str
)
def test_labels_are_of_the_type_of_the_classes(classes: tuple[Any, ...]) -> None:
    X, rng = rows(), np.random.default_rng(1)
    y = np.array(classes)[rng.integers(0, len(classes), N)]
    folds = [
        (f"fold{i}", FrozenEstimator(pipeline(LogisticRegression(), TOWN, FLAG).fit(X[i:], y[i:])))
        for i in (0, 40)
    ]
    model = VotingClassifier(folds, voting="soft").fit(X, y)
    onnx = OnnxModel(to_onnx(model, schema(classes), X).SerializeToString())
    answers = onnx.predict(X)
    assert answers.tolist() == model.predict(X).tolist()
    assert type(answers.tolist()[0]) is type(classes[0])
    apart = np.abs(onnx.predict_proba(X).to_numpy() - model.predict_proba(X))
    assert apart.max() < 1e-12
    assert onnx.predict_proba(X).columns.tolist() == list(classes)


def test_numbers_are_those_of_the_model() -> None:
    X = rows()
    model = pipeline(LinearRegression(), TOWN, FLAG).fit(X, X[SIZE] * 3 + (X[TOWN] == "x"))
    proto = to_onnx(model, schema(), X)
    assert [one.name for one in proto.graph.input] == [SIZE, TOWN, FLAG]
    assert proto.graph.output[0].name.startswith("prediction_")
    onnx = OnnxModel(proto.SerializeToString())
    assert np.abs(onnx.predict(X) - model.predict(X)).max() < 1e-12
    # As other languages may say that a cell is missing.
    odd = X.head(2).assign(**{TOWN: ["", MISSING_TEXT]})
    gone = X.head(2).assign(**{TOWN: None})
    assert np.array_equal(onnx.answers(odd)[0], onnx.answers(gone)[0])


def test_a_model_of_another_kind_than_its_schema_is_refused() -> None:
    X = rows()
    model = pipeline(LinearRegression(), TOWN, FLAG).fit(X, X[SIZE])
    with pytest.raises(ExportError, match="classes"):
        to_onnx(model, schema(("a", "b")))


@pytest.mark.parametrize("name", ["rows", "length", "left", "constant_1", "Loop_3", "halving: go"])
def test_columns_may_be_called_as_tensors_of_the_graph_are(name: str) -> None:
    X = pd.DataFrame({"z": np.arange(20.0), name: ["the Fox", "ÉCOLE fox"] * 10, "flag": True})
    kept = make_pipeline(FunctionTransformer(as_text), OneHotEncoder(handle_unknown="ignore"))
    parts = [
        ("numbers", "passthrough", ["z"]),
        ("words", TfidfVectorizer(strip_accents="unicode"), name),
        ("flag", kept, ["flag"]),
    ]
    model = Pipeline([("features", ColumnTransformer(parts)), ("model", LinearRegression())])
    model.fit(X, np.arange(20.0) % 3)
    kinds = {"z": "number", name: "string", "flag": "bool"}
    # The flag comes first: the first tensors of the graph are made of it.
    columns = [Column(one, Semantic.TEXT, kinds[one], "", 0, 0) for one in ("flag", "z", name)]
    described = Schema("regression", "y", (), None, tuple(columns))
    made = OnnxModel(to_onnx(model, described).SerializeToString())
    assert np.allclose(made.answers(X)[0], model.predict(X))


def test_a_column_that_the_schema_lacks_is_named() -> None:
    X = rows()
    model = pipeline(LinearRegression(), TOWN).fit(X, X[SIZE])
    less = replace(schema(), columns=tuple(one for one in schema().columns if one.name != TOWN))
    with pytest.raises(ExportError, match=f"'{TOWN}', which the schema has not"):
        to_onnx(model, less)
    nameless = Pipeline([("scale", StandardScaler()), ("model", LinearRegression())])
    nameless.fit(np.arange(6.0).reshape(3, 2), [1, 2, 3])
    with pytest.raises(ExportError, match="without names of columns"):
        to_onnx(nameless, schema())
