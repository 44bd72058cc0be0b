"""Trials of a big table: few rows at first, more later, and the best on as many as fit."""

from __future__ import annotations

import itertools
import math

import pytest

from trialbook.search import Entry, Growth, Ledger, Search, Step
from trialbook.search._ledger import LIBRARIES_BYTES
from trialbook.search._rows import FIRST_ROWS, GROWN_TIMES, TRIAL_LEAST_S, sizes

N_ROWS = 1_000_000
GB = 1e9


@pytest.fixture
def make_growth(make_learner, make_table, clock):
    """Growth over learners that take a second and a gigabyte for a hundred thousand rows."""

    def make(keys="ab", *, deadline_s=600.0, iterative=False, trial_timeout=None, **options):
        ledger = Ledger(deadline_s, started=clock.now, trial_timeout=trial_timeout)
        learners = {}
        for key in keys:
            learner = make_learner(key, iterative=iterative)
            type(learner).cost = lambda self, params, table: (
                params.get("pace", 1) * table.n_rows / 1e5
            )
            type(learner).memory = lambda self, params, table: table.n_rows * 1e4
            learners[key] = learner
        table = make_table(n_rows=N_ROWS, n_folds=1, smallest_class=5_000)
        return Growth(learners, table, ledger, fewest_rows=10, **options)

    return make


@pytest.fixture
def make_search(make_growth, clock):
    def make(plan, keys="ab", *, growth=None, **options):
        growth = growth or make_growth(keys)
        learners = list(growth.learners.values())
        return Search(plan, learners, growth.table, growth.ledger, 0, 1, growth=growth, **options)

    return make


# -- sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_rows", [25_000, 200_001, 3_456_789])
def test_sizes_ascend_from_the_first_to_all(n_rows):
    found = sizes(n_rows, 10)
    assert found[0] == FIRST_ROWS
    assert found[-1] == n_rows
    steps = [more / less for less, more in itertools.pairwise(found)]
    assert min(steps) > 1.1
    assert max(steps) < 1.8


def test_no_size_is_smaller_than_a_trial_needs():
    assert sizes(300_000, 70_123)[0] >= 70_123
    assert sizes(15_000, 10) == [15_000]


# -- what fits -------------------------------------------------------------------------------


def test_a_step_gets_as_many_rows_as_fit_into_the_time(make_growth, make_step):
    growth = make_growth()
    step = growth.sized(make_step(1, "a"), 5.0)
    assert 350_000 < step.rows <= 450_000
    assert step.projected_s == pytest.approx(step.rows / 1e5)
    assert growth.sized(make_step(1, "a"), 100.0).rows == N_ROWS
    assert growth.sized(make_step(1, "a"), 0.1) is None


def test_a_step_gets_as_many_rows_as_fit_into_the_memory(make_growth, make_step):
    growth = make_growth(memory_limit=int(LIBRARIES_BYTES + 2 * GB))
    assert 140_000 < growth.sized(make_step(1, "a"), math.inf).rows <= 200_000
    assert make_growth(memory_limit=int(GB / 4)).sized(make_step(1, "a"), math.inf) is None


def test_memory_that_was_seen_counts_for_the_next(make_growth, make_step):
    growth = make_growth(memory_limit=int(LIBRARIES_BYTES + 2 * GB))
    killed = Entry(1, "a-1", "a", 1.0, 1.0, "used too much", int(LIBRARIES_BYTES + 4 * GB), 2 * GB)
    growth.ledger.record(killed)
    assert growth.sized(make_step(2, "a"), math.inf).rows <= 100_000
    # Another learner is believed to be like it as long as nothing else is known of it.
    assert growth.sized(make_step(3, "b"), math.inf).rows <= 100_000
    growth.ledger.record(
        Entry(3, "b-3", "b", 1.0, 1.0, "finished", int(LIBRARIES_BYTES + GB / 2), GB)
    )
    assert growth.sized(make_step(4, "b"), math.inf).rows > 300_000


