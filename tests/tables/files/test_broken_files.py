"""Broken files of every format: read rightly, or refused with cause, place and remedy.

What a reader had to interpret or leave out, it says in a note.
"""

from __future__ import annotations

import datetime
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from trialbook.errors import DataError
from trialbook.tables import read_table

NAN = float("nan")


@dataclass(frozen=True)
class Case:
    """A file, and what reading it gives: columns, or parts of the message that refuses it."""

    label: str
    name: str
    content: bytes | Callable[[], bytes]
    table: dict[str, list[Any]] | None = None
    message: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read(
    label: str, name: str, content: Any, table: dict[str, list[Any]], *notes: str
) -> pytest.ParameterSet:
    return pytest.param(Case(label, name, content, table, (), notes), id=label)


def refused(label: str, name: str, content: Any, *message: str) -> pytest.ParameterSet:
    return pytest.param(Case(label, name, content, None, message), id=label)


def check(case: Case, folder: Path) -> None:
    path = folder / case.name
    path.write_bytes(case.content() if callable(case.content) else case.content)
    notes: list[Any] = []
    if case.table is None:
        with pytest.raises(DataError) as caught:
            read_table(path, notes=notes)
        assert case.name in str(caught.value.place)
        assert caught.value.remedy
        said = str(caught.value).replace(str(folder), "")  # named after the test
        for part in case.message:
            assert part in said
        return
    frame = read_table(path, notes=notes)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(case.table), check_dtype=False)
    said = [f"{note.finding} in {note.columns}: {note.action}" for note in notes]
    assert len(said) == len(case.notes), said
    for text, part in zip(said, case.notes, strict=True):
        assert part in text


WIDE = 1_000_000
NAMES = [f"c{i}" for i in range(WIDE)]


def wide_text(delimiter: str) -> Callable[[], bytes]:
    row = delimiter.join(["1"] * WIDE)
    return f"{delimiter.join(NAMES)}\n{row}\n{row}\n".encode


# -- delimited text --------------------------------------------------------------------------

