import inspect

import numpy as np
import pytest

from trialbook.ensemble._caruana import select_weights


def mse(y, prediction):
    return float(np.mean((prediction - y) ** 2))


def noisy_members(seed, n_members=8, n=60, noise=0.02):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    scale = 1 + noise * rng.random(n_members)
    return [y + s * rng.normal(size=n) for s in scale], y


def test_single_member_has_all_the_weight():
    np.testing.assert_array_equal(select_weights([np.ones(3)], np.zeros(3), mse), [1.0])


def test_opposite_errors_share_the_weight():
    y = np.zeros(2)
    weights = select_weights([np.array([1.0, -1.0]), np.array([-1.0, 1.0])], y, mse)
    np.testing.assert_array_equal(weights, [0.5, 0.5])


def test_two_to_one_mixture_is_found_with_replacement():
    # The mean of the members is 0, the truth, when the first counts twice as much.
    y = np.zeros(1)
    weights = select_weights([np.array([1.0]), np.array([-2.0])], y, mse)
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3])


@pytest.mark.parametrize("seed", range(10))
def test_never_worse_than_the_best_member_and_sums_to_one(seed):
    members, y = noisy_members(seed)
    weights = select_weights(members, y, mse)
    blended = np.average(members, axis=0, weights=weights)
    assert mse(y, blended) <= min(mse(y, member) for member in members)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert weights.shape == (len(members),)


def test_best_round_is_kept_when_later_rounds_are_worse():
    # Round one mixes the pair and is perfect; whatever comes next can only add error.
    members = [np.array([1.0, -1.0]), np.array([-1.0, 1.0])]
    for n_rounds in (1, 2, 4, 24):
        weights = select_weights(members, np.zeros(2), mse, n_rounds=n_rounds)
        np.testing.assert_array_equal(weights, [0.5, 0.5])


def test_no_rounds_leave_the_best_member():
    members, y = noisy_members(1)
    weights = select_weights(members, y, mse, n_rounds=0)
    assert weights[np.argmin([mse(y, member) for member in members])] == 1.0


def test_tie_prefers_a_member_that_is_already_in():
    # The third is a copy of the first: it can help no more than the first can.
    a, b = np.array([1.0, -1.0, 0.3]), np.array([-1.0, 1.0, 0.3])
    weights = select_weights([a, b, a.copy()], np.zeros(3), mse)
    np.testing.assert_array_equal(weights, [0.5, 0.5, 0.0])


def test_copies_of_the_best_are_not_added():
    same = np.array([1.0, 2.0])
    weights = select_weights([same, same.copy(), same.copy()], np.zeros(2), mse)
    np.testing.assert_array_equal(weights, [1.0, 0.0, 0.0])


def test_probabilities_are_mixed_row_by_row():
    y = np.array([0, 1])
    members = [np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([[0.6, 0.4], [0.1, 0.9]])]

    def log_loss(y, proba):
        return float(-np.log(proba[np.arange(len(y)), y]).mean())

    weights = select_weights(members, y, log_loss)
    assert log_loss(y, np.tensordot(weights, members, axes=1)) < 0.46


def test_perfect_member_stands_alone():
    y = np.arange(4.0)
    np.testing.assert_array_equal(select_weights([y + 0.1, y], y, mse), [0.0, 1.0])


def test_constant_loss_keeps_the_first():
    members = [np.zeros(2), np.ones(2)]
    np.testing.assert_array_equal(select_weights(members, np.zeros(2), lambda y, p: 1.0), [1, 0])


def test_member_without_a_finite_loss_is_never_in():
    y = np.zeros(2)
    members = [np.array([np.nan, 0.0]), np.array([1.0, 1.0]), np.array([np.inf, 0.0])]
    np.testing.assert_array_equal(select_weights(members, y, mse), [0.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="no member has a finite loss"):
        select_weights(members[:1], y, mse)
    with pytest.raises(ValueError, match="no member has a finite loss"):
        select_weights([], y, mse)


def test_loss_that_is_undefined_for_mixtures_leaves_the_best_member():
    def loss(y, prediction):
        return float(prediction[0]) if prediction[0] in (1.0, 1.01) else np.nan

    weights = select_weights([np.array([1.01]), np.array([1.0])], np.zeros(1), loss)
    np.testing.assert_array_equal(weights, [0.0, 1.0])


def test_same_input_gives_the_same_weights_and_is_left_as_it_was():
    members, y = noisy_members(3)
    before = [member.copy() for member in members]
    first = select_weights(members, y, mse)
    np.testing.assert_array_equal(first, select_weights(members, y, mse))
    np.testing.assert_array_equal(members, before)


def test_source_works_alone_with_numpy():
    namespace = {}
    exec("import numpy as np\n\n\n" + inspect.getsource(select_weights), namespace)
    members, y = noisy_members(4)
    np.testing.assert_array_equal(
        namespace["select_weights"](members, y, mse), select_weights(members, y, mse)
    )
