"""Forecasts that a trial is judged by: what was a season before, and rows as people read them."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.forecasters import trained

from trialbook.data import SCALE_COLUMN, SeriesSpec
from trialbook.experiment import state
from trialbook.lifecycle import _held_series
from trialbook.lifecycle._held_series import held_forecasts, readable_series, seasonal_naive

HORIZON = 10


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


def daily(n_rows):
    """Days of two shops."""
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=n_rows)
    shops = [
        pd.DataFrame({"month": days, "shop": shop, "sold": rng.uniform(10, 20, n_rows)})
        for shop in ("north", "south")
    ]
    return pd.concat(shops)


@pytest.fixture(scope="module")
def weekly(tmp_path_factory):
    """An experiment whose only trial says what was a week before, with 40 days of training."""
    root = tmp_path_factory.mktemp("weekly")
    model = trained(root, daily(50)[lambda row: row["month"] < "2024-02-10"], horizon=HORIZON)
    folder = root / "experiment"
    (folder / state.TRAIN).parent.mkdir(parents=True)
    shutil.copy(root / "train.parquet", folder / state.TRAIN)
    return SimpleNamespace(schema=model.schema, folder=folder, forecaster=lambda run_id: model)


def trial(**fields):
    return SimpleNamespace(run_id="1", require_model=lambda: None, **fields)


def came():
    """What came in the ten days since, but for the first three."""
    return daily(50)[lambda row: row["month"] >= "2024-02-13"]


def test_the_season_before_knows_nothing_of_rows_after_the_origin(weekly):
    held = held_forecasts(weekly, trial(), came())
    assert held.rows["(step)"].tolist() == 2 * [4, 5, 6, 7, 8, 9, 10]
    np.testing.assert_allclose(held.naive, held.prediction[:, 0])


def test_steps_that_a_test_lacks_count_all_the_same(weekly, tmp_path):
    model = weekly.forecaster("1")
    rows = model.model.rows_of(came(), target=True)
    rows.assign(**{SCALE_COLUMN: 1.0}).to_parquet(weekly.folder / state.TEST)
    told = model.forecast_rows(rows).assign(actual=rows["sold"])
    (tmp_path / state.TESTED).mkdir()
    told.to_csv(tmp_path / state.TESTED / "predictions.csv", index=False)
    held = _held_series.tested_forecasts(weekly, trial(folder=tmp_path))
    assert held.rows["(step)"].tolist() == 2 * [4, 5, 6, 7, 8, 9, 10]
    np.testing.assert_allclose(held.naive, held.prediction[:, 0])
