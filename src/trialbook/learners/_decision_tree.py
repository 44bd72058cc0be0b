"""A single decision tree: quick, and small enough to read."""

from __future__ import annotations

import math

from trialbook.learners._base import (
    Choice,
    Float,
    Int,
    Learner,
    Params,
    Space,
    Start,
    Value,
    class_weight,
)
from trialbook.program import Code, ModelCode, Preprocessing, call
from trialbook.tasks import Table


class DecisionTree(Learner):
    """One tree of binary questions (Breiman et al. 1984)."""

    key = "decision_tree"
    name = "Decision tree"
    aliases = ("dt", "cart")

    def space(self, table: Table) -> Space:
        return {
            "max_depth": Int(3, 20),
            "min_samples_leaf": Int(2, 200, log=True),
            "max_features": Float(0.3, 1.0),
            "min_impurity_decrease": Float(1e-7, 1e-2, log=True),
            **({"criterion": Choice(("gini", "entropy"))} if table.is_classification else {}),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        # Leaves of twenty rows, as in LightGBM, where a share of rows can be taken for a chance;
        # fewer where even a few leaves would use up the rows.
        leaf = min(20, max(2, table.n_rows // 25))
        params: dict[str, Value] = {"max_depth": 10, "min_samples_leaf": leaf}
        return (Start("default", params, gain=0.04),)

    def cost(self, params: Params, table: Table) -> float:
        return 0.1 + 2e-2 * table.million_codes * math.log2(table.n_rows + 2)

    def code(self, params: Params, table: Table) -> ModelCode:
        kind = "DecisionTreeClassifier" if table.is_classification else "DecisionTreeRegressor"
        estimator = call(kind, **params, **class_weight(table), random_state=Code("SEED"))
        return ModelCode(
            estimator=estimator,
            imports=(f"from sklearn.tree import {kind}",),
            preprocessing=Preprocessing(numeric="impute", categorical="codes"),
        )
