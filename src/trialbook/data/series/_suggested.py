"""Lags and windows that series suggest by themselves: the rule of Azure ML."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from trialbook.data.series._frequency import rows_to_coarser
from trialbook.data.series._spec import SERIES_COLUMN

# Autocorrelations of this many times the rows to the next coarser unit are looked at (Azure ML's).
UNITS = 2
# Series that are looked at, the longest ones, and their rows.
MOST_SERIES, MOST_ROWS = 30, 2000
# A season that was seen less often cannot be told from the rest.
LEAST_SEASONS = 2
# Less than this share of the largest value is rounding.
LEAST_REST = 1e-9


def suggested(table: pd.DataFrame, target: str, frequency: str, season: int) -> tuple[int, int]:
    """Lags and window that series suggest by their partial autocorrelations.

    Parameters
    ----------
    table : DataFrame
        Regular series before their windows.
    target : str
    frequency : str
    season : int

    Returns
    -------
    lags, window : int
        See `read_off`; of the longest series on average.
    """
    most = UNITS * rows_to_coarser(frequency)
    sizes = table.groupby(SERIES_COLUMN, sort=False).size()
    names = sizes[sizes > 2 * most].nlargest(MOST_SERIES).index
    found = []
    for _, y in table[table[SERIES_COLUMN].isin(names)].groupby(SERIES_COLUMN)[target]:
        latest = y.to_numpy(dtype=float)[-MOST_ROWS:]
        rest = _without_season(latest, season)
        if np.ptp(rest) > LEAST_REST * np.abs(latest).max():
            found.append(partial_autocorrelations(rest, most))
    return read_off(np.mean(found, axis=0)) if found else (0, 0)


def _without_season(y: np.ndarray, season: int) -> np.ndarray:
    """Trend and remainder of STL."""
    if season == 1 or len(y) < LEAST_SEASONS * season:
        return y
    try:
        from statsmodels.tsa.seasonal import STL
    except ImportError:  # it comes with the learners of forecasts
        return y
    return np.asarray(y - STL(y, period=season).fit().seasonal)


def partial_autocorrelations(y: np.ndarray, most: int) -> np.ndarray:
    """Partial autocorrelations at the lags from 1 to `most`, by Durbin and Levinson."""
    y = y - y.mean()
    n = len(y)
    r = np.array([y[: n - k] @ y[k:] for k in range(most + 1)]) / (y @ y)
    found, phi = np.empty(most), np.empty(0)
    for k in range(1, most + 1):
        # What earlier lags tell already is taken away; the floor is for what they tell in full.
        last = (r[k] - phi @ r[1:k][::-1]) / max(1 - phi @ r[1:k], 1e-9)
        phi = np.append(phi - last * phi[::-1], last)
        found[k - 1] = last
    return found


def read_off(pacf: np.ndarray) -> tuple[int, int]:
    """Lags and window by the rule of Azure ML.

    Parameters
    ----------
    pacf : ndarray of shape (n_lags,)
        Partial autocorrelations from lag 1 on.

    Returns
    -------
    lags : int
        Significant ones before the first that is not: 0 if lag 1 is not. All are a season that
        differences tell better, so that there are none either.
    window : int
        The last significant lag; 0 if there is none, all are, or it is the first: a window of one
        row is a lag.
    """
    significant = np.abs(pacf) > 1.96 / math.sqrt(len(pacf))
    if significant.all() or not significant.any():
        return 0, 0
    last = int(np.flatnonzero(significant)[-1])
    return int(np.argmin(significant)), last + 1 if last else 0
