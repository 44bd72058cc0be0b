"""Types that a table carries with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from trialbook.data import Semantic, _big, _read, prepare
from trialbook.job import Job
from trialbook.tables import read_table
from trialbook.tables.plain._annotations import (
    KEY,
    annotations_of,
    take_annotations,
    with_annotations,
)

N = 60
FRAME = pd.DataFrame(
    {
        "zip": np.arange(N) % 9,
        "day": [f"2024-01-{i % 28 + 1:02}" for i in range(N)],
        "note": [f"word{i % 7}" for i in range(N)],
        "y": np.arange(N) % 2,
    }
)
SAID = {"zip": "categorical", "day": "native", "note": "text", "y": "numeric"}
MEANT = {"zip": Semantic.CATEGORICAL, "day": Semantic.CATEGORICAL, "note": Semantic.TEXT}


def arrow(said: dict[str, str] = SAID) -> pa.Table:
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    fields = [field.with_metadata({KEY: said[field.name]}) for field in table.schema]
    return table.cast(pa.schema(fields))


def by_spark() -> pa.Table:
    """As Spark writes it: a document of the file, nothing at the fields."""
    fields: list[dict[str, Any]] = [
        {"name": name, "type": "string", "nullable": True, "metadata": {KEY: kind}}
        for name, kind in SAID.items()
    ]
    document = json.dumps({"type": "struct", "fields": [*fields, {"name": "other"}]})
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    return table.replace_schema_metadata({"org.apache.spark.sql.parquet.row.metadata": document})


def meanings(source: Any, **fields: Any) -> dict[str, Semantic]:
    job = Job.from_fields({"data": Job.IN_MEMORY, "target": "y", "folds": 2, **fields})
    prepared = prepare(job, frame=source)
    assert KEY not in prepared.train.attrs
    return {column.name: column.semantic for column in prepared.schema.columns}


def sources(folder: Path) -> dict[str, Any]:
    pa.parquet.write_table(arrow(), folder / "own.parquet")
    pa.parquet.write_table(by_spark(), folder / "spark.parquet")
    pa.feather.write_feather(arrow(), folder / "own.feather")
    framed = FRAME.copy()
    framed.attrs[KEY] = SAID
    return {
        "arrow": arrow(),
        "pandas": framed,
        **{name: folder / name for name in ("own.parquet", "spark.parquet", "own.feather")},
    }


@pytest.mark.parametrize(
    "kind", ["arrow", "pandas", "own.parquet", "spark.parquet", "own.feather"]
)
def test_types_that_a_table_carries_are_taken(kind: str, tmp_path: Path) -> None:
    assert meanings(FRAME)["zip"] is Semantic.NUMERIC
    assert meanings(sources(tmp_path)[kind]) == MEANT


@pytest.mark.parametrize("kind", ["own.parquet", "spark.parquet"])
def test_a_table_that_is_read_in_parts_has_them_too(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (_big, _read):
        monkeypatch.setattr(module, "BIG_ROWS", 20)
    assert meanings(sources(tmp_path)[kind]) == MEANT


def test_what_a_person_says_comes_first_and_what_cannot_be_is_passed_over() -> None:
    said = arrow({**SAID, "note": "datetime", "zip": "nonsense"})
    found = meanings(said, types={"day": "datetime"})
    assert found["day"] is Semantic.DATETIME
    assert found["note"] is Semantic.CATEGORICAL
    assert found["zip"] is Semantic.NUMERIC


def test_an_imputer_leaves_an_annotated_type_as_it_is() -> None:
    found = meanings(arrow({**SAID, "day": "datetime"}), imputers={"day": "median"})
    assert found["day"] is Semantic.DATETIME


def test_annotations_are_taken_off_the_table() -> None:
    frame = read_table(arrow())
    assert take_annotations(frame) == SAID
    assert take_annotations(frame) == {}
    odd = FRAME.copy()
    odd.attrs[KEY] = "text"
    assert take_annotations(read_table(odd)) == {}


@pytest.mark.parametrize("document", [b"{", b"[1]", b'{"fields": [3]}', b'{"fields": 3}'])
def test_a_document_that_spark_did_not_write_says_nothing(document: bytes) -> None:
    schema = pa.schema(
        [pa.field("a", pa.int64())], {b"org.apache.spark.sql.parquet.row.metadata": document}
    )
    assert annotations_of(schema) == {}
    assert with_annotations(schema) == schema
