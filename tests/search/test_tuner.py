"""Proposals near what worked."""

from __future__ import annotations

import math

import pytest

from trialbook.learners import Choice, Float, Int
from trialbook.search._tuner import DEARER, STARTUP_TRIALS, Tuner


@pytest.fixture
def tuner(make_learner, make_table):
    def make(*keys, seed=0, **learner):
        return Tuner([make_learner(key, **learner) for key in keys or "a"], make_table(), seed)

    return make


def valley(params):
    """Lowest, 0, at x = 0.3 and n = 6."""
    return (params["x"] - 0.3) ** 2 + ((params["n"] - 6) / 9) ** 2


def dig(tuner, rounds):
    """Ask and tell so many times; the losses."""
    losses = []
    for number in range(1, rounds + 1):
        step = tuner.ask(number, {})
        losses.append(valley(step.params))
        tuner.tell(step, losses[-1])
    return losses


def test_nothing_is_proposed_before_something_worked(tuner, make_step):
    one = tuner("a")
    assert one.ask(1, {}) is None
    one.tell(make_step(1, "a", x=0.0), None)
    assert one.ask(2, {}) is None


def test_a_proposal_lies_in_the_space_and_is_a_step_of_the_plan(tuner, make_step):
    one = tuner(
        "a",
        space={"x": Float(1e-4, 1.0, log=True), "n": Int(2, 5), "c": Choice(("l1", None, 3))},
        cost=2.0,
    )
    one.tell(make_step(1, "a", x=0.1, n=3, c="l1"), 0.5)
    for number in range(2, 12):
        step = one.ask(number, {})
        assert (step.number, step.learner, step.origin) == (number, "a", "tuning")
        assert step.label == f"a-{number}"
        assert step.projected_s == 3 * 2.0
        assert set(step.params) == {"x", "n", "c"}
        assert 1e-4 <= step.params["x"] <= 1.0
        assert step.params["n"] in range(2, 6)
        assert step.params["c"] in ("l1", None, 3)
        one.tell(step, 1.0 / number)


def test_it_closes_in_on_the_best_region(tuner, make_step):
    one = tuner("a")
    one.tell(make_step(1, "a", x=-0.9, n=1), valley({"x": -0.9, "n": 1}))
    losses = dig(one, 40)
    random, refined = losses[:STARTUP_TRIALS], losses[-20:]
    assert min(losses) < 0.01
    assert math.fsum(refined) / 20 < math.fsum(random) / STARTUP_TRIALS


def test_one_seed_gives_the_same_proposals_and_another_gives_others(tuner, make_step):
    def losses(seed):
        one = tuner("a", seed=seed)
        one.tell(make_step(1, "a", x=0.0, n=1), 1.0)
        return dig(one, 12)

    assert losses(3) == losses(3)
    assert losses(3) != losses(4)


def test_families_with_the_same_space_get_different_proposals(tuner, make_step):
    one = tuner("a", "b")
    one.tell(make_step(1, "a", x=0.0, n=1), 1.0)
    one.tell(make_step(2, "b", x=0.0, n=1), 1.0)
    first, second = one.ask(3, {"b": "too slow"}), one.ask(4, {"a": "too slow"})
    assert (first.learner, second.learner) == ("a", "b")
    assert first.params != second.params


def turns(tuner, rounds, cost=None):
    """The families that are asked when nothing improves any more, and trials have these costs."""
    asked = ""
    for number in range(100, 100 + rounds):
        step = tuner.ask(number, {})
        asked += step.learner
        tuner.tell(step, 9.0, cost=(cost or {}).get(step.learner, 1.0))
    return asked


def test_better_families_have_more_turns(tuner, make_step):
    one = tuner("a", "b", "c", "d")
    for number, (key, loss) in enumerate(zip("abcd", [0.3, 0.1, 0.2, 0.4]), start=1):
        one.tell(make_step(number, key, x=0.0, n=1), loss)
    asked = turns(one, 36)
    assert asked[0] == "b"
    counts = [asked.count(key) for key in "bcad"]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == pytest.approx(16, abs=2)
    assert counts[3] == pytest.approx(4, abs=2)


