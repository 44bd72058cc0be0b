"""Guardrails: each check has a table that passes it and one that trips it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialbook.data import (
    Guardrail,
    _big,
    _downsample,
    _prepare,
    _read,
    concerned,
    counts,
    prepare,
    ranked,
)
from trialbook.data._guardrails import row_numbers, share
from trialbook.job import Job
from trialbook.tables._sources import open_big

N = 400
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=N)
NUMBER = RNG.normal(size=N)
CLASSES = RNG.choice(["a", "b"], N)
THREE = RNG.choice(["a", "b", "c"], N)
DAYS = pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 300, N), unit="D")


def with_cell(cells: Any, row: int, cell: object) -> pd.Series:
    """The cells as text or objects, another one in a row that counts from 1."""
    column = pd.Series(cells).astype(object)
    column.iloc[row - 1] = cell
    return column


def checks(
    target: object = None, *, test: pd.DataFrame | None = None, job: Any = None, **columns: object
) -> dict[str, Guardrail]:
    frame = pd.DataFrame({"x": NOISE} | columns | {"y": CLASSES if target is None else target})
    asked = {"data": Job.IN_MEMORY, "target": "y", "test": test if test is None else Job.IN_MEMORY}
    prepared = prepare(Job.from_fields(asked | (job or {})), frame=frame, test_frame=test)
    return {check.name: check for check in prepared.guardrails}


def split(**columns: object) -> dict[str, Any]:
    """The first half of a table to train on, and the second as a test table."""
    whole = pd.DataFrame({"x": NOISE} | columns | {"y": CLASSES})
    half = N // 2
    parts: dict[str, Any] = {name: whole[name][:half] for name in whole if name != "y"}
    return parts | {"target": CLASSES[:half], "test": whole[half:].reset_index(drop=True)}


def at_most_five_levels(name: str) -> dict[str, Any]:
    """Parameters of a transformer of categories for a column."""
    return {"one_hot": [{"fields": [name], "parameters": {"max_levels": 5}}]}


FEW_LEVELS = RNG.choice(["u", "v", "w"], N)
COPIED = np.where(np.arange(N) < 40, NOISE[:1], NOISE)
AFTER = np.where(CLASSES == "b", RNG.integers(1, 9, N).astype(float), np.nan)
DATES = DAYS.strftime("%Y-%m-%d")
ONE_ROW_OF_C = with_cell(CLASSES, N, "c").to_numpy()
EVERY_OTHER = np.arange(N) % 2
LAST_THIRD = np.arange(N) * 3 // N

# A check; a table that passes it; one that trips it; the verdict then, and columns and rows that
# it names (``None`` where there are many).
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], str, tuple[str, ...], Any]] = {
    "constants": (
        "Constant and duplicate columns",
        {},
        {"one": 1, "z": NUMBER, "copy": NUMBER},
        "fixed",
        ("one", "copy"),
        (),
    ),
    "identifiers": (
        "Identifiers",
        {},
        {"key": [f"k{i:05}" for i in range(N)]},
        "fixed",
        ("key",),
        (),
    ),
    "high cardinality": (
        "High cardinality",
        {"level": FEW_LEVELS},
        {"code": [f"c{i}" for i in RNG.integers(0, 300, N)]},
        "fixed",
        ("code",),
        (),
    ),
    "missing values": (
        "Missing values",
        {},
        {"z": with_cell(NUMBER, 17, np.nan).astype(float)},
        "fixed",
        ("z",),
        (17,),
    ),
    "a word among numbers": (
        "Mixed types",
        {"level": FEW_LEVELS},
        {"amount": with_cell(NUMBER.round(1).astype(str), 8, "unknown")},
        "alerted",
        ("amount",),
        (8,),
    ),
    "an identifier that is numbers but for a word": (
        "Mixed types",
        {"key": [f"k{i:05}" for i in range(N)]},
        {"amount": with_cell(NUMBER.astype(str), 8, "unknown")},
        "alerted",
        ("amount",),
        (8,),
    ),
    "numbers with a few words": (
        "Mixed types",
        {"level": np.where(NOISE > 0, "1", FEW_LEVELS)},
        {"amount": np.where(np.arange(N) < 3, NUMBER.round(1).astype(str), "n/k")[::-1]},
        "passed",
        (),
        (),
    ),
    "words among dates": (
        "Mixed types",
        {"day": DATES},
        {"day": with_cell(DATES, 5, "next week")},
        "fixed",
        ("day",),
        (5,),
    ),
    "dates among words": (
        "Mixed types",
        {"level": FEW_LEVELS},
        {"day": np.where(np.arange(N) < 320, DATES, [f"in week {i % 40}" for i in range(N)])},
        "alerted",
        ("day",),
        None,
    ),
    "a placeholder for no date": (
        "Dates out of range",
        {"day": DAYS},
        {"day": with_cell(DAYS, 12, pd.Timestamp("1900-01-01"))},
        "alerted",
        ("day",),
        (12,),
    ),
    "the zero of Unix": (
        "Dates out of range",
        {"day": pd.Timestamp("1970-01-01") + pd.to_timedelta(np.arange(N), unit="D")},
        {"day": with_cell(DATES, 12, "1970-01-01")},
        "alerted",
        ("day",),
        (12,),
    ),
    "a date that cannot be stored": (
        "Dates out of range",
        {"day": DATES},
        {"day": with_cell(DATES, 12, "9999-12-31")},
        "alerted",
        ("day",),
        (12,),
    ),
    "a typing error in a year": (
        "Dates out of range",
        {"day": pd.Timestamp("1920-01-01") + pd.to_timedelta(np.arange(N) * 90, unit="D")},
        {"day": with_cell(DAYS, 12, pd.Timestamp("2203-05-01"))},
        "alerted",
        ("day",),
        (12,),
    ),
    "a copy of two classes": (
        "Target leak",
        {"hint": np.where(RNG.random(N) < 0.9, CLASSES, "a")},
        {"told": np.where(CLASSES == "a", 17, 4)},
        "alerted",
        ("told",),
        (),
    ),
    "a copy of three classes with noise": (
        "Target leak",
        {"target": THREE},
        {"target": THREE, "told": np.where(np.arange(N) < 4, "a", THREE)},
        "alerted",
        ("told",),
        (),
    ),
    "a score that ranks the classes": (
        "Target leak",
        {"score": (CLASSES == "b") + 0.5 * NUMBER},
        {"score": (CLASSES == "b") + 0.15 * NUMBER},
        "alerted",
        ("score",),
        (),
    ),
    "a number in another unit": (
        "Target leak",
        {"target": NUMBER, "near": NUMBER + 0.3 * NOISE},
        {"target": NUMBER, "pounds": 2.2 * NUMBER + 0.01 * NOISE},
        "alerted",
        ("pounds",),
        (),
    ),
    "a date that tells a number": (
        "Target leak",
        {"target": NUMBER, "day": DAYS},
        {"target": NUMBER, "day": DAYS[0] + pd.to_timedelta(NUMBER * 100, unit="D")},
        "alerted",
        ("day",),
        (),
    ),
    "a column filled for one class": (
        "After the fact",
        {"told": np.where(RNG.random(N) < 0.5, NUMBER, np.nan)},
        {"told": AFTER},
        "alerted",
        ("told",),
        (),
    ),
    "a column that varies for one class": (
        "After the fact",
        {"told": RNG.integers(0, 9, N)},
        {"told": np.where((CLASSES == "b") & (NOISE > -0.5), RNG.integers(1, 9, N), 0)},
        "alerted",
        ("told",),
        (),
    ),
    "a column filled for one of three classes": (
        "After the fact",
        {"target": THREE},
        {"target": THREE, "told": pd.Series(FEW_LEVELS).where(THREE == "c")},
        "alerted",
        ("told",),
        (),
    ),
    "a column filled for high numbers": (
        "After the fact",
        {"target": NUMBER},
        {"target": NUMBER, "told": np.where(NUMBER > 0, NOISE, np.nan)},
        "alerted",
        ("told",),
        (),
    ),
    "dates after the row's own time": (
        "After the fact",
        {"opened": DAYS, "born": DAYS - pd.Timedelta("9000D"), "job": {"time_column": "opened"}},
        {"opened": DATES, "closed": DAYS + pd.Timedelta("3D"), "job": {"time_column": "opened"}},
        "alerted",
        ("closed",),
        None,
    ),
    "imbalance": (
        "Class balance",
        {"target": np.repeat(["a", "b"], [N - 80, 80])},
        {"target": np.repeat(["a", "b"], [N - 60, 60])},
        "alerted",
        ("y",),
        (),
    ),
    "rare classes": (
        "Rare classes",
        {},
        {"target": np.repeat(["a", "b", "c"], [200, N - 203, 3])},
        "alerted",
        ("y",),
        (398, 399, 400),
    ),
    "outliers of the target": (
        "Target outliers",
        {"target": NUMBER},
        {"target": with_cell(NUMBER, 33, 1e6).astype(float)},
        "alerted",
        ("y",),
        (33,),
    ),
    "outliers whose square is infinite": (
        "Target outliers",
        {"target": NUMBER * 1e200},
        {"target": with_cell(NUMBER, 33, 1e300).astype(float)},
        "alerted",
        ("y",),
        (33,),
    ),
    "a long tail": (
        "Target outliers",
        {"target": NUMBER},
        {"target": np.exp(1.5 * NUMBER)},
        "passed",
        ("y",),
        (),
    ),
    "rows that come twice": (
        "Duplicate rows",
        {},
        {"x": COPIED, "z": COPIED**2, "target": np.where(np.arange(N) < 40, "a", CLASSES)},
        "alerted",
        (),
        tuple(range(2, 22)),
    ),
    "rows that are alike by chance": (
        "Duplicate rows",
        {},
        {"x": RNG.integers(0, 4, N), "z": RNG.integers(0, 9, N)},
        "passed",
        (),
        None,
    ),
    "rows that contradict each other": (
        "Contradictory rows",
        {},
        {"x": COPIED},
        "alerted",
        (),
        tuple(range(1, 21)),
    ),
    "test rows that were trained on": (
        "Training rows in the test rows",
        split(),
        split() | {"test": pd.DataFrame({"x": NOISE[190:390], "y": CLASSES[190:390]})},
        "alerted",
        (),
        tuple(range(1, 11)),
    ),
    "a number that moved": (
        "Drift from training to test rows",
        split(z=NUMBER),
        split(z=NUMBER + (np.arange(N) >= N // 2)),
        "alerted",
        ("z",),
        (),
    ),
    "a date that moved": (
        "Drift from training to test rows",
        split(day=DATES),
        split(day=np.sort(DATES)),
        "alerted",
        ("day",),
        (),
    ),
    "new levels": (
        "Drift from training to test rows",
        split(level=[f"c{i}" for i in RNG.integers(0, 300, N)]),
        split(level=np.where(np.arange(N) < 250, FEW_LEVELS, "new")),
        "alerted",
        ("level",),
        (),
    ),
    "cells that went missing": (
        "Drift from training to test rows",
        split(z=NUMBER),
        split(z=np.where(np.arange(N) % 3 + np.arange(N) // 200 < 3, NUMBER, np.nan)),
        "alerted",
        ("z",),
        (),
    ),
    "missing targets": (
        "Missing target values",
        {},
        {"target": with_cell(CLASSES, 5, None)},
        "fixed",
        ("y",),
        (5,),
    ),
    "missing times": (
        "Missing times",
        {"at": DAYS, "job": {"time_column": "at"}},
        {"at": with_cell(DAYS, 9, pd.NaT), "job": {"time_column": "at"}},
        "alerted",
        ("at",),
        (9,),
    ),
    "times that cannot be kept": (
        "Reading",
        {"end": DAYS},
        {
            "end": np.where(
                np.arange(N) == 6, np.datetime64("9999-12-31", "s"), DAYS.to_numpy("M8[s]")
            )
        },
        "fixed",
        ("end",),
        (7,),
    ),
    "cells that are lists": (
        "Supported values",
        {},
        {"tags": pd.Series([["a", "b"]] * N)},
        "fixed",
        ("tags",),
        (),
    ),
    "a validation that nobody asked for": (
        "Validation split",
        {"job": {"folds": 3}},
        {},
        "fixed",
        (),
        (),
    ),
    "more folds than groups": (
        "Number of folds",
        {"firm": np.arange(N) % 9, "job": {"group_column": "firm", "folds": 5}},
        {"firm": np.arange(N) % 3, "job": {"group_column": "firm", "folds": 5}},
        "alerted",
        (),
        (),
    ),
    "rows that are set aside": (
        "Test rows",
        {},
        {"job": {"test_size": 0.2}},
        "fixed",
        (),
        (),
    ),
    "a task that nobody named": (
        "Task",
        {"job": {"task": "classification"}},
        {},
        "passed",
        ("y",),
        (),
    ),
    "a class that only validates": (
        "Classes in every fold",
        {"fold": LAST_THIRD, "job": {"fold_columns": ["fold"]}},
        {"target": ONE_ROW_OF_C, "fold": LAST_THIRD, "job": {"fold_columns": ["fold"]}},
        "fixed",
        (),
        (),
    ),
    "a fold that validates on nothing else": (
        "Empty folds",
        {"fold": EVERY_OTHER, "job": {"fold_columns": ["fold"]}},
        {
            "target": ONE_ROW_OF_C,
            "fold": np.where(ONE_ROW_OF_C == "c", 2, EVERY_OTHER),
            "job": {"fold_columns": ["fold"]},
        },
        "fixed",
        (),
        (),
    ),
    "a class that only a test table has": (
        "Classes of the test table",
        split(),
        split() | {"test": pd.DataFrame({"x": NOISE[200:], "y": ONE_ROW_OF_C[200:]})},
        "alerted",
        ("y",),
        (200,),
    ),
    "parameters for other columns": (
        "Featurization",
        {"level": FEW_LEVELS, "job": {"transformer_params": at_most_five_levels("level")}},
        {"level": FEW_LEVELS, "job": {"transformer_params": at_most_five_levels("x")}},
        "alerted",
        ("x",),
        (),
    ),
    "an imputer of a column that is left out": (
        "Imputers",
        {},
        {"one": 1.0, "job": {"imputers": {"one": "mean"}}},
        "alerted",
        ("one",),
        (),
    ),
    "a language that is named": (
        "Language of text",
        {},
        {"job": {"language": "de"}},
        "passed",
        (),
        (),
    ),
}
# These are only told where there is something to tell.
UNTOLD = {
    "Classes in every fold",
    "Classes of the test table",
    "Empty folds",
    "Featurization",
    "Imputers",
    "Language of text",
    "Missing target values",
    "Missing times",
    "Number of folds",
    "Reading",
    "Supported values",
    "Task",
    "Test rows",
}


@pytest.mark.parametrize("case", CASES)
def test_a_table_passes_each_check(case: str) -> None:
    name, fine, *_ = CASES[case]
    found = checks(**fine).get(name)
    if name in UNTOLD:
        assert found is None, found
    else:
        assert found is not None
        assert found.verdict == "passed", found
        assert not found.rows


@pytest.mark.parametrize("case", CASES)
def test_a_table_trips_each_check(case: str) -> None:
    name, _, bad, verdict, columns, rows = CASES[case]
    found = checks(**bad)[name]
    assert found.verdict == verdict, found
    assert found.columns == columns, found
    assert rows is None or found.rows == rows, found
    assert found.finding
    assert found.action or verdict == "passed"


@pytest.fixture
def big_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file of 4,000 rows with one in a hundred of a class, and limits that make it big."""
    for module in (_prepare, _read, _big):
        monkeypatch.setattr(module, "BIG_ROWS", 1_000)
    monkeypatch.setattr(_downsample, "LEAST_ROWS", 500)
    n = 4_000
    numbers = {f"x{i}": np.random.default_rng(i).normal(size=n) for i in range(5)}
    path = tmp_path / "big.parquet"
    pd.DataFrame(numbers | {"y": np.where(np.arange(n) % 100, "a", "b")}).to_parquet(path)
    return path


