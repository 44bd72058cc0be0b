"""An ONNX file alone answers tables: it carries its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest

from trialbook.data import Column, Schema, Semantic
from trialbook.errors import DataError, NoModelError, OptionError
from trialbook.models.onnx import MISSING_TIME, SCHEMA_KEY, Graph, OnnxModel, feeds, inputs

DOUBLE, INT64, STRING = 11, 7, 8
TEXT = {
    "number": Semantic.NUMERIC,
    "bool": Semantic.BOOLEAN,
    "datetime": Semantic.DATETIME,
    "string": Semantic.CATEGORICAL,
}


def column(name: str, storage: str, form: str | None = None) -> Column:
    semantic = TEXT[storage] if form is None else Semantic.DATETIME
    return Column(name, semantic, storage, "", 0, 0, None, form)


SCHEMA = Schema(
    "regression",
    "y",
    (),
    None,
    (
        column("size", "number"),
        column("flag", "bool"),
        column("day", "datetime"),
        column("written", "string", "%d.%m.%Y"),
        column("zoned", "string", "ISO8601"),
        column("town", "string"),
    ),
)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "town": ["Köln", " ", None],
            "size": [1, 2, 3],
            "flag": [True, None, False],
            "day": pd.to_datetime(["2024-01-01", None, "1969-12-31T23:59:59"], format="ISO8601"),
            "written": ["31.12.2023", None, "31.02.2023"],
            "zoned": ["2024-01-01T02:00+02:00", "2024-01-01", None],
        }
    )


def test_a_table_becomes_inputs_that_any_language_can_make() -> None:
    fed = feeds(SCHEMA.conform(rows()), SCHEMA)
    assert {name: one.dtype.kind for name, one in fed.items()} == {
        "size": "f",
        "flag": "f",
        "day": "i",
        "written": "i",
        "zoned": "i",
        "town": "O",
    }
    assert all(one.shape == (3, 1) for one in fed.values())
    assert fed["town"].ravel().tolist() == ["Köln", " ", "(missing)"]
    assert np.array_equal(fed["flag"].ravel(), [1, np.nan, 0], equal_nan=True)
    new_year = 1_704_067_200_000_000_000
    assert fed["day"].ravel().tolist() == [new_year, MISSING_TIME, -1_000_000_000]
    day = 86_400_000_000_000
    assert fed["written"].ravel().tolist() == [new_year - day, MISSING_TIME, MISSING_TIME]
    assert fed["zoned"].ravel().tolist() == [new_year, new_year, MISSING_TIME]


def model(schema: Schema = SCHEMA) -> onnx.ModelProto:
    """Answers the size, or with classes whether it is above 2."""
    graph = Graph()
    size = inputs(graph, schema)["size"]
    flat = graph.add("Reshape", size, graph.constant(np.array([-1])))
    if schema.classes:
        second = graph.add(
            "Cast", graph.add("Greater", size, graph.constant(np.array(2.0))), to=11
        )
        first = graph.add("Sub", graph.constant(np.array(1.0)), second)
        both = graph.add("Concat", first, second, axis=1)
        place = graph.add("ArgMax", both, axis=1, keepdims=0)
        label = graph.add("Gather", graph.constant(np.array(schema.classes)), place)
        graph.output("label", label, STRING, [None])
        graph.output("probabilities", both, DOUBLE, [None, 2])
    else:
        graph.output("prediction", flat, DOUBLE, [None])
    return graph.build({SCHEMA_KEY: json.dumps(schema.to_dict())})


def test_a_file_alone_answers_a_table(tmp_path: Path) -> None:
    path = tmp_path / "sizes.onnx"
    path.write_bytes(model().SerializeToString())
    loaded = OnnxModel(path)
    assert (loaded.name, loaded.is_classification) == ("sizes", False)
    assert loaded.schema == SCHEMA
    assert loaded.predict(rows()).tolist() == [1, 2, 3]
    with pytest.raises(OptionError, match="no probabilities"):
        loaded.predict_proba(rows())
    with pytest.raises(DataError, match="lacks column"):
        loaded.predict(rows().drop(columns="town"))


def test_probabilities_are_named_by_class() -> None:
    schema = replace(SCHEMA, task="classification", classes=("no", "yes"), positive=1)
    loaded = OnnxModel(model(schema).SerializeToString(), threads=1)
    assert loaded.predict(rows()).tolist() == ["no", "no", "yes"]
    assert loaded.predict_proba(rows())["yes"].tolist() == [0, 0, 1]


def test_more_rows_than_are_answered_at_once_keep_their_order() -> None:
    many = pd.concat([rows()] * 1000, ignore_index=True)
    many["size"] = np.arange(3000)
    loaded = OnnxModel(model().SerializeToString())
    assert loaded.predict(many).tolist() == list(range(3000))


def test_other_files_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(NoModelError, match="cannot read"):
        OnnxModel(broken)
    with pytest.raises(NoModelError, match="cannot read"):
        OnnxModel(tmp_path / "absent.onnx")
    graph = Graph()
    graph.output("y", graph.input("x", DOUBLE, [None]), DOUBLE, [None])
    with pytest.raises(NoModelError, match="no schema"):
        OnnxModel(graph.build().SerializeToString())


def test_no_rows_have_no_answers(tmp_path: Path) -> None:
    graph = Graph()
    words = graph.add(
        "Tokenizer",
        graph.add("Reshape", inputs(graph, SCHEMA)["town"], graph.constant(np.array([-1]))),
        domain="com.microsoft",
        mark=1,
        mincharnum=1,
        pad_value="",
        separators=[" "],
    )
    size = graph.add("Shape", words, start=1, end=2)  # which words of no rows lack
    graph.output("prediction", graph.add("Expand", size, size), INT64, [None])
    path = tmp_path / "model.onnx"
    onnx.save(graph.build({SCHEMA_KEY: json.dumps(SCHEMA.to_dict())}), path)
    model = OnnxModel(path)
    assert [one.shape for one in model.answers(model.conform(rows()).iloc[:0])] == [(0,)]


def test_a_file_whose_schema_is_damaged_or_of_other_columns_is_refused() -> None:
    graph = Graph()
    x = graph.input("size", DOUBLE, [None, 1])
    graph.output("prediction", x, DOUBLE, [None, 1])
    for text in ("{", "[]", "{}"):
        with pytest.raises(NoModelError, match="schema of this model cannot be read"):
            OnnxModel(graph.build({SCHEMA_KEY: text}).SerializeToString())
    with pytest.raises(NoModelError, match="the columns of its schema"):
        OnnxModel(graph.build({SCHEMA_KEY: json.dumps(SCHEMA.to_dict())}).SerializeToString())
