"""Arithmetic of the budget, by a clock that stands still."""

from __future__ import annotations

import math

import pytest

from trialbook.models import CHECK_ROWS, LEAST_ROW_CALLS, MOST_ROW_S
from trialbook.search import Cost, Entry, Ledger, _ledger
from trialbook.search._ledger import (
    ENDING_S,
    ENSEMBLES_MAX_S,
    ENSEMBLES_MAX_SHARE,
    ENSEMBLES_S,
    FORESEEN_MAX_SHARE,
    LEAST_SHARE,
    LIKELY_MEMBERS,
    MARGIN,
    MAX_CORRECTION,
    OVERHEAD_S,
    PACKAGING_ROWS,
    REBUILD_S,
    STORE_S,
    STORING,
    together_s,
)


def ledger(clock, deadline_s, **rest):
    return Ledger(deadline_s, started=clock.now, **rest)


def entry(learner, projected_s, actual_s, outcome="finished"):
    return Entry(1, f"{learner}-1", learner, projected_s, actual_s, outcome)


def test_without_a_deadline_there_is_no_limit(clock):
    account = ledger(clock, None)
    clock.now += 1e6
    assert account.left_s == account.search_left_s == math.inf
    assert account.reserve_s == 0.0
    assert account.trial_budget_s() is None
    assert account.trial_limit_s() is None
    assert account.fits(1e9, "a", iterative=False)


def test_time_passes_and_earlier_sessions_count(clock):
    account = ledger(clock, 100.0, spent_s=30.0)
    assert account.elapsed_s == 30.0
    clock.now += 20
    assert account.elapsed_s == 50.0
    assert account.left_s == 50.0
    assert account.search_left_s == 50.0 - account.reserve_s


@pytest.mark.parametrize(
    ("deadline_s", "reserve_s"), [(20.0, 6.0), (60.0, 9.0), (200.0, 20.0), (3600.0, 60.0)]
)
def test_a_share_of_the_time_is_kept_for_what_follows_the_search(clock, deadline_s, reserve_s):
    assert ledger(clock, deadline_s).reserve_s == reserve_s


def test_one_trial_gets_a_share_of_the_time_but_never_less_than_is_useful(clock):
    long, short = ledger(clock, 1000.0), ledger(clock, 20.0)
    assert long.trial_budget_s() == pytest.approx(_ledger.TRIAL_SHARE * 940.0)
    assert short.trial_budget_s() == _ledger.TRIAL_MIN_S


def test_a_trial_gets_no_more_than_is_left_of_the_search(clock):
    account = ledger(clock, 1000.0)
    clock.now += 900
    assert account.trial_budget_s() == account.search_left_s == 40.0
    clock.now += 90
    assert account.search_left_s < 0
    assert account.trial_limit_s() == 0.0


def test_a_trial_is_killed_when_the_search_ends_or_at_its_own_limit(clock):
    assert ledger(clock, 1000.0).trial_limit_s() == 940.0
    assert ledger(clock, 1000.0, trial_timeout=50.0).trial_limit_s() == 50.0
    assert ledger(clock, None, trial_timeout=50.0).trial_limit_s() == 50.0
    assert ledger(clock, 30.0, trial_timeout=50.0).trial_limit_s() == 21.0


def test_the_trials_own_limit_is_kept_too(clock):
    assert ledger(clock, None, trial_timeout=5.0).trial_budget_s() == 5.0
    assert ledger(clock, 1000.0, trial_timeout=5.0).trial_budget_s() == 5.0
    assert ledger(clock, 1000.0, trial_timeout=5000.0).trial_budget_s() == pytest.approx(329.0)


def test_what_can_be_cut_short_is_started_for_a_share_of_its_time(clock):
    account = ledger(clock, None, trial_timeout=10.0)
    whole, part = 10.0 - OVERHEAD_S, 10.0 / _ledger.USEFUL_SHARE - OVERHEAD_S
    assert account.fits(whole, "a", iterative=False)
    assert not account.fits(whole + 0.1, "a", iterative=False)
    assert account.fits(part, "a", iterative=True)
    assert not account.fits(part + 0.1, "a", iterative=True)


def test_a_projection_stands_until_something_was_measured(clock):
    assert ledger(clock, 100.0).expected_s(7.0, "a") == 7.0 + OVERHEAD_S


