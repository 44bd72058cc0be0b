"""A small Temporal Fusion Transformer."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Float, Params, Space
from trialbook.learners.series._neural import NeuralLearner, input_size
from trialbook.tasks import SeriesTable

# Multiplications by the square of the width: of a row, and of each number that is known of it.
ROW, NUMBER = 70, 16


class TFTLearner(NeuralLearner):
    """Gates that choose what is known, a recurrent layer and attention (Lim et al. 2021)."""

    key = "tft"
    name = "Temporal Fusion Transformer"
    aliases = ("temporal_fusion_transformer", "tft_forecaster")
    network = "TFT"
    gain = 0.7
    batch = 64

    def settings(self, table: SeriesTable) -> Space:
        return {
            "width": Choice((16, 32, 64)),
            "heads": Choice((2, 4)),
            "dropout": Float(0.0, 0.3),
        }

    def defaults(self) -> Params:
        # AutoGluon's width and heads (1.6): the paper's and the library's take minutes on a
        # processor.
        return {
            "learning_rate": 2e-3,
            "scaler_type": "standard",
            "width": 32,
            "heads": 4,
            "dropout": 0.1,
        }

    def shape(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {
            "hidden_size": int(params.get("width") or 128),
            "n_head": int(params.get("heads") or 4),
            "dropout": float(params.get("dropout") or 0.0),
        }

    def work(self, params: Params, table: SeriesTable) -> float:
        width = int(params.get("width") or 128)
        rows, known = input_size(table) + table.horizon, len(table.covariates) + 4
        return rows * (width**2 * (ROW + NUMBER * known) + rows * width)
