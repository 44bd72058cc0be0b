"""What can go wrong, said so that the reader knows what to do about it.

Every message has three parts: the cause, the place and the remedy. The command line prints the
message alone and ends with the exception's `exit_code`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class TrialbookError(Exception):
    """Base of every error that Trialbook raises on purpose.

    Parameters
    ----------
    cause : str
        What is wrong, as a clause without a full stop.
    place : str, optional
        Where: a file and line, a column, an option.
    remedy : str, optional
        What to do, as a sentence.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, cause: str, *, place: str | None = None, remedy: str | None = None) -> None:
        self.cause = cause
        self.place = place
        self.remedy = remedy
        where = f" ({place})" if place else ""
        what_to_do = f" {remedy}" if remedy else ""
        super().__init__(f"{cause}{where}.{what_to_do}")


class DataError(TrialbookError):
    """A table that cannot be read, or cannot be used as asked."""


class OptionError(TrialbookError):
    """An option that does not exist, or a value that it does not take."""


class WorkspaceError(TrialbookError):
    """A workspace that is missing, not one, busy, or cannot be written."""


class NoModelError(TrialbookError):
    """Every trial failed, so that there is nothing to hand over."""

    exit_code: ClassVar[int] = 3


class ExportError(TrialbookError):
    """A model that cannot be written in the form that was asked for, with the step that cannot."""


class UntrustedError(TrialbookError):
    """A file that could run code of its own when it is loaded, of which nobody said it may."""


class OtherVersionsWarning(UserWarning):
    """A model is loaded with libraries of other versions than those that made it."""


class UnknownName(ValueError):
    """A name that is not known, while a job is checked.

    Parameters
    ----------
    cause : str
        What is wrong, as a clause without a full stop.
    remedy : str
        What to do, as a sentence; see `nearest`.
    """

    def __init__(self, cause: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(cause)


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy that names the closest known spelling, else lists what is known.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What exists.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> nearest("agee", ["age", "job"])
    "Did you mean 'age'?"
    """
    names = [str(item) for item in known]
    folded = {item.casefold(): item for item in reversed(names)}
    close = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return f"Known: {shown}."
