import numpy as np
import pytest

from trialbook.ensemble import inverse_error_weights


def test_weights_are_the_inverse_fourth_power_of_the_loss():
    weights = inverse_error_weights([1.5, 1.0], ["theta", "ets"])
    np.testing.assert_allclose(weights, [16 / 97, 81 / 97])


def test_only_the_best_of_a_kind_counts():
    weights = inverse_error_weights([1.1, 1.0, 1.0], ["lags", "lags", "ets"])
    np.testing.assert_allclose(weights, [0.0, 0.5, 0.5])


def test_more_than_one_and_a_half_times_the_lowest_loss_counts_for_nothing():
    weights = inverse_error_weights([1.0, 1.5, 1.51], ["a", "b", "c"])
    np.testing.assert_allclose(weights, [81 / 97, 16 / 97, 0.0])


def test_perfect_members_share_all_of_it():
    np.testing.assert_array_equal(inverse_error_weights([0.0, 0.0, 1.0], "abc"), [0.5, 0.5, 0.0])


def test_members_without_a_loss_are_left_out():
    np.testing.assert_array_equal(
        inverse_error_weights([np.nan, 3.0, np.inf], ["a", "a", "b"]), [0.0, 1.0, 0.0]
    )


def test_no_finite_loss_is_an_error():
    with pytest.raises(ValueError, match="no member has a finite loss"):
        inverse_error_weights([np.nan], ["a"])
