"""How columns go together: exact where it can be known, and nothing where there is nothing."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trialbook.profiling import _association as association
from trialbook.profiling import _measures as measures


def test_a_copy_of_the_target_explains_nearly_all_of_it_and_a_constant_nothing():
    target = np.tile([0, 1], 500)
    # All of it, but for what chance would give in a thousand rows.
    assert measures.explained(target, target) == pytest.approx(1 - 1 / 2000 / math.log(2))
    assert measures.explained(np.zeros(1000, dtype=int), target) == 0


def test_what_is_unrelated_explains_nothing():
    one, other = np.random.default_rng(0).integers(0, 10, (2, 5000))
    assert measures.explained(one, other) < 0.001


def test_the_share_is_mutual_information_over_entropy():
    codes = np.repeat([0, 0, 1, 1], [400, 100, 100, 400])
    target = np.repeat([0, 1, 0, 1], [400, 100, 100, 400])
    information = 2 * 0.4 * math.log(0.4 / 0.25) + 2 * 0.1 * math.log(0.1 / 0.25)
    expected = (information - 1 / 2000) / math.log(2)
    assert measures.explained(codes, target) == pytest.approx(expected)


def test_dependence_of_any_shape_is_seen():
    x = np.linspace(-1, 1, 2001)
    coded, target = association.coded_numbers("x", x), association.coded_numbers("y", x**2)
    assert measures.explained(coded.codes, target.codes) > 0.5
    assert abs(association.correlation(coded, target)[0]) < 0.01


def test_numbers_fall_into_bins_of_as_many_rows_and_missing_ones_apart():
    coded = association.coded_numbers("x", np.append(np.arange(100.0), [np.nan] * 7))
    assert np.bincount(coded.codes)[0] == 7
    assert set(np.bincount(coded.codes)[1:]) <= {9, 10, 11}


def test_few_numbers_are_levels():
    coded = association.coded_numbers("x", np.array([5.0, 1, 5, np.nan]))
    assert coded.codes.tolist() == [2, 1, 2, 0]


def test_rare_levels_count_as_one():
    codes = np.append(np.repeat(np.arange(25), np.arange(30, 5, -1)), [-1])
    coded = association.coded_levels("c", codes)
    assert coded.codes.max() == association.MOST_LEVELS + 1
    assert coded.codes[-1] == 0


def test_the_rank_correlation_is_that_of_scipy():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 9, 60).astype(float)
    other = one + rng.normal(size=60)
    expected = stats.spearmanr(one, other).statistic
    assert measures.rank_correlation(one, other) == pytest.approx(expected)
    pair = association.coded_numbers("a", one), association.coded_numbers("b", other)
    assert association.correlation(*pair) == (pytest.approx(expected), association.SPEARMAN)


def test_rows_in_which_one_is_missing_do_not_count():
    one = np.append(np.arange(30.0), [np.nan, 1000])
    other = np.append(np.arange(30.0), [5, np.nan])
    pair = association.coded_numbers("a", one), association.coded_numbers("b", other)
    assert association.correlation(*pair)[0] == pytest.approx(1)


def test_few_rows_prove_nothing():
    pair = [association.coded_numbers(name, np.arange(5.0)) for name in "ab"]
    assert association.correlation(*pair) == (None, "")


def test_the_correlation_ratio_is_one_where_groups_tell_the_number():
    codes = np.repeat([0, 1, 2], 20)
    assert measures.correlation_ratio(codes * 10.0, codes) == pytest.approx(1)
    assert measures.correlation_ratio(np.tile(np.arange(20.0), 3), codes) == 0
    assert measures.correlation_ratio(np.ones(60), codes) is None


def test_cramers_v_is_one_where_one_category_tells_the_other():
    codes = np.tile([0, 1, 2], 30)
    assert measures.cramers_v(codes, 2 - codes) == pytest.approx(1)
    assert measures.cramers_v(codes, np.repeat([0, 1, 2], 30)) == 0
    assert measures.cramers_v(codes, np.zeros(90, dtype=int)) is None


def test_two_of_true_and_false_have_a_sign():
    yes = np.tile([0, 1], 20)
    one = association.coded_levels("a", yes, true=1)
    other = association.coded_levels("b", yes, true=0)
    assert association.correlation(one, other)[0] == pytest.approx(-1)


def test_a_category_and_a_number_compare_by_ranks():
    levels = association.coded_levels("c", np.repeat([0, 1], 30))
    numbers = association.coded_numbers("x", np.arange(60.0))
    value, measure = association.correlation(levels, numbers)
    assert measure == association.ETA
    swapped, _ = association.correlation(numbers, levels)
    ranks = pd.Series(np.arange(60.0)).corr(pd.Series(np.repeat([0, 1], 30)))
    assert value == swapped == pytest.approx(ranks, abs=0.01)
