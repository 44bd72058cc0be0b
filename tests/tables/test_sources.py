"""Reading tables: every format gives the same table, and every broken one a clear error."""

from __future__ import annotations

import datetime
import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from trialbook.errors import DataError
from trialbook.tables import Storage, open_big, read_table, storage_of
from trialbook.tables.plain import Note


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [1, 2, 3],
            "fraction": [0.5, np.nan, 1.5],
            "flag": [True, False, True],
            "name": ["a", np.nan, "c d"],
        }
    )


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def refused(source: object) -> str:
    with pytest.raises(DataError) as caught:
        read_table(source)
    assert caught.value.cause
    assert caught.value.remedy
    return str(caught.value)


# -- formats ---------------------------------------------------------------------------------


def to_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def to_tsv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, sep="\t")


def to_json(frame: pd.DataFrame, path: Path) -> None:
    frame.to_json(path, orient="records", lines=True)


def to_arrow_stream(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "t.csv": to_csv,
    "t.csv.gz": to_csv,
    "t.txt": to_csv,
    "t.tsv": to_tsv,
    "t.tsv.gz": to_tsv,
    "t.parquet": lambda frame, path: frame.to_parquet(path),
    "t.jsonl": to_json,
    "t.ndjson": to_json,
    "t.json": to_json,
    "t.json.gz": to_json,
    "t.feather": lambda frame, path: frame.to_feather(path),
    "t.arrow": to_arrow_stream,
    "T.CSV": to_csv,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_table(name: str, table: pd.DataFrame, tmp_path: Path) -> None:
    WRITERS[name](table, tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / name), table)


def test_a_gzipped_parquet_file_is_read(table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_parquet(tmp_path / "t.parquet")
    path = tmp_path / "u.parquet.gz"
    path.write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    pd.testing.assert_frame_equal(read_table(path), table)


def test_tables_in_memory_are_read(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(read_table(table), table)
    pd.testing.assert_frame_equal(read_table(pa.Table.from_pandas(table)), table)


def test_polars_tables_are_read(table: pd.DataFrame) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(table.to_dict("list"), nan_to_null=True, strict=False)
    frame = frame.with_columns(polars.Series("name", ["a", None, "c d"]))
    expected = read_table(table)
    pd.testing.assert_frame_equal(read_table(frame), expected)
    pd.testing.assert_frame_equal(read_table(frame.lazy()), expected)
    assert "Series" in refused(frame["name"])


def test_an_index_that_pandas_stored_is_no_column(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2]}, index=[7, 9]).to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet").columns) == ["a"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    text = "\n".join(delimiter.join(row) for row in (["a", "b"], ["1", "x y"], ["2", "z"]))
    frame = read_table(write(tmp_path / "t.csv", text))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x y", "z"]}


def test_a_comma_is_a_decimal_sign_where_it_separates_nothing(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "t.csv", "a;b\n1,5;x\n2;y\n-0,25;z\n"))
    assert frame["a"].tolist() == [1.5, 2.0, -0.25]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    text = 'a,b\n1,"x, ""y""\nz"\n2,5" pipe\n'
    assert read_table(write(tmp_path / "t.csv", text))["b"].tolist() == ['x, "y"\nz', '5" pipe']


def test_a_byte_order_mark_and_windows_line_ends_are_no_data(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "t.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n"))
    assert frame.to_dict("list") == {"a": [1], "b": [2]}


def test_a_very_long_cell_is_read(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "t.csv", "a,b\n1," + "x" * (9 * 2**20) + "\n"))
    assert len(frame.loc[0, "b"]) == 9 * 2**20


def test_an_empty_line_of_a_single_column_is_a_missing_value(tmp_path: Path) -> None:
    assert read_table(write(tmp_path / "t.csv", "a\n1\n\n3\n"))["a"].isna().tolist() == [
        False,
        True,
        False,
    ]


def test_json_may_be_an_array_and_mix_types(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "a.json", '[{"a": 1}, {"a": 2, "b": "x"}]'))
    assert frame["a"].tolist() == [1, 2]
    frame = read_table(write(tmp_path / "b.jsonl", '{"a": 1}\n\n{"a": "x"}\n'))
    assert frame["a"].tolist() == ["1", "x"]


