"""Rows are explained by whatever model: trees, linear ones, neighbours and ensembles of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Schema
from trialbook.errors import NoModelError
from trialbook.evaluation.explanations import Request, explain_rows, values_of
from trialbook.evaluation.explanations._sampler import sample_values
from trialbook.models import BACKGROUND_FILE, Model, save_model

TRUE = {"size", "kind", "note", "day"}
KINDS = ("forest", "trees", "linear", "near", "network", "blend", "stack", "adjusted")
SAMPLED = {"near", "network", "blend"}


def stored(model: Any, rows: pd.DataFrame, schema: Schema, folder: Path) -> Model:
    save_model(model, folder / "model", rows[schema.names], ["numpy"], schema)
    return Model.at(folder / "model")


@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_that_matter_come_first_and_values_add_up(
    kind: str, models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    model = stored(models[kind], rows, schema, tmp_path)
    some = rows.head(30)
    found = explain_rows(model, some)
    assert found.exact == (kind not in SAMPLED)
    told = models[kind].predict_proba(some)
    np.testing.assert_allclose(found.base + found.raw.sum(axis=1), told, atol=1e-6)
    np.testing.assert_allclose(found.prediction, told, atol=1e-6)
    assert (found.error.max() > 0) == (kind in SAMPLED)
    mean = np.abs(found.table("yes")).mean().sort_values(ascending=False)
    assert set(mean.index[:4]) == TRUE
    # A larger size speaks for yes.
    assert np.corrcoef(found.table("yes")["size"], some["size"])[0, 1] > 0.7


def test_values_of_features_add_up_as_those_of_columns_do(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema
) -> None:
    X, behind = rows[schema.names].head(6), rows[schema.names].iloc[100:140]
    for kind in ("forest", "linear", "stack", "blend"):
        found = values_of(models[kind], X, behind, Request(True, engineered=True))
        told = models[kind].predict_proba(X)
        assert found.engineered is not None
        np.testing.assert_allclose(found.base + found.engineered.sum(axis=1), told, atol=1e-6)
        kinds = {one.name: one.parents for one in found.features}
        assert kinds["kind_b"] == ("kind",)
        if found.exact:  # a column has what its features have
            mine = [one.parents == ("kind",) for one in found.features]
            summed = found.engineered[:, mine].sum(axis=1)
            np.testing.assert_allclose(summed, found.raw[:, schema.names.index("kind")])


class Unknown:
    """A model that can only be asked."""

    def __init__(self, inner: Any) -> None:
        self.predict_proba = inner.predict_proba


def test_sampled_values_are_as_close_as_their_errors_say(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema
) -> None:
    X, behind = rows[schema.names].head(20), rows[schema.names].iloc[100:150]
    exact = values_of(models["linear"], X, behind, Request(True))
    first, again, other = (
        values_of(Unknown(models["linear"]), X, behind, Request(True, seed=seed))
        for seed in (0, 0, 1)
    )
    assert exact.exact and not first.exact
    np.testing.assert_array_equal(first.raw, again.raw)
    # Another game: of probabilities, not of log-odds. So near, not equal.
    assert np.corrcoef(exact.raw[..., 1].ravel(), first.raw[..., 1].ravel())[0, 1] > 0.9
    off = np.abs(other.raw - first.raw)[..., 1] / np.hypot(first.error, other.error)[..., 1]
    assert np.mean(off[first.error[..., 1] > 1e-6] < 3) > 0.9


def test_standard_errors_hold_the_truth_however_few_orders_there_were() -> None:
    rng = np.random.default_rng(0)
    rows, behind = rng.normal(size=(10, 3)), rng.normal(size=(50, 3))

    def ask(X: np.ndarray) -> np.ndarray:
        return (X[:, 0] * X[:, 1] + np.abs(X[:, 2]))[:, None]

    # Of a product: half of what each brings alone, and half of what it adds to the other.
    mean, product = behind.mean(axis=0), (behind[:, 0] * behind[:, 1]).mean()
    alone = rows * mean[[1, 0, 2]] - product
    both = rows[:, 0] * rows[:, 1]
    true = np.empty((10, 3))
    for one, other in ((0, 1), (1, 0)):
        true[:, one] = 0.5 * (alone[:, one] + both - rows[:, other] * mean[one])
    true[:, 2] = np.abs(rows[:, 2]) - np.abs(behind[:, 2]).mean()
    for n_pairs in (1, 2, 4, 8, 16):
        held = []
        for seed in range(40):
            found = sample_values(ask, rows, behind, n_pairs=n_pairs, seed=seed)
            held.append(np.abs(found.values[..., 0] - true) <= 2 * found.error[..., 0])
        assert np.mean(held) > 0.9


def test_sampled_values_of_a_sum_are_its_summands(rows: pd.DataFrame, schema: Schema) -> None:
    class Sum:
        def predict(self, X: pd.DataFrame) -> np.ndarray:
            return 2 * X["size"].to_numpy() + 3 * (X["kind"] == "b").to_numpy()

    X, behind = rows[schema.names].head(8), rows[schema.names].iloc[100:116]
    found = values_of(Sum(), X, behind, Request(classification=False))
    place = schema.names.index
    # Every row of the background comes once in 16 pairs of orders.
    expected = 2 * (X["size"] - behind["size"].mean())
    np.testing.assert_allclose(found.raw[:, place("size"), 0], expected, atol=1e-9)
    assert np.abs(found.raw[:, place("noise"), 0]).max() < 1e-12


def test_the_background_lies_beside_a_model_and_stands_for_all(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    model = stored(models["linear"], rows, schema, tmp_path)
    path = model.folder / BACKGROUND_FILE
    behind = pd.read_parquet(path)
    assert list(behind.columns) == schema.names and len(behind) == 100
    assert abs(behind["size"].mean() - rows["size"].mean()) < 0.3
    given = explain_rows(model, rows.head(3), background=rows.tail(50))
    assert not np.allclose(given.base, explain_rows(model, rows.head(3)).base)
    path.unlink()
    with pytest.raises(NoModelError, match="without rows"):
        explain_rows(model, rows.head(3))


def test_a_time_limit_still_explains_every_row(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema, tmp_path: Path
) -> None:
    model = stored(models["blend"], rows, schema, tmp_path)
    found = explain_rows(model, rows.head(10), timeout=0.0)
    np.testing.assert_allclose(found.prediction, models["blend"].predict_proba(rows.head(10)))