def test_trials_on_few_rows_say_nothing_of_many(clock):
    ledger = Ledger(600.0, started=clock.now)
    ledger.record(Entry(1, "a-1", "a", 1.0, 20.5, "finished", rows=20_000))
    assert ledger.expected_s(10.0, "a") > 20
    ledger.record(Entry(2, "a-2", "a", 10.0, 10.5, "finished", rows=400_000))
    assert ledger.expected_s(10.0, "a") == pytest.approx(10.5)


def test_a_trial_is_written_for_the_table_it_sees(make_growth):
    table = make_growth().of(100_000)
    assert (table.n_rows, table.smallest_class) == (100_000, 500)


# -- the time for a trial --------------------------------------------------------------------


def test_trials_that_compare_get_more_time_and_rows_as_it_passes(make_growth, make_step, clock):
    growth = make_growth()
    seconds, rows = [], []
    for _ in range(4):
        seconds.append(growth.comparing_s(1))
        rows.append(growth.sized(make_step(1, "a", pace=3), seconds[-1]).rows)
        clock.now += 80
    assert seconds == sorted(seconds)
    assert rows == sorted(rows)
    assert rows[0] < rows[-1]
    assert growth.progress(1) > 0.9


def test_a_trial_gets_some_seconds_on_any_deadline(make_growth):
    assert make_growth(deadline_s=60.0).comparing_s(1) == TRIAL_LEAST_S


def test_without_a_deadline_a_trial_may_take_as_long_as_it_likes(make_growth, make_step):
    growth = make_growth(deadline_s=None)
    assert growth.comparing_s(99) == math.inf
    assert growth.progress(99) == 0
    assert make_growth(deadline_s=None, trial_timeout=7.0).comparing_s(1) == 7.0


def test_a_number_of_trials_may_be_over_before_the_time(make_growth):
    growth = make_growth(max_trials=10)
    assert growth.progress(0) == 0
    assert growth.progress(6) == pytest.approx(1.0)


# -- the best on more rows -------------------------------------------------------------------


def on(rows, step):
    return Step(step.number, step.learner, step.name, step.params, 1.0, rows=rows)


def test_the_best_configuration_is_trained_on_more_rows_than_before(make_growth, make_step):
    growth = make_growth()
    best, second = on(100_000, make_step(1, "a", x=1)), on(100_000, make_step(2, "b", x=2))
    larger = growth.grown([best, second], [best, second])
    assert (larger.learner, larger.params, larger.origin) == ("a", {"x": 1}, "growth")
    assert larger.rows >= GROWN_TIMES * 100_000
    # The next is of another family.
    assert growth.grown([best, second], [best, second, larger]).learner == "b"


def test_what_was_trained_on_all_rows_is_not_trained_again(make_growth, make_step):
    best = on(N_ROWS, make_step(1, "a"))
    assert make_growth().grown([best], [best]) is None


def test_no_time_for_more_rows_is_no_growth(make_growth, make_step, clock):
    growth = make_growth()
    best = on(500_000, make_step(1, "a"))
    clock.now += 535
    assert growth.grown([best], [best]) is None


def test_what_grows_leaves_time_to_store_it(make_growth, make_step, clock):
    growth = make_growth()
    step = growth.grown([on(100_000, make_step(1, "a"))], [])
    clock.now += 440
    left = growth.ledger.search_left_s
    assert growth.budget_s(step, 9) == pytest.approx(0.75 * left)
    compared = growth.budget_s(make_step(2, "a"), 9)
    assert compared <= 3 * growth.comparing_s(9)
    assert make_growth(deadline_s=None).budget_s(step, 9) is None


# -- within a search -------------------------------------------------------------------------


def play(search, clock, losses=lambda step: 1 / step.rows, pace=1.0):
    """Run trials that take what they should; the steps."""
    steps = []
    while isinstance(step := search.ask(), Step):
        clock.now += pace * step.projected_s + 0.5
        search.ledger.record(
            Entry(
                step.number,
                step.label,
                step.learner,
                step.projected_s,
                pace * step.projected_s + 0.5,
                "finished",
                rows=step.rows,
            )
        )
        search.tell(step.number, losses(step))
        steps.append(step)
    return steps, step


