"""How many folds a table gets."""

from __future__ import annotations

import pytest

from trialbook.data._fold_count import LEAST_FOLDS, LEAST_ROWS, count_values, default_folds


@pytest.mark.parametrize(("n_rows", "folds"), [(999, 10), (1_000, 3), (20_000, 3), (20_001, None)])
def test_without_a_deadline_the_rows_decide(n_rows: int, folds: int | None) -> None:
    assert default_folds(n_rows, 1e9, None) == folds


def test_more_time_allows_more_folds() -> None:
    values = count_values(32_000, 14, 2)
    folds = [default_folds(32_000, values, seconds) or 1 for seconds in (15, 40, 60, 600)]
    assert folds == [1, 3, 5, 8]


def test_few_rows_get_ten_folds_and_seldom_a_hold_out() -> None:
    assert default_folds(500, count_values(500, 10, 2), 60) == 10
    assert default_folds(5_000, 50_000, 60) == 8
    # Dear, but a hold-out of so few rows would tell too little.
    assert default_folds(LEAST_ROWS - 1, 3e6, 60) == LEAST_FOLDS
    assert default_folds(LEAST_ROWS, 3e6, 60) is None
    assert default_folds(LEAST_ROWS - 1, 1e9, 60) is None


def test_classes_cost_trees() -> None:
    assert count_values(100, 10, 2) == 1000
    assert count_values(100, 10, 0) == 3000
    assert count_values(100, 10, 30) == pytest.approx(18_000)
