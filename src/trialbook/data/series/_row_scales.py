"""What errors of series are measured by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data.series._spec import SCALE_COLUMN, SERIES_COLUMN


def row_scales(rows: pd.DataFrame, train: pd.DataFrame, target: str) -> np.ndarray:
    """What the metrics of forecasts are told of each row beside its target.

    Parameters
    ----------
    rows : DataFrame
        With `SERIES_COLUMN` and `SCALE_COLUMN`.
    train : DataFrame
        The rows of training, with `SERIES_COLUMN` and the target; they may be `rows` themselves.
    target : str

    Returns
    -------
    ndarray of shape (n_rows, 3)
        The scale of its series, their range in training, and their number. The range of a series
        that was not in training is not known, and NaN.
    """
    by_series = train.groupby(SERIES_COLUMN, sort=False)[target]
    extent = rows[SERIES_COLUMN].map(by_series.max() - by_series.min())
    number, _ = pd.factorize(rows[SERIES_COLUMN])
    return np.column_stack([rows[SCALE_COLUMN], extent, number]).astype(float)
