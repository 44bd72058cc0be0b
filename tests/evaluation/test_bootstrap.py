"""Metrics with intervals."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.evaluation import measure, metric


def test_intervals_of_a_mean_are_as_wide_as_its_standard_error():
    rng = np.random.default_rng(0)
    y = rng.normal(size=2000)
    prediction = y + rng.normal(0, 1, 2000)
    found = {one.name: one for one in measure("regression", y, prediction)}
    one = found["mae"]
    error = np.abs(y - prediction)
    assert one.value == pytest.approx(error.mean())
    assert one.high - one.low == pytest.approx(2 * 1.96 * error.std() / np.sqrt(2000), rel=0.2)


def test_many_rows_have_the_interval_of_all_of_them():
    rng = np.random.default_rng(0)
    y = rng.normal(size=80_000)
    prediction = y + rng.normal(0, 1, 80_000)
    one = measure("regression", y, prediction, first="mae")[0]
    error = np.abs(y - prediction)
    assert one.name == "mae"
    assert one.high - one.low == pytest.approx(2 * 1.96 * error.std() / np.sqrt(80_000), rel=0.25)


def test_the_metric_that_ranks_comes_first_and_is_its_own():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 500)
    prediction = np.column_stack([1 - y, y]) * 0.5 + rng.dirichlet([1, 1], 500) * 0.5
    found = measure("classification", y, prediction, 1, first="norm_macro_recall", seconds=0)
    assert found[0].name == "norm_macro_recall"
    own = metric("norm_macro_recall", "classification", 2).score(y, prediction, 1)
    assert found[0].value == pytest.approx(own)
    assert len({one.name for one in found}) == len(found)
    assert all(one.low <= one.value <= one.high for one in found)


def test_what_is_undefined_has_no_interval():
    prediction = np.full((50, 2), 0.5)
    found = {
        one.name: one
        for one in measure("classification", np.zeros(50, int), prediction, 1, seconds=0)
    }
    assert np.isnan(found["roc_auc"].value)
    assert np.isnan(found["roc_auc"].low)
    assert found["accuracy"].low == found["accuracy"].high == 1


def test_intervals_hold_the_true_value_about_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr("trialbook.evaluation._bootstrap.REGRESSION", ("mae",))
    held = 0
    for seed in range(100):
        y = np.random.default_rng(seed).normal(size=100)
        (found,) = measure("regression", y, np.zeros(100), seed=seed)
        held += found.low <= np.sqrt(2 / np.pi) <= found.high
    assert 88 <= held <= 99