def checks_of(path: Path, *, memory: int | None = None, **fields: Any) -> dict[str, Guardrail]:
    prepared = prepare(Job(data=str(path), target="y", **fields), memory=memory)
    return {check.name: check for check in prepared.guardrails}


def test_a_big_table_passes_the_check_of_sampling_and_one_beyond_memory_trips_it(
    big_table: Path,
) -> None:
    found = checks_of(big_table)["Sampling"]
    assert (found.verdict, found.finding) == ("passed", "all 4,000 rows fit")
    table = open_big(big_table)
    assert table is not None
    room = 1 + int(_big.COPIES * 1_500 * table.row_bytes)
    found = checks_of(big_table, memory=room)["Sampling"]
    assert found.verdict == "fixed"
    assert found.finding.startswith("1,500 of 4,000 training rows are used")
    assert found.action == "drawn at random, the same share of every class"


def test_rows_of_a_far_larger_class_are_all_used_unless_time_is_short(big_table: Path) -> None:
    assert "Class sampling" not in checks_of(big_table, timeout=3_600.0)
    found = checks_of(big_table, timeout=0.1)["Class sampling"]
    assert found.verdict == "fixed"
    assert "have the class 'a', more than 10 times all others" in found.finding
    assert "are kept" in found.action


def test_times_that_cannot_be_kept_are_told() -> None:
    ends = np.where(np.arange(N) == 6, np.datetime64("9999-12-31", "s"), DAYS.to_numpy("M8[s]"))
    found = checks(end=ends)["Reading"]
    assert (found.verdict, found.columns, found.rows) == ("fixed", ("end",), (7,))
    assert found.finding == (
        "1 time such as 9999-12-31 00:00:00, outside of the years 1677 to 2262, in 'end'"
    )
    assert found.action == "counted as missing"


