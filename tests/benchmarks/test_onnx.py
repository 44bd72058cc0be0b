"""The table of exported trials says what held, what did not, and what was refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from benchmarks.onnx.__main__ import HEADER, Exported, export
from trialbook.data import Column, Schema, Semantic
from trialbook.models.onnx import Parity

X = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0) ** 0.5})
COLUMNS = tuple(Column(one, Semantic.NUMERIC, "number", "", 0, 0, None, None) for one in X.columns)


def model(learner: Any) -> Any:
    kept = ColumnTransformer([("numbers", "passthrough", list(X.columns))])
    fitted = Pipeline([("features", kept), ("model", learner)]).fit(X, X["a"] + X["b"])
    schema = Schema("regression", "y", (), None, COLUMNS)
    return SimpleNamespace(
        estimator=fitted, schema=schema, is_classification=False, conform=lambda rows: rows
    )


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_trial_that_answers_alike_holds() -> None:
    made = export("ridge-1", "ridge", model(Ridge()), X)
    found = cells(made.line)
    assert len(found) == len(cells(HEADER.splitlines()[0]))
    assert found[:2] == ["ridge-1", "ridge"]
    assert found[-1] == "yes"
    assert made.size > 100


def test_a_trial_without_a_form_is_a_line_that_says_so() -> None:
    found = cells(export("gp-1", "gp", model(GaussianProcessRegressor()), X).line)
    assert len(found) == len(cells(HEADER.splitlines()[0]))
    assert "GaussianProcessRegressor has no ONNX form" in found[-1]


@pytest.mark.parametrize(("explained", "said"), [(3, "yes"), (2, "**no**")])
def test_rows_that_nothing_explains_do_not_hold(explained: int, said: str) -> None:
    parity = Parity(100, 0.5, 1e-9, 1e-4, 3, explained)
    made = Exported("t-1", "t", None, parity, python_s=1.0, onnx_s=1.0)
    found = cells(made.line)
    assert found[-4:] == ["3", str(explained), "0", said]
