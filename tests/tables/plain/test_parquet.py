"""Parquet read in parts: some columns of all rows, all columns of some rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from trialbook.errors import DataError
from trialbook.tables import read_table
from trialbook.tables._sources import open_big
from trialbook.tables.plain import _parquet
from trialbook.tables.plain._parquet import open_parquet


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(_parquet, "BATCH_ROWS", 50)


def table(n_rows=500):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=n_rows),
            "whole": rng.integers(0, 9, n_rows),
            "level": rng.choice(["a", "b", "c"], n_rows),
            "day": pd.date_range("2020-01-01", periods=n_rows),
            "flag": rng.random(n_rows) < 0.5,
        }
    )
    # Missing in the first batches only, or in all of them but the first.
    frame["early"] = frame["whole"].astype("Int64").where(frame.index > 99)
    frame["late"] = frame["level"].where(frame.index < 20)
    return frame


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "table.parquet"
    table().to_parquet(file, row_group_size=130)
    return file


def test_a_table_in_parts_is_the_table_as_a_whole(path):
    big = open_parquet([path])
    assert (big.n_rows, big.names) == (500, list(table().columns))
    pd.testing.assert_frame_equal(big.read(), read_table(path))


def test_some_rows_and_columns_are_those_of_the_whole(path):
    rows = np.random.default_rng(1).random(500) < 0.1
    found = open_parquet([path]).read(["level", "late", "early"], rows)
    whole = read_table(path)[["level", "early", "late"]]
    pd.testing.assert_frame_equal(found, whole[rows].reset_index(drop=True), check_dtype=False)


def test_not_more_is_held_than_a_batch_and_what_is_wanted(path, monkeypatch):
    held = []
    batches = _parquet.ParquetTable._batches

    def spied(self, schema, rows):
        for batch in batches(self, schema, rows):
            held.append(len(batch))
            yield batch

    monkeypatch.setattr(_parquet.ParquetTable, "_batches", spied)
    rows = np.arange(500) % 10 == 0
    assert len(open_parquet([path]).read(rows=rows)) == 50
    assert max(held) == 5


def test_several_files_are_one_table(tmp_path):
    whole = table()
    whole[:200].to_parquet(tmp_path / "part-1.parquet")
    # A column may be of whole numbers in one file and have fractions, or nothing, in the next.
    second = whole[200:].assign(whole=whole["whole"] / 2, late=None)
    second[whole.columns[::-1]].to_parquet(tmp_path / "part-2.parquet")
    big = open_big(tmp_path)
    rows = np.arange(500) % 7 == 0
    found = big.read(["number", "whole", "late"], rows)
    assert found["number"].tolist() == whole["number"][rows].tolist()
    assert found["whole"].dtype == np.float64
    assert found["whole"].iloc[-1] == whole["whole"][497] / 2
    assert found["late"].notna().sum() == whole["late"][rows].notna().sum()


def test_whole_numbers_become_fractions_whatever_their_size(tmp_path):
    for name, cells in (("a", [2**60 + 1, 2]), ("b", [0.5, None])):
        pa.parquet.write_table(pa.table({"x": cells}), tmp_path / f"{name}.parquet")
    assert open_big(tmp_path).read()["x"].equals(read_table(tmp_path)["x"])


def test_files_whose_types_differ_are_refused(tmp_path):
    table().to_parquet(tmp_path / "a.parquet")
    table().assign(number="x").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"other types .*number") as caught:
        open_big(tmp_path)
    assert "b.parquet" in str(caught.value)


def test_what_cannot_be_read_in_parts_is_left_to_others(tmp_path, path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    assert open_big(tmp_path / "broken.parquet") is None
    table().to_csv(tmp_path / "table.csv", index=False)
    assert open_big(tmp_path / "table.csv") is None
    assert open_big(table()) is None


def test_a_page_that_is_damaged_is_told(tmp_path):
    file = tmp_path / "t.parquet"
    table().to_parquet(file, write_page_checksum=True)
    data = bytearray(file.read_bytes())
    data[200] ^= 0xFF
    file.write_bytes(bytes(data))
    big = open_big(file)
    with pytest.raises(DataError, match=r"cannot be read as Parquet.*t.parquet.*damaged"):
        big.read()


def test_row_labels_are_no_column(tmp_path):
    table().set_index("day", drop=True).rename_axis(None).to_parquet(tmp_path / "t.parquet")
    assert "__index_level_0__" not in open_big(tmp_path / "t.parquet").names


def test_long_texts_weigh_more_than_levels(tmp_path):
    frame = pd.DataFrame({"level": ["a", "b"] * 500, "text": [f"{i:040}" for i in range(1000)]})
    frame[["level"]].to_parquet(tmp_path / "level.parquet")
    frame[["text"]].to_parquet(tmp_path / "text.parquet")
    assert open_big(tmp_path / "level.parquet").row_bytes == 8
    assert 90 < open_big(tmp_path / "text.parquet").row_bytes < 130
