"""A temporal convolutional network."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Params, Space
from trialbook.learners.series._neural import NeuralLearner, input_size
from trialbook.tasks import SeriesTable

KERNEL = 2


class TCNLearner(NeuralLearner):
    """Dilated causal convolutions that see all that they look back on (Bai et al. 2018)."""

    key = "tcn"
    name = "Temporal convolutional network"
    aliases = ("tcn_forecaster", "temporal_convolutional_network")
    network = "TCN"
    gain = 0.5
    batch = 128

    def settings(self, table: SeriesTable) -> Space:
        return {
            "channels": Choice((16, 32, 64, 128)),
            "context": Choice((5, 10, 50)),
            "decoder": Choice((32, 64, 128)),
        }

    def defaults(self) -> Params:
        # Within the library's search (AutoTCN): small enough for a processor.
        return {
            "learning_rate": 2e-3,
            "scaler_type": "standard",
            "channels": 32,
            "context": 10,
            "decoder": 64,
        }

    def shape(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {
            "kernel_size": KERNEL,
            "dilations": _dilations(table),
            "encoder_hidden_size": int(params.get("channels") or 128),
            "context_size": int(params.get("context") or 10),
            "decoder_hidden_size": int(params.get("decoder") or 128),
        }

    def work(self, params: Params, table: SeriesTable) -> float:
        channels = int(params.get("channels") or 128)
        decoder = int(params.get("decoder") or 128)
        layers = len(_dilations(table)) * KERNEL * channels**2
        return input_size(table) * layers + table.horizon * decoder * (channels + decoder)


def _dilations(table: SeriesTable) -> list[int]:
    """Twice as far from layer to layer, until the last sees the first row."""
    found = [1]
    while 1 + sum(found) * (KERNEL - 1) < input_size(table):
        found.append(2 * found[-1])
    return found