def test_what_takes_longer_has_fewer_turns(tuner, make_step):
    one = tuner("a", "b")
    one.tell(make_step(1, "a", x=0.0, n=1), 0.1, cost=20.0)
    one.tell(make_step(2, "b", x=0.0, n=1), 0.1, cost=1.0)
    asked = turns(one, 12, {"a": 20.0, "b": 1.0})
    assert asked.count("b") > asked.count("a")


def test_a_family_that_improves_goes_on(tuner, make_step):
    one = tuner("a", "b")
    one.tell(make_step(1, "a", x=0.0, n=1), 0.2)
    one.tell(make_step(2, "b", x=0.0, n=1), 0.1)
    turns(one, 8)
    step = one.ask(3, {"b": "too slow"})
    assert step.learner == "a"
    one.tell(step, 0.15, gained=True)
    before = turns(one, 3)
    step = one.ask(4, {"b": "too slow"})
    one.tell(step, 0.14, gained=True)
    assert turns(one, 2) == "aa"
    assert before.count("a") < 3


def test_trials_under_way_count_as_if_they_brought_nothing(tuner, make_step):
    one = tuner("a", "b")
    for number, key in enumerate("ab", start=1):
        one.tell(make_step(number, key, x=0.0, n=1), 0.1)
    assert [one.ask(number, {}).learner for number in (3, 4)] == ["a", "a"]
    assert one.ask(5, {}).learner == "b"


def test_refused_families_are_passed_over(tuner, make_step):
    one = tuner("a", "b")
    one.tell(make_step(1, "a", x=0.0, n=1), 0.1)
    one.tell(make_step(2, "b", x=0.0, n=1), 0.2)
    assert {one.ask(number, {"a": "too slow"}).learner for number in range(3, 7)} == {"b"}
    assert one.ask(7, {"a": "too slow", "b": "too slow"}) is None


def test_a_family_with_nothing_to_tune_is_never_proposed(tuner, make_step):
    one = tuner("a", space={})
    one.tell(make_step(1, "a"), 0.1)
    assert one.ask(2, {}) is None


def test_a_proposal_that_failed_is_no_success_and_the_next_differs(tuner, make_step):
    one = tuner("a")
    one.tell(make_step(1, "a", x=0.0, n=1), 0.1)
    failed = one.ask(2, {})
    one.tell(failed, None)
    following = one.ask(3, {})
    assert following.params != failed.params


def test_what_was_stopped_early_is_avoided(tuner, make_step):
    stopped, plain = tuner("a"), tuner("a")
    for one in (stopped, plain):
        for number in range(1, 16):
            one.tell(make_step(number, "a", x=number / 20 - 0.4, n=3), 1.0 + number / 100)
    for number in range(16, 31):
        stopped.tell(make_step(number, "a", x=(number - 15) / 16, n=3), None, first_loss=9.0)
    drawn = [one.ask(40 + k, {}).params["x"] for one in (stopped, plain) for k in range(10)]
    assert sum(drawn[:10]) < sum(drawn[10:])


def test_a_proposal_that_was_stopped_is_not_made_again(tuner, make_step):
    one = tuner("a")
    one.tell(make_step(1, "a", x=0.0, n=1), 0.1)
    first = one.ask(2, {})
    one.tell(first, None, first_loss=0.9)
    assert one.ask(3, {}).params != first.params


def test_starts_outside_the_space_still_count_for_their_family(tuner, make_step):
    one = tuner("a", space={"x": Float(0.0, 1.0), "n": Int(1, 9)})
    one.tell(make_step(1, "a", x=5.0, n=None, other="text"), 0.1)
    one.tell(make_step(2, "a", x="auto", n=3), 0.2)
    assert one.ask(3, {}).learner == "a"


def test_families_far_behind_are_not_refined_for_want_of_better(tuner, make_step):
    keys = "abcdefg"
    one = tuner(*keys)
    for number, key in enumerate(keys, start=1):
        one.tell(make_step(number, key, x=0.1), number / 10)
    leading = dict.fromkeys(keys[: len(DEARER)], "too slow")
    assert one.ask(10, leading) is None
    del leading[keys[len(DEARER) - 1]]
    assert one.ask(11, leading).learner == keys[len(DEARER) - 1]
