"""The choice of the next step, and the reasons to stop."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from trialbook.search import Entry, Ledger, Search, Step, Stop, Wait
from trialbook.search._ledger import OVERHEAD_S
from trialbook.search._search import FREE_TRIALS, PATIENCE


@pytest.fixture
def make_search(make_learner, make_table, clock):
    def make(plan, *, keys="a", deadline_s=None, trial_timeout=None, learner=None, **rest):
        ledger = Ledger(deadline_s, trial_timeout=trial_timeout, started=clock.now)
        learners = [make_learner(key, **(learner or {})) for key in keys]
        options = {"seed": 0, "n_workers": 1} | rest
        return Search(plan, learners, make_table(), ledger, **options)

    return make


@pytest.fixture
def plan(make_step):
    """Steps with parameters that the tuner can use."""
    return lambda count, learner="a", **rest: [
        make_step(number, learner, x=number / 100, n=3, **rest) for number in range(1, count + 1)
    ]


def loss_of(step):
    """A loss that depends on the configuration alone; some configurations fail."""
    x, n = step.params["x"], step.params["n"]
    return None if n == 7 else abs(x - 0.2) + abs(n - 5) / 10 + (step.learner == "b") / 20


def run(search, losses):
    """Run trials one after another with these losses; the numbers, and what ended it."""
    numbers = []
    for loss in losses:
        step = search.ask()
        if not isinstance(step, Step):
            return numbers, step
        numbers.append(step.number)
        search.tell(step.number, loss)
    return numbers, None


def test_the_portfolio_comes_first_in_its_order_and_then_refinement(make_search, plan):
    search = make_search(plan(3), max_trials=6)
    origins = []
    while isinstance(step := search.ask(), Step):
        origins.append((step.number, step.origin))
        search.tell(step.number, 1.0)
    assert origins == [
        (1, "portfolio"),
        (2, "portfolio"),
        (3, "portfolio"),
        (4, "tuning"),
        (5, "tuning"),
        (6, "tuning"),
    ]
    assert step == Stop("all 6 trials have run")
    assert search.pending == []
    assert search.highest == 6


def test_trials_under_way_count_towards_the_number_of_trials(make_search, plan):
    search = make_search(plan(3), n_workers=2, max_trials=2)
    assert [search.ask().number, search.ask().number] == [1, 2]
    search.tell(1, 0.5)
    assert isinstance(search.ask(), Stop)


def test_failed_trials_count_towards_the_number_of_trials(make_search, plan):
    numbers, end = run(make_search(plan(5), max_trials=2), [None] * 5)
    assert numbers == [1, 2]
    assert isinstance(end, Stop)


def test_nothing_to_tune_and_nothing_planned_ends_the_search(make_search, plan):
    numbers, end = run(make_search(plan(2), learner={"space": {}}), [0.1] * 5)
    assert numbers == [1, 2]
    assert "nothing" in end.reason


def test_a_search_in_which_all_fail_ends(make_search, plan):
    numbers, end = run(make_search(plan(3)), [None] * 9)
    assert numbers == [1, 2, 3]
    assert isinstance(end, Stop)


# -- exit score ------------------------------------------------------------------------------


@pytest.mark.parametrize("losses", [[0.5, 0.2], [0.1]])
def test_the_search_stops_at_the_exit_score(make_search, plan, losses):
    numbers, end = run(make_search(plan(9), exit_loss=0.2), [*losses, 0.3, 0.3])
    assert len(numbers) == len(losses)
    assert end == Stop("the exit score is reached")


def test_the_search_goes_on_short_of_the_exit_score(make_search, plan):
    numbers, end = run(make_search(plan(9), exit_loss=0.2), [0.3, None, 0.21])
    assert (numbers, end) == ([1, 2, 3], None)


def test_scores_that_are_better_when_greater_come_negated(make_search, plan):
    numbers, end = run(make_search(plan(9), exit_loss=-0.9), [-0.5, -0.89, -0.91, -0.99])
    assert (numbers, end) == ([1, 2, 3], Stop("the exit score is reached"))


# -- early termination -----------------------------------------------------------------------


def improving_until(best, count):
    """Losses that improve up to trial number `best` (from 1) and then never again."""
    return [1.0 - min(number, best) / 1000 for number in range(1, count + 1)]


@pytest.mark.parametrize("best", [1, 5, FREE_TRIALS])
def test_no_search_ends_early_before_the_31st_trial(make_search, plan, best):
    numbers, end = run(make_search(plan(5)), improving_until(best, 60))
    assert len(numbers) == FREE_TRIALS + PATIENCE == 30
    assert "brought nothing" in end.reason


@pytest.mark.parametrize("best", [FREE_TRIALS + 1, 25, 40])
def test_later_the_search_ends_ten_trials_after_the_last_improvement(make_search, plan, best):
    numbers, end = run(make_search(plan(5)), improving_until(best, 60))
    assert len(numbers) == best + PATIENCE
    assert isinstance(end, Stop)


def test_the_whole_portfolio_runs_before_a_search_ends_early(make_search, plan):
    numbers, end = run(make_search(plan(40)), [0.5] * 60)
    assert len(numbers) == 40 + PATIENCE
    assert isinstance(end, Stop)


def test_a_trial_that_improves_the_vote_alone_keeps_the_search_going(make_search, plan):
    search = make_search(plan(5))
    search.vote = SimpleNamespace(add=lambda prediction: bool(prediction[0]))
    for number in range(1, 60):
        step = search.ask()
        if not isinstance(step, Step):
            break
        search.tell(step.number, 0.5, np.array([float(number == 28)]))
    assert number == 28 + PATIENCE + 1
    assert "brought nothing" in step.reason


def test_equal_scores_are_no_improvement(make_search, plan):
    numbers, _ = run(make_search(plan(5)), [0.5] * 60)
    assert len(numbers) == FREE_TRIALS + PATIENCE


def test_a_search_that_keeps_improving_goes_on(make_search, plan):
    numbers, end = run(make_search(plan(5)), improving_until(60, 60))
    assert (len(numbers), end) == (60, None)


def test_early_termination_can_be_switched_off(make_search, plan):
    numbers, end = run(make_search(plan(5), early_termination=False), [0.5] * 60)
    assert (len(numbers), end) == (60, None)


def test_trials_of_an_earlier_session_do_not_end_this_one(make_search, plan):
    search = make_search(plan(5), max_trials=60)
    for step, loss in zip(plan(40), improving_until(5, 40), strict=True):
        search.reserve(step.number)
        search.replay(replace(step, origin="portfolio" if step.number < 6 else "tuning"), loss)
    for _ in range(PATIENCE):
        step = search.ask()
        assert isinstance(step, Step)
        search.tell(step.number, 1.0)
    assert isinstance(search.ask(), Stop)


def test_failed_trials_do_not_count_for_early_termination(make_search, plan):
    losses = [None if number % 2 else 0.5 for number in range(100)]
    numbers, end = run(make_search(plan(5)), losses)
    assert len(numbers) == 2 * (FREE_TRIALS + PATIENCE) - 1
    assert isinstance(end, Stop)


def test_stopped_refinements_are_in_vain_for_the_folds_that_they_ran(make_search, plan):
    search = make_search(plan(FREE_TRIALS))
    run(search, [0.5] * FREE_TRIALS)
    count = 0
    while isinstance(step := search.ask(), Step):
        search.tell(step.number, None, first_loss=0.6)
        count += 1
    assert count == PATIENCE * search.table.n_folds
    assert "brought nothing" in step.reason


@pytest.mark.parametrize(
    ("deadline_s", "vote", "n_folds", "races"),
    [
        (60.0, True, 3, True),
        (None, True, 3, False),
        (60.0, False, 3, False),
        (60.0, True, 1, False),
    ],
)
def test_trials_race_under_a_deadline_with_a_vote_and_folds(
    make_search, make_table, plan, deadline_s, vote, n_folds, races
):
    search = make_search(plan(5), deadline_s=deadline_s)
    search.table = make_table(n_folds=n_folds)
    said = SimpleNamespace(may_gain=lambda part, novel: bool(part[0]))
    search.vote = said if vote else None
    assert search.races == races
    assert search.may_gain("lightgbm", np.array([1.0]))
    assert search.may_gain("lightgbm", np.array([0.0])) == (not vote)


def test_the_first_of_a_learner_has_the_benefit_of_the_doubt(make_search, plan):
    search = make_search(plan(3), deadline_s=60.0)
    search.vote = SimpleNamespace(
        may_gain=lambda part, novel: novel, add=lambda prediction: False, error=0.0
    )
    part = np.array([0.0])
    first, second = search.ask(), search.ask()
    assert first.learner == second.learner
    assert search.may_gain(second.learner, part)
    search.tell(first.number, None, first_loss=1.0)  # stopped: it is not in the vote
    assert search.may_gain(second.learner, part)
    search.tell(first.number, 0.5, part)
    assert not search.may_gain(second.learner, part)


def test_what_an_earlier_session_stopped_is_not_in_vain_for_this_one(make_search, plan):
    search = make_search(plan(FREE_TRIALS), max_trials=500)
    search.table = replace(search.table, n_folds=1)
    for step in plan(FREE_TRIALS):
        search.replay(step, 0.5)
    for step in plan(FREE_TRIALS + 2 * PATIENCE)[FREE_TRIALS:]:
        search.reserve(step.number)
        search.replay(replace(step, origin="tuning"), None, first_loss=0.6)
    for _ in range(PATIENCE):
        step = search.ask()
        assert isinstance(step, Step)
        search.tell(step.number, 0.5)
    assert isinstance(search.ask(), Stop)


# -- determinism -----------------------------------------------------------------------------


def simulate(search, order):
    """Run on all workers; the trial to end next is drawn by `order`. What was tried, in order."""
    tried, running = [], []
    while True:
        choice = search.ask()
        while isinstance(choice, Step):
            tried.append((choice.number, choice.learner, choice.name, dict(choice.params)))
            running.append(choice)
            choice = search.ask() if len(running) < search.n_workers else None
        if isinstance(choice, Stop) and not running:
            return tried
        ended = running.pop(order.randrange(len(running)))
        search.tell(ended.number, loss_of(ended))


@pytest.mark.parametrize("n_workers", [1, 2, 4])
def test_without_a_deadline_the_order_in_which_trials_end_changes_nothing(
    make_search, plan, n_workers
):
    steps = [*plan(3, "a"), *[Step(n, "b", f"b {n}", {"x": 0.1 * n, "n": n}, 1.0) for n in (4, 5)]]
    runs = [
        simulate(
            make_search(list(steps), keys="ab", n_workers=n_workers, max_trials=16),
            random.Random(order),
        )
        for order in range(4)
    ]
    assert len(runs[0]) == 16
    assert {learner for _, learner, _, _ in runs[0]} == {"a", "b"}
    assert all(one == runs[0] for one in runs)


def test_another_seed_tries_other_configurations(make_search, plan):
    runs = [
        simulate(make_search(plan(2), max_trials=6, seed=seed), random.Random(0))
        for seed in (1, 2)
    ]
    assert runs[0][:2] == runs[1][:2]
    assert runs[0][2:] != runs[1][2:]


def test_without_a_deadline_a_step_waits_for_the_results_it_is_chosen_by(make_search, plan):
    search = make_search(plan(9), n_workers=2)
    assert [search.ask().number, search.ask().number] == [1, 2]
    search.tell(2, 0.5)
    assert isinstance(search.ask(), Wait)
    search.tell(1, 0.5)
    assert search.ask().number == 3


def test_all_workers_start_at_once(make_search, plan):
    search = make_search(plan(9), n_workers=4)
    assert [search.ask().number for _ in range(4)] == [1, 2, 3, 4]
    assert isinstance(search.ask(), Wait)
    search.tell(2, 0.5)
    search.tell(1, 0.5)
    assert [search.ask().number for _ in range(2)] == [5, 6]


def test_with_a_deadline_no_worker_waits_for_another(make_search, plan):
    search = make_search(plan(9), n_workers=2, deadline_s=1000.0)
    assert [search.ask().number, search.ask().number] == [1, 2]
    search.tell(2, 0.5)
    assert search.ask().number == 3


# -- time ------------------------------------------------------------------------------------


def test_no_trial_starts_when_the_time_for_trials_is_over(make_search, plan, clock):
    search = make_search(plan(3), deadline_s=100.0)
    assert search.ask().number == 1
    search.tell(1, 0.5)
    clock.now += 95
    assert search.ask() == Stop("the time for trials is over")


def test_steps_that_do_not_fit_are_passed_over_and_said_so(make_search, make_step):
    steps = [make_step(1, projected_s=1.0), make_step(2, projected_s=500.0), make_step(3)]
    search = make_search(steps, deadline_s=100.0, learner={"space": {}})
    numbers, end = run(search, [0.5] * 5)
    assert numbers == [1, 3]
    assert "time" in end.reason
    (label,) = search.skipped()
    assert label == "a-2 (start 2)"
    assert "would take" in search.skipped()[label]


def test_steps_that_a_stop_left_are_said_to_be_so(make_search, plan):
    search = make_search(plan(3), max_trials=1)
    run(search, [0.5] * 3)
    assert search.skipped() == {
        "a-2 (start 2)": "the search had ended",
        "a-3 (start 3)": "the search had ended",
    }


def test_what_trains_in_rounds_starts_though_it_will_be_cut_short(make_search, make_step):
    steps = [make_step(1, projected_s=100.0)]
    whole = make_search(list(steps), trial_timeout=40.0)
    rounds = make_search(list(steps), trial_timeout=40.0, learner={"iterative": True})
    assert isinstance(rounds.ask(), Step)
    assert isinstance(whole.ask(), Stop)


def test_boosting_takes_larger_steps_when_time_is_short(make_search, make_step):
    step = make_step(1, projected_s=80.0, learning_rate=0.02, num_leaves=31)
    given = {"trial_timeout": 40.0, "learner": {"iterative": True}}
    hurried = make_search([step], **given).ask()
    assert hurried.params["learning_rate"] == pytest.approx(
        0.02 * (80 + OVERHEAD_S) / 40, abs=1e-4
    )
    assert hurried.params["num_leaves"] == 31
    assert hurried.projected_s == pytest.approx(40.0, rel=0.02)
    assert (hurried.number, hurried.name) == (1, "start 1, faster")


@pytest.mark.parametrize(
    ("seconds", "rate", "iterative"), [(10.0, 0.02, True), (80.0, 0.3, True), (39.0, 0.02, False)]
)
def test_a_step_stays_as_it_is_when_no_hurry_helps(
    make_search, make_step, seconds, rate, iterative
):
    step = make_step(1, projected_s=seconds, learning_rate=rate)
    search = make_search([step], trial_timeout=40.0, learner={"iterative": iterative})
    assert search.ask() == step


def test_measured_times_bring_back_what_did_not_seem_to_fit(make_search, make_step):
    steps = [make_step(1, projected_s=1.0), make_step(2, projected_s=60.0)]
    search = make_search(steps, n_workers=2, trial_timeout=20.0)
    assert search.ask().number == 1
    assert isinstance(search.ask(), Wait)
    search.ledger.record(Entry(1, "a-1", "a", 1.0, 0.05, "finished"))
    search.tell(1, 0.5)
    assert search.ask().number == 2
    assert search.skipped() == {}


def test_families_that_took_too_long_are_not_refined(make_search, make_step):
    steps = [make_step(1, "a", x=0.1, n=1), make_step(2, "b", x=0.1, n=1)]
    search = make_search(steps, keys="ab", trial_timeout=10.0)
    for number, key, took, loss in ((1, "a", 30.0, 0.1), (2, "b", 1.0, 0.5)):
        assert search.ask().number == number
        search.ledger.record(Entry(number, f"{key}-{number}", key, 1.0, took, "finished"))
        search.tell(number, loss)
    step = search.ask()
    assert (step.learner, step.origin) == ("b", "tuning")


# -- resuming --------------------------------------------------------------------------------


def test_trials_of_an_earlier_session_are_not_repeated_and_count(make_search, plan):
    search = make_search(plan(4), max_trials=4)
    for step in plan(4)[:2]:
        search.replay(step, 0.5)
    assert [step.number for step in search.pending] == [3, 4]
    numbers, end = run(search, [0.5] * 4)
    assert numbers == [3, 4]
    assert end == Stop("all 4 trials have run")


def test_refinement_learns_from_an_earlier_session(make_search, plan):
    search = make_search(plan(1), max_trials=3)
    search.reserve(2)
    search.replay(plan(1)[0], 0.5)
    search.replay(Step(2, "a", "tuned-1", {"x": 0.5, "n": 4}, 0.0, "tuning"), None)
    step = search.ask()
    assert (step.number, step.learner, step.origin) == (3, "a", "tuning")


def test_a_number_in_use_is_not_given_again(make_search, plan):
    search = make_search(plan(1))
    search.reserve(7)
    numbers, _ = run(search, [0.5, 0.5, 0.5])
    assert numbers == [1, 8, 9]
