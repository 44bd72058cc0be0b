"""Rows of one time put together: numbers by a sum and the like, categories by their mode."""

from __future__ import annotations

import pandas as pd

from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN

KEYS = [SERIES_COLUMN, TIME_COLUMN]


def together(table: pd.DataFrame, how: str) -> pd.DataFrame:
    """One row for each time of a series.

    Parameters
    ----------
    table : DataFrame
        With `SERIES_COLUMN`, `TIME_COLUMN` and others.
    how : {"sum", "mean", "min", "max"}
        For numbers, and for true and false as 1 and 0. Other cells become the most frequent one,
        of as frequent ones the first in order.

    Returns
    -------
    DataFrame
        Ordered by series and time; cells are missing where all of them were.
    """
    others = [name for name in table.columns if name not in KEYS]
    numbers = [name for name in others if pd.api.types.is_numeric_dtype(table[name].dtype)]
    rows = table.astype(dict.fromkeys(numbers, float))
    grouped = rows.groupby(KEYS, sort=True)[numbers]
    # Nothing at all sums up to nothing known, not to zero.
    made = grouped.sum(min_count=1) if how == "sum" else grouped.agg(how)
    if not numbers:
        made = rows.drop_duplicates(KEYS).set_index(KEYS).sort_index()[[]]
    for name in others:
        if name not in numbers:
            made[name] = _mode(rows, name)
    return made.reset_index()[list(table.columns)]


def _mode(rows: pd.DataFrame, name: str) -> pd.Series:
    counts = rows.groupby([*KEYS, name], sort=True).size().rename("n").reset_index()
    ordered = counts.sort_values("n", ascending=False, kind="stable")
    return ordered.drop_duplicates(KEYS).set_index(KEYS)[name]
