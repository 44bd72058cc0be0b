"""Random forest: deep trees on bootstrap samples."""

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
from trialbook.learners._forest import columns_per_split, size
from trialbook.program import Code, ModelCode, Preprocessing, call
from trialbook.tasks import Table

# Breiman's own, but for leaves of two rows where classes are told apart: they smooth the
# probabilities and halve the model. "r39": AutoGluon's zero-shot portfolio of 2023, which
# TabRepo's results selected (Salinas and Erickson 2023).
_CLASSIFICATION: dict[str, Value] = {"max_features": "sqrt", "min_samples_leaf": 2}
_REGRESSION: dict[str, Value] = {"max_features": 0.5, "min_samples_leaf": 5}
_R39: dict[str, Value] = {"max_features": 0.75, "min_samples_leaf": 2}


class RandomForest(Learner):
    """Average of deep trees on bootstrap samples (Breiman 2001)."""

    key = "random_forest"
    name = "Random forest"
    aliases = ("rf",)

    def space(self, table: Table) -> Space:
        # TabArena's (2025), with leaves instead of splits as the limit of growth.
        return {
            "max_features": Float(0.2, 1.0),
            "max_samples": Float(0.5, 1.0),
            "min_samples_leaf": Int(1, 20, log=True),
            "min_impurity_decrease": Float(1e-7, 1e-3, log=True),
            **({"criterion": Choice(("gini", "entropy"))} if table.is_classification else {}),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        first = _CLASSIFICATION if table.is_classification else _REGRESSION
        return (Start("breiman", first, gain=0.25), Start("r39", _R39, gain=0.08))

    def cost(self, params: Params, table: Table) -> float:
        features = columns_per_split(params, table)
        rows = table.n_rows * float(params.get("max_samples", 1.0) or 1.0)
        # A split sorts its rows by every column that it looks at, level after level.
        per_tree = 0.0008 + 1e-8 * rows * math.log2(rows + 2) ** 1.5 * features
        per_tree *= 1 + 0.01 * table.n_classes
        return float(0.05 + size(params, table)["n_estimators"] * per_tree)

    def code(self, params: Params, table: Table) -> ModelCode:
        kind = "RandomForestClassifier" if table.is_classification else "RandomForestRegressor"
        estimator = call(
            kind,
            **{**size(params, table), **params},
            **class_weight(table),
            random_state=Code("SEED"),
            n_jobs=Code("N_JOBS"),
        )
        return ModelCode(
            estimator=estimator,
            imports=(f"from sklearn.ensemble import {kind}",),
            preprocessing=Preprocessing(numeric="impute", categorical="codes"),
        )
