"""By what the errors of a series are divided: what repeating the last season was off by."""

from __future__ import annotations

import numpy as np
import pandas as pd


def scales(names: np.ndarray, y: np.ndarray, season: int) -> pd.Series[float]:
    """The seasonal naive error of each series (Hyndman and Koehler 2006).

    Parameters
    ----------
    names : ndarray of shape (n_rows,)
        The series of each row; rows of a series are in the order of time.
    y : ndarray of shape (n_rows,)
        Its target; NaN where a row does not count.
    season : int
        Rows of a season; 1 if there is none.

    Returns
    -------
    Series of float
        By name. A series that is shorter than its season has the error of repeating the last row,
        and a constant one that of a usual series.
    """
    found: pd.Series[float] | None = None
    for lag in dict.fromkeys((season, 1)):
        change = pd.Series(y).groupby(names, sort=False).diff(lag).abs()
        scale = change.groupby(names, sort=False).mean()
        found = scale if found is None else found.where(found > 0, scale)
    assert found is not None
    usual = found[found > 0].median()
    return found.where(found > 0, usual if usual > 0 else 1.0)
