"""JSON lines and arrays of JSON objects."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.json

from trialbook.errors import DataError
from trialbook.tables._normalise import from_arrow, normalise


def read_json(data: bytes, file: Path) -> pd.DataFrame:
    """Read JSON lines, or an array of objects.

    Parameters
    ----------
    data : bytes
        What the file holds.
    file : Path
        Its path, for messages.

    Returns
    -------
    DataFrame
        Normalised.

    Raises
    ------
    DataError
        If a line is not a JSON object.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip().startswith(b"["):
        return _read_json_array(data, file)
    try:
        table = pa.json.read_json(pa.BufferReader(data))
        # The reader turns some strings into times; keep them as they were written.
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if times:
            schema = pa.schema([(name, pa.string()) for name in times])
            options = pa.json.ParseOptions(explicit_schema=schema)
            names = table.column_names
            table = pa.json.read_json(pa.BufferReader(data), parse_options=options).select(names)
        return from_arrow(table, place=str(file))
    except pa.ArrowException:
        # One column may mix numbers and text, which pyarrow refuses; or a line is broken, which
        # reading line by line tells.
        return _read_json_by_line(data, file)


def _read_json_by_line(data: bytes, file: Path) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        place = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except UnicodeDecodeError:
            raise DataError(
                "the line is not UTF-8", place=place, remedy="Save the file as UTF-8."
            ) from None
        except ValueError as error:
            raise DataError(
                f"the line is not JSON: {error}",
                place=place,
                remedy='Write one object per line, such as {"age": 41}.',
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"the line holds a {type(row).__name__}, not an object",
                place=place,
                remedy='Write one object per line, such as {"age": 41}.',
            )
        rows.append(row)
    return normalise(pd.DataFrame.from_records(rows), place=str(file))


def _read_json_array(data: bytes, file: Path) -> pd.DataFrame:
    try:
        rows = json.loads(data)
    except ValueError as error:
        raise DataError(
            f"the file is not JSON: {error}",
            place=str(file),
            remedy="Write one object per line, or one array of objects.",
        ) from None
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            "the array does not hold one object per row",
            place=str(file),
            remedy='Write [{"age": 41}, {"age": 39}], or one object per line.',
        )
    return normalise(pd.DataFrame.from_records(rows), place=str(file))
