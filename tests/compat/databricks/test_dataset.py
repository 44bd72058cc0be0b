"""What the argument ``dataset`` may be."""

import contextlib
import sqlite3
import sys
from types import SimpleNamespace

import pandas as pd
import polars as pl
import pytest

import trialbook
from trialbook.compat.databricks._dataset import resolve
from trialbook.errors import DataError
from trialbook.tables import read_table
from trialbook.tables.plain._normalise import normalise


@pytest.fixture
def frame():
    return pd.DataFrame({"when": ["2024-01-01", "2024-01-02"], "code": [1, 2], "on": [True, None]})


def test_tables_in_memory_are_taken_as_they_are(frame):
    for table in (frame, pl.from_pandas(frame)):
        dataset = resolve(table, "nowhere")
        assert dataset.handed is table and dataset.title == "dataset"
        assert dataset.columns == ["when", "code", "on"]


@pytest.mark.parametrize("name", ["bank", "default.bank", "main.default.bank", "`my db`.`bank`"])
def test_a_name_of_one_two_or_three_parts_is_a_table_of_the_workspace(tmp_path, frame, name):
    workspace = str(tmp_path / "kept")
    trialbook.tables.upload(frame, "bank", workspace)
    dataset = resolve(name, workspace)
    assert (dataset.source, dataset.title, dataset.handed) == ("bank", "bank", None)
    assert dataset.some(["code"])["code"].tolist() == [1, 2]


def test_a_version_may_be_asked_for(tmp_path, frame):
    workspace = str(tmp_path / "kept")
    trialbook.tables.upload(frame, "bank", workspace)
    trialbook.tables.upload(frame.head(1), "bank", workspace)
    assert len(resolve("default.bank", workspace).whole()) == 1
    assert len(resolve("default.bank@0", workspace).whole()) == 2


def test_files_are_read_too(tmp_path, frame, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("bank.csv", index=False)
    for source in ("bank.csv", str(tmp_path / "bank.csv"), tmp_path / "bank.csv"):
        assert resolve(source, "nowhere").title == "bank"


def test_what_was_fetched_from_a_database_is_not_fetched_again(tmp_path, frame, monkeypatch):
    path = tmp_path / "db.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        frame.to_sql("bank", connection, index=False)
    dataset = resolve(f"sqlite:///{path}#bank", "nowhere")
    path.unlink()
    assert dataset.some(["code"])["code"].tolist() == [1, 2]
    assert len(dataset.whole()) == 2
    assert read_table(dataset.handed)["when"].tolist() == dataset.whole()["when"].tolist()


def test_a_name_that_is_nothing_says_how_to_make_it_a_table(tmp_path):
    with pytest.raises(DataError, match=r"neither a table nor a file 'a.b'.*upload\(data, 'b'"):
        resolve("a.b", str(tmp_path))


class Session:
    """A Spark session as the door sees one."""

    def __init__(self, fields):
        self.fields = fields
        self.catalog = SimpleNamespace(tableExists=lambda name: name == "db.bank")

    def table(self, name):
        return SimpleNamespace(schema=SimpleNamespace(fields=self.fields))


@pytest.fixture
def spark(monkeypatch, frame):
    """Make a session active, whose table `db.bank` is `frame`."""
    from trialbook.compat.databricks import _dataset

    kinds = {"when": "native", "code": "Categorical", "on": None}
    key = "spark.contentAnnotation.semanticType"
    fields = [SimpleNamespace(name=n, metadata={key: k} if k else {}) for n, k in kinds.items()]
    session = Session(fields)
    module = SimpleNamespace(SparkSession=SimpleNamespace(getActiveSession=lambda: session))
    monkeypatch.setitem(sys.modules, "pyspark.sql", module)
    monkeypatch.setattr(_dataset, "open_big", lambda source, workspace, notes: None)
    monkeypatch.setattr(
        _dataset, "read_whole", lambda source, big, workspace, notes: normalise(frame)
    )


def test_a_table_of_the_active_spark_session_comes_first(spark, tmp_path):
    assert resolve("db.bank", "nowhere").source == "spark:db.bank"
    with pytest.raises(DataError, match="neither a table nor a file"):
        resolve("db.other", str(tmp_path))


def test_annotated_types_are_kept(spark):
    types = resolve("db.bank", "nowhere").annotated_types()
    assert types == {"code": "categorical", "when": "categorical"}
