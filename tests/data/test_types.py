"""What a column means: each rule of detection, and overrides."""

from __future__ import annotations

import hashlib
import uuid

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Column, Semantic, _types, detect
from trialbook.errors import OptionError
from trialbook.tables import read_table

ROWS = 200
RNG = np.random.default_rng(0)
WORDS = ["river", "stone", "cloud", "light", "bread", "night", "glass", "horse", "paper", "green"]


def column(values: object, name: str = "x", **overrides: str) -> Column:
    frame = read_table(pd.DataFrame({name: values}))
    return detect(frame, overrides=overrides)[0]


def phrases(count: int, words: int) -> list[str]:
    return [" ".join(RNG.choice(WORDS, words)) for _ in range(count)]


def days(form: str, count: int = ROWS) -> list[str]:
    return pd.Series(pd.date_range("2021-01-01", periods=count)).dt.strftime(form).tolist()


CASES = {
    "fractions": (RNG.normal(size=ROWS), "x", Semantic.NUMERIC),
    "counts": (RNG.integers(0, 5, ROWS), "x", Semantic.NUMERIC),
    "years, one a row": (range(1820, 1820 + ROWS), "year", Semantic.NUMERIC),
    "all different, in no order": (RNG.permutation(ROWS) * 7, "x", Semantic.NUMERIC),
    "minus one and one": (RNG.choice([-1, 1], ROWS), "x", Semantic.NUMERIC),
    "zero and one": (RNG.choice([0, 1], ROWS), "x", Semantic.BOOLEAN),
    "true and false": (RNG.choice([True, False], ROWS), "x", Semantic.BOOLEAN),
    "few levels": (RNG.choice(["a", "b"], ROWS), "x", Semantic.CATEGORICAL),
    "many codes that repeat": (
        [f"A{i}" for i in RNG.integers(0, ROWS, ROWS)],
        "x",
        Semantic.CATEGORICAL,
    ),
    "few long levels": (
        RNG.choice(["some college, no degree", "a degree of some kind"], ROWS),
        "x",
        Semantic.CATEGORICAL,
    ),
    "phrases": (phrases(ROWS, 8), "x", Semantic.TEXT),
    "names of people": (
        [f"{a} {b}" for a, b in zip(days("%B%d"), days("%j"))],
        "x",
        Semantic.TEXT,
    ),
    "very long tokens": (["x" * 200 + str(i) for i in range(ROWS)], "x", Semantic.TEXT),
    "row numbers": (range(1, ROWS + 1), "x", Semantic.IDENTIFIER),
    "row numbers, downwards": (range(ROWS, 0, -1), "x", Semantic.IDENTIFIER),
    "sampled row numbers": (
        np.sort(RNG.choice(int(ROWS * 1.3), ROWS, replace=False)),
        "x",
        Semantic.IDENTIFIER,
    ),
    "named an identifier": (RNG.permutation(ROWS) * 7, "customer_id", Semantic.IDENTIFIER),
    "named in camel case": (RNG.permutation(ROWS) * 7, "PassengerId", Semantic.IDENTIFIER),
    "named alike": (RNG.permutation(ROWS) * 7, "bid", Semantic.NUMERIC),
    "identifiers that repeat": (RNG.integers(0, 9, ROWS), "store_id", Semantic.NUMERIC),
    "UUIDs": ([str(uuid.UUID(int=i * 7919)) for i in range(ROWS)], "x", Semantic.IDENTIFIER),
    "hashes": (
        [hashlib.sha256(bytes([i])).hexdigest() for i in range(ROWS)],
        "x",
        Semantic.IDENTIFIER,
    ),
    "times": (pd.date_range("2024-01-01", periods=ROWS, freq="h"), "x", Semantic.DATETIME),
    "one value": ([7] * ROWS, "x", Semantic.CONSTANT),
    "nothing": ([None] * ROWS, "x", Semantic.CONSTANT),
    "lists": ([[1]] * ROWS, "x", Semantic.UNSUPPORTED),
    "one value or nothing": ([7, None] * (ROWS // 2), "x", Semantic.NUMERIC),
}


@pytest.mark.parametrize("case", CASES)
def test_the_meaning_is_detected_and_the_evidence_kept(case: str) -> None:
    values, name, expected = CASES[case]
    found = column(values, name)
    assert found.semantic is expected
    assert found.evidence
    dropped = {Semantic.IDENTIFIER, Semantic.CONSTANT, Semantic.UNSUPPORTED}
    assert found.used == (expected not in dropped)


def test_few_rows_prove_no_identifier() -> None:
    assert column(range(10)).semantic is Semantic.NUMERIC
    assert column([f"k{i}" for i in range(10)]).semantic is Semantic.CATEGORICAL


def test_missing_and_distinct_are_counted() -> None:
    found = column(["a", None, "a", "b"])
    assert (found.missing, found.distinct) == (1, 2)


def test_an_empty_column_says_so() -> None:
    assert column([None, None]).dropped == "all missing"


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y",
        "%d-%b-%Y",
        "%d %B %Y",
        "%b %d, %Y",
        "%d/%m/%y",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%Y-%m-%dT%H:%M:%S%z",
        "%a, %d %b %Y %H:%M:%S %z",
    ],
)
def test_dates_in_text_are_told_by_their_format(form: str) -> None:
    times = pd.Series(pd.date_range("2021-01-05", periods=ROWS, freq="31h", tz="UTC"))
    found = column(times.dt.strftime(form).tolist())
    assert found.semantic is Semantic.DATETIME
    assert found.storage == "string"
    assert found.datetime_format == form


