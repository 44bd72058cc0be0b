"""Folders with a file ``MLTable``: how Azure Machine Learning describes a table in files.

The file says which files hold the table, how they are read, and which steps follow. It is data:
nothing in it is run as code. Each key is honoured as it is documented or refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from trialbook.errors import DataError, nearest
from trialbook.tables.files import join, read_files
from trialbook.tables.mltable._convert import convert_column
from trialbook.tables.mltable._document import Described, Step, find_description, read_description
from trialbook.tables.mltable._filter import rows_where
from trialbook.tables.mltable._read import READERS, Rows, delta_version
from trialbook.tables.plain import Asked, Note, ParquetTable, normalise, open_parquet


def is_mltable(asked: Asked) -> bool:
    """Whether an address is a folder with a file ``MLTable``, or that file."""
    return find_description(asked.address) is not None


def read_mltable(asked: Asked) -> pd.DataFrame:
    """Read the table that a file ``MLTable`` describes.

    Parameters
    ----------
    asked : Asked
        The folder or the file.

    Returns
    -------
    DataFrame
        Normalised.

    Raises
    ------
    DataError
        If a key is unknown or refused, a file is missing or cannot be read, or a cell cannot be
        converted; the message names the line.
    """
    table = _described(asked)
    try:
        return _read(table, asked)
    except DataError as error:
        raise table.told(error) from None
    finally:
        for fetched in table.fetched:
            fetched.folder.remove()


def _read(table: Described, asked: Asked) -> pd.DataFrame:
    told = asked.notes
    told += table.notes
    asked = replace(asked, notes=[])
    later = {
        column
        for step in table.steps
        if step.name == "convert_column_types"
        for column, _ in _conversions(step)
    }
    if table.reader is None:
        files = table.files()
        parts = [read_files(replace(asked, address=str(file))) for file in files]
        frame = parts[0] if len(parts) == 1 else join(parts, files)
        rows = Rows(frame, pd.DataFrame(index=frame.index))
    else:
        rows = READERS[table.reader.name](table, table.reader, asked, later)
    for step in table.steps:
        rows = _STEPS[step.name](rows, step)
        if not len(rows.frame):
            raise step.wrong("leaves no rows", "Keep some rows.")
    told += _still_true(asked.notes, set(rows.frame) - later, same_rows=not table.steps)
    return normalise(rows.frame, place=str(table.folder))


def open_big_mltable(asked: Asked) -> ParquetTable | None:
    """Look at the metadata of its Parquet files, if it is those files and nothing more."""
    table = _described(asked)
    if table.reader is None or table.steps or not table.is_local:
        return None
    if table.reader.name == "read_delta_lake":
        return delta_version(table, table.reader).open_big()
    if table.reader.name == "read_parquet" and not table.reader.value:
        return open_parquet(table.files())
    return None


def _still_true(notes: list[Note], columns: set[str], *, same_rows: bool) -> list[Note]:
    """What readers said of the table, as far as it is true after the steps."""
    kept = []
    for note in notes:
        names = tuple(name for name in note.columns if name in columns)
        if names or not note.columns:
            rows = note.rows if same_rows else ()
            kept.append(replace(note, columns=names, rows=rows))
    return kept


def _described(asked: Asked) -> Described:
    path = find_description(asked.address)
    assert path is not None  # `is_mltable` has claimed the address
    return read_description(path, READERS, _STEPS, _REFUSED)


def _conversions(step: Step) -> list[tuple[str, Any]]:
    """Columns with the types that they are converted to."""
    items = step.value if isinstance(step.value, list) else [step.value]
    found = []
    for item in items:
        if not isinstance(item, Mapping) or set(item) != {"columns", "column_type"}:
            raise step.wrong(
                "takes columns and a column_type", "Write - columns: [age], column_type: int."
            )
        columns = item["columns"] if isinstance(item["columns"], list) else [item["columns"]]
        found += [(str(column), item["column_type"]) for column in columns]
    return found


def _convert(rows: Rows, step: Step) -> Rows:
    frame = rows.frame.copy(deep=False)
    for column, kind in _conversions(step):
        _check_columns(step, [column], frame)
        written = rows.written.get(column)
        frame[column] = convert_column(frame[column], written, kind, place=step.place)
    converted = [column for column, _ in _conversions(step)]
    return Rows(frame, rows.written.drop(columns=converted, errors="ignore"))


def _check_columns(step: Step, columns: list[str], frame: pd.DataFrame) -> None:
    for column in columns:
        if column not in frame:
            raise step.wrong(f"names no column '{column}'", nearest(column, frame.columns))


def _drop(rows: Rows, step: Step) -> Rows:
    columns = step.names()
    _check_columns(step, columns, rows.frame)
    return replace(rows, frame=rows.frame.drop(columns=columns))


def _keep(rows: Rows, step: Step) -> Rows:
    columns = step.names()
    _check_columns(step, columns, rows.frame)
    return replace(rows, frame=rows.frame[[name for name in rows.frame if name in set(columns)]])


def _take(rows: Rows, step: Step) -> Rows:
    return rows.take(np.arange(len(rows.frame)) < step.count())


def _skip(rows: Rows, step: Step) -> Rows:
    return rows.take(np.arange(len(rows.frame)) >= step.count())


def _sample(rows: Rows, step: Step) -> Rows:
    options = step.options("probability", "seed")
    probability, seed = options.get("probability"), options.get("seed") or 0
    if not isinstance(probability, (int, float)) or not 0 <= probability <= 1:
        raise step.wrong(f"has no probability {probability!r}", "Write one from 0 to 1.")
    if not isinstance(seed, int) or seed < 0:
        raise step.wrong(f"has no seed {seed!r}", "Write a whole number.")
    # A sample without a seed is the same each time, too.
    return rows.take(np.random.default_rng(seed).random(len(rows.frame)) < probability)


def _filter(rows: Rows, step: Step) -> Rows:
    return rows.take(rows_where(rows.frame, step.value, place=step.place))


_STEPS: dict[str, Callable[[Rows, Step], Rows]] = {
    "convert_column_types": _convert,
    "drop_columns": _drop,
    "keep_columns": _keep,
    "take": _take,
    "take_random_sample": _sample,
    "skip": _skip,
    "filter": _filter,
}
_REFUSED = {
    "extract_columns_from_partition_format": (
        "put what the folders' names say into columns of the files"
    ),
}
