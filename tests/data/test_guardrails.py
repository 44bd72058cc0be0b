"""Guardrails: each check passes, fixes or alerts, and says what it found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.data import Guardrail, prepare
from trialbook.job import Job

N = 400
RNG = np.random.default_rng(0)


def checks(target: object = None, **columns: object) -> dict[str, Guardrail]:
    y = RNG.choice(["a", "b"], N) if target is None else target
    frame = pd.DataFrame({"x": RNG.normal(size=N)} | columns | {"y": y})
    prepared = prepare(Job(data=Job.IN_MEMORY, target="y"), frame=frame)
    return {check.name: check for check in prepared.guardrails}


def test_clean_data_pass() -> None:
    found = checks()
    for name in (
        "Task",
        "Constant and duplicate columns",
        "High cardinality",
        "Missing values",
        "Class balance",
    ):
        assert found[name].verdict == "passed", name
    assert found["Validation split"].verdict == "fixed"
    assert "Rare classes" not in found
    assert "Target leak" not in found


def test_missing_values_are_fixed_and_the_worst_named() -> None:
    values = np.where(RNG.random(N) < 0.7, np.nan, RNG.normal(size=N))
    check = checks(z=values)["Missing values"]
    assert check.verdict == "fixed"
    assert check.columns == ("z",)
    assert "more than half empty" in check.finding


def test_identifiers_and_large_categories_are_handled() -> None:
    codes = [f"c{i}" for i in RNG.integers(0, 300, N)]
    check = checks(key=[f"k{i:05}" for i in range(N)], code=codes)["High cardinality"]
    assert check.verdict == "fixed"
    assert check.columns == ("key", "code")


def test_constants_and_copies_are_dropped() -> None:
    z = RNG.normal(size=N)
    check = checks(one=1, z=z, copy=z)["Constant and duplicate columns"]
    assert check.verdict == "fixed"
    assert check.columns == ("one", "copy")
    assert "'one' never varies; 'copy' repeats another column" in check.finding


def test_nested_columns_are_dropped() -> None:
    check = checks(tags=[["a"]] * N)["Supported values"]
    assert (check.verdict, check.columns) == ("fixed", ("tags",))


def test_imbalance_is_alerted_from_one_to_five() -> None:
    below = np.repeat(["a", "b"], [N - 60, 60])
    above = np.repeat(["a", "b"], [N - 80, 80])
    assert checks(below)["Class balance"].verdict == "alerted"
    assert checks(above)["Class balance"].verdict == "passed"


def test_rare_classes_are_alerted() -> None:
    target = np.repeat(["a", "b", "c"], [200, N - 203, 3])
    check = checks(target)["Rare classes"]
    assert check.verdict == "alerted"
    assert "1 class has fewer than 5 rows: 'c'" in check.finding


def test_a_feature_that_tells_the_target_is_alerted() -> None:
    target = RNG.choice(["a", "b"], N)
    check = checks(target, told=np.where(target == "a", 17, 4))["Target leak"]
    assert (check.verdict, check.columns) == ("alerted", ("told",))


def test_numbers_in_text_are_alerted() -> None:
    amounts = RNG.normal(size=N).round(3).astype(str)
    amounts[7] = "unknown"
    check = checks(amount=amounts)["Numbers in text"]
    assert check.verdict == "alerted"
    assert "'unknown'" in check.finding


def test_a_regression_has_no_class_checks() -> None:
    assert "Class balance" not in checks(RNG.normal(size=N))
