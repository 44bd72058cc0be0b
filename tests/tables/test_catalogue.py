"""Tables by name: uploaded as versions, listed, shown, read and dropped."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import trialbook as tb
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.tables import _catalogue, open_big, pinned, read_table
from trialbook.tables.plain import _parquet

ODD_NAMES = ["a b", "x,;{}()\n\t=", "[y]", "Ünï", "_z", "__index", "p.q", "p", "%20", "'\"", "1"]


@pytest.fixture
def space(tmp_path):
    return tmp_path / "work"


@pytest.fixture
def bank(tmp_path):
    path = tmp_path / "bank.csv"
    pd.DataFrame({"age": [30, 41, 52], "job": ["a", None, "b"]}).to_csv(path, index=False)
    return path


def mixed():
    """A table with every storage, and what is hard about each."""
    return pd.DataFrame(
        {
            "whole": [1, 2, 2**60],
            "number": [0.1, None, np.inf],
            "flag": [True, False, True],
            "perhaps": [True, None, False],
            "text": ["a", "", "ü"],
            "digits": ["007", None, "1"],
            "when": pd.to_datetime(
                ["2020-01-01 01:02:03.000004", None, "1700-01-01"], format="ISO8601"
            ),
            "zoned": pd.date_range("2020-01-01", periods=3, tz="Europe/Berlin"),
            "gone": [None, None, None],
            "level": pd.Categorical(["b", None, "a"]),
            "list": [[1], None, [2, 3]],
            "empty": [[], None, []],
            "bytes": [b"a", None, b""],
        }
    )


def contents(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_is_kept_under_its_own_name(bank, space):
    entry = tb.tables.upload(bank, workspace=space)
    assert (entry.name, entry.version, entry.rows, entry.columns) == ("bank", 0, 3, 2)
    assert entry.source == str(bank)
    assert (space / "tables" / "bank" / "_delta_log").is_dir()
    assert tb.tables.read("bank", space).equals(read_table(bank))


def test_a_second_upload_is_a_new_version_with_columns_of_its_own(bank, space):
    tb.tables.upload(bank, workspace=space)
    entry = tb.tables.upload(pd.DataFrame({"other": ["x"]}), "bank", space)
    assert (entry.version, entry.rows, entry.columns) == (1, 1, 1)
    assert list(tb.tables.read("bank", space)) == ["other"]
    assert tb.tables.read("bank@0", space).equals(read_table(bank))


def test_rows_that_are_appended_come_last(bank, space):
    for age in range(5):
        tb.tables.upload(pd.DataFrame({"age": [age], "job": ["c"]}), "bank", space, append=age > 0)
    assert tb.tables.read("bank", space)["age"].tolist() == [0, 1, 2, 3, 4]
    assert tb.tables.read("bank@2", space)["age"].tolist() == [0, 1, 2]
    assert tb.tables.show("bank", space).entry.rows == 5
    assert [change.rows for change in tb.tables.show("bank", space).versions] == [5, 4, 3, 2, 1]


def test_every_storage_comes_back_as_it_was_read(space):
    frame = mixed()
    tb.tables.upload(frame, "mixed", space)
    read, known = tb.tables.read("mixed", space), read_table(frame)
    nested = ["list", "empty", "bytes"]
    pd.testing.assert_frame_equal(read.drop(columns=nested), known.drop(columns=nested))
    for name in nested:
        assert [None if cell is None else list(cell) for cell in read[name]] == [
            None if cell is None else list(cell) for cell in known[name]
        ]


def test_parquet_is_kept_in_parts_as_it_would_be_read_as_a_whole(tmp_path, space, monkeypatch):
    monkeypatch.setattr(_parquet, "BATCH_ROWS", 2)
    frame = pd.concat([mixed(), mixed().iloc[::-1]], ignore_index=True).drop(columns="empty")
    frame["early"] = pd.Series([None, None, 1, 2, 3, 4], dtype="Int64")
    frame["cents"] = pa.array([1, 2, 3, 4, 5, 6], pa.decimal128(9, 2)).to_pandas()
    frame["span"] = pd.to_timedelta([1, 2, 3, 4, 5, None], unit="s")
    frame.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(
        "trialbook.tables._sources.read_table", lambda *_, **__: pytest.fail("read as a whole")
    )
    tb.tables.upload(tmp_path / "t.parquet", workspace=space)
    read, known = tb.tables.read("t", space), read_table(tmp_path / "t.parquet")
    nested = ["list", "bytes"]
    pd.testing.assert_frame_equal(read.drop(columns=nested), known.drop(columns=nested))


def test_numbers_beyond_int64_are_read_as_a_whole(tmp_path, space):
    frame = pd.DataFrame({"x": np.array([1, 2**64 - 1], dtype=np.uint64)})
    frame.to_parquet(tmp_path / "t.parquet")
    tb.tables.upload(tmp_path / "t.parquet", workspace=space)
    assert tb.tables.read("t", space)["x"].tolist() == [1.0, float(2**64 - 1)]


def test_very_odd_names_of_columns_come_back(space):
    frame = pd.DataFrame([range(len(ODD_NAMES))] * 2, columns=ODD_NAMES)
    tb.tables.upload(frame, "odd", space)
    pd.testing.assert_frame_equal(tb.tables.read("odd", space), frame)
    big = open_big("odd", workspace=space)
    pd.testing.assert_frame_equal(big.read(["p.q", "p", "Ünï"]), frame[["Ünï", "p.q", "p"]])


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"x": pd.to_datetime(["2020-01-01 00:00:00.000000001"])}, "finer than a microsecond"),
        ({"x": [1], "X": [2]}, "differ in case only"),
        ({"x": [{"a": 1}, [2]]}, "cannot keep, such as {'a': 1}"),
        ({"x": [{}]}, "cannot keep, such as {}"),
        ({"x": ["\ud800"]}, "cannot keep"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(column, said, tmp_path):
    space = tmp_path / "new"
    with pytest.raises(DataError, match=re.escape(said)):
        tb.tables.upload(pd.DataFrame(column), "t", space)
    assert not space.exists()


def test_an_upload_that_fails_harms_no_table(bank, space, monkeypatch):
    tb.tables.upload(bank, workspace=space)
    before = contents(space)

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trialbook.tables.delta.add_version", fails)
    with pytest.raises(WorkspaceError, match="No space left"):
        tb.tables.upload(bank, workspace=space)
    monkeypatch.setattr("trialbook.tables.delta.create", fails)
    with pytest.raises(WorkspaceError, match="No space left"):
        tb.tables.upload(bank, "other", space)
    assert contents(space) == before
    assert tb.tables.read("bank", space).equals(read_table(bank))


def test_a_version_whose_upload_is_interrupted_after_the_commit_has_its_rows(
    bank, space, monkeypatch
):
    tb.tables.upload(bank, workspace=space)
    commit = _catalogue.delta.add_version

    def interrupted(*arguments, **options):
        commit(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr("trialbook.tables.delta.add_version", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tb.tables.upload(bank, workspace=space)
    assert tb.tables.show("bank", space).entry.version == 1
    assert tb.tables.read("bank", space).equals(read_table(bank))


def test_what_a_killed_upload_left_is_taken_away_when_nobody_goes_on_with_it(bank, space):
    tb.tables.upload(bank, workspace=space)
    left, going_on = (space / "tables" / f".bank-0123456{i}" for i in range(2))
    for folder in (left, going_on):
        folder.mkdir()
        (folder / "part.parquet").write_bytes(b"")
    long_ago = time.time() - 2 * _catalogue.LEFT_S
    for path in (left / "part.parquet", left, going_on):
        os.utime(path, (long_ago, long_ago))
    tb.tables.upload(bank, workspace=space)
    assert (left.exists(), going_on.exists()) == (False, True)


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x")])
def test_files_that_are_gone_or_damaged_are_told(harm, bank, space):
    tb.tables.upload(bank, workspace=space)
    for path in (space / "tables" / "bank").glob("*.parquet"):
        harm(path)
    for ask in (tb.tables.list, lambda space: tb.tables.show("bank", space)):
        with pytest.raises(DataError, match=r"are gone|cannot be read: .*bank@0"):
            ask(space)


def test_a_source_that_does_not_exist_leaves_no_workspace(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        tb.tables.upload(tmp_path / "none.csv", workspace=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_of_other_things_is_no_workspace(tmp_path, bank):
    with pytest.raises(WorkspaceError, match="holds other things"):
        tb.tables.upload(bank, workspace=tmp_path)
    assert contents(tmp_path) == ["bank.csv"]


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".", "a@1", "-a", "a b", "aux", "COM1", "nul", "é", "x" * 101, "a\n"]
)
def test_names_that_are_no_folder_on_some_system_are_refused(name, bank, space):
    with pytest.raises(OptionError, match="cannot be the name of a table"):
        tb.tables.upload(bank, name, space)
    assert not space.exists()


@pytest.mark.parametrize(
    ("file", "name"), [("a b (1).csv", "a_b_1"), ("März.csv", "M_rz"), ("x.y.csv", "x")]
)
def test_a_name_is_made_of_that_of_the_file(file, name, bank, tmp_path, space):
    bank.rename(tmp_path / file)
    assert tb.tables.upload(tmp_path / file, workspace=space).name == name


def test_a_table_in_memory_needs_a_name(space):
    with pytest.raises(OptionError, match="no name of its own"):
        tb.tables.upload(pd.DataFrame({"x": [1]}), workspace=space)


def test_names_that_differ_in_case_only_are_one(bank, space):
    tb.tables.upload(bank, workspace=space)
    with pytest.raises(OptionError, match="'bank', whose name differs in case only"):
        tb.tables.upload(bank, "Bank", space)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"age": [1]}, "lack 'job'"),
        ({"age": [1], "job": ["a"], "more": [1]}, "have 'more' besides"),
        ({"age": ["old"], "job": ["a"]}, "holds string values such as 'old'"),
        ({"age": [0.5], "job": ["a"]}, "holds number values such as 0.5"),
        ({"age": [1], "job": [1]}, "holds number values such as 1"),
    ],
)
def test_rows_of_another_kind_are_not_appended(rows, said, bank, space):
    tb.tables.upload(bank, workspace=space)
    before = contents(space)
    with pytest.raises(DataError, match=re.escape(said)):
        tb.tables.upload(pd.DataFrame(rows), "bank", space, append=True)
    assert contents(space) == before


def test_codes_stay_text_among_rows_that_are_added(tmp_path, space):
    (tmp_path / "codes.csv").write_text("code,n\n007,1\n")
    (tmp_path / "more.csv").write_text("code,n\n17,2\n")
    tb.tables.upload(tmp_path / "codes.csv", workspace=space)
    tb.tables.upload(tmp_path / "more.csv", "codes", space, append=True)
    assert tb.tables.read("codes", space).to_dict("list") == {"code": ["007", "17"], "n": [1, 2]}


def test_missing_cells_fit_any_column(bank, space):
    tb.tables.upload(bank, workspace=space)
    tb.tables.upload(pd.DataFrame({"job": [None], "age": [None]}), "bank", space, append=True)
    assert tb.tables.read("bank", space)["age"].isna().tolist() == [False, False, False, True]


def test_there_must_be_a_table_to_append_to(bank, space):
    tb.tables.upload(bank, workspace=space)
    with pytest.raises(OptionError, match=r"no table 'bnak' to append to.*Did you mean 'bank'"):
        tb.tables.upload(bank, "bnak", space, append=True)


def test_tables_are_listed_by_name(bank, space):
    for name in ("b", "a", "b"):
        tb.tables.upload(bank, name, space)
    (space / "tables" / "junk").mkdir()
    assert [(e.name, e.version) for e in tb.tables.list(space)] == [("a", 0), ("b", 1)]
    with pytest.raises(WorkspaceError, match="no such workspace"):
        tb.tables.list(space / "none")


def test_a_table_is_shown_with_columns_sample_and_versions(bank, space):
    tb.tables.upload(mixed(), "bank", space)
    tb.tables.upload(bank, workspace=space)
    details = tb.tables.show("bank@0", space, rows=2)
    storages = {column.name: column.storage.value for column in details.schema}
    assert storages == {
        **dict.fromkeys(("whole", "number", "gone"), "number"),
        **dict.fromkeys(("flag", "perhaps"), "bool"),
        **dict.fromkeys(("text", "digits", "level"), "string"),
        **dict.fromkeys(("when", "zoned"), "datetime"),
        **dict.fromkeys(("list", "empty", "bytes"), "nested"),
    }
    assert details.sample["whole"].tolist() == [1, 2]
    assert (details.entry.version, details.entry.source) == (0, "a table in memory")
    assert [(one.version, one.rows, one.source) for one in details.versions] == [
        (1, 3, str(bank)),
        (0, 3, "a table in memory"),
    ]


def test_a_table_is_dropped_with_all_its_versions(bank, space):
    tb.tables.upload(bank, workspace=space)
    tb.tables.upload(bank, "other", space)
    with pytest.raises(OptionError, match="single version"):
        tb.tables.drop("bank@0", space)
    tb.tables.drop("bank", space)
    assert contents(space / "tables")[0] == ".lock"
    assert [entry.name for entry in tb.tables.list(space)] == ["other"]
    with pytest.raises(DataError, match=r"no table 'bank'.*Known: other"):
        tb.tables.drop("bank", space)


def test_a_file_whose_name_is_no_text_is_kept(bank, space):
    odd = bank.with_name("b\udcff.csv")
    try:
        bank.rename(odd)
    except OSError:
        pytest.skip("this file system takes no such names")
    assert tb.tables.upload(odd, "t", space).source.endswith("b?.csv")


def test_dropping_a_link_leaves_what_it_leads_to(bank, space, tmp_path):
    tb.tables.upload(bank, workspace=space)
    tb.tables.upload(bank, workspace=tmp_path / "other")
    (space / "tables" / "link").symlink_to(tmp_path / "other" / "tables" / "bank")
    tb.tables.drop("link", space)
    assert [entry.name for entry in tb.tables.list(space)] == ["bank"]
    assert len(tb.tables.read("bank", tmp_path / "other")) == 3


def test_passwords_do_not_get_into_the_log(bank, space, monkeypatch):
    frame = read_table(bank)
    monkeypatch.setattr("trialbook.tables._sources.read_table", lambda *_, **__: frame)
    monkeypatch.setattr("trialbook.tables._sources.open_big", lambda *_, **__: None)
    entry = tb.tables.upload("postgresql://ada:secret@db/shop#orders", workspace=space)
    assert (entry.name, entry.source) == ("orders", "postgresql://ada:***@db/shop#orders")
    log = next((space / "tables" / "orders" / "_delta_log").glob("*.json")).read_text()
    assert "secret" not in log


UPLOADS = """
import pandas as pd, sys, trialbook as tb
for value in range(3):
    tb.tables.upload(pd.DataFrame({"x": [value] * 10}), "t", sys.argv[1])
