"""Tables that are gone through once: the same rows as read as a whole, a batch at a time."""

import gzip
import json
import sqlite3

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from trialbook.errors import DataError
from trialbook.tables import open_stream, read_table
from trialbook.tables.files import _streamed_text, _streams
from trialbook.tables.plain import rebatch, together


def through(source, text=(), rows=7, names=None, **options):
    """The plain form of all rows of a stream, read in batches, with its notes."""
    notes = []
    stream = open_stream(source, text=text, notes=notes, **options)
    parts = [
        stream.plain(table) for table in rebatch(stream.read(list(names or stream.names)), rows)
    ]
    assert all(len(part) == rows for part in parts[:-1])
    return pd.concat(parts, ignore_index=True), stream, notes


@pytest.fixture(scope="module")
def people():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"{i:05d}" for i in range(50)],
            "age": random.integers(18, 90, 50),
            "income": random.normal(1000, 300, 50).round(2),
            "member": random.random(50) < 0.5,
            "city": random.choice(["Köln", 'New "York"', "two\nlines", "a,b"], 50),
        }
    )


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks that a few rows fill, so that every reader comes to its end of a block."""
    monkeypatch.setattr(_streams, "_BLOCK", 256)
    monkeypatch.setattr(_streams, "_ROWS", 8)
    monkeypatch.setattr(_streamed_text, "_BLOCK", 512)


def writers():
    def csv(frame, path):
        frame.to_csv(path, index=False)
        return path

    def lines(frame, path):
        frame.to_json(path, orient="records", lines=True)
        return path

    def folder(frame, path):
        path.mkdir()
        frame.iloc[:20].to_csv(path / "part-2.csv", index=False)
        frame.iloc[20:].iloc[:, ::-1].to_csv(path / "part-10.csv", index=False)
        return path

    def stream(frame, path):
        table = pa.Table.from_pandas(frame)
        with pa.ipc.new_stream(path, table.schema) as out:
            out.write_table(table, max_chunksize=9)
        return path

    def database(frame, path):
        with sqlite3.connect(path) as connection:
            frame.to_sql("people", connection, index=False)
        return f"sqlite:///{path}#people"

    return {
        "a.csv": csv,
        "a.csv.gz": csv,
        "a.jsonl": lines,
        "a.parquet": lambda frame, path: frame.to_parquet(path, row_group_size=9) or path,
        "a.feather": lambda frame, path: frame.to_feather(path) or path,
        "a.arrow": stream,
        "folder": folder,
        "a.db": database,
    }


@pytest.mark.parametrize("name", writers())
def test_a_stream_has_the_rows_of_the_table(people, name, tmp_path):
    source = writers()[name](people, tmp_path / name)
    text = {"id"}
    expected = read_table(source, text=text)
    found, stream, _ = through(source, text)
    assert stream.whole is None
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    some, _, _ = through(source, text, names=["income", "id"])
    pd.testing.assert_frame_equal(some, expected[some.columns], check_dtype=False)
    assert set(some.columns) == {"income", "id"}
    assert stream.mark() == open_stream(source, text=text).mark()


def test_the_mark_tells_other_rows(people, tmp_path):
    marks = set()
    for name, frame in (("a", people), ("b", people.assign(age=people["age"] + 1))):
        for ending, write in writers().items():
            path = tmp_path / name
            path.mkdir(exist_ok=True)
            marks.add(open_stream(write(frame, path / ending)).mark())
        marks.add(open_stream(frame).mark())
    assert len(marks) == 2 * len(writers()) + 2 - 2  # a CSV file is what it is packed or not


def test_numbers_are_read_as_the_first_rows_said(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["1.100,5;x"] * 10 + ["1.100;y"] * 10
    path.write_text("price;city\n" + "\n".join(rows) + "\n")
    found, _, notes = through(path, {"city"})
    assert found["price"].tolist() == [1100.5] * 10 + [1100.0] * 10
    assert [str(note) for note in notes] == [
        "numbers are written like 1.100,5 in 'price'; read as 1100.5"
    ]


@pytest.mark.parametrize(
    ("first", "later", "row"),
    [
        ("1,100.5", "many", "row 11"),
        ("1.5", "2.100,7", "row 11"),
        ("1.5", "2,7", "row 11"),
    ],
)
def test_numbers_of_another_form_are_told_with_their_row(tmp_path, first, later, row):
    path = tmp_path / "a.csv"
    path.write_text("price;city\n" + f"{first};x\n" * 10 + f"{later};y\n" * 10)
    with pytest.raises(DataError, match="price") as caught:
        through(path, {"city"})
    assert caught.value.place == row


def test_a_column_that_turns_to_another_decimal_sign_between_two_batches_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("price;city\n" + "1.5;x\n" * 14 + "2,7;y\n" * 14)
    with pytest.raises(DataError, match=r"written like .*,5 there") as caught:
        through(path, {"city"})
    assert caught.value.place == "rows from 15 on"


def test_rows_of_json_may_lack_keys(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"a": i, "b": "x"} for i in range(40)] + [{"b": None, "late": "y"}] * 5
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stream = open_stream(path)
    assert stream.names == ("a", "b")
    assert stream.has("late")
    assert not stream.has("never")
    found, _, _ = through(path, names=["a", "b", "late"])
    assert found["late"].isna().sum() == 40
    assert found["a"].isna().sum() == 5


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "a,b\n" + "1,2\n" * 300 + "1,2,3\n", "line 302"),
        ("a.csv", "a,b\n" + "1,2\n" * 300 + '1,"2\n3,4\n', "line 302"),
        ("a.jsonl", '{"a": 1}\n' * 300 + '{"a": \n', "line 301"),
    ],
)
def test_a_broken_row_is_told_by_its_line_in_the_file(tmp_path, name, text, place):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        through(path)
    assert place in caught.value.place


def test_names_that_are_repeated_among_the_rows_are_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(("a,b\n" + "1,x\n" * 200) * 2)
    found, _, notes = through(path, names=["b"])
    assert found["b"].tolist() == ["x"] * 400
    assert "first in row 201" in str(notes[0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("latin.csv", "stadt,n\nKöln,1\nBonn,2\n".encode("latin-1")),
        ("array.json", b'[{"a": 1}, {"a": 2}]'),
    ],
)
def test_what_cannot_be_streamed_is_read_as_a_whole_and_says_so(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    found, stream, _ = through(tmp_path / name)
    assert "cannot be read in parts" in stream.whole
    pd.testing.assert_frame_equal(found, read_table(tmp_path / name))


def test_a_truncated_gzip_file_is_told(people, tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(people.to_csv(index=False).encode())[:-30])
    with pytest.raises(DataError, match="ends too early"):
        open_stream(path)


def test_parts_of_several_types_become_one_table():
    parts = [pa.table({"a": [1, 2]}), pa.table({"a": pa.nulls(2)}), pa.table({"a": ["x"]})]
    assert together(parts)["a"].to_pylist() == ["1", "2", None, None, "x"]
    assert [len(part) for part in rebatch(parts, 3)] == [3, 2]
