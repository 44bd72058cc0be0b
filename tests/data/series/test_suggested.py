"""Lags and windows that series suggest by themselves."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import SERIES_COLUMN, LookBack, suggested
from trialbook.data.series._suggested import partial_autocorrelations, read_off


@pytest.mark.parametrize(
    ("significant", "lags", "window"),
    [
        ("1000", 1, 0),  # the one before the first that is not; a window of one row is a lag
        ("1101", 2, 4),  # and the window is the last that is
        ("0110", 0, 3),  # lag 1 says nothing: no lags
        ("1111", 0, 0),  # all of them: a season, which differences tell
        ("0000", 0, 0),
    ],
)
def test_the_rule_of_lags_and_windows(significant, lags, window):
    limit = 1.96 / np.sqrt(4)
    pacf = np.array([limit * (1.01 if mark == "1" else 0.99) for mark in significant])
    assert read_off(pacf) == (lags, window)
    assert read_off(-pacf) == (lags, window)


def autoregressive(*weights, n=1500, seed=0):
    draw = np.random.default_rng(seed)
    y = np.zeros(n)
    for t in range(len(weights), n):
        y[t] = sum(w * y[t - k] for k, w in enumerate(weights, 1)) + draw.normal()
    return y


def test_partial_autocorrelations_end_with_the_order():
    found = partial_autocorrelations(autoregressive(0.5, 0.3), 8)
    # Of this process they are 0.5 / (1 - 0.3), 0.3, and nothing.
    np.testing.assert_allclose(found[:2], [0.5 / 0.7, 0.3], atol=0.06)
    assert np.abs(found[2:]).max() < 0.1
    reference = pytest.importorskip("statsmodels.tsa.stattools")
    y = autoregressive(0.5, 0.3)
    expected = reference.pacf(y, nlags=8, method="ldb")[1:]
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_a_line_tells_no_more_after_its_first_lag():
    assert np.isfinite(partial_autocorrelations(np.arange(100.0), 14)).all()


def table(*series):
    names = [f"s{i}" for i, y in enumerate(series) for _ in y]
    return pd.DataFrame({SERIES_COLUMN: names, "y": np.concatenate(series)})


def test_what_series_suggest():
    walk = table(autoregressive(0.95), autoregressive(0.9, seed=1))
    assert suggested(walk, "y", "D", 7) == (1, 0)
    noise = table(np.random.default_rng(0).normal(size=500))
    assert suggested(noise, "y", "D", 7) == (0, 0)
    assert suggested(table(np.ones(500)), "y", "D", 7) == (0, 0)
    assert suggested(table(np.arange(20.0)), "y", "D", 7) == (0, 0)  # too short to tell


def test_a_season_is_taken_away_first():
    pytest.importorskip("statsmodels")
    t = np.arange(700)
    y = autoregressive(0.9, n=700) + 30 * (t % 7 == 0)
    assert suggested(table(y), "y", "D", 7) == (1, 0)


@pytest.mark.parametrize(
    ("lags", "window", "rows"), [((), None, 0), ((1, 12), None, 12), ((2,), 6, 6), ((), 3, 3)]
)
def test_rows_that_what_was_given_needs(lags, window, rows):
    assert LookBack(lags=lags, window=window, found_lags=99).given_rows == rows
