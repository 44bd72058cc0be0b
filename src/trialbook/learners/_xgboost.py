"""XGBoost: level-wise boosted trees with native categories."""

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
    recorded,
)
from trialbook.learners._boosting import MAX_ROUNDS, expected_rounds, patience
from trialbook.learners._text import text_of_trees
from trialbook.program import Code, ModelCode, Preprocessing, call
from trialbook.tasks import Table

# "td": meta-tuned defaults of pytabkit (Holzmüller et al. 2024). "r…": AutoGluon's zero-shot
# portfolio of 2023, which TabRepo's results selected (Salinas and Erickson 2023).
_CLASSIFICATION = {
    "learning_rate": 0.08,
    "max_depth": 6,
    "min_child_weight": 5e-6,
    "reg_lambda": 0.0,
    "subsample": 0.65,
    "colsample_bylevel": 0.9,
}
_REGRESSION = {
    "learning_rate": 0.05,
    "max_depth": 9,
    "min_child_weight": 2.0,
    "reg_lambda": 0.0,
    "subsample": 0.7,
}
_R33 = {
    "learning_rate": 0.01806,
    "max_depth": 10,
    "min_child_weight": 0.6029,
    "colsample_bytree": 0.6917,
}
_R89 = {
    "learning_rate": 0.08776,
    "max_depth": 5,
    "min_child_weight": 0.6294,
    "colsample_bytree": 0.6628,
}


def _fit(wait: int, *, weighted: bool, balance: bool) -> str:
    lines = [
        "features, model = pipeline[:-1], pipeline[-1]",
        "columns = features.fit_transform(X, y)",
        'kinds = ["c"] * N_CATEGORICAL + ["q"] * (columns.shape[1] - N_CATEGORICAL)',
        "model.set_params(feature_types=kinds)",
    ]
    given, given_valid = "", ""
    if weighted or balance:
        given, given_valid = ", sample_weight=weight", "sample_weight_eval_set=[weight_valid], "
    if balance:
        times, times_valid = ("weight * ", "weight_valid * ") if weighted else ("", "")
        lines += [
            f'weight = {times}compute_sample_weight("balanced", y)',
            f'weight_valid = {times_valid}compute_sample_weight("balanced", y_valid)',
        ]
    lines += [
        "if rounds:",
        "    model.set_params(n_estimators=rounds)",
        f"    model.fit(columns, y{given})",
        "    return pipeline",
        f"stop = xgb.callback.EarlyStopping(rounds={wait}, save_best=True)",
        "model.set_params(callbacks=[stop, *callbacks])",
        "valid = [(features.transform(X_valid), y_valid)]",
        f"model.fit(columns, y{given}, eval_set=valid, {given_valid}verbose=False)",
        "model.set_params(callbacks=None)",
        "return pipeline",
    ]
    return "\n".join(lines)


class XGBoost(IterativeLearner):
    """Gradient boosting of regularised trees (Chen and Guestrin 2016)."""

    key = "xgboost"
    name = "XGBoost"
    aliases = ("xgb",)
    requires = "xgboost"

    def space(self, table: Table) -> Space:
        # TabArena's (2025).
        return {
            "learning_rate": Float(0.005, 0.1, log=True),
            "max_depth": Int(4, 10, log=True),
            "min_child_weight": Float(1e-6, 5.0, log=True),
            "subsample": Float(0.6, 1.0),
            "colsample_bylevel": Float(0.6, 1.0),
            "colsample_bynode": Float(0.6, 1.0),
            "reg_alpha": Float(1e-4, 5.0, log=True),
            "reg_lambda": Float(0.0, 5.0),
            "grow_policy": Choice(("depthwise", "lossguide")),
            "max_cat_to_onehot": Int(4, 100, log=True),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        first = _CLASSIFICATION if table.is_classification else _REGRESSION
        return (
            Start("td", first, gain=0.5),
            Start("r33", _R33, gain=0.25),
            Start("r89", _R89, gain=0.35),
        )

    def cost(self, params: Params, table: Table) -> float:
        depth = float(params.get("max_depth", 6) or 6)
        leaves = min(2.0**depth, table.n_rows / 10)
        per_round = 0.0003 + 0.0022 * depth * table.million_codes
        per_round += 8e-6 * leaves**0.5 * table.n_columns
        return float(0.1 + expected_rounds(params, table) * per_round * table.n_outputs)

    def code(self, params: Params, table: Table) -> ModelCode:
        balance = table.balance and table.is_classification
        weights = ("from sklearn.utils.class_weight import compute_sample_weight",)
        estimator = call(
            "xgb.XGBClassifier" if table.is_classification else "xgb.XGBRegressor",
            n_estimators=MAX_ROUNDS,
            **params,
            tree_method="hist",
            enable_categorical=True,
            random_state=Code("SEED"),
            n_jobs=Code("N_JOBS"),
        )
        return ModelCode(
            estimator=estimator,
            imports=("import xgboost as xgb", *(weights if balance else ())),
            preprocessing=Preprocessing(
                numeric="keep", categorical="codes", **text_of_trees(table)
            ),
            fit=_fit(
                patience(float(params.get("learning_rate", 0.3) or 0.3)),
                weighted=table.weighted,
                balance=balance,
            ),
        )

    def stopper(self, deadline: Deadline) -> Any:
        from xgboost.callback import TrainingCallback

        class StopAt(TrainingCallback):
            """Ends boosting at a deadline; early stopping then keeps the best round so far."""

            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                if time.monotonic() < deadline.at or not evals_log:
                    return False
                deadline.hit = True
                return True

        return StopAt()

    def history(self, model: Any) -> History | None:
        # It keeps nothing of a model that was trained without validation rows.
        return recorded(getattr(model, "evals_result_", None) or {})

    def rounds(self, model: Any) -> int:
        return int(model.get_booster().num_boosted_rounds())