def test_a_projection_is_corrected_half_way_by_one_measurement_and_more_by_many(clock):
    account = ledger(clock, 100.0)
    account.record(entry("a", 1.0, 4.0 + OVERHEAD_S))
    assert account.expected_s(10.0, "a") == pytest.approx(10 * 4 ** (1 / 2) + OVERHEAD_S)
    for _ in range(8):
        account.record(entry("a", 1.0, 4.0 + OVERHEAD_S))
    assert account.expected_s(10.0, "a") == pytest.approx(10 * 4 ** (9 / 10) + OVERHEAD_S)


def test_opposite_errors_cancel_out(clock):
    account = ledger(clock, 100.0)
    account.record(entry("a", 1.0, 4.0 + OVERHEAD_S))
    account.record(entry("a", 4.0, 1.0 + OVERHEAD_S))
    assert account.expected_s(10.0, "a") == pytest.approx(10.0 + OVERHEAD_S)


def test_a_learner_is_corrected_by_its_own_past_and_else_by_that_of_all(clock):
    account = ledger(clock, 100.0)
    account.record(entry("slow", 1.0, 9.0 + OVERHEAD_S))
    assert account.expected_s(1.0, "new") == pytest.approx(3.0 + OVERHEAD_S)
    account.record(entry("quick", 9.0, 1.0 + OVERHEAD_S))
    assert account.expected_s(1.0, "slow") == pytest.approx(3.0 + OVERHEAD_S)
    assert account.expected_s(1.0, "quick") == pytest.approx(1 / 3 + OVERHEAD_S)
    assert account.expected_s(1.0, "new") == pytest.approx(1.0 + OVERHEAD_S)


def test_what_took_no_time_to_speak_of_says_nothing_of_other_learners(clock):
    account = ledger(clock, 100.0)
    account.record(entry("cheap", 0.1, 5.0))
    assert account.expected_s(30.0, "dear") == 30.0 + OVERHEAD_S


def test_a_correction_is_bounded(clock):
    account = ledger(clock, 1000.0)
    for _ in range(20):
        account.record(entry("a", 1.0, 500.0))
    assert account.expected_s(2.0, "a") == pytest.approx(2 * MAX_CORRECTION + OVERHEAD_S)


def test_trials_that_did_not_finish_correct_nothing(clock):
    account = ledger(clock, 100.0)
    account.record(entry("a", 1.0, 100.0, outcome="ran past its limit"))
    assert account.expected_s(2.0, "a") == 2.0 + OVERHEAD_S


def test_measurements_of_nothing_correct_nothing(clock):
    account = ledger(clock, 100.0)
    account.record(entry("a", 0.0, 0.0))
    assert account.expected_s(10.0, "a") == 10.0 + OVERHEAD_S


def test_what_did_not_run_is_kept_with_its_reason(clock):
    account = ledger(clock, 100.0)
    account.skip("svm-3 (default)", "would take 90 s")
    assert account.skipped == {"svm-3 (default)": "would take 90 s"}


# -- the end ---------------------------------------------------------------------------------


def test_models_tell_how_long_the_end_will_take(clock):
    account = ledger(clock, 100.0)
    before = account.reserve_s
    models = [Cost(0.5, 100.0, store_s=1.0), Cost(0.4, 50.0, store_s=STORE_S / 2)]
    account.foresee(10_000, models)
    store_s = STORING * (1.0 - STORE_S)
    ensembles_s = ENSEMBLES_S + MARGIN * (store_s + 150.0 * PACKAGING_ROWS / 1e6)
    assert account.ensembles_s == pytest.approx(ensembles_s)
    assert account.ending_s == pytest.approx(ENDING_S + 1.5)
    assert account.reserve_s == pytest.approx(ensembles_s + ENDING_S + 1.5) != before


def test_calls_for_one_row_and_imports_count_for_the_end(clock):
    account = ledger(clock, 100.0)
    account.foresee(0, [Cost(0.1, 1.0, 100.0), Cost(0.2, 1.0, 50.0)])
    calls_s = 0.15 * (1 + LEAST_ROW_CALLS)  # one for all rows that it packages
    assert account.ensembles_s == pytest.approx(ENSEMBLES_S + MARGIN * calls_s, abs=1e-3)
    account.foresee(0, [Cost(0.1, import_s=2.0), Cost(0.2, import_s=2.0), Cost(0.3)])
    assert account.ensembles_s == pytest.approx(ENSEMBLES_S + 2.0)  # once


def test_a_member_is_loaded_and_stored_and_timed_while_that_is_quick():
    stored = Cost(0.1, store_s=STORE_S + 2.0)
    assert stored.member_s() == pytest.approx(2.0 * STORING)
    slow_call = Cost(0.1, 4000.0, 2000.0)  # 2 s for any number of rows, timed once or twice
    assert slow_call.member_s() == pytest.approx(2.0 + MOST_ROW_S + 2.0)


