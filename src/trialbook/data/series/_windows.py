"""Rolling-origin cross-validation: the windows at the end of each series, as columns."""

from __future__ import annotations

import numpy as np

TRAINS, VALIDATES, NEITHER = 1, 0, -1

# Windows by the number of series: many series tell as much in fewer windows, but one hundred may
# still share what happened in two of them.
_COUNTS = ((20, 5), (500, 3))
_FEWEST = 2
# A window of one row tells little: with 12 to 20 of them in place of 5, votes over four single
# series erred 6 to 9 % less in the next row. More than 5 windows of 12 to 288 rows do not help.
_ROWS, _MOST = 24, 20
# Models of half the rows still resemble those of all; ones of fewer seasons know none. Where not
# even one window leaves as many, one alone tells too little: with three in its place, votes over
# 18 times four monthly series of 40 rows erred 4 % less in the next 6.
_SEASONS = (3, 2, 0)


def planned_windows(sizes: np.ndarray, horizon: int, season: int) -> tuple[int, int]:
    """How many windows validate if nobody says, and the rows from one to the next.

    Long windows would leave the earliest of them little to learn from. So there are as many as
    leave half of the usual series before them, and some seasons if it has them. Few series with a
    short horizon have more. Where half a window would still have room, there is one more, and they
    overlap.

    Parameters
    ----------
    sizes : ndarray of int, shape (n_series,)
        Rows of each series.
    horizon, season : int
        Rows.

    Returns
    -------
    count : int
    step : int
    """
    usual = float(np.median(sizes))
    rooms = [
        usual - horizon - max(usual / 2, seasons * season if season > 1 else 0)
        for seasons in _SEASONS
    ]
    room = next((one for one in rooms if one >= 0), rooms[-1])
    most = next((count for series, count in _COUNTS if len(sizes) < series), _FEWEST)
    if len(sizes) < _COUNTS[0][0]:
        most = max(most, min(_MOST, _ROWS // horizon))
    count = min(most, 1 + max(0, int(room // horizon)))
    left = room - (count - 1) * horizon
    if count < most and 2 * left >= horizon:
        return count + 1, max(1, int(room // count))
    return count, horizon


def windows(sizes: np.ndarray, horizon: int, count: int, step: int, least: int) -> np.ndarray:
    """The side of each row in each window.

    Parameters
    ----------
    sizes : ndarray of int, shape (n_series,)
        Rows of each series, one after the other in the table.
    horizon : int
        Rows that a window validates.
    count : int
        Windows at most.
    step : int
        Rows from one window to the next.
    least : int
        Rows that a series must have before a window to be in it.

    Returns
    -------
    ndarray of int8, shape (n_rows, n_windows)
        1 trains, 0 validates, -1 does neither. The earliest window comes first; windows in which
        no series validates are left out, so there may be none.
    """
    to_end = np.concatenate([np.arange(size)[::-1] for size in sizes])
    size = np.repeat(sizes, sizes)
    columns = []
    for back in range(count - 1, -1, -1):
        ahead = back * step  # rows after the window
        side = np.where(to_end >= ahead + horizon, TRAINS, VALIDATES)
        side = np.where(to_end < ahead, NEITHER, side)
        side = np.where(size - ahead - horizon < least, NEITHER, side)
        if (side == VALIDATES).any():
            columns.append(side)
    return np.array(columns, dtype=np.int8).reshape(len(columns), len(size)).T
