"""What tests of graphs share: features of a transformer, by ONNX and by Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest
from scipy import sparse

from trialbook.data import Column, Schema, Semantic
from trialbook.models.onnx import Graph, features, feeds, inputs

DOUBLE = 11
_STORAGES = {"b": "bool", "i": "number", "f": "number", "M": "datetime"}

Check = Callable[..., float]


def schema_of(X: pd.DataFrame, formats: Mapping[str, str] | None = None) -> Schema:
    """A schema for a table whose columns have these formats of dates."""
    columns = []
    for name in X.columns:
        form = (formats or {}).get(name)
        truths = pd.api.types.infer_dtype(X[name], skipna=True) == "boolean"
        storage = "bool" if truths else _STORAGES.get(X[name].dtype.kind, "string")
        is_date = form is not None or storage == "datetime"
        meaning = Semantic.DATETIME if is_date else Semantic.CATEGORICAL
        columns.append(Column(name, meaning, storage, "", 0, 0, None, form))
    return Schema("regression", "y", (), None, tuple(columns))


def by_onnx(
    transformer: Any, X: pd.DataFrame, formats: Mapping[str, str] | None = None
) -> np.ndarray[Any, Any]:
    """The features of a table, by onnxruntime."""
    schema = schema_of(X, formats)
    session = session_of(transformer, schema)
    return np.asarray(session.run(None, feeds(X, schema))[0])


def session_of(transformer: Any, schema: Schema) -> ort.InferenceSession:
    """A graph of a transformer, ready to run."""
    graph = Graph()
    made = features(graph, transformer, inputs(graph, schema))
    graph.output("features", made, DOUBLE, [None, None])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph.build().SerializeToString(), options)


@pytest.fixture(scope="session")
def difference() -> Check:
    """The largest difference, relative above 1, of features between ONNX and Python."""

    def largest(
        transformer: Any, X: pd.DataFrame, formats: Mapping[str, str] | None = None
    ) -> float:
        expected = transformer.transform(X)
        expected = expected.toarray() if sparse.issparse(expected) else np.asarray(expected)
        expected = expected.astype(float)
        schema = schema_of(X, formats)
        session = session_of(transformer, schema)
        fed = feeds(X, schema)
        found = np.asarray(session.run(None, fed)[0])
        assert found.shape == expected.shape
        missing = np.isnan(expected)
        assert (np.isnan(found) == missing).all()
        infinite = np.isinf(expected)
        assert (found[infinite] == expected[infinite]).all()
        compared = ~missing & ~infinite
        # One row at a time gives the same, whatever the widest text of a table is.
        alone = [{name: one[i : i + 1] for name, one in fed.items()} for i in range(3)]
        single = np.vstack([session.run(None, one)[0] for one in alone])
        assert np.allclose(single, found[: len(single)], rtol=1e-12, atol=1e-12, equal_nan=True)
        relative = np.abs(found - expected)[compared] / np.maximum(1, np.abs(expected[compared]))
        return float(relative.max(initial=0))

    return largest
