"""Comparisons count failures, merge presets of one peer, and leave out what is incomplete."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import summary


@pytest.fixture
def comparison(table, peers):
    return summary.compare(summary.impute(table), peers)


def test_a_failed_run_counts_as_the_constant_predictor(comparison):
    assert comparison.grid.at["prices", "other"] == -10
    failed = comparison.rows[comparison.rows["imputed"]]
    assert failed[["framework", "task"]].to_numpy().tolist() == [["other", "prices"]]


def test_without_the_constant_predictor_a_failure_leaves_a_gap(table, peers):
    rest = table[table["framework"] != "constant"]
    comparison = summary.compare(summary.impute(rest), peers)
    assert comparison.missing == {"prices": ["other"]}
    assert list(comparison.peers.index) == ["churn", "letters"]


def test_a_set_that_someone_lacks_is_left_out_and_named(table, peers):
    rest = table[(table["framework"] != "other") | (table["task"] != "churn")]
    comparison = summary.compare(summary.impute(rest), peers)
    assert comparison.missing == {"churn": ["other"]}
    assert list(comparison.peers.index) == ["letters", "prices"]


def test_presets_of_one_peer_count_as_the_better_of_them(comparison):
    best = comparison.peers["Rival (best of both)"]
    assert best.to_dict() == {"churn": 0.88, "letters": -0.4, "prices": -4.0}
    assert "rival_small" not in comparison.peers


def test_a_peer_that_lacks_an_entry_is_marked_as_incomplete(table, peers):
    rest = summary.impute(table[table["framework"] != "rival_small"])
    names = summary.compare(rest, peers).peers.columns
    assert "Rival (incomplete: rival_large only)" in names
    assert summary.peer_name("Rival", ["a", "b"], 3) == "Rival (incomplete: a, b only)"
    assert summary.peer_name("Rival", ["a", "b", "c"], 3) == "Rival (best of 3)"


def test_seeds_are_averaged(table, peers, row):
    again = table[table["task"] == "churn"].assign(seed="1")
    again.loc[again["framework"] == "trialbook", "result"] = 0.8
    comparison = summary.compare(summary.impute(pd.concat([table, again])), peers)
    assert comparison.grid.at["churn", "trialbook"] == pytest.approx(0.85)
    assert comparison.unpaired == {}


def test_seeds_that_someone_lacks_are_not_compared(table, peers, row):
    more = [row(name, "churn", 0.1, seed="1") for name in peers if name != "other"]
    rows = summary.impute(pd.concat([table, pd.DataFrame(more)], ignore_index=True))
    comparison = summary.compare(rows, peers)
    assert comparison.grid.at["churn", "trialbook"] == 0.9
    assert comparison.unpaired == {"churn": {"1": ["other"]}}
    assert list(comparison.peers.index) == ["churn", "letters", "prices"]


def test_a_set_without_a_seed_that_all_have_is_left_out(table, peers):
    table.loc[(table["framework"] == "other") & (table["task"] == "churn"), "seed"] = "1"
    comparison = summary.compare(summary.impute(table), peers)
    assert comparison.missing == {"churn": []}
    assert comparison.unpaired["churn"]["0"] == ["other"]
    assert list(comparison.peers.index) == ["letters", "prices"]


def test_a_failed_seed_without_the_constant_predictor_leaves_a_gap(table, peers, row):
    rest = table[table["framework"] != "constant"]
    again = rest[rest["task"] == "churn"].assign(seed="1")
    again.loc[again["framework"] == "other", "result"] = np.nan
    comparison = summary.compare(summary.impute(pd.concat([rest, again])), peers)
    assert comparison.missing == {"churn": ["other"], "prices": ["other"]}


def test_without_any_seed_in_common_there_is_an_empty_comparison(table, peers):
    table["seed"] = table["framework"]
    comparison = summary.compare(summary.impute(table), peers)
    assert comparison.peers.empty
    assert comparison.grid.shape == (3, 6)
    assert comparison.missing == {"churn": [], "letters": [], "prices": []}


def test_wins_ties_and_losses(comparison):
    rates = summary.win_rates(comparison.peers)
    assert rates.loc["Rival (best of both)"].tolist() == [1, 1, 1, 0.5]
    assert rates.loc["Other", "rate"] == 1


def test_ranks_share_ties(comparison):
    ranks = summary.mean_ranks(comparison.peers)
    assert ranks["trialbook"] == pytest.approx((1 + 2 + 1.5) / 3)
    assert ranks.index[-1] == "constant"


def test_error_ratios_compare_errors_of_all_metrics(comparison):
    ratios = summary.error_ratios(comparison.errors)
    assert ratios["best peer"].to_dict() == pytest.approx(
        {"churn": 0.1 / 0.12, "letters": 0.5 / 0.4, "prices": 1.0}
    )
    mean = summary.geometric_means(ratios)["best peer"]
    assert mean == pytest.approx((0.1 / 0.12 * 0.5 / 0.4) ** (1 / 3))


def test_a_perfect_score_does_not_make_a_ratio_endless():
    grid = pd.DataFrame(
        {"constant": [0.5], "trialbook": [0.9999], "other": [1.0]}, index=["churn"]
    )
    errors = summary.bounded_errors(grid, pd.Series({"churn": "auc"}))
    assert summary.error_ratios(errors).at["churn", "other"] == 1


def test_scaled_scores_go_from_the_forest_to_the_best(comparison):
    scaled = summary.scaled_scores(comparison.peers)
    assert (scaled["random_forest"] == 0).all()
    assert (scaled.max(axis=1) == 1).all()
    assert scaled["constant"].min() == summary.LOWEST_SCALED


def test_where_the_forest_is_best_the_constant_predictor_is_zero():
    grid = pd.DataFrame({"constant": [0.5], "random_forest": [0.9], "trialbook": [0.7]})
    assert summary.scaled_scores(grid).iloc[0].tolist() == pytest.approx([0, 1, 0.5])


def test_where_nobody_beats_the_constant_predictor_there_is_no_scale():
    grid = pd.DataFrame({"constant": [0.5], "random_forest": [0.5], "trialbook": [0.4]})
    assert summary.scaled_scores(grid).isna().all(axis=None)


def test_overruns_count_runs_that_were_ended(table):
    table.loc[table["framework"] == "rival_large", "training_duration"] = [66.0, 50.0, 59.0]
    ended = (table["framework"] == "other") & (table["task"] == "prices")
    table.loc[ended, "training_duration"] = np.nan
    table.loc[ended, "duration"] = 240.0
    over = summary.overruns(table)
    assert over.loc["rival_large"].tolist() == pytest.approx([3, 1 / 3, 1.1])
    assert over.at["other", "longest"] == pytest.approx(4)
    assert over.at["trialbook", "over"] == 0


def test_costs_are_medians_and_failures_are_counted(comparison):
    costs = summary.costs(comparison)
    assert costs.at["trialbook", "single_row_ms"] == 3
    assert costs.at["other", "failed"] == 1


def test_medians_of_times_are_over_the_sets_that_all_have(table, peers):
    rest = table[(table["framework"] != "other") | (table["task"] != "letters")].copy()
    mine = rest["framework"] == "trialbook"
    rest.loc[mine, "training_duration"] = [10.0, 99.0, 20.0]
    rest.loc[mine & (rest["task"] == "letters"), "peak_memory_mb"] = 9000.0
    costs = summary.costs(summary.compare(summary.impute(rest), peers))
    assert costs.at["trialbook", "training_s"] == 15
    assert costs.at["trialbook", "memory_max_mb"] == 800
    assert costs.at["other", "failed"] == 1