def test_the_order_of_day_and_month_is_settled_by_evidence() -> None:
    early = [f"{month:02}/{day:02}/2024" for month in range(1, 13) for day in range(1, 13)]
    assert column(early).datetime_format == "%m/%d/%Y"
    assert column([*early * 20, "25/12/2024"]).datetime_format == "%d/%m/%Y"
    assert column([*early * 20, "12/25/2024"]).datetime_format == "%m/%d/%Y"


def test_a_few_broken_dates_are_forgiven_and_many_are_not() -> None:
    good = days("%Y-%m-%d")
    assert column([*good, "2021-13-77"]).semantic is Semantic.DATETIME
    assert column([*good, *(f"2021-13-{i}" for i in range(100))]).semantic is not Semantic.DATETIME


def test_iso_dates_of_several_precisions_are_dates() -> None:
    mixed = days("%Y-%m-%d", 50) + days("%Y-%m-%dT%H:%M:%S.%f", 50)
    assert column(mixed).datetime_format == "ISO8601"


@pytest.mark.parametrize("values", [["10:30", "11:45"], ["1-2", "3-4"], ["v 1.2", "v 1.3"]])
def test_what_only_looks_like_a_date_is_none(values: list[str]) -> None:
    assert column(values * 50).semantic is Semantic.CATEGORICAL


# -- copies ----------------------------------------------------------------------------------


def test_copies_are_found_whatever_their_storage_width() -> None:
    a = RNG.normal(size=ROWS).round()
    s = RNG.choice(["x", "y", "z"], ROWS)
    frame = read_table(pd.DataFrame({"a": a, "b": a.astype(int), "s": s, "t": s, "c": -a}))
    found = {c.name: c for c in detect(frame, overrides={})}
    assert found["b"].semantic is Semantic.DUPLICATE
    assert found["b"].dropped == "copy of 'a'"
    assert found["t"].dropped == "copy of 's'"
    assert found["a"].used
    assert found["c"].used


def test_columns_that_differ_in_missing_cells_are_no_copies() -> None:
    frame = read_table(pd.DataFrame({"a": ["x", "y", "x"], "b": ["x", "y", None]}))
    assert all(c.used for c in detect(frame, overrides={}))


def test_copies_are_found_among_all_different_values_too() -> None:
    a = np.append(RNG.normal(size=ROWS), 0.0)
    k = [f"{i} and so on, word for word" for i in range(ROWS + 1)]
    when = pd.Series(pd.date_range("2024-01-01", periods=ROWS + 1, freq="h"))
    truth = pd.Series([True, None, *RNG.choice([True, False], ROWS - 1)], dtype=object)
    minus = np.where(a == 0, -0.0, a)
    columns = {"a": a, "k": k, "when": when, "truth": truth, "after": a + 1}
    copies = {"a2": minus, "k2": list(k), "when2": when.copy(), "truth2": truth.copy()}
    found = detect(read_table(pd.DataFrame(columns | copies)), overrides={})
    dropped = {c.name: c.dropped for c in found if not c.used}
    assert dropped == {f"{name}2": f"copy of '{name}'" for name in ("a", "k", "when", "truth")}


@pytest.mark.parametrize("kind", ["continuous", "few values", "text"])
def test_few_columns_are_compared_among_thousands(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1000
    values: np.ndarray = RNG.normal(size=(50, count))
    if kind == "few values":
        values = RNG.integers(0, 3, (50, count))
    elif kind == "text":
        values = values.astype(str) + " word word word"
    frame = read_table(pd.DataFrame(values, columns=[f"w{i}" for i in range(count)]))
    frame["copy"] = frame["w7"]
    comparisons = []
    same = _types._same

    def counted(one: _types._Facts, other: _types._Facts) -> bool:
        comparisons.append((one.name, other.name))
        return same(one, other)

    monkeypatch.setattr(_types, "_same", counted)
    found = detect(frame, overrides={})
    assert found[-1].dropped == "copy of 'w7'"
    assert comparisons == [("copy", "w7")]


def test_a_copy_of_an_ignored_column_is_a_feature() -> None:
    frame = read_table(pd.DataFrame({"a": [1.5, 2.5, 1.5], "b": [1.5, 2.5, 1.5]}))
    ignored, kept = detect(frame, overrides={"a": "ignore"})
    assert ignored.dropped == "ignored by request"
    assert kept.used


# -- overrides -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "asked", "semantic", "storage"),
    [
        (range(ROWS), "numeric", Semantic.NUMERIC, "number"),
        (range(ROWS), "Categorical", Semantic.CATEGORICAL, "number"),
        ([3] * ROWS, "numeric", Semantic.NUMERIC, "number"),
        (["007", "?", "8"], "numeric", Semantic.NUMERIC, "number"),
        (phrases(ROWS, 8), "category", Semantic.CATEGORICAL, "string"),
        (RNG.choice(["a", "b"], ROWS), "text", Semantic.TEXT, "string"),
        ([0, 1, 1], "boolean", Semantic.BOOLEAN, "number"),
        (["2024-01-01", "2024-01-02", "soon"], "datetime", Semantic.DATETIME, "string"),
    ],
)
def test_an_override_makes_the_column_a_feature(
    values: object, asked: str, semantic: Semantic, storage: str
) -> None:
    found = column(values, x=asked)
    assert (found.semantic, found.storage, found.used) == (semantic, storage, True)


