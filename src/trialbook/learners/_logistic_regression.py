"""Logistic regression: the linear model of class probabilities."""

from __future__ import annotations

from trialbook.learners._base import Float, Learner, Params, Space, Start, class_weight
from trialbook.learners._linear import FEATURES, million_entries
from trialbook.program import ModelCode, call
from trialbook.tasks import Table


class LogisticRegression(Learner):
    """Linear model of log-odds with a quadratic penalty."""

    key = "logistic_regression"
    name = "Logistic regression"
    tasks = ("classification",)
    aliases = ("logistic", "lr", "logit")

    def space(self, table: Table) -> Space:
        return {"C": Float(1e-3, 100.0, log=True)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        # 0.1 for scaled columns of which many say nothing; 1 is scikit-learn's own, and 10 lets
        # words and rare levels speak. One after another they are worth less: they agree mostly.
        return (
            Start("c0.1", {"C": 0.1}, gain=0.25),
            Start("c1", {"C": 1.0}, gain=0.05),
            Start("c10", {"C": 10.0}, gain=0.04),
        )

    def cost(self, params: Params, table: Table) -> float:
        penalty = float(params.get("C", 1.0) or 1.0)
        # Weak penalties, which a large C means, need more steps to converge.
        steps = 40 * (10 * penalty) ** 0.2
        return float(
            0.1 + 0.0012 * steps * million_entries(table) * max(1, table.n_classes) ** 0.7
        )

    def code(self, params: Params, table: Table) -> ModelCode:
        estimator = call("LogisticRegression", **params, **class_weight(table), max_iter=2000)
        return ModelCode(
            estimator=estimator,
            imports=("from sklearn.linear_model import LogisticRegression",),
            preprocessing=FEATURES,
        )
