"""Figures of one column, exact on tables that can be counted by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from trialbook.profiling import _describe as describe


def numbers(values, rows=None):
    values = np.asarray(values, dtype=float)
    return describe.numbers(values, np.arange(len(values)) if rows is None else np.asarray(rows))


def test_the_figures_of_numbers_are_exact():
    found = numbers([0, 1, 2, 3, 4, np.nan, -1])
    assert (found.min, found.max, found.mean) == (-1, 4, 1.5)
    assert found.std == pytest.approx(math.sqrt(3.5))
    assert found.skew == pytest.approx(0)
    assert found.quantiles["50%"] == 1.5
    assert list(found.quantiles) == ["1%", "5%", "25%", "50%", "75%", "95%", "99%"]
    assert (found.zeros, found.negatives, found.whole) == (1, 1, True)


def test_numbers_that_are_all_missing_have_no_figures():
    assert numbers([np.nan, np.nan]) is None


def test_of_one_number_nothing_is_made_up():
    found = numbers([7])
    assert (found.min, found.max, found.std, found.skew) == (7, 7, None, None)
    assert found.histogram.counts == (1,)


def test_whole_numbers_have_a_bar_each():
    found = describe.histogram(np.array([1.0, 1, 2, 4]), whole=True)
    assert found.edges == (0.5, 1.5, 2.5, 3.5, 4.5)
    assert found.counts == (2, 1, 0, 1)


def test_a_bar_holds_as_many_whole_numbers_as_the_next():
    found = describe.histogram(np.arange(100.0), whole=True)
    assert set(np.diff(found.edges)) == {4.0}
    assert set(found.counts) == {4}


def test_extreme_values_do_not_squeeze_a_histogram():
    values = np.append(np.linspace(0, 1, 998), [1e6, -1e6])
    found = describe.histogram(values)
    assert found.below >= 1
    assert found.above >= 1
    assert found.edges[0] >= 0
    assert found.edges[-1] <= 1
    assert sum(found.counts) + found.below + found.above == 1000


def test_values_at_the_ends_of_what_can_be_stored_are_no_error():
    found = numbers([-1.7e308, 1.7e308, 0, 1])
    assert found.histogram.counts == ()
    assert found.std is None


def test_outliers_lie_beyond_the_outer_fences_and_come_with_their_rows():
    values = [1.0, 2, 3, 4, 5, 100, -50]
    found = numbers(values, rows=[10, 11, 12, 13, 14, 15, 16]).outliers
    # Quartiles 1.5 and 4.5, so that the fences lie nine below and above.
    assert (found.low, found.high) == (-7.5, 13.5)
    assert found.count == 2
    assert [(cell.row, cell.value) for cell in found.examples] == [(16, 100), (17, -50)]
    assert "Tukey" in found.rule


def test_outliers_are_not_judged_where_half_of_the_values_are_one():
    found = numbers([0, 0, 0, 0, 5]).outliers
    assert (found.low, found.high, found.count) == (None, None, 0)
    assert "not judged" in found.rule


def test_levels_are_counted_most_frequent_first():
    codes, values = pd.factorize(pd.Series(["a", "b", "b", None, "c", "b", "b", "b"]))
    found = describe.levels(codes, np.asarray(values))
    assert [(one.value, one.count) for one in found.top] == [("b", 5), ("a", 1), ("c", 1)]
    assert found.top[0].share == pytest.approx(5 / 7)
    assert (found.other, found.rare, found.rare_cells) == (0, 2, 2)
    assert found.entropy == pytest.approx(-(5 / 7) * math.log2(5 / 7) - 2 / 7 * math.log2(1 / 7))


def test_levels_beyond_the_most_frequent_ones_are_summed():
    codes = np.repeat(np.arange(15), np.arange(20, 5, -1))
    found = describe.levels(codes, np.array([f"level {i}" for i in range(15)]))
    assert len(found.top) == describe.TOP
    assert found.other == sum(range(6, 11))


def test_one_level_has_no_entropy():
    assert describe.levels(np.zeros(3, dtype=int), np.array(["x"])).entropy == 0


def test_texts_are_measured_in_words_and_characters():
    found = describe.texts(pd.Series(["The quick fox", "   ", None, "quick quick thinking"]))
    assert (found.words.min, found.words.median, found.words.max) == (0, 3, 3)
    assert found.characters.max == 20
    assert found.blank == 1
    # A word counts once a text, and words of few letters say little.
    assert [(one.value, one.count) for one in found.top_words] == [("quick", 2), ("thinking", 1)]


def test_examples_of_texts_are_shortened():
    found = describe.texts(pd.Series(["word " * 1000]))
    assert len(found.examples[0]) == describe.EXAMPLE_CHARACTERS
    assert found.examples[0].endswith("…")
