"""What rows of a cohort have in common, as a rule and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook._words import plural, shorten
from trialbook.evaluation._groups import as_numbers, moment, number

# Values that are named of a longer list.
NAMED = 5
# Characters of a value.
LENGTH = 40


@dataclass(frozen=True)
class Condition:
    """What is asked of one column.

    Parameters
    ----------
    column : str
    low, high : float
        Numbers and dates (as nanoseconds since 1970): above `low`, up to `high`.
    values : tuple of str, optional
        Texts: one of these.
    excluded : bool
        Texts: none of `values` instead.
    missing : bool
        Whether rows without a value belong to it.
    dated : bool
        Whether the numbers are dates.
    said : bool
        Whether missing cells are worth a word, since there are any.
    counted : bool
        Whether the numbers are those of the words of texts.
    """

    column: str
    low: float = -math.inf
    high: float = math.inf
    values: tuple[str, ...] | None = None
    excluded: bool = False
    missing: bool = False
    dated: bool = False
    said: bool = False
    counted: bool = False

    def __str__(self) -> str:
        text = self._listed() if self.values is not None else self._range()
        if not text:
            return f"{self.column} is{'' if self.missing else ' not'} missing"
        verb = "is " if self.counted else ""
        return text + (f" or {verb}missing" if self.missing and self.said else "")

    def mask(self, rows: pd.DataFrame) -> np.ndarray:
        """Which rows meet it.

        Parameters
        ----------
        rows : DataFrame

        Returns
        -------
        ndarray of bool, shape (n_rows,)
        """
        column = rows[self.column]
        absent = column.isna().to_numpy()
        if self.values is not None:
            inside = column.isin(self.values).to_numpy() != self.excluded
        else:
            numbers = as_numbers(column)
            with np.errstate(invalid="ignore"):
                inside = (numbers > self.low) & (numbers <= self.high)
        return np.asarray(np.where(absent, self.missing, inside))

    def _listed(self) -> str:
        values = self.values or ()
        if not values:  # all of them, or none
            return ""
        names = [f"'{shorten(value, LENGTH)}'" for value in values]
        if len(names) == 1:
            return f"{self.column} {'≠' if self.excluded else '='} {names[0]}"
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        word = "not in" if self.excluded else "in"
        return f"{self.column} {word} ({', '.join(names[:NAMED])}{more})"

    def _range(self) -> str:
        if self.counted:
            return self._lengths()
        form = moment if self.dated else number
        low = form(self.low) if math.isfinite(self.low) else ""
        high = form(self.high) if math.isfinite(self.high) else ""
        if low and high:
            return f"{low} < {self.column} ≤ {high}"
        if low:
            return f"{self.column} > {low}"
        return f"{self.column} ≤ {high}" if high else ""

    def _lengths(self) -> str:
        """How many words texts have; a limit may lie between two whole numbers."""
        low, high = (
            math.floor(one) if math.isfinite(one) else None for one in (self.low, self.high)
        )
        if low is not None and high is not None:
            span = f"{low + 1:,} to {high:,} words" if low + 1 < high else plural(high, "word")
            return f"{self.column} has {span}"
        if low is not None:
            return f"{self.column} has more than {plural(low, 'word')}"
        return "" if high is None else f"{self.column} has at most {plural(high, 'word')}"
