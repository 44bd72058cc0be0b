"""What is wrong with a request, as a document that its sender can act upon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialbook.errors import TrialbookError

# A body of a million wrong cells is told as well by the first of them.
MOST_PROBLEMS = 100


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    Parameters
    ----------
    cause : str
        A clause without a full stop.
    row : int, optional
        Of the request, counted from 0, as in its JSON.
    column : str, optional
        A column of the model.
    remedy : str, optional
        A sentence.
    """

    cause: str
    row: int | None = None
    column: str | None = None
    remedy: str | None = None

    def document(self) -> dict[str, Any]:
        """As JSON, without what is not known."""
        known = {
            "row": self.row,
            "column": self.column,
            "cause": self.cause,
            "remedy": self.remedy,
        }
        return {key: value for key, value in known.items() if value is not None}


class Refused(TrialbookError):
    """A request that is not answered.

    Parameters
    ----------
    status : int
        Of HTTP: 4xx where its sender can do something about it.
    cause : str
        A clause without a full stop.
    place : str, optional
        The part of the request.
    remedy : str, optional
        A sentence.
    problems : sequence of Problem, optional
        Each wrong cell, the first `MOST_PROBLEMS` of them.
    headers : sequence of (str, str), optional
        Of the answer.
    """

    def __init__(
        self,
        status: int,
        cause: str,
        *,
        place: str | None = None,
        remedy: str | None = None,
        problems: Sequence[Problem] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(cause, place=place, remedy=remedy)
        self.status = status
        self.problems = tuple(problems[:MOST_PROBLEMS])
        self.headers = dict(headers)

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {"status": self.status, "cause": self.cause}
        if self.place:
            error["place"] = self.place
        if self.remedy:
            error["remedy"] = self.remedy
        if self.problems:
            error["problems"] = [one.document() for one in self.problems]
        return {"error": error}


def refused_cells(problems: Sequence[Problem]) -> Refused:
    """A refusal for cells that the model cannot take.

    Parameters
    ----------
    problems : sequence of Problem
        At least one.

    Returns
    -------
    Refused
        With status 422: the document was read, its content does not fit.
    """
    first = problems[0]
    places = [] if first.row is None else [f"row {first.row}"]
    places += [] if first.column is None else [f"column '{first.column}'"]
    return Refused(
        422,
        first.cause,
        place=", ".join(places) or None,
        remedy=first.remedy,
        problems=problems,
    )
