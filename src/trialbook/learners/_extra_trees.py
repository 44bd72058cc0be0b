"""Extremely randomised trees: deep trees with random cuts."""

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

# "sqrt": the authors' own, but for leaves of two rows: they smooth the probabilities and halve
# the model. "r…": AutoGluon's zero-shot portfolio of 2023, which TabRepo's results selected
# (Salinas and Erickson 2023).
_SQRT: dict[str, Value] = {"max_features": "sqrt", "min_samples_leaf": 2}
_R42: dict[str, Value] = {"max_features": 0.75, "min_samples_leaf": 1}
_R172: dict[str, Value] = {"max_features": 1.0, "min_samples_leaf": 4}
# Up to so many rows a forest takes seconds, whatever it looks at.
SMALL_ROWS = 5000


class ExtraTrees(Learner):
    """Average of trees that cut at random places (Geurts et al. 2006)."""

    key = "extra_trees"
    name = "Extra trees"
    aliases = ("extreme_random_trees", "extremely_randomized_trees", "xt")

    def space(self, table: Table) -> Space:
        # TabArena's (2025), with leaves instead of splits as the limit of growth.
        return {
            "max_features": Float(0.2, 1.0),
            "min_samples_leaf": Int(1, 32, log=True),
            "min_impurity_decrease": Float(1e-7, 1e-3, log=True),
            **({"criterion": Choice(("gini", "entropy"))} if table.is_classification else {}),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        if table.is_classification:
            # Many columns a split cost little on few rows, and do best where classes are many.
            careful = 0.6 if table.n_rows <= SMALL_ROWS else 0.3
            return (Start("sqrt", _SQRT, gain=0.25), Start("r42", _R42, gain=careful))
        return (Start("r42", _R42, gain=0.4), Start("r172", _R172, gain=0.2))

    def cost(self, params: Params, table: Table) -> float:
        features = columns_per_split(params, table)
        depth = math.log2(table.n_rows + 2)
        per_tree = 0.0008 + 6e-9 * table.n_rows * depth * (features + 4)
        per_tree *= 1 + 0.01 * table.n_classes
        return 0.05 + size(params, table)["n_estimators"] * per_tree

    def code(self, params: Params, table: Table) -> ModelCode:
        kind = "ExtraTreesClassifier" if table.is_classification else "ExtraTreesRegressor"
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