def test_findings_say_what_and_how_much() -> None:
    mostly = np.where(NOISE < 0.5, np.nan, NUMBER)
    assert "more than half empty" in checks(z=mostly)["Missing values"].finding
    found = checks(one=1, z=NUMBER, copy=NUMBER)["Constant and duplicate columns"]
    assert found.finding == "'one' never varies; 'copy' repeats another column"
    found = checks(amount=with_cell(NUMBER.round(1).astype(str), 8, "unknown"))["Mixed types"]
    assert found.finding == "99.8% of 'amount' are numbers, but not 'unknown'"
    rare = np.repeat(["a", "b", "c"], [200, N - 203, 3])
    assert checks(rare)["Rare classes"].finding == "1 class has fewer than 5 rows: 'c'"
    moved = checks(**split(level=np.where(np.arange(N) < 250, FEW_LEVELS, "new")))
    finding = moved["Drift from training to test rows"].finding
    assert finding == "1 of 3 columns moved: 'level' 75% (75% new levels)"


def test_nested_columns_are_dropped() -> None:
    check = checks(tags=[["a"]] * N)["Supported values"]
    assert (check.verdict, check.columns) == ("fixed", ("tags",))


def test_a_regression_has_no_class_checks() -> None:
    found = checks(NUMBER)
    assert not {"Class balance", "Rare classes", "Contradictory rows"} & {*found}


