"""Delta tables of other programs: read rightly or refused, never wrong."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from trialbook.errors import DataError
from trialbook.tables import open_big, read_table


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "a lake" / "bank"
    for version in range(3):
        table = pa.table({"x": [version, version + 1], "k": ["a", "b"]})
        write_deltalake(path, table, mode="overwrite")
    return path


def rewrite(folder, change):
    """Change the first commit of a table as another program would have written it."""
    path = folder / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    for action in actions:
        for kind, content in action.items():
            change(kind, content)
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))


def test_a_folder_is_a_source_with_or_without_a_version(folder):
    assert read_table(str(folder))["x"].tolist() == [2, 3]
    assert read_table(f"{folder}@0")["x"].tolist() == [0, 1]
    with pytest.raises(DataError, match=r"no version 3.*versions 0 to 2"):
        read_table(f"{folder}@3")


def test_plain_files_can_be_read_in_parts(folder):
    assert open_big(f"{folder}@1").read()["x"].tolist() == [1, 2]


def test_partitioned_tables_are_read_as_a_whole(tmp_path):
    table = pa.table({"x": [1, 2, 3], "k": ["b/c", "ü", None]})
    write_deltalake(tmp_path / "t", table, partition_by=["k"])
    assert open_big(tmp_path / "t") is None
    read = read_table(tmp_path / "t").sort_values("x")
    assert read["k"].where(read["k"].notna(), None).tolist() == ["b/c", "ü", None]


def test_columns_that_were_added_later_are_missing_before(tmp_path):
    write_deltalake(tmp_path / "t", pa.table({"x": [1]}))
    more = pa.table({"x": [2], "y": [3]})
    write_deltalake(tmp_path / "t", more, mode="append", schema_mode="merge")
    assert open_big(tmp_path / "t") is None
    read = read_table(tmp_path / "t").sort_values("x")
    assert read["y"].isna().tolist() == [True, False]


def test_rows_that_were_deleted_are_gone(folder):
    DeltaTable(folder).delete("x = 2")
    assert read_table(folder)["x"].tolist() == [3]


def test_the_order_of_rows_does_not_depend_on_the_log(tmp_path):
    for value in range(6):
        write_deltalake(tmp_path / "t", pa.table({"x": [value]}), mode="append")
    before = read_table(tmp_path / "t")
    DeltaTable(tmp_path / "t").create_checkpoint()
    pd.testing.assert_frame_equal(read_table(tmp_path / "t"), before)
    pd.testing.assert_frame_equal(open_big(tmp_path / "t").read(), before)


def test_column_mapping_is_refused(tmp_path):
    write_deltalake(tmp_path / "t", pa.table({"physical": [1, 2]}))

    def change(kind, content):
        if kind == "protocol":
            content.update(minReaderVersion=2, minWriterVersion=5)
        if kind == "metaData":
            content["configuration"] = {"delta.columnMapping.mode": "name"}
            schema = json.loads(content["schemaString"])
            schema["fields"][0].update(name="logical")
            schema["fields"][0]["metadata"] = {
                "delta.columnMapping.id": 1,
                "delta.columnMapping.physicalName": "physical",
            }
            content["schemaString"] = json.dumps(schema)

    rewrite(tmp_path / "t", change)
    for read in (read_table, open_big):
        with pytest.raises(DataError, match="cannot be read rightly here: column mapping"):
            read(tmp_path / "t")


def test_deletion_vectors_are_refused(tmp_path):
    write_deltalake(tmp_path / "t", pa.table({"x": [1, 2]}))

    def change(kind, content):
        if kind == "protocol":
            features = ["deletionVectors"]
            content.update(minReaderVersion=3, minWriterVersion=7)
            content.update(readerFeatures=features, writerFeatures=features)

    rewrite(tmp_path / "t", change)
    for read in (read_table, open_big):
        with pytest.raises(DataError, match="cannot be read rightly here: deletionVectors"):
            read(tmp_path / "t")


def test_a_version_whose_files_are_gone_says_so(folder):
    DeltaTable(folder).vacuum(0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(DataError, match="a vacuum removes those of old versions"):
        read_table(f"{folder}@0")
    assert read_table(folder)["x"].tolist() == [2, 3]


def test_a_damaged_log_is_reported(folder):
    for path in (folder / "_delta_log").glob("*.json"):
        path.write_text("{")
    with pytest.raises(DataError, match="cannot be opened"):
        read_table(folder)


def test_a_table_without_rows_is_refused(tmp_path):
    write_deltalake(tmp_path / "t", pa.table({"x": pa.array([], pa.int64())}))
    with pytest.raises(DataError, match="no rows"):
        read_table(tmp_path / "t")
