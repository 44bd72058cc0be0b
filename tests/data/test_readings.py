"""What a reader interprets is said by a guardrail, and holds for every table that follows."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from trialbook.data import Prepared, Schema, _read, prepare
from trialbook.errors import DataError
from trialbook.job import Job
from trialbook.tables import read_table

N = 60
DAYS = ("2024-01-%02d", "%02d.02.2024", "Mar %d 2024")


def german(rows: int = N) -> str:
    """Numbers with a decimal comma and separators of thousands, dates in three formats."""
    lines = ["price;share;day;y"]
    for i in range(rows):
        price = f"{1 + i % 7}.{100 + i},5" if i % 2 else f"{100 + i}"
        lines.append(f"{price};{i % 9}%;{DAYS[i % 3] % (1 + i % 28)};{'ab'[i // 2 % 2]}")
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("data")
    train, test = (write(folder / name, german()) for name in ("train.csv", "test.csv"))
    return prepare(Job(data=train, target="y", test=test))


@pytest.fixture(scope="module")
def schema(prepared: Prepared) -> Schema:
    return prepared.schema


def predicted(schema: Schema, path: Path, text: str) -> dict[str, list[object]]:
    frame = read_table(write(path, text), text=schema.text)
    return schema.conform(frame).to_dict("list")


def test_guardrails_say_what_was_interpreted(prepared: Prepared) -> None:
    # Once: the test table is read as the training table is.
    found = [one for one in prepared.guardrails if one.name == "Reading"]
    assert [(one.verdict, one.columns) for one in found] == [
        ("fixed", ("price",)),
        ("fixed", ("share",)),
        ("fixed", ("day",)),
    ]
    assert found[0].finding == "numbers are written like 2.101,5 in 'price'"
    assert "3 ways (2024-01-01, 02.02.2024, Mar 3 2024) in 'day'" in found[2].finding


def test_a_guardrail_is_alerted_where_another_reading_was_possible(tmp_path: Path) -> None:
    rows = "".join(f"1,{100 + i % 9}\t{'ab'[i % 2]}\n" for i in range(40))
    data = write(tmp_path / "t.tsv", "x\ty\n" + rows)
    found = prepare(Job(data=data, target="y")).guardrails
    verdicts = [(one.verdict, one.action) for one in found if one.name == "Reading"]
    assert verdicts == [("alerted", "read as 1100; write them plainly (1234.5) if that is wrong")]


def test_a_plain_table_has_no_such_guardrail(tmp_path: Path) -> None:
    rows = "".join(f"{i / 8},{'ab'[i % 2]}\n" for i in range(40))
    found = prepare(Job(data=write(tmp_path / "t.csv", "x,y\n" + rows), target="y")).guardrails
    assert [one for one in found if one.name == "Reading"] == []


def test_training_rows_are_plain(prepared: Prepared) -> None:
    assert prepared.train["price"].iloc[:3].tolist() == [100.0, 2101.5, 102.0]
    assert prepared.train["day"].iloc[:3].tolist() == ["2024-01-01", "2024-02-02", "2024-03-03"]
    assert prepared.test is not None
    pd.testing.assert_frame_equal(prepared.test, prepared.train[prepared.test.columns])


def test_forms_survive_json(schema: Schema) -> None:
    assert schema.forms["price"] == "1.234,5"
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_another_table_is_read_as_training_was(schema: Schema, tmp_path: Path) -> None:
    # Alone, 1.234 is a plain number, and 03/04 a day that nothing tells.
    text = "price;share;day\n1.234;5%;Mar 5 2024\n7;5 %;2024-03-06\n"
    assert predicted(schema, tmp_path / "t.csv", text) == {
        "price": [1234, 7],
        "share": [5, 5],
        "day": ["2024-03-05", "2024-03-06"],
    }


def test_another_table_may_be_plain(schema: Schema, tmp_path: Path) -> None:
    plain = {"price": [1234.5, 7.25], "share": [5, 6], "day": ["2024-03-05", "2024-03-06"]}
    text = pd.DataFrame(plain).to_csv(index=False)
    assert predicted(schema, tmp_path / "t.csv", text) == plain
    assert schema.conform(pd.DataFrame(plain)).to_dict("list") == plain


def test_a_wrong_cell_is_still_refused(schema: Schema, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'price' holds 'much' where a number .* \(row 2\)"):
        predicted(schema, tmp_path / "t.csv", "price;share;day\n1;5%;2024-03-05\nmuch;5%;\n")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,234", "5,678.5"], [1234, 5678.5]),
        (["1,234"], [1234]),
        (["0,5", "1,25"], [0.5, 1.25]),
        (["1'234", "5"], [1234, 5]),
        (["$5", "$1,200"], [5, 1200]),
    ],
)
def test_numbers_that_were_plain_in_training_may_be_written_otherwise(
    cells: list[str], expected: list[float], tmp_path: Path
) -> None:
    rows = "".join(f"{i}.5,{'ab'[i % 2]}\n" for i in range(40))
    schema = prepare(Job(data=write(tmp_path / "t.csv", "x,y\n" + rows), target="y")).schema
    assert schema.conform(pd.DataFrame({"x": cells}))["x"].tolist() == expected
    text = "x\n" + "".join(f'"{cell}"\n' for cell in cells)
    assert predicted(schema, tmp_path / "p.csv", text) == {"x": expected}


def test_dates_in_one_format_may_come_in_another(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{1 + i % 28:02d},{'ab'[i % 2]}\n" for i in range(40))
    schema = prepare(Job(data=write(tmp_path / "t.csv", "d,y\n" + rows), target="y")).schema
    assert predicted(schema, tmp_path / "p.csv", "d\n31.12.2024\n") == {"d": ["2024-12-31"]}
    assert predicted(schema, tmp_path / "p.csv", "d\n12/31/2024\n") == {"d": ["2024-12-31"]}
    with pytest.raises(DataError, match="a date such as 2024-12-31"):
        predicted(schema, tmp_path / "p.csv", "d\n03/04/2024\n")


def test_dates_of_big_tables_are_settled_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_read, "BIG_ROWS", 30)
    days = [DAYS[i % 3] % (1 + i % 28) for i in range(N)]
    table = pa.table({"day": days, "y": ["ab"[i % 2] for i in range(N)]})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    prepared = prepare(Job(data=str(tmp_path / "t.parquet"), target="y"))
    assert [one.columns for one in prepared.guardrails if one.name == "Reading"] == [("day",)]
    assert set(prepared.train["day"].str.len()) == {10}
