"""LightGBM: leaf-wise boosted trees with native categories."""

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
    class_weight,
    recorded,
)
from trialbook.learners._boosting import MAX_ROUNDS, expected_rounds, leaf_rows, patience
from trialbook.learners._engineered import engineered, of_model, offered, widened
from trialbook.learners._selection import (
    USUAL,
    can_select,
    narrowed,
    selected,
    selection_s,
    selection_space,
)
from trialbook.learners._text import text_of_trees
from trialbook.program import Code, Extra, ModelCode, Preprocessing, call
from trialbook.tasks import Table

# Encoded columns from which a table counts as wide.
WIDE = 500
# Features of several columns that some configurations add: a few pairs of numbers, or many.
FEATURES: tuple[Extra, ...] = ("arithmetic", "crosses", "target_encoding")
MORE_FEATURES: tuple[Extra, ...] = ("all_pairs", "crosses", "target_encoding")

# "td": meta-tuned defaults of pytabkit (Holzmüller et al. 2024). "r…": AutoGluon's portfolio of
# December 2025. "large": AutoGluon's setting for large tables. "r31", "leaves7" and "r13" were
# tuned there with features of several columns.
_CLASSIFICATION = {
    "learning_rate": 0.04,
    "num_leaves": 50,
    "min_child_samples": 40,
    "subsample": 0.75,
    "colsample_bytree": 1.0,
}
_REGRESSION = {
    "learning_rate": 0.05,
    "num_leaves": 100,
    "min_child_samples": 3,
    "subsample": 0.7,
    "colsample_bytree": 1.0,
}
_R177 = {
    "learning_rate": 0.01786,
    "num_leaves": 39,
    "extra_trees": True,
    "colsample_bytree": 0.4622,
    "subsample": 0.8769,
    "min_child_samples": 3,
    "reg_alpha": 0.2375,
    "reg_lambda": 0.3552,
    "cat_l2": 0.3418,
    "cat_smooth": 15.43,
    "max_cat_to_onehot": 16,
    "min_data_per_group": 9,
}
_R163 = {
    "learning_rate": 0.01139,
    "num_leaves": 84,
    "colsample_bytree": 0.528,
    "subsample": 0.9784,
    "min_child_samples": 3,
    "reg_alpha": 0.02693,
    "reg_lambda": 0.8375,
    "cat_l2": 0.1553,
    "cat_smooth": 0.009312,
    "max_cat_to_onehot": 42,
    "min_data_per_group": 75,
}
_R120 = {
    "learning_rate": 0.01267,
    "num_leaves": 5,
    "extra_trees": True,
    "colsample_bytree": 0.7335,
    "subsample": 0.8541,
    "min_child_samples": 12,
    "reg_alpha": 0.2413,
    "reg_lambda": 0.2981,
    "cat_l2": 0.01103,
    "cat_smooth": 5.091,
    "max_cat_to_onehot": 67,
    "min_data_per_group": 93,
}
_R31 = {
    "learning_rate": 0.03976,
    "num_leaves": 16,
    "colsample_bytree": 0.5792,
    "subsample": 0.9592,
    "min_child_samples": 1,
    "reg_alpha": 0.9385,
    "reg_lambda": 0.99,
    "cat_l2": 1.896,
    "cat_smooth": 0.02152,
    "max_cat_to_onehot": 27,
    "min_data_per_group": 39,
}
_LEAVES7 = {
    "learning_rate": 0.0238,
    "num_leaves": 7,
    "extra_trees": True,
    "colsample_bytree": 0.9896,
    "subsample": 0.958,
    "min_child_samples": 1,
    "reg_alpha": 0.346,
    "reg_lambda": 1.963,
    "cat_l2": 0.0162,
    "cat_smooth": 0.00146,
    "max_cat_to_onehot": 15,
    "min_data_per_group": 61,
}
_R13 = {
    "learning_rate": 0.01932,
    "num_leaves": 64,
    "extra_trees": True,
    "colsample_bytree": 0.5534,
    "subsample": 0.9923,
    "min_child_samples": 28,
    "reg_alpha": 0.9144,
    "reg_lambda": 1.904,
    "cat_l2": 0.01429,
    "cat_smooth": 1.866,
    "max_cat_to_onehot": 18,
    "min_data_per_group": 54,
}
_LARGE = {
    "learning_rate": 0.03,
    "num_leaves": 128,
    "colsample_bytree": 0.9,
    "subsample": 0.9,
    "min_child_samples": 3,
}


def _combinations(table: Table) -> tuple[str, str]:
    """The features of several columns that suit a table: few, and many; empty if none does."""
    few, many = offered(table, *FEATURES), offered(table, *MORE_FEATURES)
    return few, many if "all_pairs" in many else ""


def _fit(wait: int, *, weighted: bool, balance: bool) -> str:
    weights = ["    sample_weight=weight,"] if weighted else []
    valid_weights = ["    eval_sample_weight=[weight_valid],"] if weighted else []
    if balance:  # else it would stop as soon as rare classes gain at the cost of frequent ones
        valid_weights.append('    eval_class_weight=["balanced"],')
    given = ", sample_weight=weight" if weighted else ""
    lines = [
        "features, model = pipeline[:-1], pipeline[-1]",
        "columns = features.fit_transform(X, y)",
        "categories = list(range(N_CATEGORICAL))",
        "if rounds:",
        "    model.set_params(n_estimators=rounds)",
        f"    model.fit(columns, y{given}, categorical_feature=categories)",
        "    return pipeline",
        "trees = []  # a round in which no leaf can be split adds none",
        "model.fit(",
        "    columns,",
        "    y,",
        *weights,
        "    eval_X=features.transform(X_valid),",
        "    eval_y=y_valid,",
        *valid_weights,
        "    categorical_feature=categories,",
        "    callbacks=[",
        "        lambda env: trees.append(env.model.current_iteration()),",
        f"        lgb.early_stopping({wait}, verbose=False),",
        "        *callbacks,",
        "    ],",
        ")",
        "model.booster_.best_iteration = trees[model.best_iteration_ - 1]",
        "return pipeline",
    ]
    return "\n".join(lines)


