"""Forecasts of a hierarchy from end to end: trained, and asked for any level from both doors."""

import numpy as np
import pandas as pd
import pytest

import trialbook as tb

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]

LEAVES = (("a", "1"), ("a", "2"), ("b", "3"))


def monthly(n_rows=60):
    """Months of three shops in two states."""
    rng, month = np.random.default_rng(0), np.arange(n_rows)
    when = pd.date_range("2020-01-01", periods=n_rows, freq="MS")
    parts = []
    for size, (state, shop) in enumerate(LEAVES, 1):
        sold = size * (50 + 20 * np.sin(2 * np.pi * month / 12)) + rng.normal(size=n_rows)
        parts.append(pd.DataFrame({"month": when, "state": state, "shop": shop, "sold": sold}))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("reconcile", ["bottom_up", "mint"])
def test_forecasts_of_every_level_add_up(reconcile, folder, run):
    if reconcile == "mint":
        pytest.importorskip("hierarchicalforecast")
    monthly().to_csv("shops.csv", index=False)
    options = ["--target", "sold", "--time", "month", "--hierarchy", "state,shop"]
    options += [
        "--reconcile",
        reconcile,
        "--horizon",
        6,
        "--max-trials",
        2,
        "--workspace",
        "space",
    ]
    options += ["--allow", "seasonal_naive,exponential_smoothing", "--test-size", 0.1]
    trained = run("forecast", "shops.csv", *options, "--json")
    assert trained.code == 0, trained.err
    assert [one["state"] for one in trained.document["leaderboard"]] == ["finished"] * 3
    exp = tb.open("space")
    assert exp.best.score < 1
    for moment in ("validation", "test"):
        scores = [
            exp.best.metrics[f"{moment}_mase_{level}"] for level in ("total", "state", "shop")
        ]
        assert all(0 < score < 1.5 for score in scores)
    # The vote, too, is of forecasts that add up.
    for trial in exp.trials:
        every = trial.forecast(level="all")
        sums = every.groupby(["month", "level"])["forecast"].sum().unstack()
        np.testing.assert_allclose(sums["total"], sums["shop"])
        np.testing.assert_allclose(sums["total"], sums["state"])
        by_state = every[every["level"] == "shop"].groupby("state")["forecast"].sum()
        states = every[every["level"] == "state"].groupby("state")["forecast"].sum()
        np.testing.assert_allclose(states, by_state)
    told = run("predict", "--level", "state", "--workspace", "space", "--json").document
    assert [one["state"] for one in told] == ["a"] * 6 + ["b"] * 6
    assert run("predict", "--level", "region", "--workspace", "space").code == 2
