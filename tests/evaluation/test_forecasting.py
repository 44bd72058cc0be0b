"""Metrics of forecasting, against values worked out by hand and those of utilsforecast."""

import importlib.util
import inspect

import numpy as np
import pandas as pd
import pytest

from trialbook.evaluation import METRICS, all_metrics, metric
from trialbook.evaluation import _forecasting as f

# Two rows of a series of scale 2 and range 10, two of one of scale 4 and range 20; the forecast,
# and three quantiles.
Y = np.array([10.0, 12.0, 0.0, 8.0])
TOLD = np.array(
    [[12.0, 9, 11, 13], [11.0, 10, 11, 12], [2.0, -1, 1, 3], [4.0, 1, 4, 7]], dtype=float
)
SCALE = np.array([[2.0, 10, 0], [2.0, 10, 0], [4.0, 20, 1], [4.0, 20, 1]])


def scales(n_rows, scale=1.0, extent=1.0):
    """Scales of rows that are all of one series."""
    return np.tile([scale, extent, 0.0], (n_rows, 1))


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (f.mae, (2 + 1 + 2 + 4) / 4),
        (f.mse, (4 + 1 + 4 + 16) / 4),
        (f.rmse, np.sqrt(25 / 4)),
        (f.mase, (2 / 2 + 1 / 2 + 2 / 4 + 4 / 4) / 4),
        (f.rmsse, np.sqrt((1 + 1 / 4 + 1 / 4 + 1) / 4)),
        (f.smape, (2 * 2 / 22 + 2 * 1 / 23 + 2 + 2 * 4 / 12) / 4),
        (f.wape, 9 / 30),
        (f.mape, (2 / 10 + 1 / 12 + 4 / 8) / 3),
        (f.mdape, 2 / 10),
        (f.normalized_mae, (1.5 / 10 + 3 / 20) / 2),
        (f.normalized_rmse, (np.sqrt(5 / 2) / 10 + np.sqrt(20 / 2) / 20) / 2),
        (f.r2, 1 - 25 / (2.5**2 + 4.5**2 + 7.5**2 + 0.5**2)),
        (f.spearman, 0.8),
        (f.coverage, 3 / 4),
    ],
)
def test_metric_is_what_is_worked_out_by_hand(function, value):
    assert function(Y, TOLD, SCALE) == pytest.approx(value)


def test_pinball_loss_by_hand():
    # Quarters: |error| times the level above the quantile, times the rest below it.
    first = (0.25 * 1 + 0.5 * 1 + 0.25 * 3) / 2
    second = (0.25 * 2 + 0.5 * 1 + 0.75 * 0) / 2
    third = (0.25 * 1 + 0.5 * 1 + 0.25 * 3) / 4
    fourth = (0.25 * 7 + 0.5 * 4 + 0.75 * 1) / 4
    expected = 2 * (first + second + third + fourth) / (4 * 3)
    assert f.scaled_pinball(Y, TOLD, SCALE) == pytest.approx(expected)


@pytest.mark.skipif(importlib.util.find_spec("utilsforecast") is None, reason="not installed")
def test_metrics_are_those_of_utilsforecast():
    from utilsforecast import losses

    rng = np.random.default_rng(5)
    n, levels = 40, np.arange(1, 10) / 10
    y = rng.gamma(3.0, size=n)
    told = np.sort(y[:, None] + rng.normal(size=(n, 9)), axis=1)
    prediction, scale = np.column_stack([told[:, 3], told]), scales(n, 1.7)
    names = [f"q{level}" for level in levels]
    table = pd.DataFrame(told, columns=names).assign(unique_id="a", y=y, model=prediction[:, 0])
    # Its scale comes from a history; this one's changes from row to row are all 1.7.
    history = pd.DataFrame({"unique_id": "a", "y": 1.7 * np.arange(9)})
    for name in ("mae", "mse", "rmse", "mape"):
        expected = getattr(losses, name)(table, ["model"])["model"].iloc[0]
        assert getattr(f, name)(y, prediction, scale) == pytest.approx(expected)
    expected = losses.smape(table, ["model"])["model"].iloc[0]
    assert f.smape(y, prediction, scale) == pytest.approx(2 * expected)  # its own goes to 1
    expected = losses.mase(table, ["model"], seasonality=1, train_df=history)["model"].iloc[0]
    assert f.mase(y, prediction, scale) == pytest.approx(expected)
    expected = losses.mqloss(table, {"model": names}, levels)["model"].iloc[0]
    assert f.scaled_pinball(y, prediction, scale) == pytest.approx(2 * expected / 1.7)