class LightGBM(IterativeLearner):
    """Gradient boosting of leaf-wise trees (Ke et al. 2017)."""

    key = "lightgbm"
    name = "LightGBM"
    aliases = ("light_gbm", "lgbm", "gbm")
    requires = "lightgbm"

    def space(self, table: Table) -> Space:
        features = [kinds for kinds in _combinations(table) if kinds]
        return {
            "learning_rate": Float(0.005, 0.1, log=True),
            "num_leaves": Int(4, 200, log=True),
            "min_child_samples": Int(1, 64, log=True),
            "colsample_bytree": Float(0.4, 1.0),
            "subsample": Float(0.7, 1.0),
            "extra_trees": Choice((False, True)),
            "reg_alpha": Float(1e-4, 1.0, log=True),
            "reg_lambda": Float(1e-4, 2.0, log=True),
            "cat_l2": Float(0.005, 2.0, log=True),
            "cat_smooth": Float(0.001, 100.0, log=True),
            "max_cat_to_onehot": Int(8, 100, log=True),
            "min_data_per_group": Int(2, 100, log=True),
            **({"features": Choice(("none", *features))} if features else {}),
            **selection_space(table, native=True),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        first = {**(_CLASSIFICATION if table.is_classification else _REGRESSION)}
        first["min_child_samples"] = leaf_rows(int(first["min_child_samples"]), table)
        few, many = _combinations(table)
        # What these add to a vote of "td" and others: a few percent of the error, and far more
        # where ratios of numbers or combinations of categories are what decides.
        combining = (
            *(
                (
                    Start("r31", {**_R31, "features": few}, gain=0.6),
                    Start("leaves7", {**_LEAVES7, "features": few}, gain=0.6),
                )
                if few
                else ()
            ),
            *((Start("r13", {**_R13, "features": many}, gain=0.5),) if many else ()),
        )
        return (
            Start("td", first, gain=1.0),
            Start("r177", _R177, gain=0.25),
            Start("r163", _R163, gain=0.25),
            Start("r120", _R120, gain=0.1),
            Start("large", _LARGE, gain=0.3),
            *(
                (Start("few_columns", {**first, "select": USUAL}, gain=0.6),)
                if can_select(table, native=True)
                else ()
            ),
            *combining,
        )

    def cost(self, params: Params, table: Table) -> float:
        choice_s, table = selection_s(params, table), narrowed(params, widened(params, table))
        leaves = float(params.get("num_leaves", 31) or 31)
        smallest = float(params.get("min_child_samples", 20) or 20)
        leaves = min(leaves, max(2.0, table.n_rows / (2 * smallest)))
        # Columns that a tree does not look at cost it little.
        seen = 0.3 + 0.7 * float(params.get("colsample_bytree", 1.0) or 1.0)
        codes = table.million_codes * seen
        per_round = 0.0003 + 0.012 * codes * (leaves / 50) ** 0.5 + 2e-5 * leaves
        return float(0.1 + choice_s + expected_rounds(params, table) * per_round * table.n_outputs)

    def code(self, params: Params, table: Table) -> ModelCode:
        table = narrowed(params, widened(params, table))
        wait = patience(float(params.get("learning_rate", 0.1) or 0.1))
        # Histograms by row are faster, but not on very wide tables; deterministic needs a choice.
        layout = "force_col_wise" if table.n_columns > WIDE else "force_row_wise"
        estimator = call(
            "lgb.LGBMClassifier" if table.is_classification else "lgb.LGBMRegressor",
            n_estimators=MAX_ROUNDS,
            **of_model(params),
            subsample_freq=1,
            **class_weight(table),
            deterministic=True,
            **{layout: True},
            random_state=Code("SEED"),
            n_jobs=Code("N_JOBS"),
            verbose=-1,
        )
        return ModelCode(
            estimator=estimator,
            imports=("import lightgbm as lgb",),
            preprocessing=Preprocessing(
                numeric="keep",
                categorical="codes",
                extra=engineered(params),
                select=selected(params),
                **text_of_trees(table),
            ),
            fit=_fit(
                wait,
                weighted=table.weighted,
                balance=table.balance and table.is_classification,
            ),
        )

    def stopper(self, deadline: Deadline) -> Any:
        return _StopAt(deadline)

    def history(self, model: Any) -> History | None:
        return recorded(getattr(model, "evals_result_", None) or {})

    def rounds(self, model: Any) -> int:
        return int(model.best_iteration_ or model.n_estimators)


class _StopAt:
    """Ends boosting at a deadline and keeps the best round so far."""

    order = 40  # after LightGBM's own early stopping (30), which then has the first word

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.best: tuple[float, int, Any] | None = None

    def __call__(self, env: Any) -> None:
        from lightgbm.callback import EarlyStopException

        if env.iteration == env.begin_iteration:
            self.best = None
        for _, _, value, greater_is_better, *_ in env.evaluation_result_list or []:
            loss = -value if greater_is_better else value
            if self.best is None or loss < self.best[0]:
                self.best = (loss, env.iteration, env.evaluation_result_list)
            break
        if time.monotonic() >= self.deadline.at and self.best is not None:
            self.deadline.hit = True
            raise EarlyStopException(self.best[1], self.best[2])
