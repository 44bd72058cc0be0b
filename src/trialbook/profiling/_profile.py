"""The profile of a table: all of its figures, and the forms in which they are handed over."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from trialbook._plain import plain, write_text
from trialbook.data import Guardrail
from trialbook.profiling._figures import ColumnProfile, Gap, Level, Periods

# Two columns that go together so closely say nearly the same.
REDUNDANT = 0.95


@dataclass(frozen=True)
class Target:
    """What would be predicted.

    Parameters
    ----------
    name : str
    task : {"classification", "regression"}
    evidence : str
        Why this task.
    classes : tuple of Level
        The most frequent ones first; empty for regression.
    n_classes : int
        How many there are in all; 0 for regression.
    """

    name: str
    task: str
    evidence: str
    classes: tuple[Level, ...]
    n_classes: int


@dataclass(frozen=True)
class Pair:
    """Two columns, and how closely they go together.

    Parameters
    ----------
    one, other : str
    value : float
    measure : str
    """

    one: str
    other: str
    value: float
    measure: str


@dataclass(frozen=True)
class Correlations:
    """How the most interesting columns go together.

    Parameters
    ----------
    names : tuple of str
        The target first, if there is one, then the columns that say most about it.
    matrix : tuple of tuple of (float or None)
        Shape (n_names, n_names). From -1 to 1 for two columns of numbers, dates, lengths or true
        and false, from 0 to 1 for others.
    numeric : tuple of bool
        For each name whether it enters as numbers.
    redundant : tuple of Pair
        Pairs of which one column nearly tells the other, the closest first.
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]
    numeric: tuple[bool, ...]
    redundant: tuple[Pair, ...]


@dataclass(frozen=True)
class TimeCoverage:
    """How the rows of the table lie in time.

    Parameters
    ----------
    column : str
        The column of dates by which that is told.
    first, last, span : str
    periods : Periods
        Rows by period.
    gap_count : int
    gaps : tuple of Gap
    target : tuple of (float or None)
        Mean of the target by period, or share of the positive class; empty where neither is.
    target_label : str
        What that is.
    """

    column: str
    first: str
    last: str
    span: str
    periods: Periods
    gap_count: int
    gaps: tuple[Gap, ...]
    target: tuple[float | None, ...] = ()
    target_label: str = ""


@dataclass(frozen=True)
class Profile:
    """Figures of a table before anything is trained on it.

    Parameters
    ----------
    source : str
        Where the table came from.
    n_rows, n_columns : int
    looked_at : int
        Rows that the figures are of: all, or a random sample of a table that is too big.
    memory_bytes : int
        What the table takes in memory, about.
    duplicate_rows : int
        Rows that repeat an earlier one in every cell.
    missing_cells : int
    missing_share : float
        Of all cells.
    types : dict of str to int
        How many columns have each meaning.
    columns : tuple of ColumnProfile
        In the order of the table.
    target : Target, optional
    correlations : Correlations, optional
        ``None`` where there are not two columns to compare.
    time : TimeCoverage, optional
        ``None`` without a column of dates.
    guardrails : tuple of Guardrail
        The checks of the data that `trialbook.train` would make; empty without a target.
    notes : tuple of str
        What limits the figures, as sentences.
    """

    source: str
    n_rows: int
    n_columns: int
    looked_at: int
    memory_bytes: int
    duplicate_rows: int
    missing_cells: int
    missing_share: float
    types: dict[str, int]
    columns: tuple[ColumnProfile, ...]
    target: Target | None = None
    correlations: Correlations | None = None
    time: TimeCoverage | None = None
    guardrails: tuple[Guardrail, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sampled(self) -> bool:
        """Whether the figures are of a sample of the rows."""
        return self.looked_at < self.n_rows

    def __getitem__(self, name: str) -> ColumnProfile:
        """The profile of one column.

        Parameters
        ----------
        name : str

        Returns
        -------
        ColumnProfile

        Raises
        ------
        KeyError
            If there is no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def strongest(self) -> tuple[ColumnProfile, ...]:
        """The columns with an association with the target, strongest first."""
        found = [one for one in self.columns if one.association is not None]
        return tuple(sorted(found, key=lambda one: -one.association.share))  # type: ignore[union-attr]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values.

        Returns
        -------
        dict
            Of None, bool, int, float, str, list and dict: it fits into JSON, and no number in it
            is infinite or NaN.
        """
        document = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        for column in document["columns"]:
            for kind in ("numbers", "levels", "texts", "times", "association"):
                if column[kind] is None:
                    del column[kind]
        return document

    def to_json(self, path: str | Path | None = None) -> str:
        """Everything as a JSON document.

        Parameters
        ----------
        path : str or Path, optional
            File to write it to as well, whole or not at all.

        Returns
        -------
        str

        Raises
        ------
        TrialbookError
            If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        if path is not None:
            write_text(path, text)
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """Everything as one HTML page that needs nothing beside it.

        Parameters
        ----------
        path : str or Path, optional
            File to write it to as well, whole or not at all.

        Returns
        -------
        str

        Raises
        ------
        TrialbookError
            If the file cannot be written.
        """
        from trialbook.profiling._page import page

        text = page(self)
        if path is not None:
            write_text(path, text)
        return text

    def __repr__(self) -> str:
        """What the table is, in a line."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.types.items())
        about = f", target {self.target.name!r} ({self.target.task})" if self.target else ""
        missing = f"{self.missing_share:.1%} missing"
        return f"<Profile of {self.source}: {self.n_rows:,} rows, {kinds}, {missing}{about}>"

    def _repr_html_(self) -> str:
        from trialbook.profiling._page import page

        # In a frame of its own, the page and the notebook leave each other's style alone.
        inner = html.escape(page(self, details=False))
        style = "width:100%;height:680px;border:1px solid #8884;border-radius:8px"
        return f'<iframe title="Profile of a table" srcdoc="{inner}" style="{style}"></iframe>'
