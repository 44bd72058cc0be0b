"""Two models on the same rows, and how sure their difference is."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.evaluation import difference, metric

RNG = np.random.default_rng(0)
N = 400
Y = RNG.integers(0, 2, N)
NOISE = RNG.normal(size=(3, N))


def proba(signal, noise):
    share = 1 / (1 + np.exp(-(signal * (2 * Y - 1) + noise)))
    return np.column_stack([1 - share, share])


WEAK, STRONG = proba(0.5, NOISE[0]), proba(2.0, NOISE[1])


@pytest.mark.parametrize("name", ["roc_auc", "log_loss"])
def test_a_gain_is_positive_whichever_way_the_metric_runs(name):
    found = difference(metric(name, "classification", 2), Y, WEAK, STRONG, 1)
    assert found.gain == pytest.approx(abs(found.second - found.first))
    assert 0 < found.low < found.gain < found.high
    assert found.sure == 1.0
    back = difference(metric(name, "classification", 2), Y, STRONG, WEAK, 1)
    assert back.gain == pytest.approx(-found.gain)
    assert "worse" in back.told
    assert "better" in found.told


def test_the_same_model_is_no_better_than_itself():
    found = difference(metric("roc_auc", "classification", 2), Y, WEAK, WEAK, 1)
    assert (found.gain, found.low, found.high, found.sure) == (0, 0, 0, 0.5)
    assert found.told.startswith("both have roc_auc")


def test_models_that_are_alike_may_differ_by_chance():
    found = difference(
        metric("roc_auc", "classification", 2), Y, proba(1, NOISE[0]), proba(1, NOISE[1]), 1
    )
    assert found.low < 0 < found.high
    assert found.told.endswith("which may be chance")


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rmse, rng, held = metric("mae", "regression"), np.random.default_rng(1), 0
    truth = np.sqrt(2 / np.pi) * 0.2  # of the mean absolute errors of the two
    for seed in range(100):
        y, errors = np.zeros(150), rng.normal(size=(2, 150))
        found = difference(rmse, y, 1.2 * errors[0], errors[1], seed=seed)
        held += found.low <= truth <= found.high
    assert 88 <= held <= 100


def test_few_rows_are_said_to_be_too_few():
    y = np.array([0, 1])
    found = difference(metric("roc_auc", "classification", 2), y, WEAK[:2], STRONG[:2], 1)
    assert found.n_rows == 2
    one = difference(metric("roc_auc", "classification", 2), y[:1], WEAK[:1], STRONG[:1], 1)
    assert np.isnan(one.low)
    assert np.isnan(one.sure)


def test_a_seed_fixes_the_interval():
    by = metric("roc_auc", "classification", 2)
    first, again = (difference(by, Y, WEAK, STRONG, 1, seed=3) for _ in range(2))
    assert first == again


def test_rows_that_go_together_are_drawn_together():
    # Ten groups whose rows all say the same: there are ten facts, not four hundred.
    groups = np.arange(N) % 10
    y = np.column_stack([np.zeros(N), np.ones(N), np.ones(N), groups])
    first = np.full((N, 10), 1.0)
    second = first - np.where(groups < 6, 0.5, -0.4)[:, None]
    mase = metric("mase", "forecasting")
    alone = difference(mase, y, first, second)
    together = difference(mase, y, first, second, groups=groups)
    assert together.gain == alone.gain == pytest.approx(0.14)
    assert alone.low > 0 > together.low
    few = difference(mase, y, first, second, groups=groups % 3)
    assert few.low == alone.low
