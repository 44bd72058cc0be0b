"""Rows in groups whose names people can read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.evaluation._groups import between, crossed, groups_of


def of(values, **options):
    found = groups_of(pd.Series(values, name="x"), **options)
    return dict(zip(found.labels, found.counts.tolist(), strict=True))


def test_a_scale_is_cut_into_parts_of_equal_size():
    found = of(np.arange(1.0, 101.0))
    assert found == {"up to 25": 25, "25 to 50": 25, "50 to 75": 25, "above 75": 25}


def test_few_numbers_are_groups_of_their_own_and_missing_cells_come_last():
    assert of([1.0, 2.0, 2.0, np.nan]) == {"1": 1, "2": 2, "missing": 1}


def test_frequent_texts_stand_alone():
    values = np.array(["a"] * 5 + ["b"] * 3 + ["c", "d", "e"], dtype=object)
    assert of(values, most=3) == {"a": 5, "b": 3, "others": 3}
    assert of(values, most=5) == {"a": 5, "b": 3, "c": 1, "d": 1, "e": 1}
    assert of(values, most=5, least=4) == {"a": 5, "others": 6}


def test_dates_are_cut_at_days():
    found = of(pd.date_range("2024-01-01 06:00", periods=100, freq="D"), parts=2)
    assert found == {"up to 2024-02-20": 50, "above 2024-02-20": 50}


def test_a_skewed_scale_has_fewer_parts():
    found = of([0.0] * 90 + list(range(1, 11)))
    assert sum(found.values()) == 100
    assert found["up to 0"] == 90


def test_two_columns_together_have_the_groups_that_occur():
    one = groups_of(pd.Series(["a", "a", "b"], name="x", dtype=object))
    other = groups_of(pd.Series(["m", "f", "m"], name="y", dtype=object))
    both = crossed(one, other)
    assert both.column == "x, y"
    assert {both.labels[code] for code in both.codes} == {"x a, y m", "x a, y f", "x b, y m"}


@pytest.mark.parametrize("low,high", [(0.1, 0.11), (59, 61), (-3.2, -3.1), (1e9, 1e9 + 1), (0, 1)])
def test_a_cut_is_short_and_between(low, high):
    cut = between(low, high)
    assert low <= cut < high
    assert len(f"{cut:g}") <= max(len(f"{low:g}"), len(f"{high:g}")) + 2
