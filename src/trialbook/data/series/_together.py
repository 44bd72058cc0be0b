"""Rows of one time put together: the target as asked, numbers by their mean, categories by mode.

Models take note of new rows in the same way: this is pickled by value with them, and uses nothing
but pandas.
"""

from __future__ import annotations

import pandas as pd

from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN

KEYS = [SERIES_COLUMN, TIME_COLUMN]


def together(table: pd.DataFrame, target: str, how: str) -> pd.DataFrame:
    """One row for each time of a series.

    Parameters
    ----------
    table : DataFrame
        With `SERIES_COLUMN`, `TIME_COLUMN`, the target and others.
    target : str
        A column of numbers.
    how : {"sum", "mean", "min", "max"}
        For the target.

    Returns
    -------
    DataFrame
        Ordered by series and time; cells are missing where all of them were. Other numbers than
        the target, and true and false as 1 and 0, are their mean, so that they stay in the unit
        in which people write them of a step to come. Other cells are the most frequent one, of as
        frequent ones the first in order.
    """
    others = [name for name in table.columns if name not in KEYS]
    numbers = [name for name in others if pd.api.types.is_numeric_dtype(table[name].dtype)]
    rows = table.astype(dict.fromkeys(numbers, float))
    grouped = rows.groupby(KEYS, sort=True)
    made, own = grouped[numbers].mean(), grouped[target]
    # Nothing at all sums up to nothing known, not to zero.
    made[target] = own.sum(min_count=1) if how == "sum" else own.agg(how)
    for name in others:
        if name not in numbers:
            made[name] = _mode(rows, name)
    return made.reset_index()[list(table.columns)]


def _mode(rows: pd.DataFrame, name: str) -> pd.Series:
    counts = rows.groupby([*KEYS, name], sort=True).size().rename("n").reset_index()
    ordered = counts.sort_values("n", ascending=False, kind="stable")
    return ordered.drop_duplicates(KEYS).set_index(KEYS)[name]
