"""Series too short to validate: how long they would have to be, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data.series._frequency import read_frequency
from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN

# A model needs a few rows to learn from.
LEAST_ROWS = 4


def rows_to_validate(horizon: int, back: int = 0) -> int:
    """Rows that a series must have for one window: the horizon, and a few before it.

    A shorter one is a short series. Azure ML's rule is ``horizon + back + 1``.

    Parameters
    ----------
    horizon : int
    back : int
        The longest lag or window that was given; 0 if none was.
    """
    return horizon + max(LEAST_ROWS, back + 1)


def rows_of_all_windows(horizon: int, count: int, step: int, back: int = 0) -> int:
    """Rows with which a series is in all windows, and keeps a horizon before the first of them.

    Azure ML's rule for cross-validation: ``2 horizon + (count - 1) step + back + 1``; parameters
    as of `rows_to_validate` and `windows`.
    """
    return (count - 1) * step + max(2 * horizon + back + 1, rows_to_validate(horizon, back))


def fate(short: np.ndarray, how: str) -> str:
    """What becomes of short series.

    Parameters
    ----------
    short : ndarray of bool, shape (n_series,)
        Which series are short.
    how : {"auto", "pad", "drop", "none"}
        What is asked. ``auto`` pads if all series are short, and else drops those that are. It
        is not asked where no series is longer than the horizon: these are refused.

    Returns
    -------
    str
        ``pad``, ``drop`` or ``none``; ``none`` if no series is short.
    """
    if not short.any():
        return "none"
    if how == "auto":
        return "pad" if short.all() else "drop"
    return how


def padded(table: pd.DataFrame, target: str, frequency: str, rows: int, seed: int) -> pd.DataFrame:
    """Put rows before the first one of series that are too short.

    Parameters
    ----------
    table : DataFrame
        Regular series, ordered by series and time.
    target : str
    frequency : str
    rows : int
        Which each series has afterwards, at least.
    seed : int

    Returns
    -------
    DataFrame
        The target of a new row is drawn from the series itself, so that level and spread stay;
        other columns are as in its first row.
    """
    draw = np.random.default_rng(seed)
    offset = read_frequency(frequency)
    parts = []
    for _, own in table.groupby(SERIES_COLUMN, sort=False):
        lacking = rows - len(own)
        if lacking > 0:
            first = own.iloc[[0] * lacking]
            times = pd.date_range(end=own[TIME_COLUMN].iloc[0], periods=lacking + 1, freq=offset)
            drawn = draw.choice(own[target].to_numpy(dtype=float), lacking)
            parts.append(first.assign(**{TIME_COLUMN: times[:-1], target: drawn}))
        parts.append(own)
    made = pd.concat(parts, ignore_index=True)
    return made.astype({TIME_COLUMN: "datetime64[ns]"})
