"""Members that an ensemble can afford when they may only cost so much in all."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.ensemble import affordable, first_within
from trialbook.ensemble._caruana import select_weights

Y = np.linspace(-1, 1, 400)


def loss(y, prediction):
    return float(np.mean((y - prediction) ** 2))


def candidates(*noises, seed=0):
    """Predictions that err in their own ways, by so much each."""
    rng = np.random.default_rng(seed)
    return [Y + noise * rng.normal(size=len(Y)) for noise in noises]


def chosen(predictions, costs, budget):
    return affordable(predictions, Y, loss, costs, budget)


def test_all_that_help_are_taken_when_there_is_room():
    assert chosen(candidates(0.3, 0.3, 0.3), [1.0, 1.0, 1.0], 10.0) == [0, 1, 2]


def test_candidates_that_no_vote_wants_cost_nothing():
    predictions = candidates(0.3, 0.3, 0.3, *[9.0] * 20)
    weights = select_weights(predictions, Y, loss)
    wanted = np.flatnonzero(weights).tolist()
    assert wanted == [0, 1, 2]
    assert chosen(predictions, [1.0] * 23, 3.0) == wanted


@pytest.mark.parametrize("budget", [1.0, 2.5, 4.0, 7.0])
def test_together_they_stay_within_the_budget(budget):
    rng = np.random.default_rng(1)
    costs = rng.uniform(0.5, 3.0, 12)
    kept = chosen(candidates(*rng.uniform(0.2, 0.5, 12)), costs, budget)
    assert kept
    assert sum(costs[one] for one in kept) <= budget


def test_what_is_over_the_budget_by_itself_is_no_candidate():
    assert chosen(candidates(0.01, 0.3), [11.0, 1.0], 10.0) == [1]
    assert chosen(candidates(0.01, 0.3), [11.0, 12.0], 10.0) == []
    assert chosen([], [], 10.0) == []


def test_the_best_comes_alone_where_others_would_only_harm():
    assert chosen(candidates(0.01, 5.0, 5.0), [1.0, 1.0, 1.0], 10.0) == [0]


def test_a_few_quick_models_may_be_better_than_a_slow_best_one_that_leaves_no_room():
    slow_and_best = candidates(0.28, *[0.3] * 6)
    assert chosen(slow_and_best, [10.0, *[1.0] * 6], 10.0) == [1, 2, 3, 4, 5, 6]


def test_a_candidate_without_a_finite_loss_is_left_out():
    broken = np.full(len(Y), np.nan)
    assert chosen([broken, *candidates(0.3)], [1.0, 1.0], 10.0) == [1]


def test_probabilities_are_blended_too():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 300)
    right = np.eye(3)[truth]
    noisy = [0.5 * right + 0.5 * rng.dirichlet(np.ones(3), 300) for _ in range(3)]

    def log_loss(y, proba):
        return float(-np.log(proba[np.arange(len(y)), y]).mean())

    assert affordable(noisy, truth, log_loss, [1.0] * 3, 2.0) in ([0, 1], [0, 2], [1, 2])


@pytest.mark.parametrize(
    ("costs", "budget", "taken"),
    [([5.0, 6.0, 4.0], 10.0, [0, 2]), ([11.0, 1.0], 10.0, [1]), ([], 10.0, []), ([1.0], 0.5, [])],
)
def test_a_layer_takes_its_best_as_long_as_they_are_within_the_budget(costs, budget, taken):
    assert first_within(costs, budget) == taken
