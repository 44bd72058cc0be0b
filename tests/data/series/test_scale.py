"""The scale of series: what repeating the last season was off by."""

import numpy as np

from trialbook.data import scales


def test_errors_of_repeating_the_last_season():
    names = np.repeat(["long", "short", "flat"], [5, 2, 4])
    y = np.array([1.0, 5.0, 3.0, 6.0, 6.0, 10.0, 14.0, 7.0, 7.0, 7.0, 7.0])
    found = scales(names, y, season=2)
    assert found["long"] == np.mean([2, 1, 3])
    assert found["short"] == 4  # shorter than its season: that of the last row
    assert found["flat"] == 3  # constant: that of a usual series, the median of the others


def test_rows_that_do_not_count():
    names, y = np.repeat("one", 4), np.array([1.0, 2.0, 4.0, np.nan])
    assert scales(names, y, season=1)["one"] == 1.5
