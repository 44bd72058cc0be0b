"""What a model card is made of, before it is a page or a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialbook.evaluation.errors import ErrorMap


@dataclass(frozen=True)
class Text:
    """A paragraph of plain text."""

    text: str
    muted: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and what they are; those without a value are left out."""

    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Grid:
    """A table of plain texts; columns of `numeric` are figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[int] = ()
    title: str = ""


@dataclass(frozen=True)
class Bars:
    """Names with bars, of lengths from 0 to 1, and what they say."""

    rows: Sequence[tuple[str, float, str]]
    title: str = ""


@dataclass(frozen=True)
class Checks:
    """Verdicts, what was checked, and what was found."""

    checks: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    points: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture as PNG, and what it shows."""

    name: str
    title: str
    png: bytes


@dataclass(frozen=True)
class Pictures:
    """Pictures that stand together."""

    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Heat:
    """A map of errors; `overall` is what cells are compared with."""

    map: ErrorMap
    overall: float
    is_rate: bool
    title: str


Block = Text | Facts | Grid | Bars | Checks | Points | Code | Pictures | Heat


@dataclass(frozen=True)
class Section:
    """A part of the card.

    Parameters
    ----------
    key : str
        Its place in the page.
    title : str
    blocks : sequence of Block
        None where there is nothing to say; the part is then left out.
    lead : str
        What the part is about, in a sentence.
    """

    key: str
    title: str
    blocks: Sequence[Block]
    lead: str = ""
