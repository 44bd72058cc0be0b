"""Folders with a file ``MLTable``: how Azure Machine Learning describes a table in files.

The file says which files hold the table, how they are read, and which steps follow. It is data:
nothing in it is run as code. Each key is honoured as it is documented or refused by its name.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from trialbook.documents import Document, read_yaml
from trialbook.errors import DataError, nearest
from trialbook.tables._cells import infer
from trialbook.tables._delimited import read_delimited
from trialbook.tables._files import (
    contents,
    find_files,
    guarded,
    join,
    natural_order,
    read_files,
    read_parquet,
    same_columns,
)
from trialbook.tables._json import read_json
from trialbook.tables._kinds import Asked
from trialbook.tables._mltable_convert import convert_column
from trialbook.tables._mltable_filter import rows_where
from trialbook.tables._normalise import normalise
from trialbook.tables._parquet import ParquetTable, open_parquet

FILE = "MLTable"
_HOW_WRITTEN = "Write paths: and transformations: as Azure Machine Learning documents them."

# Names of encodings -> Python's. A mark at the beginning says which UTF-16 it is.
ENCODINGS = {
    "utf8": "utf-8",
    "utf8bom": "utf-8-sig",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "ascii": "ascii",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "windows1252": "cp1252",
}
HEADERS = ("no_header", "from_first_file", "all_files_different_headers", "all_files_same_headers")
# The column that says which file a row comes from, unless path_column names it.
PATH_COLUMN = "Path"


@dataclass(frozen=True)
class _Step:
    """One step with its arguments, and where it stands."""

    name: str
    value: Any
    place: str

    def wrong(self, reason: str, remedy: str) -> DataError:
        return DataError(f"{self.name} {reason}", place=self.place, remedy=remedy)

    def options(self, *known: str) -> dict[str, Any]:
        """Its arguments by name; unknown ones are refused."""
        given = {} if self.value is None else self.value
        if not isinstance(given, Mapping):
            raise self.wrong("takes arguments by name", f"Known: {', '.join(known)}.")
        for name in given:
            if name not in known:
                raise self.wrong(f"has no argument '{name}'", nearest(str(name), known))
        return dict(given)

    def names(self) -> list[str]:
        """Names of columns, one or a list."""
        value = self.value if isinstance(self.value, list) else [self.value]
        if not value or any(one is None or isinstance(one, (Mapping, list)) for one in value):
            raise self.wrong("takes names of columns", "Write [one, another].")
        return [str(one) for one in value]

    def count(self) -> int:
        """A number of rows."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self.wrong(f"takes a number of rows, not {self.value!r}", "Write one such as 5.")
        return self.value


@dataclass(frozen=True)
class _Rows:
    """The table between two steps.

    Parameters
    ----------
    frame : DataFrame
    written : DataFrame
        Cells as they stand in delimited files, of the columns that are converted later.
    """

    frame: pd.DataFrame
    written: pd.DataFrame

    def take(self, rows: np.ndarray) -> _Rows:
        return _Rows(
            self.frame[rows].reset_index(drop=True), self.written[rows].reset_index(drop=True)
        )


@dataclass(frozen=True)
class _Table:
    """What a file ``MLTable`` says."""

    document: Document
    files: list[Path]
    reader: _Step | None
    steps: list[_Step]

    @property
    def folder(self) -> Path:
        return self.document.path.parent


def is_mltable(asked: Asked) -> bool:
    """Whether an address is a folder with a file ``MLTable``, or that file."""
    return _file(asked) is not None


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
    table = _open(asked)
    later = {
        column
        for step in table.steps
        if step.name == "convert_column_types"
        for column, _ in _conversions(step)
    }
    if table.reader is None:
        parts = [read_files(replace(asked, address=str(file))) for file in table.files]
        frame = parts[0] if len(parts) == 1 else join(parts, table.files)
        rows = _Rows(frame, pd.DataFrame(index=frame.index))
    else:
        rows = _READERS[table.reader.name](table, table.reader, asked, later)
    for step in table.steps:
        rows = _STEPS[step.name](rows, step)
        if not len(rows.frame):
            raise step.wrong("leaves no rows", "Keep some rows.")
    return normalise(rows.frame, place=str(table.folder))


