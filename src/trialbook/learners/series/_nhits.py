"""N-HiTS: layers that each forecast at a pace of their own."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Float, Params, Space
from trialbook.learners.series._neural import NeuralLearner, input_size
from trialbook.tasks import SeriesTable

# Rows that a stack pools before it looks at them, and rows that it forecasts at once: the
# library's own, and two more of those that its search (AutoNHITS) takes.
_PACES: dict[str, tuple[list[int], list[int]]] = {
    "usual": ([2, 2, 1], [4, 2, 1]),
    "fine": ([1, 1, 1], [1, 1, 1]),
    "coarse": ([8, 4, 1], [24, 12, 1]),
}
STACKS = 3


class NHITSLearner(NeuralLearner):
    """Perceptrons by the residual of one another, from slow to fast (Challu et al. 2023)."""

    key = "nhits"
    name = "N-HiTS"
    aliases = ("n_hits", "nhits_forecaster")
    network = "NHITS"
    gain = 0.6
    batch = 256

    def settings(self, table: SeriesTable) -> Space:
        return {
            "pace": Choice(tuple(_PACES)),
            "units": Choice((64, 128, 256, 512)),
            "dropout": Float(0.0, 0.3),
        }

    def defaults(self) -> Params:
        # The library's, with half its units: at a few hundred steps they learn no less.
        return {
            "learning_rate": 1e-3,
            "scaler_type": "standard",
            "pace": "usual",
            "units": 256,
            "dropout": 0.0,
        }

    def shape(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        pools, strides = _PACES[str(params.get("pace") or "usual")]
        units = int(params.get("units") or 512)
        return {
            "n_pool_kernel_size": pools,
            "n_freq_downsample": strides,
            "mlp_units": [[units, units]] * STACKS,
            "dropout_prob_theta": float(params.get("dropout") or 0.0),
        }

    def work(self, params: Params, table: SeriesTable) -> float:
        units = int(params.get("units") or 512)
        rows = input_size(table) + table.horizon
        known = len(table.covariates) + 3
        return STACKS * units * (rows * (2 + known) + units)