def test_a_search_begins_with_few_rows_and_ends_with_many(make_search, make_step, clock):
    plan = [make_step(number, "ab"[number % 2], x=number / 50, pace=8) for number in range(1, 60)]
    search = make_search(plan, keys="ab", early_termination=False)
    steps, _ = play(search, clock)
    rows = [step.rows for step in steps]
    assert rows[0] == FIRST_ROWS
    compared = [step.rows for step in steps if step.origin != "growth"]
    grown = [step for step in steps if step.origin == "growth"]
    assert compared[1] < compared[10]
    assert len(grown) >= 2
    assert max(rows) == grown[0].rows > 1.4 * max(compared[:11])
    assert len({step.number for step in steps}) == len(steps)


def test_a_slow_step_runs_on_fewer_rows_instead_of_never(make_search, make_step, clock):
    slow = make_step(2, "b", x=0.1, pace=500)
    search = make_search([make_step(1, "a", x=0.2), slow], max_trials=2)
    steps, _ = play(search, clock)
    assert [step.rows for step in steps][1] == FIRST_ROWS
    assert search.skipped() == {}


def test_a_step_that_is_too_slow_on_any_rows_is_skipped(make_search, make_step, clock):
    search = make_search([make_step(1, "a"), make_step(2, "b", pace=5_000)], max_trials=2)
    play(search, clock)
    (reason,) = search.skipped().values()
    assert reason.startswith("would take")


def test_a_step_that_fits_into_no_memory_is_skipped(make_growth, make_search, make_step, clock):
    growth = make_growth(memory_limit=int(GB / 4))
    search = make_search([make_step(1, "a"), make_step(2, "b")], growth=growth, max_trials=2)
    play(search, clock)
    assert (
        "would not fit into its memory, even on 20,000 rows" in search.skipped()["b-2 (start 2)"]
    )


def test_without_a_deadline_every_trial_has_all_rows(make_growth, make_search, make_step, clock):
    growth = make_growth(deadline_s=None)
    plan = [make_step(number, "a", x=number / 9, n=3) for number in range(1, 4)]
    steps, _ = play(make_search(plan, growth=growth, max_trials=5), clock, lambda step: 0.5)
    assert {step.rows for step in steps} == {N_ROWS}


def test_no_refinement_starts_that_would_not_fit_into_memory(make_growth, make_search, make_step):
    growth = make_growth(memory_limit=int(LIBRARIES_BYTES + 2 * GB))
    large = growth.learners["b"]
    type(large).memory = lambda self, params, table: table.n_rows * 1e6
    search = make_search([make_step(1, "a", x=0.1), make_step(2, "b", x=0.2)], growth=growth)
    for number, key in ((1, "a"), (2, "b")):
        search.replay(make_step(number, key, x=0.1), 0.5)
    for _ in range(4):
        step = search.ask()
        assert (step.learner, step.origin) == ("a", "tuning")
        assert growth.fits_memory(step)
        search.tell(step.number, 0.9)


def test_refinements_in_vain_lead_to_more_rows_before_the_end(make_search, make_step, clock):
    plan = [make_step(number, "a", x=number / 50, n=3, pace=20) for number in range(1, 25)]
    search = make_search(plan, keys="a")
    steps, stop = play(search, clock, lambda step: 0.5, pace=0.02)
    assert "growth" in {step.origin for step in steps}
    assert stop.reason


def test_one_that_fails_on_more_rows_gets_one_more_chance(make_growth, make_step):
    growth = make_growth("a")
    best = on(100_000, make_step(1, "a"))
    larger = growth.grown([best], [best])
    under_way = Step(9, "a", "x", best.params, 1.0, origin="growth", rows=larger.rows)
    assert growth.grown([best], [best, under_way]) is None
    failed = Step(9, "a", "x", best.params, 1.0, origin="growth", rows=larger.rows)
    assert growth.grown([best], [best, failed], failed={9}).rows == larger.rows
    twice = Step(10, "a", "x", best.params, 1.0, origin="growth", rows=larger.rows)
    assert growth.grown([best], [best, failed, twice], failed={9, 10}) is None
