"""scikit-learn's histogram gradient boosting."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import (
    Float,
    History,
    Int,
    Learner,
    Params,
    Space,
    Start,
    Value,
    class_weight,
)
from trialbook.learners._boosting import expected_rounds, leaf_rows, patience
from trialbook.learners._text import text_of_trees
from trialbook.program import Code, ModelCode, Preprocessing, call
from trialbook.tasks import Table

# From so many rows a tenth of them can tell when to stop; below, a fixed number of rounds does.
MIN_ROWS_TO_STOP_EARLY = 2000
# The tenth is cut class by class, so that every class needs some rows.
MIN_CLASS_TO_STOP_EARLY = 20
MAX_ROUNDS = 1500
ROUNDS_TIMES_RATE = 6

# scikit-learn's own, with half the step; "small": few leaves and strong shrinking, which noisy
# tables ask for (the range of TabArena's LightGBM).
_DEFAULT: dict[str, Value] = {
    "learning_rate": 0.05,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 0.0,
}
_SMALL: dict[str, Value] = {
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 10,
    "l2_regularization": 1.0,
    "max_features": 0.6,
}


class HistGradientBoosting(Learner):
    """Gradient boosting on binned columns, as scikit-learn has it."""

    key = "hist_gradient_boosting"
    name = "Histogram gradient boosting"
    aliases = ("gradient_boosting", "hgb")

    def space(self, table: Table) -> Space:
        return {
            "learning_rate": Float(0.02, 0.2, log=True),
            "max_leaf_nodes": Int(4, 128, log=True),
            "min_samples_leaf": Int(2, 60, log=True),
            "l2_regularization": Float(0.0, 2.0),
            "max_features": Float(0.3, 1.0),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        leaf = leaf_rows(20, table)
        return (
            Start("default", {**_DEFAULT, "min_samples_leaf": leaf}, gain=0.15),
            Start("small", _SMALL, gain=0.06),
        )

    def cost(self, params: Params, table: Table) -> float:
        leaves = float(params.get("max_leaf_nodes", 31) or 31)
        leaves = min(leaves, table.n_rows / 20)
        per_round = 0.0003 + 0.004 * table.million_codes + 2e-6 * leaves * table.n_columns
        rounds = expected_rounds(params, table)
        if not _stops_early(table):
            rounds = ROUNDS_TIMES_RATE / _rate(params)
        return 0.2 + min(MAX_ROUNDS, rounds) * per_round * table.n_outputs

    def code(self, params: Params, table: Table) -> ModelCode:
        side = "Classifier" if table.is_classification else "Regressor"
        kind = f"HistGradientBoosting{side}"
        rate = _rate(params)
        stop: dict[str, Value] = {
            "max_iter": round(ROUNDS_TIMES_RATE / rate),
            "early_stopping": False,
        }
        if _stops_early(table):
            stop = {
                "max_iter": MAX_ROUNDS,
                "early_stopping": True,
                "n_iter_no_change": patience(rate),
            }
        estimator = call(
            kind,
            **params,
            **stop,
            categorical_features=Code("list(range(N_CATEGORICAL))"),
            **class_weight(table),
            random_state=Code("SEED"),
        )
        return ModelCode(
            estimator=estimator,
            imports=(f"from sklearn.ensemble import {kind}",),
            preprocessing=Preprocessing(
                numeric="keep", categorical="codes", **text_of_trees(table)
            ),
        )

    def history(self, model: Any) -> History | None:
        # Scores are losses with their sign changed; those of validation rows are of its own.
        training, validation = (
            tuple(-float(score) for score in getattr(model, f"{rows}_score_", ()))
            for rows in ("train", "validation")
        )
        return History("loss", training, validation) if training else None


def _rate(params: Params) -> float:
    return float(params.get("learning_rate", 0.1) or 0.1)


def _stops_early(table: Table) -> bool:
    enough = not table.is_classification or table.smallest_class >= MIN_CLASS_TO_STOP_EARLY
    return enough and table.n_rows >= MIN_ROWS_TO_STOP_EARLY