def open_big_mltable(asked: Asked) -> ParquetTable | None:
    """Look at the metadata of its Parquet files, if it is those files and nothing more."""
    table = _open(asked)
    plain = table.reader is not None and table.reader.name == "read_parquet"
    if not plain or table.steps or table.reader.value:  # type: ignore[union-attr]
        return None
    return open_parquet(table.files)


# -- what the file says ----------------------------------------------------------------------


def _file(asked: Asked) -> Path | None:
    path = Path(asked.address).expanduser()
    try:
        if path.name == FILE and path.is_file():
            return path
        return path / FILE if (path / FILE).is_file() else None
    except (OSError, ValueError):  # an address that is no path
        return None


def _open(asked: Asked) -> _Table:
    path = _file(asked)
    assert path is not None
    document = read_yaml(path, kind=f"file {FILE}", remedy=_HOW_WRITTEN)
    values = document.values
    if not isinstance(values, Mapping):
        raise DataError(f"the file {FILE} has no keys", place=str(path), remedy=_HOW_WRITTEN)
    for key, value in values.items():
        _check_key(document, str(key), value)
    steps = [
        _step(document, position) for position in range(len(_list(document, "transformations")))
    ]
    for position, step in enumerate(steps):
        if step.name in _READERS and position > 0:
            raise step.wrong("is not the first step", "Read the files first, and once.")
    reader = steps.pop(0) if steps and steps[0].name in _READERS else None
    return _Table(document, _paths(document), reader, steps)


def _check_key(document: Document, key: str, value: Any) -> None:
    place = document.place(key)
    if key in ("paths", "transformations", "$schema", "metadata"):
        return  # a schema and metadata describe the file, and change nothing in the table
    if key == "type":
        if value != "mltable":
            raise DataError(f"its type is '{value}'", place=place, remedy="Write type: mltable.")
        return
    if key == "traits":
        raise DataError(
            "traits are refused: a table of Trialbook has no index columns",
            place=place,
            remedy="Take them out; name a column of times with time_column.",
        )
    raise DataError(
        f"unknown key '{key}'",
        place=place,
        remedy=nearest(key, ("paths", "transformations", "type", "$schema", "metadata")),
    )


def _list(document: Document, key: str) -> list[Any]:
    value = document.values.get(key)
    if value is None and key == "transformations":
        return []
    if not isinstance(value, list) or not value:
        raise DataError(
            f"{key} is no list" if value is not None else f"there are no {key}",
            place=document.place(key),
            remedy=_HOW_WRITTEN,
        )
    return value


def _step(document: Document, position: int) -> _Step:
    value = document.values["transformations"][position]
    place = document.place("transformations", position)
    if isinstance(value, str):
        value = {value: None}
    if not isinstance(value, Mapping) or len(value) != 1:
        raise DataError(
            "a step is one name with its arguments", place=place, remedy="Write - take: 5."
        )
    name, argument = next(iter(value.items()))
    if name in _REFUSED:
        raise DataError(f"{name} is refused: {_REFUSED[name]}", place=place)
    if name not in _READERS and name not in _STEPS:
        raise DataError(
            f"there is no step '{name}'", place=place, remedy=nearest(name, [*_READERS, *_STEPS])
        )
    return _Step(str(name), argument, place)


def _paths(document: Document) -> list[Path]:
    files: list[Path] = []
    for position, entry in enumerate(_list(document, "paths")):
        place = document.place("paths", position)
        if not isinstance(entry, Mapping) or len(entry) != 1:
            raise DataError(
                "a path is one of file, folder and pattern",
                place=place,
                remedy="Write - file: ./table.csv.",
            )
        kind, value = next(iter(entry.items()))
        if kind not in ("file", "folder", "pattern"):
            raise DataError(
                f"unknown kind of path '{kind}'",
                place=place,
                remedy=nearest(str(kind), ("file", "folder", "pattern")),
            )
        files += _found(document.path.parent, str(kind), str(value), place)
    return files


