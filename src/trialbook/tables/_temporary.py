"""A folder for what is fetched from elsewhere."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from trialbook.errors import DataError


class TemporaryFolder:
    """A folder that is removed when nothing refers to it any more, and at the end at the latest.

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

    def full(self, error: OSError) -> DataError:
        """What is said when nothing more can be written to it."""
        reason = error.strerror or str(error)
        return DataError(
            f"the table cannot be put aside while it is read: {reason}",
            place=f"{self.place}, by way of {tempfile.gettempdir()}",
            remedy="Free some space, or name another folder in TMPDIR.",
        )