def test_dates_in_json_stay_as_they_were_written(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "a.jsonl", '{"d": "2024-01-02", "e": 1}\n'))
    assert frame["d"].tolist() == ["2024-01-02"]
    assert list(frame.columns) == ["d", "e"]


# -- storage of text cells -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", "3"], np.int64),
        (["1", "2.5", "1e3"], np.float64),
        (["1", "", "3"], np.float64),
        ([" 1", "2 ", "  "], np.float64),
        (["9223372036854775808", "1", "2"], np.float64),
        (["true", "FALSE", "True"], np.bool_),
        (["00123", "00456", "1"], object),
        (["0x1A", "0x2B", "1"], object),
        (["1", "two", "3"], object),
        (["2024-01-02", "2024-02-03", "2024-03-04"], object),
    ],
)
def test_cells_get_the_storage_that_they_allow(
    cells: list[str], expected: type, tmp_path: Path
) -> None:
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in cells)
    assert read_table(write(tmp_path / "t.csv", text))["a"].dtype == expected


@pytest.mark.parametrize(
    "token", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"]
)
@pytest.mark.parametrize("others", [["1", "2"], ["true", "false"], ["2024-01-02", "2024-12-31"]])
def test_tokens_for_missing_count_in_numbers_booleans_and_dates(
    token: str, others: list[str], tmp_path: Path
) -> None:
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in [*others, token])
    column = read_table(write(tmp_path / "t.csv", text))["a"]
    assert column.isna().tolist() == [False, False, True]


def test_few_tokens_for_missing_count_in_text(tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in ["NA", "None", "", "null", "<NA>", "red"])
    column = read_table(write(tmp_path / "t.csv", text))["a"]
    assert column.dropna().tolist() == ["NA", "None", "red"]
    assert all(isinstance(cell, float) for cell in column[column.isna()])


def test_booleans_with_missing_cells_keep_them(tmp_path: Path) -> None:
    column = read_table(write(tmp_path / "t.csv", "a,b\ntrue,1\n,2\nfalse,3\n"))["a"]
    assert column.tolist() == [True, None, False]
    assert storage_of(column) is Storage.BOOL


def test_infinite_numbers_are_missing(tmp_path: Path) -> None:
    column = read_table(write(tmp_path / "t.csv", "a,b\ninf,1\n1.5,2\n"))["a"]
    assert column.isna().tolist() == [True, False]
    assert read_table(pd.DataFrame({"a": [np.inf, 1.0]}))["a"].isna().tolist() == [True, False]


def test_columns_named_as_text_stay_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,1\n2,2\n")
    assert read_table(path, text=["a"]).to_dict("list") == {"a": ["1", "2"], "b": [1, 2]}


# -- storage of columns in memory ------------------------------------------------------------

MIDNIGHT = pd.Timestamp("2024-01-01")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), [1.0, np.nan]),
        (pd.Series([1, 2], dtype="UInt8"), [1, 2]),
        (pd.Series([True, None], dtype="boolean"), [True, None]),
        (pd.Series([True, None], dtype=object), [True, None]),
        (pd.Series([np.True_, np.False_], dtype=object), [True, False]),
        (pd.Series(["a", None], dtype="string"), ["a", np.nan]),
        (pd.Series(["a", None], dtype=object), ["a", np.nan]),
        (pd.Series(["a", None], dtype="category"), ["a", np.nan]),
        (pd.Series([3, None], dtype="category"), [3.0, np.nan]),
        (pd.Series([Decimal("1.5"), None]), [1.5, np.nan]),
        (pd.Series([1, "a"], dtype=object), ["1", "a"]),
        (pd.Series([None, None], dtype=object), [np.nan, np.nan]),
        (pd.Series([2**63, 1], dtype="uint64"), [float(2**63), 1.0]),
        (pd.Series([2**70, 1], dtype=object), [float(2**70), 1.0]),
        (pd.Series(pd.arrays.SparseArray([0, 1])), [0, 1]),
        (pd.Series([datetime.date(2024, 1, 1), None]), [MIDNIGHT, pd.NaT]),
        (pd.Series(pd.to_datetime(["2024-01-01T02:00+02:00"])), [MIDNIGHT]),
        (pd.Series(["2024-01-01", "3000-01-01"], dtype="datetime64[s]"), [MIDNIGHT, pd.NaT]),
        (pd.Series(pd.period_range("2024-01", periods=1, freq="M")), [MIDNIGHT]),
        (pd.Series(pd.to_timedelta(["1min", None])), [60.0, np.nan]),
        (pd.Series(pd.array(["x", None], dtype=pd.ArrowDtype(pa.string()))), ["x", np.nan]),
        (pd.Series([datetime.time(1, 2)]), ["01:02:00"]),
    ],
)
def test_columns_in_memory_are_normalised(values: pd.Series, expected: list[object]) -> None:
    column = read_table(pd.DataFrame({"a": values}))["a"]
    assert len(column) == len(expected)
    for found, wanted in zip(column.tolist(), expected, strict=True):
        assert type(found) is type(wanted) or isinstance(found, type(wanted))
        assert found == wanted or (pd.isna(found) and pd.isna(wanted))


