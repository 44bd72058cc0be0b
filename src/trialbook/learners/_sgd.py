"""Stochastic gradient descent: linear models that learn row by row."""

from __future__ import annotations

from trialbook.learners._base import (
    Choice,
    Float,
    Learner,
    Params,
    Space,
    Start,
    Value,
    class_weight,
)
from trialbook.learners._linear import (
    SCALED_TARGET_IMPORTS,
    SQUASHED_FEATURES,
    million_entries,
    scaled_target,
)
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table


class SGD(Learner):
    """Linear model by stochastic gradient descent (Bottou 2010)."""

    key = "sgd"
    name = "Stochastic gradient descent"
    aliases = ("stochastic_gradient_descent",)

    def space(self, table: Table) -> Space:
        losses = (
            ("log_loss", "modified_huber")
            if table.is_classification
            else (
                "squared_error",
                "huber",
            )
        )
        return {
            "loss": Choice(losses),
            "alpha": Float(1e-6, 1e-1, log=True),
            "penalty": Choice(("l2", "elasticnet")),
            "average": Choice((True, False)),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        # One over the rows is what C = 1 is to logistic regression; averaging the steps (Polyak
        # and Juditsky 1992) steadies them.
        params: dict[str, Value] = {
            "loss": "log_loss" if table.is_classification else "squared_error",
            "alpha": min(1e-2, max(1e-6, 1 / table.n_rows)),
            "penalty": "l2",
            "average": True,
        }
        return (Start("averaged", params, gain=0.05),)

    def cost(self, params: Params, table: Table) -> float:
        return 0.1 + (0.02 * million_entries(table) + 2e-6 * table.n_rows) * table.n_outputs

    def code(self, params: Params, table: Table) -> ModelCode:
        kind = "SGDClassifier" if table.is_classification else "SGDRegressor"
        threads = {"n_jobs": Code("N_JOBS")} if table.is_classification else {}
        # Steps that shrink only when the loss does not are safe at any scale of the gradient.
        rate = {} if table.is_classification else {"learning_rate": "adaptive", "eta0": 0.01}
        estimator = call(
            kind, **params, **rate, **class_weight(table), random_state=Code("SEED"), **threads
        )
        return ModelCode(
            estimator=estimator if table.is_classification else scaled_target(estimator),
            imports=(
                f"from sklearn.linear_model import {kind}",
                *(() if table.is_classification else SCALED_TARGET_IMPORTS),
            ),
            preprocessing=SQUASHED_FEATURES,
        )
