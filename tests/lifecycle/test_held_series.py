"""Forecasts that a trial is judged by: what was a season before, and rows as people read them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data import SeriesSpec
from trialbook.lifecycle._held_series import readable_series, seasonal_naive


def test_the_last_season_before_an_origin():
    days = pd.date_range("2024-01-01", periods=9)
    known = pd.concat(
        [
            pd.DataFrame({"unique_id": "long", "ds": days, "y": np.arange(9.0)}),
            pd.DataFrame({"unique_id": "short", "ds": days[:4], "y": [7.0, 8.0, 9.0, 10.0]}),
        ]
    )
    rows = pd.DataFrame(
        {
            "unique_id": ["long"] * 5 + ["short"] * 2,
            "ds": [*days[4:], days[2], days[3]],
        }
    )
    step = np.array([1, 2, 3, 4, 5, 1, 2])
    # From row 4 on with a season of three rows: 1, 2, 3, and those again; where a shorter series
    # has no row a season before, it is the last one before the origin.
    told = seasonal_naive(known, rows, step, season=3)
    assert told.tolist() == [1.0, 2.0, 3.0, 1.0, 2.0, 8.0, 7.0]


def test_rows_are_told_by_series_calendar_and_names_of_categories():
    spec = SeriesSpec(
        "day",
        ("shop", "item"),
        "D",
        7,
        3,
        covariates=("offer",),
        static=("shop",),
        codes={"offer": ("no", "yes"), "shop": ("east", "north")},
    )
    rows = pd.DataFrame(
        {
            "unique_id": ["north/tea", "north/tea"],
            "ds": pd.to_datetime(["2024-02-29", "2024-03-01"]),
            "offer": [1.0, 0.0],
            "shop": [1.0, 1.0],
        }
    )
    told = readable_series(rows, spec)
    assert told["(month)"].tolist() == ["Feb", "Mar"]
    assert told["(weekday)"].tolist() == ["Thursday", "Friday"]
    assert told["(year)"].tolist() == ["2024", "2024"] and "(hour)" not in told
    assert told["shop"].tolist() == ["north", "north"] and told["item"].tolist() == ["tea", "tea"]
    assert told["offer"].tolist() == ["yes", "no"]
