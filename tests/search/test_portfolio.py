"""Order and numbers of the first configurations."""

from __future__ import annotations

import itertools

import pytest

from trialbook.search import portfolio
from trialbook.search._portfolio import OVERHEAD_S, projected_s


def start(name, gain, cost=1.0, **rest):
    return {"name": name, "params": {"cost": cost}, "gain": gain, **rest}


def names(steps):
    return [(step.learner, step.name) for step in steps]


def test_the_cheapest_configuration_is_the_floor_however_little_it_is_worth(
    make_learner, make_table
):
    learners = [
        make_learner("tree", starts=[start("small", 0.01, cost=0.1)]),
        make_learner("boost", starts=[start("good", 1.0, cost=5.0)]),
    ]
    assert names(portfolio(learners, make_table()))[0] == ("tree", "small")


def test_the_rest_goes_by_expected_gain_per_second(make_learner, make_table):
    learners = [
        make_learner("floor", starts=[start("floor", 0.0, cost=0.01)]),
        make_learner("boost", starts=[start("slow", 1.0, cost=10), start("quick", 0.5, cost=1)]),
        make_learner("linear", starts=[start("plain", 0.4, cost=0.1)]),
    ]
    steps = portfolio(learners, make_table())
    assert names(steps) == [
        ("floor", "floor"),
        ("linear", "plain"),
        ("boost", "quick"),
        ("boost", "slow"),
    ]
    worth = [step.gain / (OVERHEAD_S + step.projected_s) for step in steps[1:]]
    assert worth == sorted(worth, reverse=True)


def test_steps_are_numbered_from_one_and_labelled_by_learner(make_learner, make_table):
    learners = [make_learner("a", starts=[start("one", 1.0), start("two", 0.5)])]
    steps = portfolio(learners, make_table())
    assert [(step.number, step.label, step.origin) for step in steps] == [
        (1, "a-1", "portfolio"),
        (2, "a-2", "portfolio"),
    ]
    assert [step.params for step in steps] == [{"cost": 1.0}, {"cost": 1.0}]


def test_the_order_does_not_depend_on_the_order_of_the_learners(make_learner, make_table):
    learners = [make_learner(key, starts=[start("x", 0.5), start("y", 0.5)]) for key in "abc"]
    plans = {
        tuple(names(portfolio(order, make_table()))) for order in itertools.permutations(learners)
    }
    assert len(plans) == 1


def test_a_start_for_small_tables_is_left_out_of_large_ones(make_learner, make_table):
    learners = [make_learner("a", starts=[start("any", 1.0), start("small", 1.0, max_rows=500)])]
    assert names(portfolio(learners, make_table(n_rows=500))) == [("a", "any"), ("a", "small")]
    assert names(portfolio(learners, make_table(n_rows=501))) == [("a", "any")]


def test_a_learner_of_few_classes_is_left_out_where_there_are_many(make_learner, make_table):
    learners = [
        make_learner("any", starts=[start("x", 1.0)]),
        make_learner("few", starts=[start("x", 1.0)], max_classes=10),
    ]
    assert len(portfolio(learners, make_table(n_classes=10))) == 2
    assert names(portfolio(learners, make_table(n_classes=11))) == [("any", "x")]


def test_learners_without_starts_make_an_empty_plan(make_learner, make_table):
    assert portfolio([make_learner("a")], make_table()) == []
    assert portfolio([], make_table()) == []


@pytest.mark.parametrize(
    ("cores", "speed_up"), [(1, 1.0), (2, 1.7), (3, 1.7), (4, 2.8), (64, 4.0)]
)
def test_all_folds_are_projected_at_the_speed_of_the_cores(
    make_learner, make_table, cores, speed_up
):
    learner, table = make_learner("a", cost=10.0), make_table(n_folds=3, n_jobs=cores)
    assert projected_s(learner, {}, table) == pytest.approx(3 * 10.0 / speed_up)


def test_what_trains_in_rounds_counts_as_the_time_that_it_may_take(make_learner, make_table):
    learners = [
        make_learner("floor", starts=[start("floor", 0.0, cost=0.01)]),
        make_learner("boost", iterative=True, starts=[start("long", 1.0, cost=100.0)]),
        make_learner("forest", starts=[start("whole", 0.5, cost=10.0)]),
    ]
    patient = portfolio(learners, make_table())
    hurried = portfolio(learners, make_table(), budget_s=10.0)
    assert [step.learner for step in patient] == ["floor", "forest", "boost"]
    assert [step.learner for step in hurried] == ["floor", "boost", "forest"]
    assert hurried[1].projected_s == patient[2].projected_s
