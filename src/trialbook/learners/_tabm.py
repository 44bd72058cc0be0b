"""TabM: an ensemble of neural networks in one."""

from __future__ import annotations

import time
from typing import Any

from trialbook.learners._base import (
    Choice,
    Deadline,
    Float,
    Int,
    IterativeLearner,
    Params,
    Space,
    Start,
    Value,
)
from trialbook.learners._linear import DENSE_FEATURES
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table

# A cap on the epochs; the patience hardly ever leaves it so many.
MAX_ROUNDS = 200
# Epochs without improvement before training stops: TabM's own.
PATIENCE = 16
# More rows than this take minutes an epoch on a processor.
MAX_ROWS = 100_000
# Rows of a batch, by the rows to train on at most: small tables need many steps, and large ones
# cheap epochs (after TabM's own rule).
BATCHES = ((1000, 64), (4000, 128), (50_000, 256))
LARGEST_BATCH = 512
# Beyond so many columns with embeddings, the first layer is most of the work: these are halved.
WIDE = 64

# "small": what a laptop's core trains in minutes. On 1,200 rows of California's houses its error
# was 6 % below that of scikit-learn's perceptron and 5 % below that of RealMLP-TD (pytabkit),
# which took twice as long; k=16 was no better. On five tables, with 1,000 rows or so to train on,
# a vote of LightGBM, extra trees and the perceptron lost 18, 4, 2, 0.3 and 0 % of its error by it.
# "large": towards the library's own, which is k=32 and d_block=512; not measured.
_SMALL: dict[str, Value] = {
    "k": 8,
    "n_blocks": 2,
    "d_block": 128,
    "dropout": 0.1,
    "n_bins": 24,
    "d_embedding": 8,
    "learning_rate": 0.005,
    "weight_decay": 3e-4,
}
_LARGE: dict[str, Value] = {
    "k": 32,
    "n_blocks": 3,
    "d_block": 256,
    "dropout": 0.1,
    "n_bins": 48,
    "d_embedding": 16,
    "learning_rate": 0.002,
    "weight_decay": 3e-4,
}
# Seconds: of a step beside its arithmetic; of a thousand million multiplications.
STEP_S, GIGA_S = 0.006, 0.04


def _fit(*, weighted: bool, balance: bool) -> str:
    lines = ["features, model = pipeline[:-1], pipeline[-1]"]
    weight, weight_valid = ("weight", "weight_valid") if weighted or balance else ("None", "None")
    if balance:
        times, times_valid = ("weight * ", "weight_valid * ") if weighted else ("", "")
        lines += [
            f'weight = {times}compute_sample_weight("balanced", y)',
            f'weight_valid = {times_valid}compute_sample_weight("balanced", y_valid)',
        ]
    lines += [
        "columns = features.fit_transform(X, y)",
        f"valid = None if rounds else (features.transform(X_valid), y_valid, {weight_valid})",
        f"model.fit(columns, y, {weight}, valid, n_epochs=rounds, callbacks=callbacks)",
        "return pipeline",
    ]
    return "\n".join(lines)


class TabM(IterativeLearner):
    """Networks that share most of their weights, in one (Gorishniy et al. 2025).

    scikit-learn's multilayer perceptron stays beside it. It adds little to a vote that has TabM,
    but takes a tenth of the time, so that it is there first, and alone where time is short.
    """

    key = "tabm"
    name = "TabM"
    aliases = ("tabular_m", "tab_m")
    max_classes = 100
    requires = "tabm"
    extra = "deep"
    import_s = 2.0  # PyTorch's

    def space(self, table: Table) -> Space:
        # TabArena's (2025), without the corners that only a GPU reaches.
        return {
            "k": Choice((8, 16, 32)),
            "n_blocks": Int(1, 4),
            "d_block": Int(64, 256, log=True),
            "dropout": Float(0.0, 0.5),
            "n_bins": Int(2, 64, log=True),
            "d_embedding": Int(4, 16, log=True),
            "learning_rate": Float(5e-4, 0.01, log=True),
            "weight_decay": Float(1e-5, 0.1, log=True),
        }

    def starts(self, table: Table) -> tuple[Start, ...]:
        return (
            Start("small", _SMALL, gain=0.8, max_rows=MAX_ROWS),
            Start("large", _LARGE, gain=0.3, max_rows=MAX_ROWS),
        )

    def cost(self, params: Params, table: Table) -> float:
        k, blocks, width = (
            int(params.get(name) or _SMALL[name] or 0) for name in ("k", "n_blocks", "d_block")
        )
        inputs = table.n_features + len(table.columns.numeric) * (_embedding(params, table) - 1)
        weights = width * (inputs + (blocks - 1) * width + max(1, table.n_classes))
        batch = _batch(table)
        # Forward, and backward twice as much; validation rows only forward.
        step = STEP_S + GIGA_S * 3.3e-9 * batch * k * weights
        steps = max(1.0, table.n_rows / batch)
        return self.import_s / table.n_folds + _epochs(params) * steps * step

    def code(self, params: Params, table: Table) -> ModelCode:
        side = "Classifier" if table.is_classification else "Regressor"
        estimator = call(
            f"TabM{side}",
            **{**params, "d_embedding": _embedding(params, table)},
            batch_size=_batch(table),
            max_epochs=MAX_ROUNDS,
            patience=PATIENCE,
            random_state=Code("SEED"),
            n_jobs=Code("N_JOBS"),
        )
        balance = table.balance and table.is_classification
        weights = ("from sklearn.utils.class_weight import compute_sample_weight",)
        return ModelCode(
            estimator=estimator,
            imports=(
                "from copy import deepcopy",
                "from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins",
                f"from sklearn.base import BaseEstimator, {side}Mixin",
                "import tabm",
                "import torch",
                "import warnings",
                *(weights if balance else ()),
            ),
            preprocessing=DENSE_FEATURES,
            fit=_fit(weighted=table.weighted, balance=balance),
            snippets=("TabMEstimator", f"TabM{side}"),
        )

    def stopper(self, deadline: Deadline) -> Any:
        return _StopAt(deadline)

    def rounds(self, model: Any) -> int:
        return int(model.n_epochs_)


def _embedding(params: Params, table: Table) -> int:
    """Numbers that one number becomes."""
    wanted = int(params.get("d_embedding", 8) or 8)
    return wanted if len(table.columns.numeric) <= WIDE else max(1, wanted // 2)


def _batch(table: Table) -> int:
    return next((size for rows, size in BATCHES if table.n_rows <= rows), LARGEST_BATCH)


def _epochs(params: Params) -> float:
    """Epochs that early stopping will probably take, more of them in smaller steps."""
    rate = float(params.get("learning_rate", 0.005) or 0.005)
    return float(min(MAX_ROUNDS, PATIENCE + 30 * (0.005 / rate) ** 0.5))


class _StopAt:
    """Ends training at a deadline; the best epoch so far is kept."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline

    def __call__(self, epoch: int) -> bool:
        """Whether to stop after an epoch."""
        if time.monotonic() < self.deadline.at:
            return False
        self.deadline.hit = True
        return True
