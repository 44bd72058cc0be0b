"""What a comparison of old and new rows found, as figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialbook._plain import plain, write_text


@dataclass(frozen=True)
class Test:
    """A test of whether two sets of cells are of one origin.

    Parameters
    ----------
    name : str
    statistic : float
    p_value : float
    """

    name: str
    statistic: float
    p_value: float


@dataclass(frozen=True)
class Moved:
    """How a column, or something made of it, changed.

    Parameters
    ----------
    name : str
        Of the column, or what it is.
    kind : str
        Numeric, categorical, boolean, datetime or text.
    moved : bool
        Whether it is far enough, and no chance.
    distance : float
        Part of the new rows that would have to change to be distributed as the old ones: the
        larger one of the total variation in bins and the Kolmogorov-Smirnov statistic.
    psi : float
        Population stability index in the same bins.
    jensen_shannon : float
        Distance by Jensen and Shannon in the same bins, from 0 to 1.
    wasserstein : float or None
        Earth mover's distance in standard deviations of the old rows, of numbers and times.
    missing : tuple of (float, float)
        Part of the cells that are missing, old and new.
    new_share : float
        Part of the new cells with a level that no old row has, beyond chance.
    new_levels : tuple of str
        The most frequent of these.
    tests : tuple of Test
    p_value : float
        The smallest of the tests, corrected for the number of tests and columns (Holm).
    strength : str
        In words: slight, clear or strong.
    said : str
        What changed, as a sentence; empty if nothing did.
    bins : tuple of str
        What the cells are counted in.
    before, after : tuple of float
        Parts of the cells in each bin.
    """

    name: str
    kind: str
    moved: bool
    distance: float
    psi: float
    jensen_shannon: float
    wasserstein: float | None
    missing: tuple[float, float]
    new_share: float
    new_levels: tuple[str, ...]
    tests: tuple[Test, ...]
    p_value: float
    strength: str
    said: str
    bins: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True)
class Predicted:
    """How predictions changed.

    Parameters
    ----------
    name : str
        ``prediction``, or the class whose probability it is.
    before, after : float
        Means.
    effect : float
        Difference in standard deviations of the old ones.
    p_value : float
        By Welch's test of means, corrected for the number of classes.
    moved : bool
    """

    name: str
    before: float
    after: float
    effect: float
    p_value: float
    moved: bool


@dataclass(frozen=True)
class Separation:
    """How well a model tells old rows from new ones.

    Parameters
    ----------
    auc : float
        Area under the ROC curve, out of fold: 0.5 is chance.
    low, high : float
        Its interval, as sure as `CHANCE`.
    n_rows : int
        Rows of each side.
    moved : bool
        Whether even the lower end is beyond what matters.
    columns : tuple of (str, float)
        What the area loses without each column, the largest first.
    left_out : tuple of str
        Columns that would tell them apart by themselves, such as dates.
    """

    auc: float
    low: float
    high: float
    n_rows: int
    moved: bool
    columns: tuple[tuple[str, float], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """A comparison of the rows that a model learned from with recent ones.

    Parameters
    ----------
    model : str
    reference : str
        What the old rows are.
    recent : str
        Where the new ones come from.
    n_reference, n_recent : int
        Rows of either.
    compared : tuple of (int, int)
        Rows of either that were looked at.
    columns : tuple of Moved
        One for each feature, and for texts what was made of them; those that moved most first.
    target : Moved or None
        If the recent rows have it.
    labels : Moved or None
        The predicted labels of a classification.
    predictions : tuple of Predicted
    separation : Separation or None
    notes : tuple of str
        What could not be compared, and why.
    """

    model: str
    reference: str
    recent: str
    n_reference: int
    n_recent: int
    compared: tuple[int, int]
    columns: tuple[Moved, ...]
    target: Moved | None = None
    labels: Moved | None = None
    predictions: tuple[Predicted, ...] = ()
    separation: Separation | None = None
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of the columns that moved, the farthest first."""
        return tuple(dict.fromkeys(column.name for column in self.columns if column.moved))

    @property
    def alarm(self) -> bool:
        """Whether anything moved: a column, the target, predictions, or all columns together."""
        others = [one for one in (self.target, self.labels, self.separation) if one is not None]
        return bool(self.moved) or any(one.moved for one in (*others, *self.predictions))

    @property
    def summary(self) -> tuple[str, ...]:
        """What moved, in sentences; one sentence if nothing did."""
        from trialbook.evaluation.drift._words import summary_of

        return summary_of(self)

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON holds them."""
        found: dict[str, Any] = plain(self)
        return {"alarm": self.alarm, "moved": list(self.moved), "summary": list(self.summary)} | (
            found
        )

    def to_json(self, path: str | Path | None = None) -> str:
        """All figures as a JSON document.

        Parameters
        ----------
        path : str or Path, optional
            File that is written, too.

        Returns
        -------
        str

        Raises
        ------
        WorkspaceError, OptionError
            If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        if path is not None:
            write_text(path, text)
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """A page that needs nothing beside it.

        Parameters
        ----------
        path : str or Path, optional
            File that is written, too.

        Returns
        -------
        str

        Raises
        ------
        WorkspaceError, OptionError
            If the file cannot be written.
        """
        from trialbook.evaluation.drift._page import page

        text = page(self)
        if path is not None:
            write_text(path, text)
        return text
