"""The values that a column is set to, and that a model's answers stand beside the right ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Schema, prepare
from trialbook.evaluation.explanations._dependence import dependences
from trialbook.job import Job


def made(types: dict[str, str]) -> tuple[pd.DataFrame, Schema]:
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 360, 300), "D")
    rows = pd.DataFrame(
        {
            "flag": rng.random(300) < 0.3,
            "day": days.strftime("%d/%m/%Y"),
            "amount": rng.normal(size=300),
        }
    )
    schema = prepare(
        Job(data=Job.IN_MEMORY, target="amount", folds=2, types=types), frame=rows
    ).schema
    return schema.conform(rows), schema


def test_dates_of_text_come_in_the_order_of_their_own_format() -> None:
    X, schema = made({})

    def day_of_year(X: pd.DataFrame) -> np.ndarray:
        times = pd.to_datetime(X["day"], format="%d/%m/%Y")
        return times.dt.dayofyear.to_numpy(dtype=float)[:, None]

    (found,) = dependences(day_of_year, X, schema, ["day"])
    assert found.kind == "date"
    assert found.grid == sorted(found.grid)
    days = pd.to_datetime(pd.Series(found.grid), format="ISO8601").dt.dayofyear
    np.testing.assert_array_equal(found.mean[:, 0], days)


@pytest.mark.parametrize("semantic", ["categorical", "boolean"])
def test_a_flag_has_both_of_its_values(semantic: str) -> None:
    X, schema = made({"flag": semantic})
    (found,) = dependences(lambda X: X["flag"].to_numpy(dtype=float)[:, None], X, schema, ["flag"])
    assert found.grid == [False, True]
    assert found.mean[:, 0].tolist() == [0.0, 1.0]