def test_an_override_drops_a_column() -> None:
    assert column(["a", "b"], x="ignore").dropped == "ignored by request"
    assert column(["a", "b"], x="identifier").dropped == "identifier"


@pytest.mark.parametrize(
    ("values", "asked", "message"),
    [
        (["a", "1"], "numeric", "it holds 'a'"),
        ([1, 2, 3], "boolean", "not only 0 and 1"),
        ([1, 2, 3], "datetime", "it holds numbers"),
        (["a", "b"], "datetime", "no date format fits 'a'"),
        ([1, 2], "text", "not text"),
        ([None, None], "numeric", "every cell is missing"),
        ([[1], [2]], "text", "lists or objects"),
        (pd.date_range("2024", periods=3), "numeric", "it holds times"),
        (pd.date_range("2024", periods=3), "categorical", "it holds times"),
        ([1, 2], "numerc", "Did you mean 'numeric'?"),
    ],
)
def test_an_override_that_cannot_be_is_refused(values: object, asked: str, message: str) -> None:
    with pytest.raises(OptionError, match="option types") as caught:
        column(values, x=asked)
    assert message in str(caught.value)


def test_an_override_of_an_unknown_column_is_refused() -> None:
    frame = read_table(pd.DataFrame({"age": [1, 2], "job": ["a", "b"]}))
    with pytest.raises(OptionError, match="Did you mean 'age'"):
        detect(frame, overrides={"agee": "numeric"})


# -- other vocabularies ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "semantic"),
    [
        ("Numeric", Semantic.NUMERIC),
        ("Categorical", Semantic.CATEGORICAL),
        ("CategoricalHash", Semantic.CATEGORICAL),
        ("categorical_hash", Semantic.CATEGORICAL),
        ("NATIVE", Semantic.NUMERIC),
        ("Hashes", Semantic.IDENTIFIER),
    ],
)
def test_types_are_read_in_any_spelling(asked: str, semantic: Semantic) -> None:
    assert column(range(ROWS), x=asked).semantic is semantic
    assert column(days("%d.%m.%Y"), x="DateTime").semantic is Semantic.DATETIME


def test_native_is_how_a_column_is_stored() -> None:
    assert column(days("%Y-%m-%d"), x="native").semantic is Semantic.CATEGORICAL
    assert column(phrases(ROWS, 5), x="native").semantic is Semantic.CATEGORICAL
    assert column([1, 0] * 50, x="native").semantic is Semantic.NUMERIC
    assert column([True, False] * 50, x="native").semantic is Semantic.BOOLEAN
    assert column(["a"] * ROWS, x="native").dropped == "constant"
    assert column([None, 1.0] * 50, x="native").used


def test_what_a_table_says_of_its_columns_comes_after_what_a_person_says() -> None:
    frame = read_table(pd.DataFrame({"a": range(ROWS), "b": range(ROWS), "c": range(ROWS)}))
    said = {"a": "categorical", "b": "categorical", "c": "datetime", "gone": "text"}
    a, b, c = detect(frame, overrides={"b": "numeric"}, annotations=said)
    assert (a.semantic, a.evidence) == (Semantic.CATEGORICAL, "type annotated in the table")
    assert (b.semantic, b.evidence) == (Semantic.NUMERIC, "type given by request")
    assert c.semantic is Semantic.IDENTIFIER  # whole numbers are no dates, whatever is said


def test_text_without_spaces_is_told_by_its_characters() -> None:
    characters = list("我喜欢这家餐厅服务太慢了不好吃价格便宜环境")
    said = ["".join(RNG.choice(characters, 14)) for _ in range(ROWS)]
    frame = pd.DataFrame({"x": said, "city": RNG.choice(["北京", "上海"], ROWS)})
    kinds = {
        spaceless: [one.semantic for one in detect(frame, overrides={}, spaceless=spaceless)]
        for spaceless in (False, True)
    }
    assert kinds[False] == [Semantic.IDENTIFIER, Semantic.CATEGORICAL]
    assert kinds[True] == [Semantic.TEXT, Semantic.CATEGORICAL]
