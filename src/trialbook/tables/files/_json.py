"""JSON: lines, arrays of objects, and objects one after another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.json

from trialbook.errors import DataError
from trialbook.tables.plain import Note, check_width, column_of, file_of, from_arrow, normalise
from trialbook.tables.text import as_utf8

_REMEDY = 'Write one object per line, such as {"age": 41}, or one array of objects.'
_SPACE = re.compile(r"\s*")
# Letters beyond the first 65,536 are written in two halves.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(data: bytes, place: str, notes: list[Note]) -> pd.DataFrame:
    """Read JSON lines, an array of objects, or an object that holds one such array.

    Parameters
    ----------
    data : bytes
        What the file holds.
    place : str
        The file's name, for messages.
    notes : list of Note
        Is told what was interpreted.

    Returns
    -------
    DataFrame
        Normalised.

    Raises
    ------
    DataError
        If the text is not JSON, or not one object per row.
    """
    data = as_utf8(data, place=place, notes=notes)
    table = None if data.lstrip().startswith(b"[") else _read_lines(data)
    # One object may hold all rows; several rows that pyarrow read are a table.
    if table is not None and table.num_rows > 1:
        check_width(table.num_columns, place=place)
        return from_arrow(table, place=place)
    rows = _rows(data.decode(), place, notes)
    # A list of names is gathered in one pass; pandas would look for each in each row.
    names = dict.fromkeys(name for row in rows for name in row)
    check_width(len(names), place=place)
    return normalise(pd.DataFrame.from_records(rows, columns=list(names)), place=place)


def read_json_lines(data: bytes, place: str, notes: list[Note]) -> pa.Table:
    """Read some lines of a file, each an object.

    Parameters
    ----------
    data : bytes
        Whole lines of UTF-8 text.
    place : str
        The file's name, for messages.
    notes : list of Note
        Is told what was interpreted.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    DataError
        If a line is no JSON, or no object.
    """
    table = _read_lines(data)
    if table is not None:
        check_width(table.num_columns, place=place)
        return table
    rows = []
    for line, row in _values(data.decode(), place):
        if not isinstance(row, dict):
            what = f"this is {_called(row)}, not an object"
            raise DataError(what, place=f"{place}, line {line}", remedy=_REMEDY)
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    check_width(len(names), place=place)
    # Cells of one column may be of several kinds: they are then text, as everywhere.
    frame = normalise(pd.DataFrame.from_records(rows, columns=list(names)), place=place)
    return pa.table({name: column_of(_cells(frame[name])) for name in frame.columns})


def _cells(column: pd.Series) -> list[Any]:
    return list(column.astype(object).where(column.notna(), None))


def _read_lines(data: bytes) -> pa.Table | None:
    """Rows of one type per column; ``None`` for anything else, which Python's reader explains."""
    try:
        table = pa.json.read_json(pa.BufferReader(data))
        # The reader turns some strings into times; keep them as they were written.
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if not times:
            return table
        schema = pa.schema([(name, pa.string()) for name in times])
        options = pa.json.ParseOptions(explicit_schema=schema)
        names = table.column_names
        return pa.json.read_json(pa.BufferReader(data), parse_options=options).select(names)
    except pa.ArrowException:
        return None


def _rows(text: str, place: str, notes: list[Note]) -> list[dict[str, Any]]:
    found = list(_values(text, place))
    rows = [row for _, row in found]
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
        place_of = [place] * len(rows)
    else:
        place_of = [f"{place}, line {line}" for line, _ in found]
        held = _held(rows)
        if held is not None:
            name, rows = held
            notes.append(
                Note(
                    f"{file_of(place)} is one object that holds rows as '{name}'", "these are read"
                )
            )
    if not rows:
        raise DataError("the array has no rows", place=place, remedy="Add rows of data.")
    for number, (row, where) in enumerate(zip(rows, place_of, strict=False), start=1):
        if not isinstance(row, dict):
            raise DataError(
                f"row {number:,} is {_called(row)}, not an object", place=where, remedy=_REMEDY
            )
    return rows


def _held(rows: list[Any]) -> tuple[str, list[Any]] | None:
    """The rows inside a single object: its only list of objects."""
    if len(rows) != 1 or not isinstance(rows[0], dict):
        return None
    lists = [
        (name, value)
        for name, value in rows[0].items()
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
    ]
    return lists[0] if len(lists) == 1 else None


def _values(text: str, place: str) -> Iterator[tuple[int, Any]]:
    """JSON values one after another, each with the line on which it begins."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    halves = _HALF.search(text) is not None
    position, line, counted = _SPACE.match(text).end(), 1, 0  # type: ignore[union-attr]
    while position < len(text):
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _not_json(error, place, line) from None
        except _KeyTwiceError as error:
            raise DataError(
                f"an object has the key '{error}' twice",
                place=f"{place}, line {line}",
                remedy="Rename one of them.",
            ) from None
        except (ValueError, RecursionError) as error:
            deep = isinstance(error, RecursionError)
            raise DataError(
                "values are nested too deeply" if deep else f"a value cannot be read: {error}",
                place=f"{place}, line {line}",
                remedy=_REMEDY,
            ) from None
        if halves:
            _check_letters(value, f"{place}, line {line}")
        yield line, value
        position = _SPACE.match(text, end).end()  # type: ignore[union-attr]


def _check_letters(value: Any, place: str) -> None:
    """Refuse half a letter, which no other program could read."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"a text has half a letter: \\u{ord(error.object[error.start]):04x} is one",
            place=place,
            remedy="Repair or remove it.",
        ) from None


class _KeyTwiceError(ValueError):
    """An object says two things of one key."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _KeyTwiceError(next(name for name in names if names.count(name) > 1))
    return found


def _not_json(error: json.JSONDecodeError, place: str, line: int) -> DataError:
    rest = error.doc[error.pos :].lstrip()
    where = f"{place}, line {error.lineno}, column {error.colno}"
    remedy = _REMEDY
    if not rest or error.msg.startswith("Unterminated"):
        where = f"{place}, line {line}"
        remedy = "It seems to be cut off: copy or write it again."
    elif rest.startswith("'"):
        remedy = "Write names and text in double quotes."
    elif rest[0] in ",]}" and error.msg.startswith(("Expecting value", "Expecting property")):
        remedy = "Remove the comma that nothing follows; lines have no comma between them."
    return DataError(
        f"the text is not JSON: {error.msg}",
        place=where,
        remedy=remedy,
    )


def _called(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