DELIMITED = [
    # Quotes.
    refused(
        "quote-never-closed",
        "t.csv",
        b'a,b\n1,x\n2,"y\n3,z\n',
        "opened and never closed",
        "line 3",
        "Close the quote",
    ),
    read("quote-in-the-middle", "t.csv", b'a,b\n1,5" pipe\n', {"a": [1], "b": ['5" pipe']}),
    read("quotes-doubled", "t.csv", b'a,b\n1,"an ""x"""\n', {"a": [1], "b": ['an "x"']}),
    read("line-end-in-quotes", "t.csv", b'a,b\n1,"x\r\ny"\n', {"a": [1], "b": ["x\r\ny"]}),
    # Rows.
    refused("row-too-long", "t.csv", b"a,b\n1,2\n3,4,5\n", "3 cells where 2", "line 3", "repair"),
    refused("row-too-short", "t.csv", b"a,b,c\n1,2,3\n\n4\n", "1 cell where 3", "line 4"),
    refused(
        "title-above-the-names",
        "t.csv",
        b"Sales\na,b\n1,2\n",
        "2 cells where 1",
        "line 2",
        "Remove the lines above",
    ),
    read("blank-lines", "t.csv", b"\n\na,b\n\n1,2\n\n\n3,4\n\n", {"a": [1, 3], "b": [2, 4]}),
    read(
        "comment-lines",
        "t.csv",
        b"# made by x\n# on Monday\na,b\n1,2\n# half\n3,4\n",
        {"a": [1, 3], "b": [2, 4]},
        "begins with lines of comment",
        "1 line of comment among",
    ),
    read("names-after-a-sign", "t.csv", b"#a,b\n1,2\n", {"#a": [1], "b": [2]}),
    read("delimiter-ends-rows", "t.csv", b"a,b\n1,2,\n3,4,\n", {"a": [1, 3], "b": [2, 4]}),
    read("delimiter-ends-lines", "t.csv", b"a;b;;\n1;2;;\n3;4;;\n", {"a": [1, 3], "b": [2, 4]}),
    read("line-ends-mixed", "t.csv", b"a,b\r1,2\r\n3,4\n5,6", {"a": [1, 3, 5], "b": [2, 4, 6]}),
    read(
        "names-repeated",
        "t.csv",
        b"a,b\n1,x\na,b\n2,y\n\xef\xbb\xbfa,b\n3,a\n",
        {"a": [1, 2, 3], "b": ["x", "y", "a"]},
        "2 times more, first in row 2",
    ),
    read("excels-first-line", "t.csv", b"sep=;\r\na;b,c\r\n1;2\r\n", {"a": [1], "b,c": [2]}),
    # Names.
    refused("names-only", "t.csv", b"a,b\n", "no rows", "Add rows"),
    refused("empty", "t.csv", b"\xef\xbb\xbf\r\n \n", "empty"),
    refused("name-twice", "t.csv", b"a,b,a\n1,2,3\n", "named 'a'", "columns 1 and 3", "Rename"),
    read("name-blank", "t.csv", b"a,,b\n1,2,3\n", {"a": [1], "Unnamed: 1": [2], "b": [3]}),
    read(
        "no-names",
        "t.csv",
        b"1,2.5\n3,4.5\n",
        {"1": [3], "2.5": [4.5]},
        "are numbers: 1, 2.5",
    ),
    refused("wide-comma", "t.csv", wide_text(","), "1,000,000 columns", "100,000", "Keep the"),
    refused("wide-tab", "t.tsv", wide_text("\t"), "1,000,000 columns"),
    refused("one-giant-line", "t.csv", b"1," * 2_000_000, "2,000,001 columns", "line ends"),
    # Letters.
    read("utf-8-mark", "t.csv", b"\xef\xbb\xbfa,b\n1,2\n", {"a": [1], "b": [2]}),
    read("utf-16-mark", "t.csv", "a,b\n1,é\n".encode("utf-16"), {"a": [1], "b": ["é"]}),
    read(
        "utf-16-be-mark", "t.csv", "\ufeffa,b\n1,é\n".encode("utf-16-be"), {"a": [1], "b": ["é"]}
    ),
    read(
        "utf-16-no-mark",
        "t.csv",
        "a,b\n1,é\n".encode("utf-16-le"),
        {"a": [1], "b": ["é"]},
        "UTF-16-LE without a mark",
    ),
    refused(
        "utf-16-cut-off", "t.csv", "a,b\n1,é\n".encode("utf-16")[:-1], "not UTF-16-LE", "cut off"
    ),
    read(
        "windows-1252",
        "t.csv",
        "a,b\n1,naïve\n2,œuvre “x”\n".encode("cp1252"),
        {"a": [1, 2], "b": ["naïve", "œuvre “x”"]},
        "not UTF-8 in 4 places, the first in line 2",
    ),
    read(
        "encodings-mixed",
        "t.csv",
        "a,b\n1,é\n".encode() + "2,ü\n".encode("latin-1"),
        {"a": [1, 2], "b": ["é", "ü"]},
        "in 1 place, the first in line 3",
    ),
    refused(
        "windows-1251",
        "t.csv",
        "a,b\n1,x\n2,привет\n".encode("cp1251"),
        "not UTF-8: byte 0xef",
        "line 3",
        "Save the file as UTF-8",
    ),
    refused("nul-bytes", "t.csv", b"a,b\n1,2\n3,\x00\n", "NUL byte", "line 3", "remove them"),
    # Numbers.
    read(
        "thousands-quoted",
        "t.csv",
        b'a,b\n"1,200",x\n"12,345.5",y\n7,z\n',
        {"a": [1200, 12345.5, 7], "b": ["x", "y", "z"]},
        "like 1,200 in ('a',): read as 1200",
    ),
    read(
        "thousands-in-tabs",
        "t.tsv",
        b"a\tb\n1,200\tx\n3,456\ty\n",
        {"a": [1200, 3456], "b": ["x", "y"]},
        "1,200 can be read in two ways",
    ),
    read(
        "thousands-tabs-certain",
        "t.tsv",
        b"a\tb\n1,200\t0.5\n3,456\t1.25\n",
        {"a": [1200, 3456], "b": [0.5, 1.25]},
        "like 1,200",
    ),
    read(
        "thousands-semicolons-point",
        "t.csv",
        b"a;b\n1,234,567;0.5\n2,345;1.5\n",
        {"a": [1234567, 2345], "b": [0.5, 1.5]},
        "like 1,234,567",
    ),
    read(
        "decimal-comma",
        "t.csv",
        b"a;b;c\n1.234,5;1,234;1.234\n0,5;0,5;2.345\n",
        {"a": [1234.5, 0.5], "b": [1.234, 0.5], "c": [1234, 2345]},
        "like 1.234,5 in ('a', 'c')",
        "like 1,234 in ('b',): read as 1.234",
    ),
    read(
        "semicolons-doubtful",
        "t.csv",
        b"a;b\n1,234;x\n2,345;y\n",
        {"a": [1.234, 2.345], "b": ["x", "y"]},
        "1,234 can be read in two ways in ('a',): read as 1.234",
    ),
    read(
        "thousands-blank",
        "t.csv",
        "a;b\n1 234;1\u202f234,5\n12;0,5\n".encode(),
        {"a": [1234, 12], "b": [1234.5, 0.5]},
        "like 1 234",
    ),
    read(
        "thousands-apostrophe",
        "t.csv",
        "a,b\n1'234,1’234.5\n-12,0.5\n".encode(),
        {"a": [1234, -12], "b": [1234.5, 0.5]},
        "like 1'234 in ('a', 'b')",
    ),
    read(
        "units",
        "t.csv",
        'a,b,c\n"$1,200.50",12%,3 €\n-$5,7.5%,4 €\n'.encode(),
        {"a": [1200.5, -5], "b": [12, 7.5], "c": [3, 4]},
        "like $1,200.50",
        "like 12%",
        "like 3 €",
    ),
    read("lists", "t.csv", b'a,b\n"1,2,3",x\n"4,5",y\n', {"a": ["1,2,3", "4,5"], "b": ["x", "y"]}),
    read("codes", "t.csv", b"a;b\n0123,5;x\n7,5;y\n", {"a": ["0123,5", "7,5"], "b": ["x", "y"]}),
    # Dates.
    read(
        "dates-in-three-formats",
        "t.csv",
        b"a,b\n2024-01-31,1\n31.01.2023,2\nJan 5 2022,3\n2024-02-01,4\nNA,5\n",
        {
            "a": ["2024-01-31", "2023-01-31", "2022-01-05", "2024-02-01", NAN],
            "b": [1, 2, 3, 4, 5],
        },
        "3 ways (2024-01-31, 31.01.2023, Jan 5 2022) in ('a',): read as dates",
    ),
    read(
        "days-and-months-in-both-orders",
        "t.csv",
        b"a,b\n31/01/2024,1\n01/31/2024,2\n03/04/2024,3\n",
        {"a": ["31/01/2024", "01/31/2024", "03/04/2024"], "b": [1, 2, 3]},
        "2 ways (01/31/2024, 31/01/2024) in ('a',): kept as text",
    ),
    read(
        "no-day-above-12",
        "t.csv",
        b"a,b\n03/04/2024,1\n11/12/2024,2\n",
        {"a": ["03/04/2024", "11/12/2024"], "b": [1, 2]},
        "such as 03/04/2024 in ('a',): read with the month first",
    ),
    # No text at all.
    refused(
        "gzip-cut-off",
        "t.csv.gz",
        gzip.compress(b"a,b\n" + b"1,2\n" * 99)[:-9],
        "ends too early",
        "cut off",
    ),
    refused(
        "gzip-damaged",
        "t.csv.gz",
        gzip.compress(b"a,b\n1,2\n")[:-8] + b"12345678",
        "gzip file is damaged",
    ),
    refused("gzip-by-name-only", "t.csv.gz", b"a,b\n1,2\n", "not a gzip file", "Take .gz off"),
    read("gzip-without-the-name", "t.csv", gzip.compress(b"a,b\n1,2\n"), {"a": [1], "b": [2]}),
    refused("excel-workbook", "t.csv", b"PK\x03\x04\x14\x00", "an Excel workbook", "as CSV"),
    refused("parquet", "t.csv", b"PAR1\x15\x00\x00", "Parquet file", "Name it .parquet"),
    refused("web-page", "t.csv", b"\n<!DOCTYPE html><html>", "web page", "Download the table"),
]


