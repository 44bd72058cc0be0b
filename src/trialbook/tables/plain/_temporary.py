"""A folder for what is fetched from elsewhere."""

from __future__ import annotations

import errno
import shutil
import tempfile
import weakref
from pathlib import Path

from trialbook.errors import DataError


class TemporaryFolder:
    """A folder that is removed when nothing refers to it any more, and at the end at the latest.

    As a context it is removed at once if what is done in it fails.

    Parameters
    ----------
    place : str
        What is fetched, for messages.

    Raises
    ------
    DataError
        If it cannot be made.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        try:
            self.path = Path(tempfile.mkdtemp(prefix="trialbook-"))
        except OSError as error:
            raise self.full(error) from None
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def __enter__(self) -> TemporaryFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self.remove()

    def is_full(self, error: Exception) -> bool:
        """Whether the disk is what is wrong."""
        return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)

    def full(self, error: Exception) -> DataError:
        """What is said when nothing more can be written to it."""
        reason = getattr(error, "strerror", None) or str(error)
        return DataError(
            f"the table cannot be put aside while it is read: {reason}",
            place=f"{self.place}, by way of {tempfile.gettempdir()}",
            remedy="Free some space, or name another folder in TMPDIR.",
        )