def _found(folder: Path, kind: str, value: str, place: str) -> list[Path]:
    if value.lower().startswith("azureml:"):
        raise DataError(
            f"{value} is a path that only Azure Machine Learning can reach",
            place=place,
            remedy="Download the files, and write their paths.",
        )
    if "://" in value:
        return find_files(value)
    path = Path(os.path.normpath(folder / Path(value).expanduser()))
    if kind != "folder":
        return find_files(str(path))
    if not path.is_dir():
        raise DataError(f"there is no folder {path}", place=place, remedy="Check the path.")
    files = [
        file
        for file in path.rglob("*")
        if file.is_file()
        and not any(p.startswith((".", "_")) for p in file.relative_to(path).parts)
        if file.name != FILE
    ]
    if not files:
        raise DataError(f"the folder {path} has no files", place=place, remedy="Check the path.")
    return sorted(files, key=natural_order)


# -- readers ---------------------------------------------------------------------------------


def _read_delimited(table: _Table, step: _Step, asked: Asked, later: set[str]) -> _Rows:
    options = step.options(
        *("delimiter", "encoding", "header", "empty_as_string", "include_path_column"),
        *("path_column", "support_multi_line", "infer_column_types", "partition_size"),
    )
    header = options.get("header", "all_files_same_headers")
    if header not in HEADERS:
        raise step.wrong(f"has no header '{header}'", nearest(str(header), HEADERS))
    if _flag(step, options, "empty_as_string"):
        raise step.wrong(
            "cannot keep empty cells as text: they are missing", "Write empty_as_string: false."
        )
    _flag(step, options, "support_multi_line")  # quoted line breaks are read either way
    infers = _flag(step, options, "infer_column_types", default=True)
    delimiter = options.get("delimiter")
    delimiter = "\t" if delimiter == r"\t" else delimiter  # in single quotes YAML leaves it
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise step.wrong(f"cannot split at {delimiter!r}", "Write one sign, such as ','.")
    parts: list[pa.Table] = []
    semicolons = False
    for file in table.files:
        data = _text(step, options, file)
        own = header.startswith("all_files") or (header == "from_first_file" and not parts)
        names = parts[0].column_names if parts and header == "from_first_file" else None
        part, found = read_delimited(
            data,
            place=str(file),
            notes=asked.notes,
            delimiter=delimiter,
            header=own,
            names=names,
        )
        parts.append(part)
        semicolons = semicolons or found == ";"
        if header != "all_files_different_headers":
            same_columns(parts[0].column_names, parts[-1].column_names, table.files[0], file)
    if header != "all_files_different_headers":
        parts = [part.select(parts[0].column_names) for part in parts]
    whole = pa.concat_tables(parts, promote_options="default")
    text = asked.text if infers else whole.column_names
    frame = infer(whole, notes=asked.notes, text=text, semicolons=semicolons)
    written = whole.select([name for name in whole.column_names if name in later]).to_pandas()
    frame = _with_paths(table, step, options, frame, [len(part) for part in parts])
    return _Rows(frame, written)


def _read_parquet(table: _Table, step: _Step, asked: Asked, later: set[str]) -> _Rows:
    options = step.options("include_path_column", "path_column")
    return _joined(
        table, step, options, [guarded(read_parquet, file, asked.notes) for file in table.files]
    )


def _read_json_lines(table: _Table, step: _Step, asked: Asked, later: set[str]) -> _Rows:
    options = step.options("encoding", "invalid_lines", "include_path_column", "path_column")
    invalid = options.get("invalid_lines", "error")
    if invalid not in ("error", "drop"):
        raise step.wrong(f"has no invalid_lines '{invalid}'", "Write error or drop.")
    frames = []
    for file in table.files:
        data = _text(step, options, file)
        data = _objects(data) if invalid == "drop" else data
        frames.append(read_json(data, str(file), asked.notes))
    return _joined(table, step, options, frames)


def _objects(data: bytes) -> bytes:
    """The lines that hold an object."""
    kept = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            if isinstance(json.loads(line), dict):
                kept.append(line)
    return b"\n".join(kept)


def _joined(
    table: _Table, step: _Step, options: dict[str, Any], frames: list[pd.DataFrame]
) -> _Rows:
    frame = frames[0] if len(frames) == 1 else join(frames, table.files)
    frame = _with_paths(table, step, options, frame, [len(part) for part in frames])
    return _Rows(frame, pd.DataFrame(index=frame.index))


