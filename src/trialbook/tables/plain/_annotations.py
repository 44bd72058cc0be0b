"""What a table itself says its columns mean: metadata that travels with it.

Databricks' annotation is a column's metadata under `KEY`, whose value is categorical, numeric,
datetime, text or native. Arrow and Parquet keep metadata of fields; Spark writes its own into
Parquet as a document; pandas has no metadata of columns, so there it is the table's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

KEY = "spark.contentAnnotation.semanticType"
# Where Spark keeps the schema of a table that it writes into Parquet.
_SPARK = b"org.apache.spark.sql.parquet.row.metadata"


def with_annotations(schema: pa.Schema) -> pa.Schema:
    """The schema with what Spark says of its columns as metadata of its fields.

    Parameters
    ----------
    schema : pyarrow.Schema

    Returns
    -------
    pyarrow.Schema
    """
    told = _by_spark(schema.metadata or {})
    fields = [
        field.with_metadata({**(field.metadata or {}), KEY: told[field.name]})
        if field.name in told
        else field
        for field in schema
    ]
    return pa.schema(fields, schema.metadata) if told else schema


def _by_spark(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    try:
        document: Any = json.loads(metadata.get(_SPARK, b"{}"))
        fields = [(one["name"], one.get("metadata", {})) for one in document.get("fields", [])]
    except (ValueError, KeyError, AttributeError, TypeError):
        return {}  # not as Spark writes it
    return {name: str(said[KEY]) for name, said in fields if KEY in said}


def annotations_of(schema: pa.Schema) -> dict[str, str]:
    """What the fields of an Arrow schema say of their columns.

    Parameters
    ----------
    schema : pyarrow.Schema

    Returns
    -------
    dict of str to str
        By column; empty where nothing is said.
    """
    key = KEY.encode()
    return {
        field.name: field.metadata[key].decode("utf-8", "replace")
        for field in with_annotations(schema)
        if field.metadata and key in field.metadata
    }


def take_annotations(frame: pd.DataFrame) -> dict[str, str]:
    """Take off a table what it says of its columns.

    Parameters
    ----------
    frame : DataFrame
        Whose `attrs` may have it under `KEY`, by column; they do not any more then.

    Returns
    -------
    dict of str to str
    """
    told = frame.attrs.pop(KEY, None)
    if not isinstance(told, Mapping):
        return {}
    return {str(name): str(kind) for name, kind in told.items()}
