"""Elastic net: the linear model of a number, with absolute and quadratic penalties."""

from __future__ import annotations

from trialbook.learners._base import Float, Learner, Params, Space, Start
from trialbook.learners._linear import (
    FEATURES,
    SCALED_TARGET_IMPORTS,
    million_entries,
    scaled_target,
)
from trialbook.program import ModelCode, call
from trialbook.tasks import Table


class ElasticNet(Learner):
    """Linear model with both kinds of penalties (Zou and Hastie 2005)."""

    key = "elastic_net"
    name = "Elastic net"
    tasks = ("regression",)
    aliases = ("enet",)

    def space(self, table: Table) -> Space:
        return {"alpha": Float(1e-5, 0.3, log=True), "l1_ratio": Float(0.05, 1.0)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        # With columns and target scaled, a thousandth shrinks gently; the second forgets most
        # columns. Halves of both penalties keep groups of alike columns together.
        return (
            Start("gentle", {"alpha": 1e-3, "l1_ratio": 0.5}, gain=0.2),
            Start("strong", {"alpha": 2e-2, "l1_ratio": 0.5}, gain=0.04),
        )

    def cost(self, params: Params, table: Table) -> float:
        alpha = float(params.get("alpha", 1e-3) or 1e-3)
        sweeps = 30 * (1e-2 / alpha) ** 0.5
        return float(0.1 + 0.002 * sweeps * million_entries(table))

    def code(self, params: Params, table: Table) -> ModelCode:
        regressor = call("ElasticNet", **params, max_iter=5000)
        return ModelCode(
            estimator=scaled_target(regressor),
            imports=("from sklearn.linear_model import ElasticNet", *SCALED_TARGET_IMPORTS),
            preprocessing=FEATURES,
        )