def test_what_cannot_be_computed_is_nan():
    zero, one = np.zeros(3), np.ones((3, 4))
    constant = scales(3, extent=0.0)
    for function in (f.mape, f.mdape, f.wape, f.normalized_mae, f.normalized_rmse, f.spearman):
        assert np.isnan(function(zero, one, constant)), function.__name__
    assert np.isnan(f.r2(np.ones(1), np.ones((1, 4)), scales(1)))
    assert f.smape(zero, 0 * one, constant) == 0
    assert np.isnan(f.mase(zero, one, scales(3, np.nan)))


def test_a_series_that_never_changes_counts_for_nothing_by_its_range():
    scale = SCALE.copy()
    scale[2:, 1] = 0.0
    assert f.normalized_mae(Y, TOLD, scale) == pytest.approx(1.5 / 10)
    scale[2:, 1] = np.nan  # nor one that was not in training
    assert f.normalized_rmse(Y, TOLD, scale) == pytest.approx(np.sqrt(5 / 2) / 10)


def test_errors_by_the_range_weigh_series_alike_however_many_rows_they_have():
    y, told = np.append(Y, Y[2:]), np.concatenate([TOLD, TOLD[2:]])
    scale = np.concatenate([SCALE, SCALE[2:]])
    for function in (f.normalized_mae, f.normalized_rmse):
        assert function(y, told, scale) == pytest.approx(function(Y, TOLD, SCALE))


def test_all_metrics_of_azure_are_measured_of_each_series_or_of_all_rows():
    found = all_metrics("forecasting", np.column_stack([Y, SCALE]), TOLD)
    logs = (np.log1p(TOLD[:, 0]) - np.log1p(Y)) ** 2
    by_hand = {
        "normalized_median_absolute_error": (1.5 / 10 + 3 / 20) / 2,
        "normalized_root_mean_squared_log_error": (
            np.sqrt(logs[:2].mean()) / 10 + np.sqrt(logs[2:].mean()) / 20
        )
        / 2,
        "normalized_mean_absolute_error": (1.5 / 10 + 3 / 20) / 2,
        "median_absolute_error": 2.0,
        "root_mean_squared_log_error": np.sqrt(logs.mean()),
        "explained_variance": 1 - np.var([-2.0, 1, -2, 4]) / np.var(Y),
        "r2_score": f.r2(Y, TOLD, SCALE),
        "spearman_correlation": 0.8,
    }
    assert {name: found[name] for name in by_hand} == pytest.approx(by_hand)
    # Far off: clipped, as Azure ML clips it.
    truth = np.column_stack([Y, SCALE])
    assert all_metrics("forecasting", truth, 100 * TOLD)["r2_score"] == -1
    below = np.column_stack([Y - 5, SCALE])
    assert "normalized_root_mean_squared_log_error" not in all_metrics("forecasting", below, TOLD)


def test_every_function_is_a_metric_or_the_coverage():
    functions = {one for _, one in inspect.getmembers(f, inspect.isfunction)}
    own = {one for one in functions if one.__module__ == f.__name__}
    ranking = {one.function for one in METRICS if "forecasting" in one.tasks}
    assert own - ranking == {f.coverage}


@pytest.mark.parametrize("far", [1, 3, 100])
def test_trials_are_ranked_by_the_determination_that_is_logged(far):
    truth, told = np.column_stack([Y, SCALE]), far * TOLD
    logged = all_metrics("forecasting", truth, told)["r2_score"]
    assert metric("r2", "forecasting").score(truth, told) == logged
    assert (logged == -1) == (far > 1)
