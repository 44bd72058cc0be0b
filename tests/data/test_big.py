"""Big tables: rows that are worth reading, and an order whose beginnings are samples."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.data import _big
from trialbook.data._big import (
    BIG_ROWS,
    affordable_rows,
    arrange,
    draw,
    least_rows,
    rounded,
    stratified_order,
    trained_rows,
)
from trialbook.data._splits import NEITHER, TRAINS, VALIDATES, Folds

GIB = 2**30


def chance(seed=0):
    return np.random.default_rng(seed)


def classes(n_rows=1000, rare=3, seed=0):
    """Two frequent classes and one of a few rows."""
    y = chance(seed).choice([0, 1], n_rows, p=[0.7, 0.3])
    y[chance(seed + 1).choice(n_rows, rare, replace=False)] = 2
    return y


# -- how many --------------------------------------------------------------------------------


def test_nothing_limits_the_rows_without_a_limit():
    assert affordable_rows(240, 30, 2, memory=None, deadline_s=None)[0] == np.inf


def test_the_smaller_limit_counts_and_is_named():
    rows, reason = affordable_rows(250, 30, 2, memory=3 * GIB, deadline_s=3600)
    assert rows == 2_100_000
    assert "3.0 GiB" in reason
    rows, reason = affordable_rows(250, 30, 2, memory=300 * GIB, deadline_s=600)
    assert 2_000_000 < rows < 10_000_000
    assert "600 s" in reason


def test_a_short_deadline_still_takes_a_table_that_is_not_big():
    assert affordable_rows(250, 3_000, 50, memory=None, deadline_s=10)[0] == BIG_ROWS


def test_a_few_bytes_more_or_less_change_nothing():
    near = {affordable_rows(250, 30, 2, memory=GIB + more, deadline_s=None)[0] for more in (0, 99)}
    assert near == {710_000}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1_999_999, 1_900_000), (200_000, 200_000), (55, 55), (np.inf, np.inf)],
)
def test_rows_are_rounded_down_to_two_digits(rows, expected):
    assert rounded(rows) == expected


# -- which -----------------------------------------------------------------------------------


def test_every_class_keeps_its_share_and_a_row_at_least():
    y = classes()
    drawn = draw(y, np.zeros(len(y), dtype=bool), 100, chance())
    assert drawn.sum() == 100
    assert set(y[drawn]) == {0, 1, 2}
    assert (y[drawn] == 1).mean() == pytest.approx((y == 1).mean(), abs=0.02)


def test_test_rows_are_drawn_from_those_that_were_cut_off():
    y, test = classes(), np.arange(1000) % 2 == 0
    drawn = draw(y, test, 300, chance())
    assert (drawn & test).sum() == 100
    assert (drawn & ~test).sum() == 200


def test_few_test_rows_are_all_kept():
    y, test = classes(), np.arange(1000) < 20
    drawn = draw(y, test, 300, chance())
    assert drawn[:20].all()
    assert drawn.sum() == 300


def test_the_same_seed_draws_the_same():
    y, test = classes(), np.zeros(1000, dtype=bool)
    assert np.array_equal(draw(y, test, 100, chance()), draw(y, test, 100, chance()))
    assert not np.array_equal(draw(y, test, 100, chance()), draw(y, test, 100, chance(1)))


# -- in which order --------------------------------------------------------------------------


@pytest.mark.parametrize("first", [50, 200, 999])
def test_every_beginning_is_stratified(first):
    y = classes()
    order = stratified_order(y, chance())
    assert sorted(order) == list(range(len(y)))
    assert set(y[order[:3]]) == {0, 1, 2}
    assert (y[order[:first]] == 1).mean() == pytest.approx((y == 1).mean(), abs=1.5 / first + 0.02)


def test_the_order_is_random_within_a_class():
    order = stratified_order(np.zeros(1000, dtype=int), chance())
    assert not np.array_equal(order, np.arange(1000))
    assert abs(order[:500].mean() - 500) < 60


def hold_out(n_rows, n_valid):
    matrix = np.full((n_rows, 1), TRAINS, dtype=np.int8)
    matrix[:: n_rows // n_valid] = VALIDATES
    return Folds(matrix, "hold-out", "some")


def test_rows_that_validate_come_first():
    y = classes()
    order, folds = arrange(hold_out(1000, 100), y, chance())
    assert folds.growable
    assert (folds.matrix[:100] == VALIDATES).all()
    assert (folds.matrix[100:] == TRAINS).all()
    assert np.array_equal(folds.matrix, hold_out(1000, 100).matrix[order])


def test_of_many_rows_that_are_held_out_a_part_validates_and_the_rest_trains(monkeypatch):
    monkeypatch.setattr(_big, "VALIDATION_ROWS", 40)
    y = classes()
    order, folds = arrange(hold_out(1000, 100), y, chance())
    assert (folds.matrix[:40] == VALIDATES).all()
    assert (folds.matrix[40:] == TRAINS).all()
    assert folds.description == "40 rows held out"
    assert [note.name for note in folds.guardrails] == ["Validation rows"]
    assert (y[order][:40] == 1).mean() == pytest.approx((y == 1).mean(), abs=0.05)


def test_rows_that_are_left_out_of_folds_do_not_train_in_their_own(monkeypatch):
    monkeypatch.setattr(_big, "VALIDATION_ROWS", 90)
    fold = np.arange(1000) % 3
    matrix = np.where(fold[:, None] == np.arange(3), VALIDATES, TRAINS).astype(np.int8)
    order, folds = arrange(Folds(matrix, "k-fold", "3 folds"), classes(), chance())
    assert (folds.matrix[:90] == VALIDATES).any(axis=1).all()
    own = folds.matrix[np.arange(1000), fold[order]]
    assert (own[90:] == NEITHER).all()
    assert "of which 90 are scored" in folds.description


def test_a_small_fold_keeps_rows_that_validate(monkeypatch):
    monkeypatch.setattr(_big, "VALIDATION_ROWS", 90)
    matrix = np.full((1000, 2), TRAINS, dtype=np.int8)
    matrix[:3, 0] = VALIDATES
    matrix[3:, 1] = VALIDATES
    for seed in range(20):
        _, folds = arrange(Folds(matrix, "fold column", "2 folds"), classes(), chance(seed))
        assert (folds.matrix == VALIDATES).any(axis=0).all()


@pytest.mark.parametrize("every", [2, 3, 5])
def test_every_other_row_that_validates_is_a_fair_sample(every):
    y = (np.arange(20_000) % 5 == 0).astype(int)  # one of five: a regular order has a period
    order, _ = arrange(hold_out(20_000, 10_000), y, chance())
    assert y[order][:10_000:every].mean() == pytest.approx(0.2, abs=0.03)


def test_rows_that_train_are_counted_from_the_first_on():
    matrix = np.array([[0], [0], [1], [-1], [1]], dtype=np.int8)
    assert trained_rows(matrix).tolist() == [0, 0, 1, 1, 2]


def test_as_many_rows_as_validate_and_train_every_class():
    matrix = np.array([[0], [0], [1], [1], [1], [1]], dtype=np.int8)
    y = np.array([0, 1, 0, 0, 1, 1])
    assert least_rows(matrix, y, classification=True) == 5
    assert least_rows(matrix, y, classification=False) == 3
