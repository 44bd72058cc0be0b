"""Checks of dates that cannot be meant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from trialbook._words import plural
from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._codes import times_of
from trialbook.data.checks._look import Look
from trialbook.tables.plain import Storage, shown

# What systems write for an unknown date: the zeros of Unix, spreadsheets, Delphi and databases,
# and the last days that people think of.
PLACEHOLDERS = tuple(
    np.datetime64(day)
    for day in (
        *("1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1900-01-02", "1901-01-01"),
        *("1969-12-31", "1970-01-01", "1970-01-02", "1980-01-01", "2000-01-01"),
        *("2038-01-19", "2049-12-31", "2050-12-31", "2079-06-06", "2099-01-01", "2099-12-31"),
        *("2100-01-01", "2199-12-31", "2200-01-01", "2261-12-31", "2262-04-11"),
    )
)
# A placeholder stands apart: the next date in the column is a year away at least.
APART = np.timedelta64(365, "D")
# Few tables are about what happened before, or will happen after.
FIRST_DAY, LAST_DAY = np.datetime64("1900-01-01"), np.datetime64("2100-01-01")
# Other cells beyond the middle nine tenths are out of range if so many of its widths away; and
# never closer than some years, for the dates of a month may have one of the month before.
WIDTHS, YEARS = 10, np.timedelta64(20 * 365, "D")
# A year of four digits: dates that are beyond what nanoseconds since 1970 can tell.
_YEAR = r"\b(?P<year>\d{4})\b"


class _Odd(NamedTuple):
    """Cells of one column that cannot be meant, as a clause, and their rows."""

    column: str
    text: str
    mask: np.ndarray
    missing: bool


def dates_out_of_range(look: Look) -> list[Guardrail]:
    """Dates that stand for none, lie before 1900 or after 2100, or far away from all others."""
    name = "Dates out of range"
    columns = [c for c in look.schema.used if c.semantic is Semantic.DATETIME]
    if not columns:
        return []
    found = [odd for column in columns for odd in _odd(look, column)]
    if not found:
        return [Guardrail(name, "passed", "every date is within reach of the others", "")]
    finding = "; ".join(odd.text for odd in found[:5])
    more = f"; and {len(found) - 5:,} more" if len(found) > 5 else ""
    action = "used as they are; clear those that stand for no date"
    if all(odd.missing for odd in found):
        action = "they count as missing"
    elif any(odd.missing for odd in found):
        action = (
            "those that cannot be stored count as missing; clear others that stand for no date"
        )
    rows = look.rows(np.logical_or.reduce([odd.mask for odd in found]))
    names = tuple(dict.fromkeys(odd.column for odd in found))
    return [Guardrail(name, "alerted", finding + more, action, names, rows)]


def _odd(look: Look, column: Column) -> list[_Odd]:
    values = look.table[column.name]
    times = times_of(values, column)
    days = times.to_numpy().astype("datetime64[D]")
    found = []
    if column.storage == Storage.STRING:
        beyond = beyond_range(values, times)
        if beyond.any():
            why = "outside of the years 1677 to 2262"
            text = _text(column.name, beyond, values.to_numpy()[beyond], why)
            found.append(_Odd(column.name, text, beyond, missing=True))
    present = np.unique(days[~np.isnat(days)])
    for mask, why in _unmeant(days, present):
        text = _text(column.name, mask, days[mask].astype(str), why)
        found.append(_Odd(column.name, text, mask, missing=False))
    return found


def _text(name: str, mask: np.ndarray, cells: np.ndarray, why: str) -> str:
    which, counts = np.unique(cells.astype(str), return_counts=True)
    most = shown(str(which[counts.argmax()]))
    such = f", such as {most}" if len(which) > 1 else f", {most}"
    return f"'{name}' has {plural(int(mask.sum()), 'row')} {why}{such}"


def _unmeant(days: np.ndarray, present: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """Masks of the days that stand apart, each with what they are."""
    if len(present) < 2:
        return []
    apart = [day for day in PLACEHOLDERS if _stands_apart(day, present)]
    found = []
    if apart:
        found.append((np.isin(days, apart), "that may stand for no date"))
    rest = present[~np.isin(present, apart)]
    if len(rest) < 2:
        return found
    low, high = rest[int(0.05 * (len(rest) - 1))], rest[int(np.ceil(0.95 * (len(rest) - 1)))]
    reach = max((high - low) * WIDTHS, YEARS)
    old = rest[rest < max(low - reach, np.datetime64("1678-01-01"))]
    late = rest[rest > high + reach]
    # Where most dates are old or to come, so is the table.
    old = np.union1d(old, rest[rest < FIRST_DAY]) if low >= FIRST_DAY else old
    late = np.union1d(late, rest[rest >= LAST_DAY]) if high < LAST_DAY else late
    for outside, why in ((old, "long before the others"), (late, "long after the others")):
        if len(outside):
            found.append((np.isin(days, outside), why))
    return found


def _stands_apart(day: np.datetime64, present: np.ndarray) -> bool:
    at = int(np.searchsorted(present, day))
    if at == len(present) or present[at] != day:
        return False
    before = at == 0 or day - present[at - 1] >= APART
    after = at == len(present) - 1 or present[at + 1] - day >= APART
    # In the middle of the others it is a day like them.
    return bool(before and after and (at <= 1 or at >= len(present) - 2))


def beyond_range(values: pd.Series, times: pd.Series) -> np.ndarray:
    """Texts that are dates of a year that cannot be stored, and so count as missing."""
    unread = (times.isna() & values.notna()).to_numpy()
    beyond = np.zeros(len(values), dtype=bool)
    if unread.any():
        years = values[unread].str.extract(_YEAR)["year"].astype(float)
        beyond[unread] = ((years <= 1677) | (years >= 2262)).to_numpy()
    return beyond
