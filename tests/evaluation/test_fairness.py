"""How a model treats groups: fairlearn's figures, with what chance would give."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
)

from trialbook.errors import DataError, OptionError
from trialbook.evaluation.fairness import fairness


def people(n=2000, seed=0, gap=0.3):
    """A sensitive column, true classes, and predictions that favour one group."""
    rng = np.random.default_rng(seed)
    sex = pd.Series(rng.choice(["f", "m"], n), name="sex", dtype=object)
    y = rng.integers(0, 2, n)
    chosen = rng.random(n) < np.where(sex == "m", 0.3 + gap, 0.3) + 0.2 * y
    return sex, y, np.column_stack([~chosen, chosen]).astype(float)


def judged(sex, y, prediction, **options):
    return fairness([sex], y, prediction, classes=("no", "yes"), positive=1, **options)


def test_the_criteria_are_those_of_fairlearn():
    sex, y, prediction = people()
    found = judged(sex, y, prediction)
    theirs = {"y_true": y, "y_pred": prediction.argmax(axis=1), "sensitive_features": sex}
    assert found.criteria == pytest.approx(
        {
            "demographic_parity_difference": demographic_parity_difference(**theirs),
            "demographic_parity_ratio": demographic_parity_ratio(**theirs),
            "equalized_odds_difference": equalized_odds_difference(**theirs),
        }
    )
    assert found.positive == "yes"


def test_a_gap_is_told_from_chance():
    table = judged(*people()).differences.set_index("measure")
    rate = table.loc["selection rate"]
    assert (rate["lowest"], rate["highest"]) == ("f", "m")
    assert rate["low"] < 0.3 < rate["high"]
    assert rate["differs"]
    assert rate["by_chance"] == pytest.approx(1.96 * np.sqrt(4 * 0.25 / 2000), rel=0.1)


def test_without_a_gap_chance_explains_most_differences():
    told = [judged(*people(seed=seed, gap=0)).rates[1].differs for seed in range(20)]
    assert sum(told) <= 4


def test_groups_of_other_base_rates_may_have_rates_alike():
    claimed = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        sex = pd.Series(np.repeat(["f", "m"], 1000), name="sex", dtype=object)
        y = (rng.random(2000) < np.where(sex == "f", 0.5, 0.02)).astype(int)
        told = rng.random(2000) < np.where(y, 0.7, 0.2)
        found = judged(sex, y, np.column_stack([~told, told]).astype(float))
        claimed += next(one for one in found.rates if one.name == "true positive rate").differs
    assert claimed <= 3


def test_a_group_of_larger_errors_is_not_biased_by_chance():
    claimed = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        sex = pd.Series(np.repeat(["f", "m"], [2000, 50]), name="sex", dtype=object)
        truth = rng.normal(0, np.where(sex == "f", 1, 5))
        found = fairness([sex], truth, np.zeros(2050))
        table = found.differences.set_index("measure")
        claimed += table.loc["mean error", "differs"]
        assert table.loc["mean absolute error", "differs"]
    assert claimed <= 3


def test_intervals_hold_the_rate_of_each_group():
    found = judged(*people(20_000))
    rate = next(one for one in found.rates if one.name == "true positive rate")
    rows = zip(found.groups, rate.values, rate.low, rate.high, strict=True)
    for group, value, low, high in rows:
        true = {"f": 0.5, "m": 0.8}[group]
        assert low < value < high
        assert low - 0.01 < true < high + 0.01
        assert high - low == pytest.approx(2 * 1.96 * np.sqrt(true * (1 - true) / 5000), rel=0.15)


def test_a_small_group_is_shown_and_not_compared():
    sex, y, prediction = people()
    sex[:12] = "x"
    sex[12:20] = np.nan
    prediction[:20] = [0, 1]
    found = judged(sex, y, prediction)
    assert found.groups[2:] == ("x", "missing")
    assert found.small == ("x", "missing")
    assert found.table["small"].tolist() == [False, False, True, True]
    assert all(rate.highest in ("f", "m") for rate in found.rates)


def test_a_group_without_positives_has_no_true_positive_rate():
    sex, y, prediction = people()
    sex[:40], y[:40] = "x", 0
    found = judged(sex, y, prediction)
    rate = next(one for one in found.rates if one.name == "true positive rate")
    assert np.isnan(rate.values[found.groups.index("x")])
    assert {rate.lowest, rate.highest} == {"f", "m"}


def test_of_several_classes_each_has_its_rates():
    rng = np.random.default_rng(0)
    sex, y, _ = people(3000)
    y = rng.integers(0, 3, 3000)
    prediction = np.eye(3)[np.where(rng.random(3000) < 0.6, y, 2)]
    worse = (sex == "f").to_numpy()
    prediction[worse] = np.eye(3)[np.where(rng.random(worse.sum()) < 0.5, 0, y[worse])]
    found = fairness([sex], y, prediction, classes=("a", "b", "c"))
    table = found.differences.set_index("measure")
    assert len(table) == 1 + 3 * 3
    assert table.loc["selection rate of c", "highest"] == "m"
    assert table.loc["selection rate of a", "highest"] == "f"
    largest = max(table.loc[f"selection rate of {one}", "difference"] for one in "abc")
    assert found.criteria["demographic_parity_difference"] == pytest.approx(largest)
    assert found.table.loc[0, "accuracy"] == pytest.approx(
        (prediction.argmax(axis=1) == y)[(sex == found.groups[0]).to_numpy()].mean()
    )


@pytest.mark.parametrize("n", [600, 6000])
def test_numbers_are_compared_by_their_means_and_errors(n):
    rng = np.random.default_rng(0)
    age = pd.Series(rng.uniform(20, 80, n), name="age")
    truth = rng.normal(100, 10, n)
    predicted = truth + rng.normal(0, np.where(age > 65, 8, 2), n) + np.where(age > 65, 3, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fairness([age], truth, predicted)
    assert found.groups[0].startswith("up to 3")
    rate = next(one for one in found.rates if one.name == "mean error")
    assert rate.highest == found.groups[-1]
    assert rate.low[-1] < 3 < rate.high[-1]
    assert rate.differs
    truths = next(one for one in found.rates if one.name == "mean truth")
    assert truths.difference < 2 * truths.by_chance
    assert found.criteria["error_ratio"] == pytest.approx(2 / 8, rel=0.3)


def test_two_columns_make_groups_together():
    sex, y, prediction = people()
    old = pd.Series(np.where(np.arange(len(y)) % 3, "old", "young"), name="age", dtype=object)
    found = fairness([sex, old], y, prediction, classes=("no", "yes"), positive=1)
    assert found.by == "sex, age"
    assert set(found.groups) == {
        f"sex {sex}, age {age}" for sex in "fm" for age in ("old", "young")
    }
    assert sum(found.counts) == len(y)


def test_one_group_cannot_be_compared():
    sex, y, prediction = people(200)
    sex[:] = "f"
    with pytest.raises(DataError, match="no two groups of 30 rows"):
        judged(sex, y, prediction)
    with pytest.raises(OptionError, match="one or two columns"):
        fairness([], y, prediction)


def test_without_fairlearn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fairlearn.metrics", None)
    with pytest.raises(OptionError, match=r"trialbook\[fairness\]"):
        judged(*people(200))


def test_a_rate_of_few_rows_is_shown_and_not_compared():
    sex, y, prediction = people()
    sex[:40], y[:40], y[:3] = "x", 0, 1
    prediction[:40] = [0, 1]
    found = judged(sex, y, prediction)
    rate = next(one for one in found.rates if one.name == "true positive rate")
    assert rate.values[found.groups.index("x")] == 1
    assert rate.highest == "m"
    selected = next(one for one in found.rates if one.name == "selection rate")
    assert selected.highest == "x"
    assert found.criteria["demographic_parity_difference"] == selected.difference


def test_a_class_that_is_nowhere_has_no_difference():
    sex, y, prediction = people()
    wide = np.column_stack([prediction, np.zeros(len(y))])
    found = fairness([sex], y, wide, classes=("a", "b", "c"))
    rate = next(one for one in found.rates if one.name == "true positive rate of c")
    assert np.isnan(rate.difference)
    assert not rate.differs
    assert rate.lowest == ""
    assert found.criteria["equalized_odds_difference"] > 0.2
