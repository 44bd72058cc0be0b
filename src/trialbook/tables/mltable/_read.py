"""The steps of a file ``MLTable`` that read files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from trialbook.errors import DataError, nearest
from trialbook.tables.delta import DeltaVersion, is_delta, open_delta
from trialbook.tables.files import (
    contents,
    guarded,
    join,
    read_delimited,
    read_json,
    read_parquet,
    same_columns,
)
from trialbook.tables.mltable._document import Described, Step
from trialbook.tables.plain import Asked
from trialbook.tables.text import infer

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
class Rows:
    """The table between two steps.

    Parameters
    ----------
    frame : DataFrame
    written : DataFrame
        Cells as they stand in delimited files, of the columns that are converted later.
    """

    frame: pd.DataFrame
    written: pd.DataFrame

    def take(self, rows: np.ndarray) -> Rows:
        """Those under a mask."""
        return Rows(
            self.frame[rows].reset_index(drop=True), self.written[rows].reset_index(drop=True)
        )


def _read_delimited(table: Described, step: Step, asked: Asked, later: set[str]) -> Rows:
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
    files = table.files()
    parts: list[pa.Table] = []
    semicolons = False
    for file in files:
        own = header.startswith("all_files") or (header == "from_first_file" and not parts)
        part, found = read_delimited(
            _text(step, options, file),
            place=str(file),
            notes=asked.notes,
            delimiter=delimiter,
            header=own,
            names=parts[0].column_names if parts and header == "from_first_file" else None,
        )
        parts.append(part)
        semicolons = semicolons or found == ";"
        if header != "all_files_different_headers":
            same_columns(parts[0].column_names, part.column_names, files[0], file)
    if header != "all_files_different_headers":
        parts = [part.select(parts[0].column_names) for part in parts]
    whole = pa.concat_tables(parts, promote_options="default")
    text = asked.text if infers else whole.column_names
    frame = infer(whole, notes=asked.notes, text=text, semicolons=semicolons)
    written = whole.select([name for name in whole.column_names if name in later]).to_pandas()
    frame = _with_paths(table, step, options, frame, files, [len(part) for part in parts])
    return Rows(frame, written)


def _read_parquet(table: Described, step: Step, asked: Asked, later: set[str]) -> Rows:
    options = step.options("include_path_column", "path_column")
    files = table.files()
    frames = [guarded(read_parquet, file, asked.notes) for file in files]
    return _joined(table, step, options, files, frames)


def _read_json_lines(table: Described, step: Step, asked: Asked, later: set[str]) -> Rows:
    options = step.options("encoding", "invalid_lines", "include_path_column", "path_column")
    invalid = options.get("invalid_lines", "error")
    if invalid not in ("error", "drop"):
        raise step.wrong(f"has no invalid_lines '{invalid}'", "Write error or drop.")
    files, frames = table.files(), []
    for file in files:
        data = _text(step, options, file)
        data = _objects(data) if invalid == "drop" else data
        frames.append(read_json(data, str(file), asked.notes))
    return _joined(table, step, options, files, frames)


def _objects(data: bytes) -> bytes:
    """The lines that hold an object."""
    kept = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            if isinstance(json.loads(line), dict):
                kept.append(line)
    return b"\n".join(kept)


def _joined(
    table: Described,
    step: Step,
    options: dict[str, Any],
    files: list[Path],
    frames: list[pd.DataFrame],
) -> Rows:
    frame = frames[0] if len(frames) == 1 else join(frames, files)
    frame = _with_paths(table, step, options, frame, files, [len(part) for part in frames])
    return Rows(frame, pd.DataFrame(index=frame.index))


def _with_paths(
    table: Described,
    step: Step,
    options: dict[str, Any],
    frame: pd.DataFrame,
    files: list[Path],
    lengths: list[int],
) -> pd.DataFrame:
    """Add the column that says which file a row comes from, if it is wanted."""
    if not _flag(step, options, "include_path_column"):
        return frame
    name = str(options.get("path_column", PATH_COLUMN))
    if name in frame:
        raise step.wrong(f"adds the column '{name}', which is there", "Name another path_column.")
    labels = np.array([table.label(file) for file in files], dtype=object)
    frame.insert(0, name, np.repeat(labels, lengths))
    return frame


def _text(step: Step, options: dict[str, Any], file: Path) -> bytes:
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


def _flag(step: Step, options: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise step.wrong(f"has no {name} {value!r}", "Write true or false.")
    return value


def delta_version(table: Described, step: Step) -> DeltaVersion:
    """The version of a Delta table that a step asks for."""
    options = step.options("version_as_of", "timestamp_as_of")
    version, moment = options.get("version_as_of"), options.get("timestamp_as_of")
    if (version is None) == (moment is None):
        raise step.wrong(
            "takes either version_as_of or timestamp_as_of", "Write version_as_of: 0, say."
        )
    if len(table.locations) != 1 or not is_delta(table.path(table.locations[0])):
        raise step.wrong("reads the folder of one Delta table", "Write - folder: ./table.")
    folder = table.path(table.locations[0])
    if moment is not None:
        return _version_at(step, folder, moment)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise step.wrong(f"has no version {version!r}", "Write a whole number from 0.")
    return open_delta(folder, version, name=str(folder))


def _version_at(step: Step, folder: Path, moment: Any) -> DeltaVersion:
    """The latest version that had been made at a moment."""
    try:
        asked = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    except ValueError:
        raise step.wrong(
            f"has no time {moment!r}", "Write it like '2022-10-01T00:00:00Z'."
        ) from None
    asked = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    changes = open_delta(folder, name=str(folder)).changes()
    earlier = [change.version for change in changes if change.created <= asked]
    if not earlier:
        first = min(change.created for change in changes)
        raise step.wrong(
            f"asks for {moment}, before the table was made", f"It was made at {first.isoformat()}."
        )
    return open_delta(folder, max(earlier), name=str(folder))


def _read_delta_lake(table: Described, step: Step, asked: Asked, later: set[str]) -> Rows:
    frame = delta_version(table, step).read()
    return Rows(frame, pd.DataFrame(index=frame.index))


Reader = Callable[[Described, Step, Asked, set[str]], Rows]
READERS: dict[str, Reader] = {
    "read_delimited": _read_delimited,
    "read_parquet": _read_parquet,
    "read_json_lines": _read_json_lines,
    "read_delta_lake": _read_delta_lake,
}
