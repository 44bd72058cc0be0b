"""Values as JSON can hold them, and files that are whole or not there."""

from __future__ import annotations

import dataclasses
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trialbook.errors import OptionError, WorkspaceError


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


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file whole or not at all: what is written to the draft takes the file's place.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        A draft of the same name, in a folder of its own beside the file.

    Raises
    ------
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".trialbook-") as folder:
            draft = Path(folder) / path.name
            yield draft
            os.replace(draft, path)
    except OSError as error:
        raise WorkspaceError(
            f"cannot write: {error.strerror or error}",
            place=str(path),
            remedy="Name another file, or free the disk.",
        ) from error


def check_folder(path: Path) -> None:
    """Refuse a file whose folder is not there.

    Raises
    ------
    OptionError
    """
    if not path.parent.is_dir():
        raise OptionError(
            f"the folder '{path.parent}' does not exist",
            place=str(path),
            remedy="Make it first, or name another.",
        )


def write_text(path: str | Path, text: str) -> None:
    """Write a text to a file that a person named, whole or not at all.

    Parameters
    ----------
    path : str or Path
    text : str

    Raises
    ------
    OptionError
        If the folder is not there.
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    check_folder(Path(path))
    with whole_file(Path(path)) as draft:
        draft.write_text(text, "utf-8")