def test_nested_columns_are_kept_and_told() -> None:
    frame = read_table(pa.table({"a": [[1, 2], None], "b": [{"x": 1}, {"x": 2}]}))
    assert storage_of(frame["a"]) is Storage.NESTED
    assert storage_of(frame["b"]) is Storage.NESTED


def test_the_callers_table_is_left_alone() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "s": ["x", None]}, index=[5, 6])
    before = frame.copy()
    found = read_table(frame)
    found.loc[0, "a"] = 9.0
    pd.testing.assert_frame_equal(frame, before)


def test_column_names_become_text() -> None:
    frame = read_table(pd.DataFrame([[1, 2, 3]], columns=[0, np.nan, ""]))
    assert list(frame.columns) == ["0", "Unnamed: 1", "Unnamed: 2"]


# -- folders and globs -----------------------------------------------------------------------


def test_folders_and_globs_are_joined_in_natural_order(tmp_path: Path) -> None:
    write(tmp_path / "part-2.csv", "a,b\n2,x\n")
    write(tmp_path / "part-10.csv", "b,a\ny,3.5\n")
    write(tmp_path / "part-1.csv", "a,b\n1,z\n")
    write(tmp_path / "_SUCCESS", "")
    write(tmp_path / "notes.md", "notes")
    for source in (tmp_path, f"{tmp_path}/part-*.csv"):
        assert read_table(source).to_dict("list") == {"a": [1.0, 2.0, 3.5], "b": ["z", "x", "y"]}


def test_a_folder_of_typed_files_is_joined(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1], "s": ["x"]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [2.5], "s": [None]}).to_parquet(tmp_path / "2.parquet")
    frame = read_table(tmp_path)
    assert frame["a"].tolist() == [1.0, 2.5]
    assert frame["s"].isna().tolist() == [False, True]


def test_files_that_disagree_are_named(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "a,b\n1,2\n")
    write(tmp_path / "2.csv", "a,c\n1,2\n")
    message = refused(tmp_path)
    assert "2.csv" in message
    assert "lacks 'b'" in message
    assert "has 'c'" in message


def test_files_with_other_types_are_named(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": ["x"]}).to_parquet(tmp_path / "2.parquet")
    assert "column 'a' holds string values, but number values in 1.parquet" in refused(tmp_path)


def test_a_folder_of_two_formats_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "a\n1\n")
    write(tmp_path / "2.jsonl", '{"a": 1}\n')
    assert "different formats" in refused(tmp_path)


def test_a_folder_or_pattern_without_tables_is_refused(tmp_path: Path) -> None:
    assert "has no tables" in refused(tmp_path)
    assert "no file matches" in refused(f"{tmp_path}/*.csv")


# -- broken input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("x" * 300, "cannot be read: File name too long"),
        ("~nobody-of-that-name/x.csv", "no such user"),
        ("http://[::1/x.csv", "not an address"),
    ],
)
def test_what_cannot_be_an_address_is_told(address: str, cause: str) -> None:
    for read in (read_table, open_big):
        with pytest.raises(DataError, match=cause):
            read(address)


