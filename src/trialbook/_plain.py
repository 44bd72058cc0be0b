"""Values as JSON can hold them, and files that are whole or not there."""

from __future__ import annotations

import dataclasses
import errno
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

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


# What to do when the system refuses to write, by its reason.
_WRITE_REMEDIES: Final = {
    errno.ENOSPC: "Free some space, or name a file on another disk.",
    errno.EDQUOT: "Free some space, or name a file on another disk.",
    errno.EFBIG: "Name a file on another disk: this one takes no file of that size.",
    errno.ENOENT: "See that its folder is still there, or name another file.",
    errno.EACCES: "Name a file in a folder that you may write to.",
    errno.EPERM: "Name a file in a folder that you may write to.",
    errno.EROFS: "Name a file in a folder that you may write to.",
}


def cannot_write(path: Path, error: OSError) -> WorkspaceError:
    """The error to raise when a file that a person named cannot be written.

    Parameters
    ----------
    path : Path
    error : OSError

    Returns
    -------
    WorkspaceError
        With a remedy for the system's reason.
    """
    remedy = _WRITE_REMEDIES.get(error.errno or 0, "Name another file.")
    return WorkspaceError(
        f"cannot write: {error.strerror or error}", place=str(path), remedy=remedy
    )


@contextmanager
def whole_file(path: Path, *, within: Path | None = None) -> Iterator[Path]:
    """Write a file whole or not at all: what is written to the draft takes the file's place.

    Parameters
    ----------
    path : Path
    within : Path, optional
        A folder on the same disk that somebody removes; that of the file where it is not given.

    Yields
    ------
    Path
        A draft of the same name, in a folder of its own.

    Raises
    ------
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    place = within or path.parent
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".trialbook-") as folder:
            draft = Path(folder) / path.name
            yield draft
            os.replace(draft, path)
    except OSError as error:
        raise cannot_write(path, error) from error


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