def _with_paths(
    table: _Table, step: _Step, options: dict[str, Any], frame: pd.DataFrame, lengths: list[int]
) -> pd.DataFrame:
    """Add the column that says which file a row comes from, if it is wanted."""
    if not _flag(step, options, "include_path_column"):
        return frame
    name = str(options.get("path_column", PATH_COLUMN))
    if name in frame:
        raise step.wrong(f"adds the column '{name}', which is there", "Name another path_column.")
    # Relative to the folder, so that a copy elsewhere has the same cells.
    labels = [Path(os.path.relpath(file, table.folder)).as_posix() for file in table.files]
    frame.insert(0, name, np.repeat(np.array(labels, dtype=object), lengths))
    return frame


def _text(step: _Step, options: dict[str, Any], file: Path) -> bytes:
    """The bytes of a file as UTF-8."""
    asked = str(options.get("encoding", "utf8"))
    encoding = ENCODINGS.get(asked.lower().replace("-", "").replace("_", ""))
    if encoding is None:
        raise step.wrong(f"has no encoding '{asked}'", nearest(asked, ENCODINGS))
    data = contents(file)
    if encoding == "utf-8":
        return data  # the readers say where it is not
    try:
        return data.decode(encoding).encode()
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise DataError(
            f"the file is not {asked}",
            place=f"{file}, line {line}",
            remedy="Write another encoding, such as utf8.",
        ) from None


def _flag(step: _Step, options: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise step.wrong(f"has no {name} {value!r}", "Write true or false.")
    return value


# -- steps -----------------------------------------------------------------------------------


def _conversions(step: _Step) -> list[tuple[str, Any]]:
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


def _convert(rows: _Rows, step: _Step) -> _Rows:
    frame = rows.frame.copy(deep=False)
    for column, kind in _conversions(step):
        _check_columns(step, [column], frame)
        written = rows.written.get(column)
        frame[column] = convert_column(frame[column], written, kind, place=step.place)
    converted = [column for column, _ in _conversions(step)]
    return _Rows(frame, rows.written.drop(columns=converted, errors="ignore"))


def _check_columns(step: _Step, columns: list[str], frame: pd.DataFrame) -> None:
    for column in columns:
        if column not in frame:
            raise step.wrong(f"names no column '{column}'", nearest(column, frame.columns))


def _drop(rows: _Rows, step: _Step) -> _Rows:
    columns = step.names()
    _check_columns(step, columns, rows.frame)
    return replace(rows, frame=rows.frame.drop(columns=columns))


def _keep(rows: _Rows, step: _Step) -> _Rows:
    columns = step.names()
    _check_columns(step, columns, rows.frame)
    return replace(rows, frame=rows.frame[[name for name in rows.frame if name in set(columns)]])


def _take(rows: _Rows, step: _Step) -> _Rows:
    return rows.take(np.arange(len(rows.frame)) < step.count())


def _skip(rows: _Rows, step: _Step) -> _Rows:
    return rows.take(np.arange(len(rows.frame)) >= step.count())


def _sample(rows: _Rows, step: _Step) -> _Rows:
    options = step.options("probability", "seed")
    probability, seed = options.get("probability"), options.get("seed") or 0
    if not isinstance(probability, (int, float)) or not 0 <= probability <= 1:
        raise step.wrong(f"has no probability {probability!r}", "Write one from 0 to 1.")
    if not isinstance(seed, int) or seed < 0:
        raise step.wrong(f"has no seed {seed!r}", "Write a whole number.")
    # A sample without a seed is the same each time, too.
    return rows.take(np.random.default_rng(seed).random(len(rows.frame)) < probability)


def _filter(rows: _Rows, step: _Step) -> _Rows:
    return rows.take(rows_where(rows.frame, step.value, place=step.place))


_Reader = Callable[[_Table, _Step, Asked, set[str]], _Rows]
_READERS: dict[str, _Reader] = {
    "read_delimited": _read_delimited,
    "read_parquet": _read_parquet,
    "read_json_lines": _read_json_lines,
}
_STEPS: dict[str, Callable[[_Rows, _Step], _Rows]] = {
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
