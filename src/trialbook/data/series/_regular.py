"""Series without gaps: rows between the steps are left out, and missing ones are filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook.data.series._frequency import read_frequency
from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN
from trialbook.data.series._steps import steps_of


@dataclass(frozen=True)
class Regular:
    """Series at the steps of a frequency.

    Parameters
    ----------
    table : DataFrame
        Ordered by series and time.
    off_grid : ndarray of int
        Positions of rows that were left out since their time is none of the frequency's.
    source : ndarray of int, shape (n_rows,)
        Which row of the given table each row is, from 0; -1 for a row that was not there.
    """

    table: pd.DataFrame
    off_grid: np.ndarray
    source: np.ndarray


def regular(table: pd.DataFrame, frequency: str) -> Regular:
    """Bring series to the steps of a frequency.

    Parameters
    ----------
    table : DataFrame
        With `SERIES_COLUMN`, `TIME_COLUMN` and other columns, ordered by series and time; a time
        occurs once in a series.
    frequency : str

    Returns
    -------
    Regular
        What is missing is as in the row before, or else in the first row of the series that has
        it. Columns that a series has nothing of stay missing. A series of which no row is at a
        step is not among them.
    """
    name = table[SERIES_COLUMN].to_numpy()
    time = table[TIME_COLUMN].to_numpy(dtype="datetime64[ns]")
    steps = steps_of(name, time, read_frequency(frequency))
    kept = np.flatnonzero(steps.on_grid)
    codes, names = pd.factorize(name[kept])
    position = steps.position[kept]
    start = np.append(True, codes[1:] != codes[:-1])
    end = np.append(start[1:], True)
    sizes = position[end] - position[start] + 1
    # Where each series begins in the new table, and from there where each row goes.
    begin = np.cumsum(sizes) - sizes
    code = np.repeat(np.arange(len(sizes)), sizes)
    place = begin[codes] + position - position[start][codes]
    source = np.full(int(sizes.sum()), -1)
    source[place] = kept
    made = table.reset_index(drop=True).reindex(source).reset_index(drop=True)
    at = np.arange(len(source)) - begin[code] + position[start][code]
    made[SERIES_COLUMN] = np.asarray(names, dtype=object)[code]
    made[TIME_COLUMN] = steps.times(at, kept[start][code])
    others = [one for one in made.columns if one not in (SERIES_COLUMN, TIME_COLUMN)]
    for one in others:
        if made[one].isna().any():
            before = made[one].groupby(code, sort=False).ffill()
            made[one] = before.groupby(code, sort=False).bfill()
    return Regular(made, np.flatnonzero(~steps.on_grid), source)
