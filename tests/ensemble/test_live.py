"""A vote that is kept up to date while trials finish."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.ensemble import LiveVote
from trialbook.ensemble._live import MAX_ROWS, MIN_VOTERS


def rmse(y, prediction):
    return float(np.sqrt(np.mean((y - prediction) ** 2)))


@pytest.fixture
def y():
    return np.random.default_rng(0).normal(size=400)


@pytest.fixture
def noisy(y):
    """Predictions with errors of their own."""
    return lambda seed, size=1.0: y + size * np.random.default_rng(seed).normal(size=len(y))


def test_the_first_trial_is_the_vote(y, noisy):
    vote = LiveVote(y, rmse, 0.0)
    assert vote.add(noisy(1))
    assert vote.error == pytest.approx(rmse(y, noisy(1)))


def test_models_with_errors_of_their_own_improve_it(y, noisy):
    vote = LiveVote(y, rmse, 0.0)
    assert [vote.add(noisy(seed)) for seed in (1, 2, 3)] == [True, True, True]
    mean = np.mean([noisy(seed) for seed in (1, 2, 3)], axis=0)
    assert vote.error == pytest.approx(rmse(y, mean), rel=0.03)


def test_a_copy_and_a_worse_model_bring_nothing(y, noisy):
    vote = LiveVote(y, rmse, 0.0)
    vote.add(noisy(1))
    before = vote.error
    assert not vote.add(noisy(1))
    assert not vote.add(noisy(2, size=50.0))
    assert vote.error == before


def test_the_error_counts_from_a_perfect_score(y, noisy):
    vote = LiveVote(y, lambda truth, prediction: rmse(truth, prediction) - 1.0, -1.0)
    vote.add(noisy(1))
    assert vote.error == pytest.approx(rmse(y, noisy(1)))


def test_an_endless_loss_is_no_end(y, noisy):
    def loss(truth, prediction):
        return np.inf if np.isnan(prediction).any() else rmse(truth, prediction)

    vote = LiveVote(y, loss, 0.0)
    vote.add(np.full(len(y), np.nan))
    assert np.isinf(vote.error)
    assert vote.add(noisy(1))
    assert np.isfinite(vote.error)


def test_probabilities_of_classes_vote_too():
    y = np.array([0, 1, 2] * 10)
    truth = np.eye(3)[y]

    def loss(truth_codes, prediction):
        return -float(np.mean(np.log(prediction[np.arange(len(truth_codes)), truth_codes])))

    vote = LiveVote(y, loss, 0.0)
    vote.add(np.full((30, 3), 1 / 3))
    assert vote.add(0.9 * truth + 0.1 / 3)
    assert vote.error < 0.5


def test_many_rows_are_thinned_out(y):
    n = 3 * MAX_ROWS + 5
    seen = []
    vote = LiveVote(np.zeros(n), lambda truth, prediction: seen.append(len(truth)) or 1.0, 0.0)
    vote.add(np.zeros(n))
    assert max(seen) <= MAX_ROWS


# -- the first fold of a trial ---------------------------------------------------------------


@pytest.fixture
def voted(y, noisy):
    """A vote of enough trials, all about as good."""
    vote = LiveVote(y, rmse, 0.0)
    for seed in range(MIN_VOTERS):
        vote.add(noisy(seed))
    return vote


def test_a_part_that_only_blurs_the_vote_gains_nothing(y, noisy, voted):
    assert not voted.may_gain(noisy(9, size=50.0)[:100])
    assert not voted.may_gain(y[:100] + 5.0)


def test_a_part_with_errors_of_its_own_may_gain(y, noisy, voted):
    assert voted.may_gain(noisy(9)[:100])


def test_only_a_novel_part_is_given_the_benefit_of_the_doubt(y, noisy, voted):
    middling = [noisy(seed, size=3.0)[:100] for seed in range(9, 29)]
    hopeless = [noisy(seed, size=12.0)[:100] for seed in range(9, 29)]
    usual = [voted.may_gain(part) for part in middling]
    doubted = [voted.may_gain(part, novel=True) for part in middling]
    assert sum(usual) < sum(doubted) < len(middling)
    assert all(after for before, after in zip(usual, doubted, strict=True) if before)
    assert not any(voted.may_gain(part, novel=True) for part in hopeless)


def test_a_novel_part_is_spared_up_to_so_many_times_the_best_error(y, noisy, voted):
    spared = LiveVote(y, rmse, 0.0, spared=4.0)
    for seed in range(MIN_VOTERS):
        spared.add(noisy(seed))
    middling = [noisy(seed, size=3.0)[:100] for seed in range(9, 29)]
    assert not all(voted.may_gain(part, novel=True) for part in middling)
    assert all(spared.may_gain(part, novel=True) for part in middling)
    assert not all(spared.may_gain(part) for part in middling)
    assert not spared.may_gain(noisy(9, size=12.0)[:100], novel=True)


def test_a_part_better_than_the_best_trials_may_gain_whatever_the_vote_says(y, noisy, voted):
    voted._best = y + 3.0
    voted._vote = y.copy()
    assert voted.may_gain(noisy(9)[:100])


def test_few_trials_are_no_measure(y, noisy):
    vote = LiveVote(y, rmse, 0.0)
    for seed in range(MIN_VOTERS - 1):
        assert vote.may_gain(noisy(9, size=50.0)[:100])
        vote.add(noisy(seed))


def test_a_part_of_many_rows_is_compared_row_by_row():
    y = np.random.default_rng(0).normal(size=3 * MAX_ROWS)
    vote = LiveVote(y, rmse, 0.0)
    for seed in range(MIN_VOTERS):
        vote.add(y + np.random.default_rng(seed).normal(size=len(y)))
    first = slice(0, 10_001)
    assert vote.may_gain(y[first])
    assert not vote.may_gain(np.roll(y, 1)[first] + 9.0)


def test_a_part_of_which_the_metric_says_nothing_may_gain(y, noisy):
    def loss(truth, prediction):
        return np.nan if len(truth) < 200 else rmse(truth, prediction)

    vote = LiveVote(y, loss, 0.0)
    for seed in range(MIN_VOTERS):
        vote.add(noisy(seed))
    assert vote.may_gain(noisy(9, size=50.0)[:100])