@pytest.mark.parametrize("case", DELIMITED)
def test_delimited_text(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


# -- JSON ------------------------------------------------------------------------------------

ONE_TWO = {"a": [1, 2]}

JSON = [
    refused("cut-off", "t.jsonl", b'{"a": 1}\n{"a": ', "not JSON", "line 2", "cut off"),
    refused("text-cut-off", "t.jsonl", b'{"a": "x"}\n{"a": "y', "line 2", "cut off"),
    refused("array-cut-off", "t.json", b'[{"a": 1}, {"a": ', "not JSON", "cut off"),
    read("nan", "t.jsonl", b'{"a": NaN}\n{"a": Infinity}\n{"a": 2}', {"a": [NAN, NAN, 2]}),
    refused(
        "key-twice", "t.jsonl", b'{"a": 1}\n{"a": 1, "a": 2}', "'a' twice", "line 2", "Rename"
    ),
    read("types-mixed", "t.jsonl", b'{"a": 1}\n{"a": "x"}', {"a": ["1", "x"]}),
    read("nested", "t.jsonl", b'{"a": {"b": 1}}\n{"a": {"b": 2}}', {"a": [{"b": 1}, {"b": 2}]}),
    refused("arrays-of-arrays", "t.json", b"[[1, 2], [3, 4]]", "row 1 is an array", "one object"),
    refused("arrays-on-lines", "t.jsonl", b'{"a": 1}\n[3, 4]', "row 2 is an array", "line 2"),
    refused("numbers", "t.json", b"[1, 2]", "row 1 is a number"),
    refused("no-rows", "t.json", b"[]", "no rows", "Add rows"),
    read("byte-order-mark", "t.jsonl", b'\xef\xbb\xbf{"a": 1}\n{"a": 2}', ONE_TWO),
    read("utf-16", "t.json", '[{"a": "é"}]'.encode("utf-16"), {"a": ["é"]}),
    read(
        "windows-1252",
        "t.jsonl",
        '{"a": "é"}\n{"a": "x"}'.encode("cp1252"),
        {"a": ["é", "x"]},
        "not UTF-8 in 1 place, the first in line 1",
    ),
    refused("quotes-single", "t.jsonl", b"{'a': 1}\n", "line 1", "double quotes"),
    refused("comma-last", "t.json", b'[{"a": 1},\n {"a": 2},]', "line 2", "Remove the comma"),
    refused("comma-between", "t.jsonl", b'{"a": 1},\n{"a": 2},\n', "line 1", "Remove the comma"),
    read(
        "rows-inside",
        "t.json",
        b'{"count": 2, "data": [{"a": 1}, {"a": 2}]}',
        ONE_TWO,
        "holds rows as 'data'",
    ),
    read("objects-side-by-side", "t.jsonl", b'{"a": 1}{"a": 2}', ONE_TWO),
    read("objects-on-many-lines", "t.json", b'{\n"a": 1\n}\n{\n"a":\n 2}\n', ONE_TWO),
    read("number-huge", "t.jsonl", b'{"a": 1%s}\n{"a": 2}' % (b"0" * 30), {"a": [1e30, 2]}),
    read("keys-differ", "t.jsonl", b'{"a": 1}\n{"b": 2}', {"a": [1, NAN], "b": [NAN, 2]}),
    refused("nul-byte", "t.jsonl", b'{"a": 1}\n{"a": "\x00"}', "NUL byte", "line 2"),
    refused("half-a-letter", "t.jsonl", b'{"a": 1}\n{"a": "\\ud800"}', "\\ud800", "line 2"),
    refused("nested-deeply", "t.json", b"[" * 200_000, "nested too deeply"),
    refused("gzip-cut-off", "t.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 9)[:-9], "too early"),
    refused("wide", "t.json", lambda: json.dumps(dict.fromkeys(NAMES, 1)).encode(), "1,000,000"),
    refused(
        "table-of-text", "t.jsonl", b"a,b\n1,2\n", "not JSON", "line 1", "one object per line"
    ),
]


@pytest.mark.parametrize("case", JSON)
def test_json(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


# -- Parquet, Feather, Arrow -----------------------------------------------------------------


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink, write_page_checksum=True)
    return sink.getvalue()


def feather(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.feather.write_feather(table, sink)
    return sink.getvalue()


def arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


FORMATS = {"t.parquet": parquet, "t.feather": feather, "t.arrow": arrow}
CALLED = {"t.parquet": "Parquet", "t.feather": "Arrow", "t.arrow": "Arrow"}
SOME = pa.table({"a": list(range(1000)), "s": [f"text {i % 7}" for i in range(1000)]})
BEYOND = datetime.datetime(3000, 1, 1)
DAY = datetime.datetime(2024, 1, 2)

# Columns that are not among the plain types, and what becomes of them.
COLUMNS: dict[str, tuple[pa.Array, list[Any]]] = {
    "decimal": (pa.array([Decimal("1.50"), None]), [1.5, NAN]),
    "duration": (pa.array([60_000, None], pa.duration("ms")), [60.0, NAN]),
    "dictionary": (pa.array(["x", None]).dictionary_encode(), ["x", NAN]),
    "zoned": (pa.array([DAY, None], pa.timestamp("us", "Asia/Tokyo")), [DAY, pd.NaT]),
    "beyond-2262": (pa.array([DAY, BEYOND], pa.timestamp("us")), [DAY, pd.NaT]),
    "unsigned": (pa.array([2**64 - 1, 1], pa.uint64()), [float(2**64 - 1), 1.0]),
    "half": (pa.array(np.array([1.5, 2], np.float16)), [1.5, 2.0]),
    "list": (pa.array([[1], [2]]), [[1], [2]]),
    "binary": (pa.array([b"x", b"y"]), [b"x", b"y"]),
    "null": (pa.nulls(2), [NAN, NAN]),
    "time": (pa.array([datetime.time(1, 2), None]), ["01:02:00", NAN]),
    "view": (pa.array(["x", "y"], pa.string_view()), ["x", "y"]),
}


def wide() -> pa.Table:
    cells = pa.array([1, 2])
    names = NAMES[:100_001]
    return pa.Table.from_arrays([cells] * len(names), names=names)


def broken(data: bytes) -> dict[str, bytes]:
    """The ways in which any such file may be broken."""
    half = len(data) // 2
    return {
        "cut-off-at-the-beginning": data[:10],
        "cut-off-in-the-middle": data[:half],
        "without-its-beginning": data[half:],
        "zeros": bytes(1000),
        "zeros-in-the-middle": data[:64] + bytes(half) + data[64 + half :],
        "text": b"a,b\n1,2\n",
        "something-else": b"PK\x03\x04" + data[4:-4] + bytes(4),
    }


@pytest.mark.parametrize("kind", broken(b""))
@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    content = broken(FORMATS[name](SOME))[kind]
    remedy = {"text": "name it .csv", "something-else": "zip archive"}.get(kind, "damaged")
    check(Case(kind, name, content, None, ("cannot be read as " + CALLED[name], remedy)), tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_flipped_bytes_never_end_in_anything_but_a_table_or_a_refusal(
    name: str, tmp_path: Path
) -> None:
    good = FORMATS[name](SOME)
    refusals = 0
    for position in np.random.default_rng(0).integers(0, len(good), 60):
        data = bytearray(good)
        data[position] ^= 0xFF
        path = tmp_path / name
        path.write_bytes(bytes(data))
        try:
            read_table(path)
        except DataError as error:
            refusals += 1
            assert name in str(error.place)
            assert error.remedy
    assert refusals > 0


@pytest.mark.parametrize("name", FORMATS)
def test_files_with_nothing_in_them_are_refused(name: str, tmp_path: Path) -> None:
    write = FORMATS[name]
    check(Case("", name, b"", None, ("the file is empty", "file with data")), tmp_path)
    check(Case("", name, write(SOME.slice(0, 0)), None, ("no rows", "Add rows")), tmp_path)
    check(Case("", name, write(pa.table({})), None, ("no columns", "with data")), tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_names_that_come_twice_or_too_often_are_refused(name: str, tmp_path: Path) -> None:
    if name == "t.parquet":  # Feather's own writer takes no such names
        twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
        content = FORMATS[name](twice)
        message = ("two columns are named 'a'", "columns 1 and 2", "Rename")
        check(Case("", name, content, None, message), tmp_path)
    content = FORMATS[name](wide())
    message = ("100,001 columns, and 100,000 are the most", "Keep the columns")
    check(Case("", name, content, None, message), tmp_path)


# Those that keep the zone of a time; the others have it in UTC.
ZONED_FORMATS = ("t.parquet", "t.feather", "t.arrow")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", FORMATS)
def test_unusual_columns_are_read(name: str, column: str, tmp_path: Path) -> None:
    cells, expected = COLUMNS[column]
    try:
        content = FORMATS[name](pa.table({"a": cells}))
    except pa.ArrowNotImplementedError:
        pytest.skip(f"{name} takes no {column}")
    (tmp_path / name).write_bytes(content)
    notes: list[Any] = []
    found = read_table(tmp_path / name, notes=notes)["a"].tolist()
    for one, wanted in zip(found, expected, strict=True):
        same = np.array_equal(one, wanted) if column == "list" else one == wanted
        assert same or (pd.isna(one) and pd.isna(wanted))
    said = {"beyond-2262": ["1 time such as 3000"], "unsigned": ["whole numbers of mo"]}
    if name in ZONED_FORMATS:
        said["zoned"] = ["times with a zone i"]
    assert [str(note)[:19] for note in notes] == said.get(column, [])


@pytest.mark.parametrize("name", FORMATS)
def test_gzipped_files_are_read_whole_or_refused(name: str, tmp_path: Path) -> None:
    data = gzip.compress(FORMATS[name](SOME))
    (tmp_path / f"{name}.gz").write_bytes(data)
    assert len(read_table(tmp_path / f"{name}.gz")) == 1000
    check(Case("", f"{name}.gz", data[:-20], None, ("ends too early", "again")), tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_files_of_a_folder_that_differ_are_named(name: str, tmp_path: Path) -> None:
    for number, column in enumerate(({"a": [1]}, {"a": ["x"]})):
        (tmp_path / f"{number}{name}").write_bytes(FORMATS[name](pa.table(column)))
    with pytest.raises(DataError, match=f"column 'a' .* 0{name}.*1{name}.* one type"):
        read_table(tmp_path)


def test_an_encrypted_parquet_file_is_told(tmp_path: Path) -> None:
    content = b"PARE" + parquet(SOME)[4:-4] + b"PARE"
    message = ("cannot be read as Parquet", "encrypted", "Decrypt")
    check(Case("", "t.parquet", content, None, message), tmp_path)
