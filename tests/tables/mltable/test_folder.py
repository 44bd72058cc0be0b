"""Folders with a file ``MLTable``: each key is honoured as documented, or refused by its name."""

import pandas as pd
import pyarrow as pa
import pytest

from trialbook.errors import DataError
from trialbook.tables import open_big, read_table

CSV = "age,city,joined,code,ok\n41,Oslo,31/12/2020,007,yes\n39,Rome,01/02/2021,010,no\n,Lima,,,\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with the file of three people, and a way to write its MLTable."""
    (tmp_path / "people.csv").write_text(CSV)

    def write(*steps, paths="  - file: ./people.csv", more=""):
        text = f"$schema: https://a/MLTable.schema.json\ntype: mltable\n{more}paths:\n{paths}\n"
        text += "transformations:\n" + "".join(f"  - {step}\n" for step in steps) if steps else ""
        (tmp_path / "MLTable").write_text(text)
        return tmp_path

    return write


READ = "read_delimited: {delimiter: ',', encoding: ascii}"


def read(folder, *steps, **options):
    return read_table(folder(*steps, **options))


def test_the_folder_and_its_file_are_the_table(folder):
    path = folder(READ)
    table = read_table(path)
    assert list(table) == ["age", "city", "joined", "code", "ok"]
    assert table["age"].tolist()[:2] == [41, 39]
    pd.testing.assert_frame_equal(read_table(str(path / "MLTable")), table)


def test_without_a_reading_step_files_are_read_by_their_names(folder):
    assert read(folder)["city"].tolist() == ["Oslo", "Rome", "Lima"]


def test_traits_change_nothing_and_that_is_said(folder):
    notes = []
    table = read_table(folder(READ, more="traits: {index_columns: [age]}\n"), notes=notes)
    assert list(table)[:2] == ["age", "city"]
    assert "MLTable, line 3: there are traits" in notes[0].finding


# -- paths -----------------------------------------------------------------------------------


def test_paths_are_files_folders_and_patterns(folder, tmp_path):
    (tmp_path / "more" / "deep").mkdir(parents=True)
    for number in (2, 10):
        (tmp_path / "more" / f"part{number}.csv").write_text(f"n\n{number}\n")
    (tmp_path / "more" / "deep" / "part3.csv").write_text("n\n3\n")
    (tmp_path / "more" / "_done").write_text("")
    assert read(folder, READ, paths="  - pattern: ./more/*.csv")["n"].tolist() == [2, 10]
    assert sorted(read(folder, READ, paths="  - folder: ./more")["n"]) == [2, 3, 10]
    both = f"  - file: {tmp_path}/more/part10.csv\n  - file: more/part2.csv"
    assert read(folder, READ, paths=both)["n"].tolist() == [10, 2]


