"""Two trials on a core each, or one after another on two."""

from __future__ import annotations

import pytest

from benchmarks.cores import COLUMNS, LEARNERS, line, seconds, table


def test_a_table_has_the_cells_that_are_asked_for():
    X, y = table(4_000)
    assert X.shape == (4_000 / COLUMNS, COLUMNS)
    assert set(y) == {0, 1}


@pytest.mark.parametrize("learner", LEARNERS)
def test_every_learner_trains_with_the_threads_that_it_is_given(learner):
    X, y = table(4_000)
    assert LEARNERS[learner](1).fit(X, y).predict(X).shape == y.shape


def test_processes_are_timed_without_their_start():
    assert 0 < seconds("extra_trees", 2_000, 2, 1, 1) < 60


def test_a_gain_above_one_is_for_a_core_each():
    assert line("xgboost", 3e5, 2.0, 3.0) == "| xgboost | 300,000 | 2.00 s | 3.00 s | 1.50 |"
