"""LARS lasso: a linear model of a number that takes up one column after another."""

from __future__ import annotations

from trialbook.learners._base import Float, Learner, Params, Space, Start
from trialbook.learners._linear import DENSE_FEATURES, SCALED_TARGET_IMPORTS, scaled_target
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table

# Its dense matrix and its Gram matrix grow with the columns; elastic net does the same sparsely.
MAX_FEATURES = 2000


class LassoLars(Learner):
    """Lasso by least-angle regression (Efron et al. 2004)."""

    key = "lasso_lars"
    name = "LARS lasso"
    tasks = ("regression",)
    aliases = ("lars_lasso", "lars")

    def space(self, table: Table) -> Space:
        return {"alpha": Float(1e-5, 0.1, log=True)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        if table.n_features > MAX_FEATURES:
            return ()
        # With columns and target scaled, a thousandth drops what explains next to nothing.
        return (Start("thousandth", {"alpha": 1e-3}, gain=0.05),)

    def cost(self, params: Params, table: Table) -> float:
        width = table.n_features
        return 0.1 + 0.01 * table.million_cells + 1e-8 * table.n_rows * width + 4e-9 * width**3

    def code(self, params: Params, table: Table) -> ModelCode:
        regressor = call("LassoLars", **params, random_state=Code("SEED"))
        return ModelCode(
            estimator=scaled_target(regressor),
            imports=("from sklearn.linear_model import LassoLars", *SCALED_TARGET_IMPORTS),
            preprocessing=DENSE_FEATURES,
            weights=False,
        )
