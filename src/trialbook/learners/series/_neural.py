"""Neural networks, one for all series: what they are told, and how they are trained."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar

from trialbook.learners._base import Choice, Float, Params, Space, Start
from trialbook.learners.series._base import (
    SeriesLearner,
    covariates_code,
    holiday_columns,
    told_of_holidays,
)
from trialbook.program import Code, call
from trialbook.program.series import ForecastCode
from trialbook.tasks import SeriesTable

# A network is worth its time from so many observations on (Azure ML's advice for its own).
LEAST_ROWS = 1000
# Rows that a network looks back on: so many horizons or seasons, within bounds; of hours the
# week, whose days differ.
SPANS, SHORTEST_INPUT, LONGEST_INPUT = 2, 4, 336
_LONGER = {"h": 168}
# A series of no more than so many horizons is too short: one to look back on, one to learn, and
# the last one, which tells when to stop.
LEAST_HORIZONS = 3
# Steps of training: few, and as many as the library takes by itself.
SHORT, LONG = 300, 1000
# The last horizon is looked at so often while a network trains, which ends when that was in vain
# so often in a row.
LOOKS, PATIENCE = 10, 4
# Series of a batch, as the library has it. At each step it cuts all their windows; of long series
# it takes every second, third ... one, so that they are no more than so many numbers.
SERIES, NUMBERS = 32, 4_000_000
WEEK = 7  # days, whose hours come at every window, too
# Parts of a date that tell more than the rows that a network looks back on, by the frequency.
_DATES = {
    "M": ("month",),
    "Q": ("quarter",),
    "W": ("month",),
    "B": ("dayofweek", "day", "month"),
    "D": ("dayofweek", "day", "month"),
    "h": ("hour", "dayofweek", "month"),
    "min": ("hour", "dayofweek"),
}
# Of few series, or of more windows than a few hundred steps can see, networks are hardly worth
# their time. MASE of the last horizon after 300 steps: N-HiTS 0.93 and LightGBM on lags 0.30 of
# 20,000 hours of New York's demand, 1.46 and 0.96 of 10 customers' 6,000 hours.
SEVERAL, LARGEST_STRIDE, LITTLE = 5, 4, 0.2
# Metrics that go by squares: networks then learn squares, and else absolute errors.
SQUARES = ("rmse", "rmsse", "r2", "normalized_root_mean_squared_error")
# Seconds: of a step beside its arithmetic, of a thousand million multiplications, and to cut a
# million numbers of windows.
STEP_S, GIGA_S, CUT_S = 0.012, 0.035, 0.003
# Bytes that the libraries take beside those of other trials, and numbers that a batch's window
# holds for each number that it is made of.
LIBRARY_BYTES, INNER = 4e8, 200


class NeuralLearner(SeriesLearner):
    """A network of ``neuralforecast``, the same for all series.

    Attributes
    ----------
    network : str
        Its class there.
    gain : float
        Of its better start; see `trialbook.learners.Start`.
    batch : int
        Windows of a step.
    """

    requires = "neuralforecast"
    extra = "deep"
    import_s = 10.0  # PyTorch's, Lightning's, and Ray's, which is never started
    network: ClassVar[str]
    gain: ClassVar[float]
    batch: ClassVar[int]

    @abstractmethod
    def settings(self, table: SeriesTable) -> Space:
        """Hyperparameters of the network."""

    @abstractmethod
    def defaults(self) -> Params:
        """Tuned hyperparameters of the network."""

    @abstractmethod
    def shape(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        """Arguments of the network's class that its hyperparameters stand for."""

    @abstractmethod
    def work(self, params: Params, table: SeriesTable) -> float:
        """Multiplications that one window takes, roughly."""

    def forecast_s(self, params: Params, table: SeriesTable) -> float:
        """Seconds to forecast all series."""
        return GIGA_S * 1e-9 * table.n_series * self.work(params, table)

    def loss(self, table: SeriesTable) -> tuple[str, str]:
        """What a network learns by: the name of a class, and the expression that makes it."""
        name = "MSE" if table.metric in SQUARES else "MAE"
        return name, f"{name}()"

    def space(self, table: SeriesTable) -> Space:
        return {
            "max_steps": Choice((SHORT, LONG)),
            "learning_rate": Float(3e-4, 1e-2, log=True),
            "scaler_type": Choice(("standard", "robust")),
            **self.settings(table),
        }

    def starts(self, table: SeriesTable) -> tuple[Start, ...]:
        if table.n_rows <= LEAST_ROWS or table.most_known <= LEAST_HORIZONS * table.horizon:
            return ()
        suited = table.n_series >= SEVERAL and _stride(table) <= LARGEST_STRIDE
        worth = self.gain if suited else LITTLE * self.gain
        return tuple(
            Start(name, {"max_steps": steps, **self.defaults()}, worth)
            for name, steps in (("short", SHORT), ("long", LONG))
        )

    def cost(self, params: Params, table: SeriesTable) -> float:
        giga = 3e-9 * self.batch * self.work(params, table)  # forward, and twice that back
        step_s = STEP_S + GIGA_S * giga + CUT_S * 1e-6 * _numbers(table) / _stride(table)
        steps = float(params.get("max_steps") or LONG)
        fit_s = steps * step_s + self.forecast_s(params, table)
        # One network more is trained at last, on all rows.
        return (self.import_s + fit_s * (table.n_folds + 1)) / table.n_folds

    def memory(self, params: Params, table: SeriesTable) -> float:
        window = _width(table) * (input_size(table) + table.horizon)
        cut = 3 * _numbers(table) / _stride(table)
        held = LIBRARY_BYTES + 4 * (cut + INNER * self.batch * window)
        return held + super().memory(params, table)

    def code(self, params: Params, table: SeriesTable) -> ForecastCode:
        steps = int(params.get("max_steps") or LONG)
        common = ("max_steps", "learning_rate", "scaler_type")
        loss, made = self.loss(table)
        forecaster = call(
            "NeuralForecaster",
            Code(self.network),
            Code("FREQUENCY"),
            Code("SEASON"),
            covariates_code(holiday_columns(table)),
            Code("STATIC"),
            *((Code("PAST_ONLY"),) if table.past_only else ()),
            dates=list(_dates(table)),
            least=LEAST_HORIZONS * table.horizon,
            n_jobs=Code("N_JOBS"),
            h=Code("HORIZON"),
            input_size=input_size(table),
            loss=Code(made),
            **{name: params[name] for name in common if name in params},
            **self.shape(params, table),
            batch_size=SERIES,
            windows_batch_size=self.batch,
            step_size=_stride(table),
            val_check_steps=max(1, steps // LOOKS),
            early_stop_patience_steps=PATIENCE,
            random_seed=Code("SEED"),
        )
        code = ForecastCode(
            forecaster=forecaster,
            imports=(
                "import contextlib",
                "import copy",
                "import logging",
                "import warnings",
                "import torch",
                "from neuralforecast import NeuralForecast",
                f"from neuralforecast.losses.pytorch import {loss}",
                f"from neuralforecast.models import {self.network}",
                "from utilsforecast.processing import make_future_dataframe",
            ),
            snippets=("last_season", "told_or_naive", "every_step", "at_work", "NeuralForecaster"),
        )
        return told_of_holidays(code, table.holidays)


def input_size(table: SeriesTable) -> int:
    """Rows that a network looks back on."""
    span = SPANS * max(table.horizon, table.season)
    return min(LONGEST_INPUT, max(SHORTEST_INPUT, span, _LONGER.get(table.frequency, 0)))


def _width(table: SeriesTable) -> int:
    """Numbers of a row: the target, whether it is there, and what is known of it."""
    return 2 + len(table.covariates) + len(holiday_columns(table)) + len(_dates(table))


def _numbers(table: SeriesTable) -> float:
    """Numbers in all windows of a batch of series."""
    rows = min(SERIES, table.n_series) * table.n_rows / table.n_series
    return rows * _width(table) * (input_size(table) + table.horizon)


def _stride(table: SeriesTable) -> int:
    """Rows from one window to the next, such that windows begin at every row of a season."""
    stride, span = max(1, round(_numbers(table) / NUMBERS)), WEEK * table.season
    while math.gcd(stride, span) > 1:
        stride += 1
    return stride


def _dates(table: SeriesTable) -> tuple[str, ...]:
    unit = table.frequency.split("-")[0].lstrip("0123456789")
    parts = _DATES.get(unit, _DATES.get(unit.rstrip("SE"), ()))
    return tuple(part for part in parts if part not in table.columns)