@pytest.fixture
def store():
    """A store with a table, and with a folder that has a file MLTable."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name, text in {
        "people.csv": CSV,
        "broken.csv": "a,b\n1,2\n1\n",
        "described/MLTable": "paths: [{file: people.csv}]\n",
        "described/people.csv": CSV,
    }.items():
        memory.pipe(f"/{name}", text.encode())
    yield "memory://"
    memory.rm("/", recursive=True)


def test_files_may_be_elsewhere_and_say_so(folder, store):
    both = f"  - file: {store}/people.csv\n  - file: people.csv"
    table = read(folder, "read_delimited: {include_path_column: true}", paths=both)
    assert table["city"].tolist() == ["Oslo", "Rome", "Lima"] * 2
    assert table["Path"].tolist() == [f"{store}/people.csv"] * 3 + ["people.csv"] * 3
    with pytest.raises(DataError, match=r"\(memory://.*broken.csv, line 3\)"):
        read(folder, READ, paths=f"  - file: {store}/broken.csv")
    with pytest.raises(DataError, match="no such file"):
        read(folder, READ, paths=f"  - file: {store}/peopel.csv")


def test_a_described_folder_elsewhere_is_not_read_without_its_steps(store):
    with pytest.raises(DataError, match="Download the folder"):
        read_table(f"{store}/described")


# -- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("utf8", "utf-8"),
        ("utf8bom", "utf-8-sig"),
        ("iso88591", "latin-1"),
        ("latin1", "latin-1"),
        ("utf16", "utf-16"),
        ("utf32", "utf-32"),
        ("windows1252", "cp1252"),
    ],
)
def test_every_encoding_is_read(folder, tmp_path, name, encoding):
    (tmp_path / "people.csv").write_bytes("name;n\nZoé;1\nJürgen;2\n".encode(encoding))
    table = read(folder, f"read_delimited: {{delimiter: ';', encoding: {name}}}")
    assert table["name"].tolist() == ["Zoé", "Jürgen"]


def test_a_byte_outside_of_the_encoding_is_named_with_its_line(folder, tmp_path):
    (tmp_path / "people.csv").write_text("name\nAda\nZoé\n")
    with pytest.raises(DataError, match=r"not ascii \(.*people.csv, line 3\)"):
        read(folder, READ)


@pytest.mark.parametrize(
    ("header", "columns", "rows"),
    [
        ("all_files_same_headers", ["a", "b"], [[1, 2], [3, 4]]),
        ("no_header", ["Column1", "Column2"], [["a", "b"], ["1", "2"], ["a", "b"], ["3", "4"]]),
        ("from_first_file", ["a", "b"], [["1", "2"], ["a", "b"], ["3", "4"]]),
    ],
)
def test_headers_are_where_the_step_says(folder, tmp_path, header, columns, rows):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("a,b\n3,4\n")
    step = f"read_delimited: {{header: {header}, delimiter: ','}}"
    table = read(folder, step, paths="  - pattern: ./[12].csv")
    assert list(table) == columns
    assert table.to_numpy().tolist() == rows


def test_files_with_different_headers_are_joined_by_name(folder, tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,c\n3,x\n")
    paths = "  - file: 1.csv\n  - file: 2.csv"
    table = read(folder, "read_delimited: {header: all_files_different_headers}", paths=paths)
    assert list(table) == ["a", "b", "c"]
    assert table["b"].tolist() == [2, 3]
    assert table["a"].isna().tolist() == [False, True]


def test_types_are_inferred_unless_that_is_switched_off(folder):
    assert read(folder, "read_delimited")["age"].dtype.kind == "f"
    assert read(folder, "read_delimited: {infer_column_types: false}")["age"].tolist()[0] == "41"


def test_rows_say_which_file_they_come_from(folder):
    table = read(folder, "read_delimited: {include_path_column: true}")
    assert table["Path"].tolist() == ["people.csv"] * 3
    named = read(folder, "read_delimited: {include_path_column: true, path_column: from}")
    assert named.columns[0] == "from"


def test_quoted_line_breaks_are_read(folder, tmp_path):
    (tmp_path / "people.csv").write_text('name,n\n"Ada\nByron",1\n')
    assert read(folder, "read_delimited: {support_multi_line: true}")["name"][0] == "Ada\nByron"


def test_a_tab_may_be_written_in_single_quotes(folder, tmp_path):
    (tmp_path / "people.csv").write_text("a,x\tb\n1\t2\n")
    assert list(read(folder, r"read_delimited: {delimiter: '\t'}")) == ["a,x", "b"]


def test_columns_that_were_text_in_training_stay_text(folder):
    assert read_table(folder(READ), text=["age"])["age"].tolist()[:2] == ["41", "39"]


def test_parquet_is_read_and_big_files_can_be_read_in_parts(folder, tmp_path):
    pd.DataFrame({"n": [1, 2, 3]}).to_parquet(tmp_path / "n.parquet")
    path = folder("read_parquet", paths="  - file: n.parquet")
    assert read_table(path)["n"].tolist() == [1, 2, 3]
    assert open_big(path).n_rows == 3
    taken = folder("read_parquet", "take: 2", paths="  - file: n.parquet")
    assert open_big(taken) is None
    assert read_table(taken)["n"].tolist() == [1, 2]
    paths = folder("read_parquet: {include_path_column: true}", paths="  - file: n.parquet")
    assert read_table(paths)["Path"].tolist() == ["n.parquet"] * 3
    assert open_big(paths) is None


def test_json_lines_are_read_and_broken_ones_dropped_if_asked(folder, tmp_path):
    (tmp_path / "x.jsonl").write_text('{"n": 1}\nnonsense\n[2]\n{"n": 3}\n')
    paths = "  - file: x.jsonl"
    step = "read_json_lines: {encoding: utf8, invalid_lines: drop}"
    assert read(folder, step, paths=paths)["n"].tolist() == [1, 3]
    with pytest.raises(DataError, match=r"not JSON.*line 2"):
        read(folder, "read_json_lines: {invalid_lines: error}", paths=paths)


@pytest.fixture
def lake(tmp_path):
    """A Delta table of two versions, an hour apart from everything else."""
    deltalake = pytest.importorskip("deltalake")
    for rows in ([1, 2], [1, 2, 3]):
        table = pa.table({"n": rows})
        deltalake.write_deltalake(str(tmp_path / "lake"), table, mode="overwrite")
    return "  - folder: ./lake"


def test_a_delta_table_is_read_as_of_a_version_or_a_time(folder, lake):
    assert read(folder, "read_delta_lake: {version_as_of: 0}", paths=lake)["n"].tolist() == [1, 2]
    newest = "read_delta_lake: {timestamp_as_of: '2999-08-26T00:00:00Z'}"
    assert read(folder, newest, paths=lake)["n"].tolist() == [1, 2, 3]
    unquoted = "read_delta_lake: {timestamp_as_of: 2999-08-26T00:00:00Z}"
    assert open_big(folder(unquoted, paths=lake)).n_rows == 3
    assert read(folder, newest, "filter: col('n') > 2", paths=lake)["n"].tolist() == [3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "either version_as_of or timestamp_as_of"),
        (": {version_as_of: 0, timestamp_as_of: '2022-10-01'}", "either version_as_of or"),
        (": {version_as_of: latest}", "has no version 'latest'"),
        (": {version_as_of: 7}", "It has versions 0 to 1"),
        (": {timestamp_as_of: yesterday}", "Write it like"),
        (": {timestamp_as_of: '2001-10-01T00:00:00+08:00'}", "before the table was made"),
    ],
)
def test_a_version_that_is_not_there_is_refused(folder, lake, arguments, message):
    with pytest.raises(DataError, match=message):
        read(folder, f"read_delta_lake{arguments}", paths=lake)


def test_a_folder_that_is_no_delta_table_is_refused(folder, tmp_path):
    with pytest.raises(DataError, match="reads the folder of one Delta table"):
        read(folder, "read_delta_lake: {version_as_of: 0}")


# -- steps -----------------------------------------------------------------------------------


def convert(column, kind):
    return f"convert_column_types: [{{columns: {column}, column_type: {kind}}}]"


def test_columns_are_converted(folder):
    table = read(
        folder,
        READ,
        convert("[code]", "string"),
        convert("age", "float"),
        convert("joined", "{datetime: {formats: ['%d/%m/%Y']}}"),
        convert(
            "ok", "{boolean: {true_values: ['yes'], false_values: ['no'], mismatch_as: error}}"
        ),
    )
    assert table["code"].tolist()[:2] == ["007", "010"]
    assert table["joined"].tolist()[1] == pd.Timestamp("2021-02-01")
    assert table["ok"].tolist() == [True, False, None]
    assert table["age"].dtype == float


def test_a_number_becomes_the_text_that_it_was(folder, tmp_path):
    (tmp_path / "people.csv").write_text("zip,n\n1.50,1\n2,2\n")
    assert read(folder, READ, convert("zip", "string"))["zip"].tolist() == ["1.50", "2"]


def test_codes_become_whole_numbers(folder, tmp_path):
    (tmp_path / "people.csv").write_text("code,x\n007,1\n010,2\n")
    assert read(folder, READ, convert("code", "int"))["code"].tolist() == [7, 10]


def test_decimal_commas_are_read(folder, tmp_path):
    (tmp_path / "people.csv").write_text('x,y\n"1,5",a\n"2",b\n')
    table = read(folder, READ, convert("x", "{float: {decimal_mark: ','}}"))
    assert table["x"].tolist() == [1.5, 2.0]


@pytest.mark.parametrize(("word", "found"), [("'true'", True), ("'false'", False)])
def test_other_words_than_true_and_false_may_count_as_one(folder, word, found):
    kind = f"{{boolean: {{true_values: ['yes'], false_values: [], mismatch_as: {word}}}}}"
    assert read(folder, READ, convert("ok", kind))["ok"].tolist()[1] is found


def test_columns_are_dropped_and_kept(folder):
    assert list(read(folder, READ, "drop_columns: [age, code]")) == ["city", "joined", "ok"]
    assert "age" not in read(folder, READ, "drop_columns: age")
    assert list(read(folder, READ, "keep_columns: [ok, age]")) == ["age", "ok"]


def test_rows_are_taken_skipped_and_sampled(folder, tmp_path):
    (tmp_path / "people.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(200)))
    assert read(folder, READ, "take: 2")["n"].tolist() == [0, 1]
    assert read(folder, READ, "skip: 198")["n"].tolist() == [198, 199]
    sample = "take_random_sample: {probability: 0.3, seed: 7}"
    one, other = read(folder, READ, sample), read(folder, READ, sample)
    pd.testing.assert_frame_equal(one, other)
    assert 30 < len(one) < 90


@pytest.mark.parametrize(
    ("condition", "cities"),
    [
        ("col('age') > 40", ["Oslo"]),
        ('col("age") >= 39 and col("city") == "Rome"', ["Rome"]),
        ("(col('age') < 40) | (col('city') == 'Lima')", ["Rome", "Lima"]),
        ("not col('city') == 'Oslo'", ["Rome", "Lima"]),
        ("col('city') in ['Lima', 'Oslo']", ["Oslo", "Lima"]),
        ("40 < col('age') <= 41", ["Oslo"]),
        ("col('age') != 41", ["Rome", "Lima"]),
        ("col('ok') != 'yes'", ["Rome", "Lima"]),
        ("col('age') > -1", ["Oslo", "Rome"]),
        ("col('city') < col('ok')", ["Oslo", "Rome"]),
    ],
)
def test_rows_are_filtered(folder, condition, cities):
    assert read(folder, READ, f"filter: {condition}")["city"].tolist() == cities


def test_times_and_truth_are_filtered_after_they_were_converted(folder):
    joined = convert("joined", "{datetime: {formats: ['%d/%m/%Y']}}")
    after = read(folder, READ, joined, "filter: col('joined') >= '2021-01-01'")
    assert after["city"].tolist() == ["Rome"]
    kind = "{boolean: {true_values: ['yes'], false_values: ['no']}}"
    ok = read(folder, READ, convert("ok", kind), "filter: col('ok')")
    assert ok["city"].tolist() == ["Oslo"]


def test_what_a_reader_says_of_columns_that_are_left_is_said(folder, tmp_path):
    (tmp_path / "people.csv").write_text("x;y\n1,5;2,5\n2,5;3,5\n")
    step = "read_delimited: {delimiter: ';'}"
    notes = []
    table = read_table(folder(step, "drop_columns: x"), notes=notes)
    assert table["y"].tolist() == [2.5, 3.5]
    assert [note.columns for note in notes] == [("y",)]
    notes.clear()
    as_text = convert("y", "string")
    assert read_table(folder(step, as_text), notes=notes)["y"].tolist() == ["2,5", "3,5"]
    assert [note.columns for note in notes] == [("x",)]


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((READ, "filter: open('x').read()"), "is not done"),
        ((READ, "filter: col('age').real > 1"), "is not done"),
        ((READ, "filter: col('age') + 1 > 1"), "is not done"),
        ((READ, "filter: \"__import__('os').system('x')\""), "is not done"),
        ((READ, "filter: col('age'"), "cannot be read"),
        ((READ, "filter: '" + "(" * 1500 + "'"), "cannot be read"),
        ((READ, "filter: col('agee') > 1"), "Did you mean 'age'?"),
        ((READ, "filter: col('city') > 1"), "of kind string, with 1"),
        ((READ, "filter: col('age') > 99"), "leaves no rows"),
        ((READ, "drop_column: age"), "Did you mean 'drop_columns'?"),
        ((READ, "drop_columns: [agee]"), "Did you mean 'age'?"),
        ((READ, "take: many"), "takes a number of rows"),
        ((READ, READ), "is not the first step"),
        ((READ, "take_random_sample: {probability: 2}"), "from 0 to 1"),
        ((READ, "take_random_sample: {share: 0.5}"), "no argument 'share'"),
        ((READ, "extract_columns_from_partition_format: {'t:yyyy'}"), "is refused"),
        ((READ, convert("city", "int")), "holds 'Oslo' in row 1, which is no number"),
        ((READ, convert("city", "stream_info")), "stream_info is refused"),
        ((READ, convert("city", "bool")), "Did you mean 'boolean'?"),
        ((READ, convert("joined", "{datetime: {formats: ['%Y']}}")), "'31/12/2020' in row 1"),
        ((READ, convert("joined", "{datetime: {format: x}}")), "Did you mean 'formats'?"),
        ((READ, convert("ok", "boolean")), "true_values"),
        (("read_delimited: {delimeter: ';'}",), "Did you mean 'delimiter'?"),
        (("read_delimited: {encoding: utf7}",), "Did you mean 'utf8'?"),
        (("read_delimited: {header: none}",), "no_header"),
        (("read_delimited: {empty_as_string: true}",), "empty_as_string: false"),
        (("read_delimited: {infer_column_types: {sample_size: 5}}",), "Write true or false"),
        (("read_json_lines: {invalid_lines: skip}",), "Write error or drop"),
    ],
)
def test_a_step_that_cannot_be_done_is_refused_with_its_line(folder, steps, message):
    with pytest.raises(DataError, match="MLTable, line") as caught:
        read(folder, *steps)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("paths: [{file: a.csv}]\ntype: table\n", "Write type: mltable"),
        ("paths: [{file: a.csv}]\npath: x\n", "Did you mean 'paths'?"),
        ("type: mltable\n", "there are no paths"),
        ("paths: [{fil: a.csv}]\n", "Did you mean 'file'?"),
        ("paths: [{file: azureml://datastores/x/paths/y}]\n", "Download the files"),
        ("paths: [{file: a.csv}]\n", "no such file"),
        ("paths: [{folder: nowhere}]\n", "there is no folder"),
        ("paths: [{file: a.csv}]\npaths: []\n", "is there twice"),
        ("paths: !!python/object/apply:os.system ['touch x']\n", "is not YAML"),
        ("- a\n", "has no keys"),
        ("paths: [\n", "is not YAML"),
    ],
)
def test_a_file_that_is_no_mltable_is_refused(tmp_path, text, message):
    (tmp_path / "MLTable").write_text(text)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "x").exists()
