"""From a table to its profile."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.profiling import _build, _read, profile_of, some_of


def test_every_column_has_the_figures_of_its_kind(every_kind):
    found = tb.profile(every_kind(), "y")
    kinds = ("numbers", "levels", "texts", "times")
    assert {
        column.name: [kind for kind in kinds if getattr(column, kind) is not None]
        for column in found.columns
    } == {
        "signal": ["numbers"],
        "noise": ["numbers"],
        "flag": ["levels"],
        "colour": ["levels"],
        "written day": ["times"],
        "story": ["texts"],
        "key": ["levels"],
        "same": ["numbers"],
        "y": ["levels"],
    }
    assert found["flag"].semantic == "boolean"
    assert found["flag"].evidence == "stored as true and false"
    assert (found["key"].role, found["key"].dropped) == ("unused", "identifier")
    assert found["y"].role == "target"
    assert found.types == {
        **{"numeric": 2, "boolean": 1, "categorical": 2, "datetime": 1},
        **{"text": 1, "identifier": 1, "constant": 1},
    }


def _leaves(value):
    if dataclasses.is_dataclass(value):
        value = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if isinstance(value, dict):
        value = (*value, *value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def test_figures_are_plain_python_values(every_kind):
    foreign = [
        one for one in _leaves(tb.profile(every_kind(), "y")) if isinstance(one, np.generic)
    ]
    assert foreign == []


def test_the_facts_of_the_table_are_exact():
    frame = pd.DataFrame({"a": [1.0, 1, 2, np.nan], "b": ["x", "x", "x", None]})
    found = tb.profile(frame)
    assert (found.n_rows, found.n_columns, found.looked_at) == (4, 2, 4)
    assert (found.duplicate_rows, found.missing_cells, found.missing_share) == (1, 2, 0.25)
    assert found.memory_bytes > 0
    assert not found.sampled
    assert found.target is None
    assert found["a"].association is None


def test_repeated_rows_are_those_that_pandas_finds():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": rng.choice([1.5, -0.0, 0.0, np.nan], 300),
            "c": rng.choice(np.array(["a", "b", None], dtype=object), 300),
            "t": rng.choice(pd.date_range("2024-01-01", periods=3), 300),
            "b": rng.random(300) < 0.5,
        }
    )
    assert tb.profile(frame).duplicate_rows == frame.duplicated().sum()


def test_the_column_that_tells_the_target_comes_first(every_kind):
    found = tb.profile(every_kind(), "y")
    assert found.strongest[0].name == "signal"
    assert found["signal"].association.share > 0.4
    assert found["signal"].association.correlation > 0.7
    assert found["noise"].association.share < 0.1
    assert found["noise"].association.missing_share is not None
    assert found["signal"].association.missing_share is None


def test_cells_that_lack_where_the_target_is_yes_are_told(every_kind):
    frame = every_kind()
    frame["noise"] = frame["noise"].fillna(0).where(frame["y"] == "no")
    assert tb.profile(frame, "y")["noise"].association.missing_share > 0.9


def test_the_target_has_its_task_and_its_classes(every_kind):
    frame = every_kind()
    found = tb.profile(frame, "y").target
    assert (found.task, found.n_classes) == ("classification", 2)
    assert [one.count for one in found.classes] == frame["y"].value_counts().tolist()
    frame["y"] = np.arange(len(frame)) / 7
    found = tb.profile(frame, "y")
    assert (found.target.task, found.target.classes) == ("regression", ())
    assert found["y"].semantic == "numeric"


def test_rows_without_a_target_do_not_count_for_associations(every_kind):
    frame = every_kind()
    frame["y"] = frame["y"].mask(frame.index < 30)
    found = tb.profile(frame, "y")
    assert found["y"].missing == 30
    assert found.strongest[0].name == "signal"
    assert "Missing target values" in [one.name for one in found.guardrails]


def test_the_checks_are_those_of_training(every_kind):
    found = {one.name: one for one in tb.profile(every_kind(), "y").guardrails}
    assert found["Missing values"].verdict == "fixed"
    assert "noise" in found["Missing values"].columns


def test_correlations_compare_all_types_and_name_what_is_nearly_the_same(every_kind):
    frame = every_kind()
    frame["signal again"] = frame["signal"] * 2 + 1e-9 * np.arange(len(frame))
    found = tb.profile(frame, "y").correlations
    assert found.names[0] == "y"
    assert set(found.names) == {*frame.columns} - {"key", "same"}
    assert [{pair.one, pair.other} for pair in found.redundant] == [{"signal", "signal again"}]
    matrix = np.array(found.matrix, dtype=float)
    assert np.array_equal(matrix, matrix.T, equal_nan=True)
    assert np.nanmax(np.abs(matrix)) <= 1
    assert (np.diag(matrix) == 1).all()


def test_of_many_columns_the_strongest_are_compared():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 80))).add_prefix("x")
    frame["y"] = (frame["x77"] > 0).map({True: "a", False: "b"})
    found = tb.profile(frame, "y").correlations
    assert len(found.names) == _build.PAIRED_COLUMNS
    assert found.names[:2] == ("y", "x77")


def test_time_coverage_follows_the_target():
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=40).repeat(2),
            "y": np.tile(["no", "yes"], 40),
        }
    )
    found = tb.profile(frame, "y").time
    assert (found.column, found.first, found.last) == ("when", "2024-01-01", "2024-02-09")
    assert found.target == (0.5,) * 40
    assert found.target_label == "share of yes"
    frame["y"] = np.repeat(np.arange(40.0), 2) * 100 + 0.5
    assert tb.profile(frame, "y").time.target[:2] == (0.5, 100.5)


def test_the_time_column_can_be_named():
    frame = pd.DataFrame(
        {
            "a": pd.date_range("2024-01-01", periods=30),
            "b": pd.date_range("2020-01-01", periods=30),
        }
    )
    assert tb.profile(frame).time.column == "a"
    assert tb.profile(frame, time_column="b").time.column == "b"


@pytest.mark.parametrize("name", ["nothing", "n"])
def test_a_time_column_that_is_none_is_refused(name):
    frame = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=30), "n": range(30)})
    with pytest.raises(OptionError, match=name):
        tb.profile(frame, time_column=name)


def test_types_are_overridden(every_kind):
    frame = every_kind()
    found = tb.profile(frame, "y", types={"signal": "categorical", "story": "ignore"})
    assert found["signal"].levels is not None
    assert found["story"].dropped == "ignored by request"
    with pytest.raises(OptionError, match="unknown column type"):
        tb.profile(frame, types={"signal": "shape"})


def test_a_target_that_is_not_there_is_refused(every_kind):
    with pytest.raises(DataError, match="no column 'z'"):
        tb.profile(every_kind(), "z")


def test_the_document_holds_no_number_that_json_has_not(every_kind):
    frame = every_kind()
    frame["huge"] = np.where(frame.index % 2, 1.7e308, -1.7e308)
    found = tb.profile(frame, "y")
    assert json.loads(found.to_json()) == found.to_dict()


def test_a_profile_is_the_same_each_time(every_kind):
    assert tb.profile(every_kind(), "y") == tb.profile(every_kind(), "y")


def test_big_tables_are_sampled_and_say_so(every_kind, monkeypatch):
    monkeypatch.setattr(_read, "MOST_CELLS", 900)
    monkeypatch.setattr(_read, "LEAST_ROWS", 10)
    found = tb.profile(every_kind(500), "y")
    assert (found.n_rows, found.looked_at, found.sampled) == (500, 100, True)
    assert "100 of its 500 rows" in found.notes[0]


def test_rows_of_a_sample_are_numbered_as_in_the_table():
    frame = pd.DataFrame({"x": [*range(9), 1000.0]})
    looked = _read.Looked(frame, np.arange(10) * 7, 70)
    found = profile_of(looked, source="t")
    assert [(one.row, one.value) for one in found["x"].numbers.outliers.examples] == [(64, 1000)]


def test_of_a_big_parquet_table_only_some_rows_are_read(every_kind, tmp_path, monkeypatch):
    every_kind(500).to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(_read, "MOST_CELLS", 900)
    monkeypatch.setattr(_read, "LEAST_ROWS", 10)

    def whole(*args, **kwargs):
        raise AssertionError("the whole table is read")

    monkeypatch.setattr(_read, "read_whole", whole)
    found = tb.profile(tmp_path / "t.parquet", "y")
    assert (found.n_rows, found.looked_at) == (500, 100)


def test_any_table_that_can_be_read_has_a_profile():
    frame = pd.DataFrame({"nested": [[1], [2], [1]], "empty": [None] * 3, "one": ["a", "b", "c"]})
    found = tb.profile(frame)
    assert found["nested"].semantic == "unsupported"
    assert found["empty"].missing_share == 1
    assert found.correlations is None
    assert tb.profile(pd.DataFrame({"a": [1]})).n_rows == 1
    assert some_of(frame).n_rows == 3


def test_files_are_written_whole_or_not_at_all(every_kind, tmp_path):
    found = tb.profile(every_kind(), "y")
    text = found.to_json(tmp_path / "p.json")
    assert (tmp_path / "p.json").read_text() == text == found.to_json()
    with pytest.raises(OptionError, match="does not exist"):
        found.to_html(tmp_path / "no" / "p.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WorkspaceError):
        found.to_html(tmp_path / "folder")


def test_a_password_in_the_address_is_not_shown(every_kind, monkeypatch):
    monkeypatch.setattr(_read, "read_whole", lambda *args, **kwargs: every_kind())
    monkeypatch.setattr(_read, "open_big", lambda *args, **kwargs: None)
    found = tb.profile("postgresql://ada:secret@db/shop#orders")
    assert "secret" not in found.to_json() + found.to_html() + repr(found)


def test_a_profile_says_what_it_is_in_a_line(every_kind):
    assert repr(tb.profile(every_kind(), "y")) == (
        "<Profile of a table in memory: 120 rows, 2 numeric, 2 categorical, 1 boolean, 1 datetime,"
        " 1 text, 1 identifier, 1 constant, 4.5% missing, target 'y' (classification)>"
    )
