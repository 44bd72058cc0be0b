"""Times that no table of pandas can keep to the nanosecond are told, and so is a lost zone."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trialbook.tables import read_table
from trialbook.tables.plain._notes import Note

DAYS = [datetime.date(2020, 1, 1), datetime.date(9999, 12, 31), None]
TABLE = pa.table({"end": pa.array(DAYS), "x": [1, 2, 3]})


def told(source: object) -> tuple[list[Note], list[bool]]:
    notes: list[Note] = []
    table = read_table(source, notes=notes)
    return notes, table["end"].isna().tolist()


@pytest.mark.parametrize("kind", ["arrow", "pandas", "parquet", "feather"])
def test_a_time_beyond_the_years_that_are_kept_is_told(kind: str, tmp_path: Path) -> None:
    source: object = TABLE
    if kind == "pandas":
        source = pd.DataFrame({"end": pd.Series(DAYS, dtype="datetime64[s]"), "x": [1, 2, 3]})
    elif kind == "parquet":
        pq.write_table(TABLE, source := tmp_path / "a.parquet")
    elif kind == "feather":
        pa.feather.write_feather(TABLE, source := tmp_path / "a.feather")
    notes, missing = told(source)
    assert missing == [False, True, True]
    assert [(note.columns, note.rows, note.action) for note in notes] == [
        (("end",), (2,), "counted as missing")
    ]
    assert "9999-12-31 00:00:00, outside of the years 1677 to 2262" in notes[0].finding


@pytest.mark.parametrize("kind", ["arrow", "pandas", "parquet"])
def test_a_zone_that_is_lost_is_told(kind: str, tmp_path: Path) -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=3)).where([True, False, True])
    frame = pd.DataFrame(
        {
            "local": days,
            "utc": days.dt.tz_localize("UTC"),
            "berlin": days.dt.tz_localize("Europe/Berlin"),
        }
    )
    source: object = frame
    if kind == "arrow":
        source = pa.Table.from_pandas(frame)
    elif kind == "parquet":
        frame.to_parquet(source := tmp_path / "a.parquet")
    notes: list[Note] = []
    table = read_table(source, notes=notes)
    assert table["berlin"].iloc[0] == pd.Timestamp("2019-12-31 23:00")
    assert [str(note) for note in notes] == [
        "times with a zone in 'berlin'; the hours of Europe/Berlin are those of UTC now"
    ]


def test_rows_of_several_files_are_not_numbered(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pq.write_table(TABLE, tmp_path / f"{name}.parquet")
    notes, _ = told(tmp_path)
    assert [note.rows for note in notes] == [(), ()]


@pytest.mark.parametrize("first", ["x", 1, datetime.date(2020, 1, 1), ["a"]])
def test_a_column_of_several_kinds_is_text_whichever_comes_first(first: object) -> None:
    cells = [first, "word", datetime.date(2020, 1, 2), 2.5, True]
    table = read_table(pd.DataFrame({"cell": pd.Series(cells, dtype=object)}))
    assert table["cell"].tolist() == [str(first), "word", "2020-01-02", "2.5", "True"]
