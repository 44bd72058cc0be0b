"""Guardrails: each check passes, fixes or alerts, and says what it found."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd

from trialbook.data import Guardrail, concerned, prepare
from trialbook.data._guardrails import row_numbers
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
        "Identifiers",
        "High cardinality",
        "Missing values",
        "Class balance",
        "Rare classes",
    ):
        assert found[name].verdict == "passed", name
    assert found["Validation split"].verdict == "fixed"
    assert "Target leak" not in found


def test_missing_values_are_fixed_and_the_worst_named() -> None:
    values = np.where(RNG.random(N) < 0.7, np.nan, RNG.normal(size=N))
    check = checks(z=values)["Missing values"]
    assert check.verdict == "fixed"
    assert check.columns == ("z",)
    assert "more than half empty" in check.finding


def test_identifiers_and_large_categories_are_handled() -> None:
    codes = [f"c{i}" for i in RNG.integers(0, 300, N)]
    found = checks(key=[f"k{i:05}" for i in range(N)], code=codes)
    for name, column in (("Identifiers", "key"), ("High cardinality", "code")):
        assert (found[name].verdict, found[name].columns) == ("fixed", (column,))


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
    assert check.rows == (8,)


def test_a_regression_has_no_class_checks() -> None:
    assert "Class balance" not in checks(RNG.normal(size=N))


def test_rows_are_those_of_the_table_whatever_was_left_out() -> None:
    y = np.where(np.arange(N) % 2, "a", "b").astype(object)
    y[[0, 1, 5]] = None
    y[[7, 300, 301]] = "c"
    found = checks(y)
    assert found["Missing target values"].rows == (1, 2, 6)
    assert found["Rare classes"].rows == (8, 301, 302)


def test_twenty_rows_are_named_at_most() -> None:
    assert row_numbers(np.arange(100, 0, -1)) == tuple(range(2, 22))
    assert row_numbers(np.array([-1, 4])) == (5,)


def test_rows_for_people() -> None:
    assert concerned(Guardrail("a", "passed", "", "")) == ""
    assert concerned(Guardrail("a", "alerted", "", "", rows=(3,))) == "row 3"
    assert concerned(Guardrail("a", "alerted", "", "", rows=(3, 17, 1204, 9, 10, 11)), 3) == (
        "rows 3, 17, 1,204 …"
    )


def test_guardrails_from_before_there_were_rows_are_read() -> None:
    kept = {"name": "a", "verdict": "passed", "finding": "", "action": "", "columns": ["x"]}
    assert Guardrail.from_dict(kept) == Guardrail("a", "passed", "", "", ("x",), ())
    whole = Guardrail("a", "alerted", "f", "d", ("x",), (1, 2))
    assert Guardrail.from_dict(json.loads(json.dumps(asdict(whole)))) == whole
