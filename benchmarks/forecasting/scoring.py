"""One score for all: computed here from saved forecasts, never by a system about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.forecasting.systems.shared import (
    FORECAST,
    ID,
    LEVELS,
    TARGET,
    TIME,
    WINDOW,
    steps,
)
from benchmarks.scoring import PredictionError

if TYPE_CHECKING:
    from benchmarks.forecasting.sets import SeriesSplit

# Losses are negative in results, so that higher is always better.
RESULT_NAME = "neg_mase"
METRICS = ("mase", "smape", "wape", "pinball", "coverage", "width", "mase_rolling", "windows")
PERCENT = 100.0


def scales(train: pd.DataFrame, frequency: str, season: int) -> pd.Series:
    """Mean error of a seasonal naive forecast of the training rows, for each series.

    Parameters
    ----------
    train : DataFrame
        Training rows; a row whose season before is missing does not count.
    frequency : str
        As pandas names it.
    season : int
        Rows.

    Returns
    -------
    Series
        By `ID`; missing where it is zero or cannot be told, so that a series has no MASE.
    """
    first = train.groupby(ID)[TIME].transform("min")
    rows = train[[ID, TARGET]].assign(step=steps(train[TIME], first, frequency))
    before = rows.assign(step=rows["step"] + season)
    pairs = rows.merge(before, on=[ID, "step"], suffixes=("", "_before"))
    errors = (pairs[TARGET] - pairs[f"{TARGET}_before"]).abs()
    found = errors.groupby(pairs[ID]).mean().reindex(sorted(train[ID].unique()))
    return found.where(found > 0)


def score(split: SeriesSplit, forecasts: pd.DataFrame) -> dict[str, float]:
    """Score forecasts.

    Parameters
    ----------
    split : SeriesSplit
        The set.
    forecasts : DataFrame
        `WINDOW`, `ID`, `TIME`, `FORECAST` and, from a system that gives quantiles, `LEVELS`.

    Returns
    -------
    dict of str to float
        `METRICS`: ``mase``, ``smape`` and ``wape`` in percent, ``pinball`` (of the deciles, twice
        the mean, in units of MASE), ``coverage`` in percent of the interval of 80 %, its ``width``
        in units of MASE, and ``mase_rolling`` over all ``windows`` that were forecast; NaN for
        what a system does not give.

    Raises
    ------
    PredictionError
        If a row of the first window has no forecast, or none that is a number.
    """
    scale = scales(split.train, split.dataset.frequency, split.dataset.season)
    whole = joined(split, forecasts)
    first = whole[whole[WINDOW] == 0]
    missing = int((~np.isfinite(first[FORECAST])).sum())
    if missing:
        raise PredictionError(f"{missing} of {len(first)} forecasts are missing or infinite")
    found = points(first, scale) | intervals(first, scale)
    rolled = whole[whole.groupby(WINDOW)[FORECAST].transform(lambda one: np.isfinite(one).all())]
    found["mase_rolling"] = points(rolled, scale)["mase"]
    return found | {"windows": rolled[WINDOW].nunique()}


def joined(split: SeriesSplit, forecasts: pd.DataFrame) -> pd.DataFrame:
    """What came beside what was forecast, for all rows of all windows that have come."""
    doubled = int(forecasts.duplicated([WINDOW, ID, TIME]).sum())
    if doubled:
        raise PredictionError(f"{doubled} rows are forecast twice")
    truth = split.observed[[ID, TIME, TARGET]].dropna()
    rows = split.future[[WINDOW, ID, TIME]].merge(truth, on=[ID, TIME])
    return rows.merge(forecasts, on=[WINDOW, ID, TIME], how="left")


def points(rows: pd.DataFrame, scale: pd.Series) -> dict[str, float]:
    """Errors of the forecasts; those by series are averaged over series, each the same weight."""
    error = (rows[TARGET] - rows[FORECAST]).abs()
    size = rows[TARGET].abs() + rows[FORECAST].abs()
    share = (2 * error / size.where(size > 0)).fillna(0.0)
    total = float(rows[TARGET].abs().sum())
    return {
        "mase": by_series(error / rows[ID].map(scale), rows),
        "smape": PERCENT * by_series(share, rows),
        "wape": PERCENT * float(error.sum()) / total if total > 0 else np.nan,
    }


def intervals(rows: pd.DataFrame, scale: pd.Series) -> dict[str, float]:
    """What the quantiles are worth; NaN without them."""
    if not set(LEVELS) <= set(rows) or rows[list(LEVELS)].isna().to_numpy().any():
        return {"pinball": np.nan, "coverage": np.nan, "width": np.nan}
    unit = rows[ID].map(scale)
    over = [(rows[TARGET] - rows[level]) / unit for level in LEVELS]
    losses = [np.maximum(float(q) * one, (float(q) - 1) * one) for q, one in zip(LEVELS, over)]
    low, high = rows[LEVELS[0]], rows[LEVELS[-1]]
    inside = (low <= rows[TARGET]) & (rows[TARGET] <= high)
    return {
        "pinball": by_series(2 * sum(losses) / len(LEVELS), rows),
        "coverage": PERCENT * float(inside.mean()),
        "width": by_series((high - low) / unit, rows),
    }


def by_series(values: pd.Series, rows: pd.DataFrame) -> float:
    """The mean over series of their means."""
    return float(values.groupby(rows[ID]).mean().mean())
