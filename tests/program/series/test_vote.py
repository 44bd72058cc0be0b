"""The vote of an experiment: a weighted mean of forecasts, no worse than the best of them."""

import numpy as np
import pandas as pd

import trialbook as tb

# Quick ones that err in different ways.
QUICK = ("average", "naive", "seasonal_naive", "theta", "exponential_smoothing", "ces")


def quarters(n_rows=56):
    """Two series with a trend, a season and noise."""
    rng, t = np.random.default_rng(1), np.arange(n_rows)
    when = pd.date_range("2005-01-01", periods=n_rows, freq="QS")
    parts = [
        pd.DataFrame({"when": when, "name": name, "y": y})
        for name, y in (
            ("a", 80 + t + 9 * (t % 4) + rng.normal(scale=6, size=n_rows)),
            ("b", 500 - 3 * t + 20 * (t % 2) + rng.normal(scale=30, size=n_rows)),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def test_a_vote_is_no_worse_than_its_best_member(tmp_path):
    found = tb.forecast(
        quarters(),
        "y",
        time="when",
        series=["name"],
        horizon=4,
        allow=QUICK,
        workspace=tmp_path / "space",
        seed=0,
        max_trials=len(QUICK),
    )
    board = found.leaderboard.set_index("learner")["score"]
    assert board["voting"] <= board.drop("voting").min() + 1e-9
