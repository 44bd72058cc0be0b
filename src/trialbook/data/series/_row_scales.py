"""What errors of series are measured by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data.series._scale import scales
from trialbook.data.series._spec import SCALE_COLUMN, SERIES_COLUMN

# Beside the scale of a series, where both are kept by its name.
RANGE_COLUMN = "range"


def series_scales(train: pd.DataFrame, target: str, season: int) -> pd.DataFrame:
    """What errors of each series are measured by.

    Parameters
    ----------
    train : DataFrame
        The rows of training, with `SERIES_COLUMN` and the target; those of a series are in the
        order of time.
    target : str
    season : int
        Rows of a season.

    Returns
    -------
    DataFrame
        By the name of the series: `SCALE_COLUMN` and `RANGE_COLUMN`.
    """
    names, y = train[SERIES_COLUMN].to_numpy(), train[target].to_numpy(dtype=float)
    found = {SCALE_COLUMN: scales(names, y, season), RANGE_COLUMN: ranges(train, target)}
    return pd.DataFrame(found)


def ranges(train: pd.DataFrame, target: str) -> pd.Series[float]:
    """How far apart the least and the greatest value of each series are, by its name."""
    by_series = train.groupby(SERIES_COLUMN, sort=False)[target]
    return by_series.max() - by_series.min()


def row_scales(rows: pd.DataFrame, extent: pd.Series[float]) -> np.ndarray:
    """What the metrics of forecasts are told of each row beside its target.

    Parameters
    ----------
    rows : DataFrame
        With `SERIES_COLUMN` and `SCALE_COLUMN`.
    extent : Series of float
        The `ranges` of the series in training.

    Returns
    -------
    ndarray of shape (n_rows, 3)
        The scale of its series, their range in training, and their number. The range of a series
        that was not in training is not known, and NaN.
    """
    names = rows[SERIES_COLUMN]
    number, _ = pd.factorize(names)
    return np.column_stack([rows[SCALE_COLUMN], names.map(extent), number]).astype(float)
