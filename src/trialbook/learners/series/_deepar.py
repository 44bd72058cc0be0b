"""DeepAR: a recurrent network that draws its forecasts."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Choice, Float, Int, Params, Space
from trialbook.learners.series._neural import GIGA_S, NeuralLearner, input_size
from trialbook.tasks import SeriesTable

# Courses that are drawn of each series; the forecast is their median. Of more, it differs less
# from draw to draw, but each takes time.
COURSES = 100
# Courses of more series take longer than the training.
MOST_SERIES = 2000
CELL = 8  # multiplications by the square of the width


class DeepARLearner(NeuralLearner):
    """An LSTM that learns the distribution of the next row (Salinas et al. 2020)."""

    key = "deepar"
    name = "DeepAR"
    aliases = ("deep_ar", "deepar_forecaster")
    network = "DeepAR"
    gain = 0.4
    batch = 64

    def starts(self, table: SeriesTable) -> Any:
        return super().starts(table) if table.n_series <= MOST_SERIES else ()

    def settings(self, table: SeriesTable) -> Space:
        return {
            "layers": Int(1, 3),
            "width": Choice((32, 64, 128)),
            "dropout": Float(0.0, 0.3),
        }

    def defaults(self) -> Params:
        # AutoGluon's (1.6) layers, width and dropout, which are GluonTS', the authors' own.
        return {
            "learning_rate": 2e-3,
            "scaler_type": "standard",
            "layers": 2,
            "width": 40,
            "dropout": 0.1,
        }

    def loss(self, table: SeriesTable) -> tuple[str, str]:
        return "DistributionLoss", 'DistributionLoss("StudentT", level=[80])'

    def shape(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {
            "lstm_n_layers": int(params.get("layers") or 2),
            "lstm_hidden_size": int(params.get("width") or 128),
            "lstm_dropout": float(params.get("dropout") or 0.0),
            "trajectory_samples": COURSES,
        }

    def work(self, params: Params, table: SeriesTable) -> float:
        return (input_size(table) + table.horizon) * _cell(params)

    def forecast_s(self, params: Params, table: SeriesTable) -> float:
        return GIGA_S * 1e-9 * COURSES * table.n_series * table.horizon * _cell(params)


def _cell(params: Params) -> float:
    return CELL * int(params.get("layers") or 2) * int(params.get("width") or 128) ** 2
