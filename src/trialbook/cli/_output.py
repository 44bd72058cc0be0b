"""What the commands write: JSON for programs, files for predictions."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialbook.errors import OptionError, WorkspaceError

if TYPE_CHECKING:
    import pandas as pd


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold; what is not a number becomes null.

    Parameters
    ----------
    value : Any
        Built-in, NumPy and pandas scalars, arrays, tables, dataclasses, paths, and
        collections of them.

    Returns
    -------
    Any
        None, bool, int, float, str, list or dict.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return [plain(row) for row in value.to_dict(orient="records")]
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None  # NaT equals nothing
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def write_json(value: Any) -> None:
    """Write one JSON document on standard output."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _write_tsv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, sep="\t")


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


def _write_feather(table: pd.DataFrame, path: Path) -> None:
    table.to_feather(path)


def _write_json_lines(table: pd.DataFrame, path: Path) -> None:
    table.to_json(path, orient="records", lines=True, force_ascii=False)


# By the end of the file's name, ".gz" aside, which pandas and this table's text formats share.
WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".parquet": _write_parquet,
    ".feather": _write_feather,
    ".arrow": _write_feather,
    ".jsonl": _write_json_lines,
    ".ndjson": _write_json_lines,
}
COMPRESSED = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})


def writer_for(path: Path) -> Callable[[pd.DataFrame, Path], None]:
    """Choose how to write a table by the file's name, before any work is done.

    Raises
    ------
    OptionError
        If the name does not end in a known format, or its folder does not exist.
    """
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    zipped = bool(endings) and endings[-1] == ".gz"
    ending = (endings[:-1] if zipped else endings)[-1:]
    if not ending or ending[0] not in WRITERS or (zipped and ending[0] not in COMPRESSED):
        raise OptionError(
            f"cannot tell the format of '{path.name}'",
            place=str(path),
            remedy=f"End the name in one of {', '.join(WRITERS)}.",
        )
    if not path.parent.is_dir():
        raise OptionError(
            f"the folder '{path.parent}' does not exist",
            place=str(path),
            remedy="Make it first, or name another.",
        )
    return WRITERS[ending[0]]


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all.

    Raises
    ------
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    write = writer_for(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".trialbook-") as folder:
            # The same name, so that pandas compresses it alike.
            draft = Path(folder) / path.name
            write(table, draft)
            os.replace(draft, path)
    except OSError as error:
        raise WorkspaceError(
            f"cannot write: {error.strerror or error}",
            place=str(path),
            remedy="Name another file, or free the disk.",
        ) from error