def test_signs_that_look_like_digits_are_no_numbers_of_parts(tmp_path: Path) -> None:
    for name in ("2²2.csv", "2²10.csv"):
        (tmp_path / name).write_text(f"x\n{len(name)}\n")
    assert read_table(tmp_path)["x"].tolist() == [7, 8]


def test_whole_numbers_that_are_rounded_are_told(tmp_path: Path) -> None:
    notes: list[Note] = []
    (tmp_path / "ids.csv").write_text("id,far,n\n12345678901234567891,1e300,1\n2,1e301,\n")
    read_table(tmp_path / "ids.csv", notes=notes)
    assert list(map(str, notes)) == [
        "whole numbers of more than 15 digits in 'id'; kept to about 16 digits"
    ]
    notes.clear()
    ids = pd.DataFrame({"exact": [2**53 + 1, 1], "gap": pd.array([2**53 + 1, None], "Int64")})
    read_table(ids, notes=notes)
    assert [note.columns for note in notes] == [("gap",)]


def test_hashtags_are_rows_and_no_comments(tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("#tag,n\n#a,1\n#b,2\nc,3\n")
    assert read_table(tmp_path / "tags.csv")["n"].tolist() == [1, 2, 3]
    (tmp_path / "told.csv").write_text("# by me, today\n# a,b\n1,2\n")
    assert read_table(tmp_path / "told.csv").to_dict("list") == {"# a": [1], "b": [2]}


def test_a_missing_file_suggests_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path / "bank.csv", "a\n1\n")
    assert "Did you mean 'bank.csv'?" in refused(tmp_path / "bnak.csv")
    assert "does not exist either" in refused(tmp_path / "nowhere" / "bank.csv")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("t.csv", b"", ["empty", "t.csv"]),
        ("t.csv", b" \n \n", ["empty"]),
        ("t.jsonl", b"", ["empty"]),
        ("t.parquet", b"", ["empty"]),
        ("t.csv", b"a,b\n", ["no rows"]),
        ("t.csv", b"a,b\n1,2\n3,4,5\n", ["3 cells where 2 are expected", "line 3"]),
        ("t.csv", b'a,b\n"x\ny",2\n\n3\n', ["1 cell where 2 are expected", "line 5"]),
        ("t.csv", b"a,b\0\n1,2\n", ["not text"]),
        ("t.csv", b"a,b,a\n1,2,3\n", ["two columns are named 'a'", "columns 1 and 3"]),
        ("t.csv", b'a,b\n1,x\n2,"y\n3,z\n4,w\n', ["never closed", "line 3"]),
        ("t.xlsx", b"PK", [".xlsx is not supported", "CSV"]),
        ("table", b"a\n1\n", ["no extension, which tells the format"]),
        ("t.parquet", b"PAR1 cut off", ["cannot be read as Parquet"]),
        ("t.feather", b"ARROW1 cut off", ["cannot be read as Arrow"]),
        ("t.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 99, mtime=0)[:-9], ["gzip", "cut off"]),
        ("t.csv.gz", b"a,b\n1,2\n", ["gzip"]),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', ["not JSON", "line 2"]),
        ("t.jsonl", b'{"a": 1}\n[2]\n', ["line 2", "is an array, not an object"]),
        ("t.json", b'[{"a": 1}, 2]', ["row 2 is a number, not an object"]),
        ("t.json", b'[{"a": 1}', ["not JSON"]),
    ],
)
def test_broken_files_get_a_clear_error(
    name: str, content: bytes, expected: list[str], tmp_path: Path
) -> None:
    message = refused(write(tmp_path / name, content))
    assert name in message
    for part in expected:
        assert part in message


def test_broken_tables_get_a_clear_error() -> None:
    assert "no columns" in refused(pd.DataFrame())
    assert "no rows" in refused(pd.DataFrame({"a": []}))
    assert "two columns are named 'a'" in refused(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    assert "several levels" in refused(
        pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    )
    assert "a list is not a table" in refused([1, 2])


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(self: Path) -> bytes:
        raise PermissionError

    path = write(tmp_path / "t.csv", "a\n1\n")
    monkeypatch.setattr(Path, "read_bytes", forbid)
    assert "may not be read" in refused(path)
