import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import metrics as sk

from trialbook.evaluation import _regression as r


@pytest.fixture
def values():
    rng = np.random.default_rng(3)
    y = rng.gamma(2.0, size=300)
    return y, np.abs(y + rng.normal(size=300))


def test_metrics_agree_with_scikit_learn(values):
    y, prediction = values
    for function, reference in (
        (r.rmse, sk.root_mean_squared_error),
        (r.mse, sk.mean_squared_error),
        (r.mae, sk.mean_absolute_error),
        (r.median_absolute_error, sk.median_absolute_error),
        (r.mape, sk.mean_absolute_percentage_error),
        (r.rmsle, sk.root_mean_squared_log_error),
        (r.r2, sk.r2_score),
        (r.explained_variance, sk.explained_variance_score),
        (r.spearman_correlation, lambda y, p: spearmanr(y, p).statistic),
    ):
        assert function(y, prediction) == pytest.approx(reference(y, prediction))


def test_normalised_errors_divide_by_the_range_of_the_target():
    y, prediction = np.array([0.0, 10.0, 20.0]), np.array([1.0, 11.0, 21.0])
    assert r.normalized_root_mean_squared_error(y, prediction) == pytest.approx(1 / 20)
    assert r.normalized_mean_absolute_error(y, prediction) == pytest.approx(1 / 20)
    assert np.isnan(r.normalized_root_mean_squared_error(np.ones(3), prediction))
    assert np.isnan(r.normalized_mean_absolute_error(np.ones(3), prediction))


def test_percentage_error_leaves_out_rows_whose_target_is_zero():
    assert r.mape(np.array([0.0, 2.0]), np.array([5.0, 1.0])) == 0.5
    assert np.isnan(r.mape(np.zeros(2), np.ones(2)))


def test_log_error_counts_negative_predictions_as_zero_and_needs_a_target_from_zero_up():
    assert r.rmsle(np.array([0.0, 0.0]), np.array([-1.0, 0.0])) == 0.0
    assert np.isnan(r.rmsle(np.array([-1.0, 0.0]), np.array([0.0, 0.0])))


def test_rank_correlation_of_a_constant_is_zero():
    y = np.arange(5.0)
    assert r.spearman_correlation(y, np.ones(5)) == 0.0
    assert r.spearman_correlation(np.ones(5), y) == 0.0


def test_determination_needs_two_rows():
    assert np.isnan(r.r2(np.array([1.0]), np.array([1.0])))