def test_few_rows_prove_no_leak() -> None:
    frame = pd.DataFrame({"x": range(20), "told": ["u", "v"] * 10, "y": ["a", "b"] * 10})
    prepared = prepare(Job(data=Job.IN_MEMORY, target="y"), frame=frame)
    assert {one.name: one.verdict for one in prepared.guardrails}["After the fact"] == "passed"


def test_rows_are_those_of_the_table_whatever_was_left_out() -> None:
    y = np.where(np.arange(N) % 2, "a", "b").astype(object)
    y[[0, 1, 5]] = None
    y[[7, 300, 301]] = "c"
    found = checks(y, z=NUMBER)
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


def test_shares_are_short_and_never_nothing() -> None:
    assert [share(part) for part in (0, 0.0001, 0.014, 0.2)] == ["0%", "<0.1%", "1.4%", "20%"]


def test_what_needs_a_person_comes_first() -> None:
    checks = [Guardrail(verdict, verdict, "", "") for verdict in ("passed", "fixed", "alerted")]  # type: ignore[arg-type]
    assert [one.name for one in ranked(checks)] == ["alerted", "fixed", "passed"]
    assert counts(checks[:2]) == {"alerted": 0, "fixed": 1, "passed": 1}


def test_guardrails_from_before_there_were_rows_are_read() -> None:
    kept = {"name": "a", "verdict": "passed", "finding": "", "action": "", "columns": ["x"]}
    assert Guardrail.from_dict(kept) == Guardrail("a", "passed", "", "", ("x",), ())
    whole = Guardrail("a", "alerted", "f", "d", ("x",), (1, 2))
    assert Guardrail.from_dict(json.loads(json.dumps(asdict(whole)))) == whole
