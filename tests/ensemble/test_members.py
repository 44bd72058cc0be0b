"""Which trials may take part in an ensemble."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.ensemble import layer, smoothed, stackable, voters
from trialbook.ensemble._members import (
    MAX_VALUES,
    MIN_CLASS_ROWS,
    MIN_STACKING_ROWS,
    N_LAYER,
    N_VOTERS,
    SMOOTHING,
    TOLERANCE,
)


def test_all_models_may_vote_best_first():
    assert voters([0.3, 0.1, 9.0, 0.2], ["a", "a", "b", "a"]) == [1, 3, 0, 2]


def test_the_best_of_every_family_comes_before_second_ones():
    losses = [0.01 * i for i in range(40)] + [5.0]
    chosen = voters(losses, ["a"] * 40 + ["b"])
    assert chosen == [*range(N_VOTERS - 1), 40]


def test_second_models_of_a_family_can_be_left_out():
    losses = [0.3, 0.1, 9.0, 0.2]
    assert voters(losses, ["a", "a", "b", "a"], seconds=False) == [1, 2]
    assert voters(losses, ["a", "a", "a", "a"], seconds=False) == [1, 3, 0, 2]


def test_models_without_a_finite_loss_do_not_vote():
    assert voters([np.inf, 0.1, np.nan], ["a", "a", "b"]) == [1]


def test_large_predictions_leave_room_for_fewer_voters():
    assert len(voters([0.1] * 30, ["a"] * 30, MAX_VALUES // 10)) == 10
    assert len(voters([0.1] * 30, ["a"] * 30, MAX_VALUES)) == N_LAYER


def test_the_best_five_near_the_best_come_best_first():
    losses = [1.03, 1.0, 1.04, 1.01, 1.02, 1.045, 2.0]
    assert layer(losses, constant_loss=2.0, perfect_loss=0.0) == [1, 3, 4, 0, 2]


@pytest.mark.parametrize(
    ("best", "constant", "perfect"),
    [(1.0, 2.0, 0.0), (0.001, 0.7, 0.0), (-0.95, -0.5, -1.0), (-3, 9, -10)],
)
def test_those_further_than_five_percent_of_the_scale_stay_out(best, constant, perfect):
    limit = best + TOLERANCE * (constant - perfect)
    assert layer([best, limit, limit + 1e-6], constant, perfect) == [0, 1]


def test_the_scale_of_the_metric_does_not_matter():
    losses = np.array([0.31, 0.3, 0.33, 0.4])
    assert layer(losses, 0.7, 0.0) == [1, 0, 2]
    assert layer(1000 * losses, 700.0, 0.0) == layer(losses - 5, 0.7 - 5, -5) == [1, 0, 2]


def test_equal_models_come_in_the_order_given():
    assert layer([0.5] * 7, 1.0, 0.0) == list(range(N_LAYER))


def test_a_perfect_model_has_good_company():
    assert layer([0.0, 0.01, 0.2], 1.0, 0.0) == [0, 1]


def test_no_models_have_no_members():
    assert layer([], 1.0, 0.0) == []


def test_a_class_without_a_chance_gets_one_from_its_frequency():
    sure, constant = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    mixed = smoothed(sure, constant)
    np.testing.assert_allclose(mixed, [[1 - 0.8 * SMOOTHING, 0.8 * SMOOTHING]])
    np.testing.assert_allclose(mixed.sum(axis=1), 1.0)


def test_numbers_are_not_smoothed():
    np.testing.assert_array_equal(smoothed(np.array([3.0]), np.array([1.0])), [3.0])


# -- stacks ----------------------------------------------------------------------------------


def k_folds(n_rows, n_folds):
    """0 where a row validates; rows go round the folds."""
    return np.where(np.arange(n_rows)[:, None] % n_folds == np.arange(n_folds), 0, 1)


def hold_out(n_rows, n_valid):
    return np.where(np.arange(n_rows)[:, None] < n_valid, 0, 1)


def test_enough_validating_rows_can_be_stacked():
    y = np.arange(200) // 10 % 2
    assert stackable(y, k_folds(200, 3), ["no", "yes"]) is None
    assert stackable(y, hold_out(200, 60), ["no", "yes"]) is None
    assert stackable(np.arange(200.0), k_folds(200, 3), ()) is None


@pytest.mark.parametrize("classes", [(), ("no", "yes")])
def test_too_few_validating_rows_are_counted(classes):
    y = np.arange(200) % 2
    reason = stackable(y, hold_out(200, MIN_STACKING_ROWS - 1), classes)
    assert reason == f"{MIN_STACKING_ROWS - 1} rows validate; a meta-learner needs 50"
    assert stackable(y, hold_out(200, MIN_STACKING_ROWS), classes) is None


def test_a_class_with_too_few_validating_rows_is_named():
    y = (np.arange(300) >= 300 - (MIN_CLASS_ROWS - 1)).astype(int)
    reason = stackable(y, k_folds(300, 3), ["no", "yes"])
    assert "9 rows of class 'yes' validate" in reason
    y[0] = 1
    assert stackable(y, k_folds(300, 3), ["no", "yes"]) is None


def test_a_class_that_validates_in_one_fold_only_cannot_be_stacked():
    y = (np.arange(300) % 3 == 0).astype(int)  # all of fold 0
    assert "class 'yes'" in stackable(y, k_folds(300, 3), ["no", "yes"])


def test_a_class_that_always_trains_cannot_be_stacked():
    matrix = k_folds(300, 3)
    y = (np.arange(300) < 20).astype(int)
    matrix[:20] = 1
    assert "0 rows of class 'yes' validate" in stackable(y, matrix, ["no", "yes"])


def test_rows_that_neither_train_nor_validate_do_not_count():
    matrix = np.full((200, 1), -1)
    matrix[:10] = 0
    assert stackable(np.zeros(200), matrix, ()) is not None
