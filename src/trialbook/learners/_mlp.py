"""Multilayer perceptron: scikit-learn's neural network."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import (
    Choice,
    Float,
    History,
    Int,
    Learner,
    Params,
    Space,
    Start,
    Value,
)
from trialbook.learners._linear import DENSE_FEATURES, SCALED_TARGET_IMPORTS, scaled_target
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table

MAX_ROWS = 100_000
# From so many rows a tenth of them can tell when to stop; below, the penalty alone must hold.
MIN_ROWS_TO_STOP_EARLY = 3000
# The tenth is cut class by class, so that every class needs some rows.
MIN_CLASS_TO_STOP_EARLY = 20

# Two layers of 128 with a firm penalty: scikit-learn's own 0.0001 is none at all on tables of some
# thousand rows. Both values are the best of a grid on scikit-learn's toy tables.
_RELU: dict[str, Value] = {
    "layers": 2,
    "width": 128,
    "activation": "relu",
    "alpha": 1.0,
    "learning_rate_init": 0.002,
}
_TANH: dict[str, Value] = {
    "layers": 2,
    "width": 128,
    "activation": "tanh",
    "alpha": 0.3,
    "learning_rate_init": 0.002,
}
# Hardly any penalty and small batches, for tables that are logical rather than noisy.
_LIGHT: dict[str, Value] = {
    "layers": 2,
    "width": 96,
    "activation": "relu",
    "alpha": 1e-4,
    "learning_rate_init": 0.003,
    "batch_size": 128,
}


class MLP(Learner):
    """Fully connected layers, trained by Adam (Kingma and Ba 2015)."""

    key = "mlp"
    name = "Multilayer perceptron"
    aliases = ("multilayer_perceptron", "neural_network")

    def space(self, table: Table) -> Space:
        return {
            "layers": Int(1, 3),
            "width": Int(32, 256, log=True),
            "activation": Choice(("relu", "tanh")),
            "alpha": Float(1e-4, 10.0, log=True),
            "learning_rate_init": Float(3e-4, 0.01, log=True),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        return (
            Start("relu", _RELU, gain=0.15, max_rows=MAX_ROWS),
            Start("light", _LIGHT, gain=0.45, max_rows=MAX_ROWS),
            Start("tanh", _TANH, gain=0.15, max_rows=MAX_ROWS),
        )

    def cost(self, params: Params, table: Table) -> float:
        width = float(params.get("width", 128) or 128)
        layers = int(params.get("layers", 2) or 2)
        weights = width * (table.n_features + table.n_outputs + (layers - 1) * width)
        epochs = _epochs(table) * (0.5 if _stops_early(table) else 1.0)
        per_row = 1e-6 + 5e-8 * layers * width**0.5 + 1e-10 * weights
        return float(0.1 + epochs * table.n_rows * per_row)

    def code(self, params: Params, table: Table) -> ModelCode:
        kind = "MLPClassifier" if table.is_classification else "MLPRegressor"
        shape = (int(params.get("width", 128) or 128),) * int(params.get("layers", 2) or 2)
        rest = {name: value for name, value in params.items() if name not in ("layers", "width")}
        if int(rest.get("batch_size", 0) or 0) > table.n_rows // 2:
            rest.pop("batch_size")  # scikit-learn's own rule knows small tables
        estimator = call(
            kind,
            hidden_layer_sizes=shape,
            **rest,
            max_iter=_epochs(table),
            early_stopping=_stops_early(table),
            tol=1e-3,
            random_state=Code("SEED"),
        )
        return ModelCode(
            estimator=estimator if table.is_classification else scaled_target(estimator),
            imports=(
                f"from sklearn.neural_network import {kind}",
                *(() if table.is_classification else SCALED_TARGET_IMPORTS),
            ),
            preprocessing=DENSE_FEATURES,
            balance_rows=table.balance and table.is_classification,
        )

    def history(self, model: Any) -> History | None:
        network = getattr(model, "regressor_", model)
        losses = getattr(network, "loss_curve_", ())
        return History("loss", tuple(float(loss) for loss in losses)) if len(losses) else None


def _epochs(table: Table) -> int:
    """Passes over the rows: small tables need more, and have the time."""
    return 300 if table.n_rows < MIN_ROWS_TO_STOP_EARLY else 100


def _stops_early(table: Table) -> bool:
    enough = not table.is_classification or table.smallest_class >= MIN_CLASS_TO_STOP_EARLY
    return enough and table.n_rows >= MIN_ROWS_TO_STOP_EARLY