"""


def test_uploads_at_once_under_one_name_do_not_corrupt(space):
    workers = [subprocess.Popen([sys.executable, "-c", UPLOADS, str(space)]) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    details = tb.tables.show("t", space)
    assert [one.version for one in details.versions] == [5, 4, 3, 2, 1, 0]
    for version in range(6):
        values = tb.tables.read(f"t@{version}", space)["x"]
        assert (len(values), values.nunique()) == (10, 1)
    assert contents(space / "tables")[0] == ".lock"
    assert not [name for name in contents(space / "tables") if name.startswith(".t-")]


def test_a_name_is_a_source_before_a_file_of_that_name(bank, space, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tb.tables.upload(pd.DataFrame({"x": [1, 2]}), "bank", space)
    pd.DataFrame({"y": [1, 2]}).to_parquet("bank.parquet")
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank.parquet").rename(tmp_path / "bank" / "part.parquet")
    assert list(read_table("bank", workspace=space)) == ["x"]
    assert list(read_table("./bank", workspace=space)) == ["y"]
    assert list(read_table((tmp_path / "bank").relative_to(tmp_path), workspace=space)) == ["y"]
    assert list(read_table("bank")) == ["y"]
    assert open_big("bank", workspace=space).names == ["x"]


def test_an_unknown_name_is_answered_with_the_nearest(bank, space, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tb.tables.upload(bank, "customers", space)
    with pytest.raises(DataError, match=r"no such table or file.*Did you mean 'customers'"):
        read_table("customer@1", workspace=space)
    with pytest.raises(DataError, match=r"no such table or file.*Did you mean 'bank.csv'"):
        read_table("bank", workspace=space)
    with pytest.raises(DataError, match=r"no version 4.*only version 0"):
        read_table("customers@4", workspace=space)


def test_an_address_is_pinned_to_the_version_of_now(bank, space):
    tb.tables.upload(bank, workspace=space)
    tb.tables.upload(bank, workspace=space)
    assert pinned("bank", space) == "bank@1"
    assert pinned("bank@0", space) == "bank@0"
    assert pinned(str(bank), space) == str(bank)
    folder = str(space / "tables" / "bank")
    assert pinned(folder, None) == f"{folder}@1"


def test_without_the_package_one_line_says_what_to_install(bank, space, monkeypatch):
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(DataError, match=re.escape("pip install 'trialbook[tables]'")):
        tb.tables.upload(bank, workspace=space)


def test_the_log_is_plain_delta_for_any_reader(space):
    tb.tables.upload(mixed(), "t", space)
    log = next((space / "tables" / "t" / "_delta_log").glob("*.json")).read_text()
    actions = [json.loads(line) for line in log.splitlines()]
    protocol = next(action["protocol"] for action in actions if "protocol" in action)
    assert protocol["minReaderVersion"] == 1


def test_a_lock_that_is_never_released_is_reported(bank, space, monkeypatch):
    from filelock import FileLock

    tb.tables.upload(bank, workspace=space)
    monkeypatch.setattr(_catalogue, "LOCK_WAIT_S", 0.01)
    with FileLock(space / "tables" / ".lock"), pytest.raises(WorkspaceError, match="hangs"):
        tb.tables.upload(bank, workspace=space)


def test_what_was_interpreted_is_said_and_kept(tmp_path, space):
    path = tmp_path / "de.csv"
    path.write_text("preis;tag\n1.234,50;31.12.2024\n2,25;2024-12-30\n")
    entry = tb.tables.upload(path, workspace=space)
    assert any("numbers are written like" in note for note in entry.notes)
    assert any("dates are written in 2 ways" in note for note in entry.notes)
    assert tb.tables.show("de", space).entry.notes == entry.notes
    assert tb.tables.read("de", space)["preis"].tolist() == [1234.5, 2.25]
    times = pa.table({"t": pa.array([0, 10**12], pa.timestamp("s"))})
    pa.parquet.write_table(times, tmp_path / "far.parquet")
    assert tb.tables.upload(tmp_path / "far.parquet", workspace=space).notes
