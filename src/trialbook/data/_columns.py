"""What a column means, and why we think so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Semantic(StrEnum):
    """The meaning of a column, which decides how a model may use it."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    DATETIME = "datetime"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    DUPLICATE = "duplicate"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class Column:
    """One column of the training table.

    Parameters
    ----------
    name : str
        Name in the table.
    semantic : Semantic
        What the column means.
    storage : str
        How it is stored: number, bool, string, datetime or nested.
    evidence : str
        One short sentence: why this type.
    missing : int
        Number of missing cells.
    distinct : int
        Number of different values, missing ones not counted.
    dropped : str, optional
        Why the column is not a feature; ``None`` for a feature.
    datetime_format : str, optional
        Format by which `pandas.to_datetime` reads the strings of a datetime column; either a
        strptime format or ``"ISO8601"``.
    """

    name: str
    semantic: Semantic
    storage: str
    evidence: str
    missing: int
    distinct: int
    dropped: str | None = None
    datetime_format: str | None = None

    @property
    def used(self) -> bool:
        """Whether the column is a feature."""
        return self.dropped is None
