"""Series without gaps: rows of one time are put together, and missing ones are filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook.data.series._frequency import read_frequency
from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN


@dataclass(frozen=True)
class Regular:
    """Series at the steps of a frequency.

    Parameters
    ----------
    table : DataFrame
        Ordered by series and time.
    filled : ndarray of bool, shape (n_rows,)
        Rows that were not there, or had no target.
    off_grid : int
        Rows that were left out since their time is none of the frequency's.
    """

    table: pd.DataFrame
    filled: np.ndarray
    off_grid: int


def regular(table: pd.DataFrame, target: str, frequency: str) -> Regular:
    """Bring series to the steps of a frequency.

    Parameters
    ----------
    table : DataFrame
        With `SERIES_COLUMN`, `TIME_COLUMN`, the target and other columns; a time occurs once in a
        series.
    target : str
    frequency : str

    Returns
    -------
    Regular
        A target that is missing is the one before it, or else the first of the series. Numbers
        among the other columns are filled likewise.
    """
    offset = read_frequency(frequency)
    parts = []
    for name, own in table.groupby(SERIES_COLUMN, sort=True):
        rows = own.set_index(TIME_COLUMN)
        first, last = rows.index[0], rows.index[-1]
        grid = pd.date_range(first, last, freq=offset)
        if len(grid) == len(rows) and (grid == rows.index).all():
            parts.append(rows.reset_index())
            continue
        part = rows.reindex(grid).rename_axis(TIME_COLUMN).reset_index()
        parts.append(part.assign(**{SERIES_COLUMN: name}))
    made = pd.concat(parts, ignore_index=True)[list(table.columns)]
    filled = made[target].isna().to_numpy()
    off_grid = len(table) - int((~filled).sum()) - int(table[target].isna().sum())
    others = [name for name in made.columns if name not in (SERIES_COLUMN, TIME_COLUMN)]
    by_series = made.groupby(SERIES_COLUMN, sort=False)[others]
    made[others] = by_series.ffill()
    made[others] = made.groupby(SERIES_COLUMN, sort=False)[others].bfill()
    return Regular(made, filled, max(0, off_grid))
