"""SHAP values of scikit-learn's trees are those of the package that defines them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from trialbook.evaluation.explanations._exact import exact_margins
from trialbook.evaluation.explanations._trees import Tree, tree_values


def table(missing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    y = X[:, 0] + X[:, 1] * X[:, 2] + 0.2 * rng.normal(size=400)
    X[rng.random(X.shape) < missing] = np.nan
    return X, y


@pytest.mark.parametrize(
    ("model", "n_classes"),
    [
        (DecisionTreeClassifier(max_depth=9, random_state=0), 2),
        (RandomForestClassifier(5, random_state=0), 3),
        (ExtraTreesRegressor(5, random_state=0), 0),
    ],
)
def test_values_of_forests_are_those_of_shap(model: Any, n_classes: int) -> None:
    shap = pytest.importorskip("shap")
    X, y = table()
    if n_classes:
        y = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    model.fit(X, y)
    found = exact_margins(model, X[:20], X)
    assert found is not None
    theirs = shap.TreeExplainer(model).shap_values(X[:20]).reshape(found.values.shape)
    np.testing.assert_allclose(found.values, theirs, atol=1e-9)


def test_a_split_tree_gives_each_feature_what_all_orders_give_it() -> None:
    # x0 <= 0 -> 1; else x1 <= 0 -> 5, else 9; covers 4, of which 2, 1, 1.
    tree = Tree(
        left=np.array([1, -1, 3, -1, -1]),
        right=np.array([2, -1, 4, -1, -1]),
        feature=np.array([0, -2, 1, -2, -2]),
        cover=np.array([4.0, 2, 2, 1, 1]),
        value=np.array([[4.0], [1], [7], [5], [9]]),
        threshold=np.array([0.0, -2, 0, -2, -2]),
        missing_left=np.zeros(5),
    )
    values, base = tree_values(tree, np.array([[1.0, 1.0]]))
    assert base == pytest.approx([4.0])
    # Alone x0 gives 7 and x1 gives (1 + 9) / 2 = 5; both 9.
    assert values[0, :, 0] == pytest.approx([0.5 * (3 + 4), 0.5 * (1 + 2)])


def test_boosted_trees_know_missing_values_and_categories() -> None:
    X, y = table(missing=0.1)
    X = np.c_[np.digitize(X[:, 3], [-0.5, 0.5]), X]
    y = y + 2 * (X[:, 0] == 1)
    model = HistGradientBoostingClassifier(max_iter=10, categorical_features=[0])
    model.fit(X, np.nan_to_num(y) > 1)
    X[0, 0] = np.nan
    found = exact_margins(model, X[:30], X)
    assert found is not None
    told = found.link(found.end)
    np.testing.assert_allclose(told, model.predict_proba(X[:30]), atol=1e-12)
    assert np.abs(found.values[:, 0]).mean() > np.abs(found.values[:, 4]).mean()