def test_members_get_what_is_left_beside_the_rest_of_an_ensemble(clock):
    account = ledger(clock, 100.0)
    assert account.members_s(20.0) == pytest.approx((20.0 - ENSEMBLES_S) / MARGIN)
    account.foresee(0, [Cost(0.1, import_s=4.0)])
    assert account.members_s(20.0) == pytest.approx((16.0 - ENSEMBLES_S) / MARGIN)
    assert account.members_s(2.0) == LEAST_SHARE * 2.0
    assert account.members_s(math.inf) == math.inf


def test_without_ensembles_only_the_winner_counts_for_the_end(clock):
    account = ledger(clock, 100.0)
    models = [Cost(0.5, 100.0, store_s=9.0), Cost(0.4, 50.0, store_s=9.0, import_s=3.0)]
    account.foresee(10_000, models, ensembles=False)
    assert account.reserve_s == account.ending_s == pytest.approx(ENDING_S + 0.5)


def test_only_the_best_models_count_for_the_end(clock):
    account = ledger(clock, 100.0)
    account.foresee(1000, [Cost(0.1)] * LIKELY_MEMBERS + [Cost(9.0, 1e9, store_s=1e3)])
    assert account.reserve_s == pytest.approx(ENSEMBLES_S + ENDING_S)


@pytest.mark.parametrize(
    ("deadline_s", "most_s"), [(15.0, ENSEMBLES_MAX_S), (1000.0, 1000.0 * ENSEMBLES_MAX_SHARE)]
)
def test_models_that_are_slow_to_store_do_not_end_the_search_early(clock, deadline_s, most_s):
    account = ledger(clock, deadline_s)
    account.foresee(0, [Cost(0.1, store_s=1e3)])
    assert account.ensembles_s == most_s


def test_slow_models_leave_the_search_half_of_the_time(clock):
    account = ledger(clock, 100.0)
    account.foresee(1_000_000, [Cost(0.1, 1000.0, store_s=1e3)])
    assert account.reserve_s == 100.0 * FORESEEN_MAX_SHARE


def test_what_each_call_costs_does_not_grow_with_the_rows():
    slow_calls = Cost(0.1, predict_ms=100.0, predict_row_ms=40.0)
    assert slow_calls.predict_s(CHECK_ROWS) == pytest.approx(100.0 * CHECK_ROWS / 1e6)
    assert slow_calls.predict_s(1) == pytest.approx(0.04, rel=1e-2)
    assert slow_calls.predict_s(20_000) < 0.5
    assert Cost(0.1, 100.0).predict_s(20_000) == pytest.approx(2.0)


def test_without_a_deadline_nothing_is_kept_back(clock):
    account = ledger(clock, None)
    account.foresee(1000, [Cost(0.1, 1.0, store_s=1.0)])
    assert account.reserve_s == 0.0


def test_time_to_train_the_winner_anew_is_kept_back_too(clock):
    account = ledger(clock, 100.0)
    account.foresee(0, [Cost(0.1), Cost(0.2)])
    before = account.reserve_s
    account.foresee_refit(0.5, [Cost(0.1, fit_s=8.0), Cost(0.2, fit_s=12.0)], n_workers=1)
    assert account.reserve_s == pytest.approx(before + 10.0 + 2 * OVERHEAD_S + REBUILD_S)
    many = [Cost(0.1, fit_s=8.0)] * LIKELY_MEMBERS + [Cost(9.0, fit_s=1e9)]
    account.foresee_refit(0.5, many, n_workers=2)
    expected = LIKELY_MEMBERS * (4.0 + OVERHEAD_S) / 2
    assert account.reserve_s == pytest.approx(before + expected + REBUILD_S)


def test_models_that_are_trained_together_take_as_long_as_the_longest_at_least():
    assert together_s([9.0, 1.0], n_workers=2) == 9.0 + OVERHEAD_S
    assert together_s([3.0, 3.0, 3.0, 3.0], n_workers=2) == 6.0 + 2 * OVERHEAD_S
    assert together_s([], n_workers=2) == 0.0


def test_a_member_of_forecasts_takes_one_forecast_of_all_series_and_one_of_a_series():
    # 12 rows in 50 ms would be 4 s for a thousand rows, which nobody ever asks for.
    forecast = Cost(0.1, 0.05 * 1e6 / 12, 30.0, store_s=STORE_S, forecast_s=0.05)
    assert forecast.member_s() == pytest.approx(0.05 + 0.03)
    assert forecast.predict_s(12) == forecast.predict_s(1000) == 0.05
