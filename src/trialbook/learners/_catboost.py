"""CatBoost: oblivious boosted trees with statistics of categories."""

from __future__ import annotations

import time
from typing import Any

from trialbook.learners._base import (
    Choice,
    Deadline,
    Float,
    History,
    Int,
    IterativeLearner,
    Params,
    Space,
    Start,
    Value,
    recorded,
)
from trialbook.learners._boosting import expected_rounds, patience
from trialbook.program import Code, ModelCode, Preprocessing, call
from trialbook.tasks import Table

# Its trees are weak and slow: at the learning rates in use, more rounds have not paid.
MAX_ROUNDS = 3000
# Encoded columns beyond which a round looks at a sample of them (AutoGluon's rule).
WIDE = 1000

# "default": the library's own, with the larger step that minutes allow. "td": meta-tuned defaults
# of pytabkit (Holzmüller et al. 2024). "r…": AutoGluon's zero-shot portfolio of 2023, which
# TabRepo's results selected (Salinas and Erickson 2023).
_DEFAULT: dict[str, Value] = {
    "learning_rate": 0.08,
    "depth": 6,
    "l2_leaf_reg": 3.0,
    "max_ctr_complexity": 2,
}
_CLASSIFICATION: dict[str, Value] = {
    "learning_rate": 0.08,
    "depth": 7,
    "l2_leaf_reg": 1e-5,
    "bootstrap_type": "Bernoulli",
    "subsample": 0.9,
    "random_strength": 0.8,
    "one_hot_max_size": 15,
    "max_ctr_complexity": 4,
    "leaf_estimation_iterations": 1,
}
_REGRESSION: dict[str, Value] = {
    "learning_rate": 0.09,
    "depth": 9,
    "l2_leaf_reg": 1e-5,
    "bootstrap_type": "Bernoulli",
    "subsample": 0.9,
    "random_strength": 0.0,
    "one_hot_max_size": 20,
    "max_ctr_complexity": 4,
    "leaf_estimation_iterations": 20,
}
_R137: dict[str, Value] = {
    "learning_rate": 0.0494,
    "depth": 4,
    "l2_leaf_reg": 4.559,
    "max_ctr_complexity": 3,
    "one_hot_max_size": 3,
}
_R177: dict[str, Value] = {
    "learning_rate": 0.06864,
    "depth": 6,
    "l2_leaf_reg": 2.154,
    "max_ctr_complexity": 4,
    "one_hot_max_size": 10,
}


def _fit(wait: int, *, weighted: bool) -> str:
    given, given_valid = (", weight=weight", ", weight=weight_valid") if weighted else ("", "")
    lines = [
        "features, model = pipeline[:-1], pipeline[-1]",
        "categories = list(range(N_CATEGORICAL))",
        "columns = features.fit_transform(X, y)",
        f"train = Pool(columns, y, cat_features=categories{given})",
        "if rounds:",
        "    model.set_params(iterations=rounds)",
        "    model.fit(train)",
        "    return pipeline",
        "columns = features.transform(X_valid)",
        f"valid = Pool(columns, y_valid, cat_features=categories{given_valid})",
        "model.fit(",
        "    train,",
        "    eval_set=valid,",
        "    use_best_model=True,",
        f"    early_stopping_rounds={wait},",
        "    callbacks=list(callbacks) or None,",
        ")",
        "return pipeline",
    ]
    return "\n".join(lines)


class CatBoost(IterativeLearner):
    """Gradient boosting with ordered statistics of categories (Prokhorenkova et al. 2018)."""

    key = "catboost"
    name = "CatBoost"
    aliases = ("cat_boost", "cb")
    requires = "catboost"

    def space(self, table: Table) -> Space:
        # TabArena's (2025), without its slowest corners: tiny steps and trees grown depth-wise.
        return {
            "learning_rate": Float(0.02, 0.1, log=True),
            "depth": Int(4, 9),
            "bootstrap_type": Choice(("Bernoulli",)),
            "subsample": Float(0.7, 1.0),
            "l2_leaf_reg": Float(1e-5, 5.0, log=True),
            "random_strength": Float(0.0, 1.0),
            "leaf_estimation_iterations": Int(1, 20, log=True),
            "one_hot_max_size": Int(3, 100, log=True),
            "max_ctr_complexity": Int(1, 4),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        second = _CLASSIFICATION if table.is_classification else _REGRESSION
        return (
            Start("default", _DEFAULT, gain=0.9),
            Start("td", second, gain=0.2),
            Start("r177", _R177, gain=0.45),
            Start("r137", _R137, gain=0.15),
        )

    def cost(self, params: Params, table: Table) -> float:
        depth = float(params.get("depth", 6) or 6)
        leaf_steps = float(params.get("leaf_estimation_iterations", 1) or 1)
        combined = 2.5 if int(params.get("max_ctr_complexity", 4) or 4) > 1 else 1.0
        rows = table.n_rows / 1e6
        histograms = 1.3e-4 * table.n_columns + 0.006 * table.million_codes
        histograms *= 2 ** (depth / 2 - 3)
        # Statistics of a category are kept for every class, and for every class's own gradient.
        statistics = 0.037 * rows * len(table.columns.categorical) * combined
        statistics *= 3 if table.n_outputs > 1 else 1
        per_round = 0.0005 + (histograms + statistics) * depth / 6 + 0.01 * rows * leaf_steps
        rounds = min(MAX_ROUNDS, 2 * expected_rounds(params, table))
        return 0.2 + rounds * per_round * table.n_outputs

    def code(self, params: Params, table: Table) -> ModelCode:
        balance = {"auto_class_weights": "Balanced"} if table.balance else {}
        wide = {"rsm": max(0.05, WIDE / table.n_columns)} if table.n_columns > WIDE else {}
        estimator = call(
            "CatBoostClassifier" if table.is_classification else "CatBoostRegressor",
            iterations=MAX_ROUNDS,
            **params,
            boosting_type="Plain",
            **wide,
            **(balance if table.is_classification else {}),
            random_seed=Code("SEED"),
            thread_count=Code("N_JOBS"),
            allow_writing_files=False,
            verbose=False,
        )
        kind = "CatBoostClassifier" if table.is_classification else "CatBoostRegressor"
        return ModelCode(
            estimator=estimator,
            imports=(f"from catboost import {kind}, Pool",),
            preprocessing=Preprocessing(numeric="keep", categorical="codes", frame=True),
            fit=_fit(
                patience(float(params.get("learning_rate", 0.1) or 0.1)), weighted=table.weighted
            ),
        )

    def stopper(self, deadline: Deadline) -> Any:
        return _StopAt(deadline)

    def history(self, model: Any) -> History | None:
        return recorded(model.get_evals_result())

    def rounds(self, model: Any) -> int:
        return int(model.tree_count_)


class _StopAt:
    """Ends boosting at a deadline; CatBoost then keeps the best round so far."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on after a round."""
        if time.monotonic() < self.deadline.at or not info.metrics:
            return True
        self.deadline.hit = True
        return False
