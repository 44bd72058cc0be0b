"""Nearest neighbours: a row is like the rows around it."""

from __future__ import annotations

from dataclasses import replace

from trialbook.learners._base import Choice, Int, Learner, Params, Space, Start, Value
from trialbook.learners._engineered import of_model
from trialbook.learners._linear import DENSE_FEATURES
from trialbook.learners._selection import (
    USUAL,
    can_select,
    narrowed,
    selected,
    selection_s,
    selection_space,
)
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table

# Every prediction looks through all rows, and the model keeps them.
MAX_ROWS = 50_000


class KNN(Learner):
    """Average of the nearest rows (Cover and Hart 1967)."""

    key = "knn"
    name = "Nearest neighbours"
    aliases = ("k_nearest_neighbors", "k_nearest_neighbours", "k_neighbors", "kneighbors")

    def space(self, table: Table) -> Space:
        return {
            "n_neighbors": Int(1, max(2, min(100, table.n_rows // 4)), log=True),
            "weights": Choice(("distance", "uniform")),
            "p": Choice((1, 2)),
            **selection_space(table),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        # Distances along the axes hold up better among many columns (Aggarwal et al. 2001); more
        # neighbours than scikit-learn's five make probabilities of votes.
        few, many = (max(1, min(k, table.n_rows // 4)) for k in (12, 40))
        near: dict[str, Value] = {"n_neighbors": few, "weights": "distance", "p": 1}
        wide: dict[str, Value] = {"n_neighbors": many, "weights": "distance", "p": 2}
        few_columns = Start("few_columns", {**near, "select": USUAL}, gain=0.2, max_rows=MAX_ROWS)
        return (
            *((few_columns,) if can_select(table) else ()),
            Start("near", near, gain=0.08, max_rows=MAX_ROWS),
            Start("wide", wide, gain=0.04, max_rows=MAX_ROWS),
        )

    def cost(self, params: Params, table: Table) -> float:
        choice_s, table = selection_s(params, table), narrowed(params, table)
        rows_to_predict = table.n_rows / max(1, table.n_folds - 1)
        pairs = table.n_rows * rows_to_predict / 1e9
        per_column = 0.05 if params.get("p", 2) == 2 else 0.9
        return 0.1 + choice_s + pairs * (8.0 + per_column * table.n_features)

    def code(self, params: Params, table: Table) -> ModelCode:
        kind = "KNeighborsClassifier" if table.is_classification else "KNeighborsRegressor"
        return ModelCode(
            estimator=call(kind, **of_model(params), n_jobs=Code("N_JOBS")),
            imports=(f"from sklearn.neighbors import {kind}",),
            preprocessing=replace(DENSE_FEATURES, select=selected(params)),
            weights=False,
        )
