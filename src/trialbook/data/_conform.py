"""One column of another table, brought to the storage that it had in training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trialbook.errors import DataError
from trialbook.tables.plain import Storage, as_text, example, shown, storage_of
from trialbook.tables.text import (
    MISSING_VALUE,
    date_formats,
    detect_format,
    mixed_formats,
    parse,
    parsed_share,
    plain_texts,
    turned,
)

_TRUTH = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def conform_column(
    column: pd.Series, storage: str, form: str | None = None, written: str | None = None
) -> pd.Series:
    """Bring a column to a storage.

    Parameters
    ----------
    column : Series
        Column of a normalised table.
    storage : str
        Storage in training.
    form : str, optional
        Format of its dates, if these are strings.
    written : str, optional
        How its cells were written in training, if not the plain way; see
        `trialbook.tables.plain._notes.Note`.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        If a value cannot be brought to it; the value and its row are named.
    """
    found = storage_of(column)
    missing = column.isna().to_numpy()
    if missing.all():
        return _all_missing(len(column), storage)
    if storage == Storage.STRING:
        return _to_strings(column, found, missing, form, written)
    if found == storage:
        return column
    if storage == Storage.NUMBER:
        return _to_numbers(column, found, missing, written)
    if storage == Storage.BOOL:
        return _to_booleans(column, found, missing)
    return _to_times(column, found, missing)


def _all_missing(n_rows: int, storage: str) -> pd.Series:
    if storage == Storage.DATETIME:
        return pd.Series(np.full(n_rows, np.datetime64("NaT", "ns")))
    if storage == Storage.NUMBER:
        return pd.Series(np.full(n_rows, np.nan))
    return pd.Series(np.full(n_rows, None if storage == Storage.BOOL else np.nan, dtype=object))


def _to_strings(
    column: pd.Series,
    found: Storage,
    missing: np.ndarray,
    form: str | None,
    written: str | None,
) -> pd.Series:
    if found is Storage.STRING:
        return column if form is None else _to_dates(column, form, written)
    if found is Storage.NESTED:
        raise _wrong(column, ~missing, "text")
    values = np.full(len(column), np.nan, dtype=object)
    present = column[~missing]
    is_date = found is Storage.DATETIME
    texts = _dates_as_text(present, form) if is_date else present.map(as_text)
    values[~missing] = texts.to_numpy(dtype=object)
    return pd.Series(values, dtype=object)


def _to_dates(column: pd.Series, form: str, written: str | None) -> pd.Series:
    """Dates as text, those of another form than in training written anew."""
    texts = _present_texts(column)
    unread = (parse(texts, form).isna() & texts.notna()).to_numpy()
    if not unread.any():
        return column
    times = parse(texts[unread], "ISO8601")
    for other in _other_formats(texts[unread][times.isna()], form, written):
        times = times.fillna(parse(texts[unread], other))
    known = times.notna().to_numpy()
    if not known.any() and bool(unread[texts.notna()].all()):
        example_date = _dates_as_text(pd.Series([pd.Timestamp("2024-12-31 23:59")]), form)[0]
        raise _wrong(column, unread, f"a date such as {example_date}")
    values = column.to_numpy(dtype=object, copy=True)
    values[np.flatnonzero(unread)[known]] = _dates_as_text(times[known], form)
    return pd.Series(values, dtype=object)


def _other_formats(texts: pd.Series, form: str, written: str | None) -> list[str]:
    """Formats of dates that do not follow the form: known from training, or beyond doubt."""
    if written is not None:
        return date_formats(written)
    values = texts.unique()
    found = detect_format(values) if len(values) else None
    formats = mixed_formats(values) if found is None else (found,)
    return [
        one
        for one in formats
        if turned(one) == one
        or (turned(one) != form and parsed_share(values, turned(one)) < parsed_share(values, one))
    ]


def _dates_as_text(times: pd.Series, form: str | None) -> pd.Series:
    """Times in UTC as text of a form, ISO's by default."""
    zoned = form is not None and form.endswith("%z")
    times = times.dt.tz_localize("UTC") if zoned else times
    iso = form is None or form == "ISO8601"
    return times.map(lambda time: time.isoformat() if iso else time.strftime(form))


def _present_texts(column: pd.Series) -> pd.Series:
    """Strings without blanks around them; those that stand for a missing value are missing."""
    texts = column.str.strip()
    return texts.where(~texts.isin(MISSING_VALUE), np.nan)


def _to_numbers(
    column: pd.Series, found: Storage, missing: np.ndarray, written: str | None
) -> pd.Series:
    if found is Storage.BOOL:
        return column.astype(float) if missing.any() else column.astype(np.int64)
    if found is not Storage.STRING:
        raise _wrong(column, ~missing, "a number")
    texts = _present_texts(column)
    plain = plain_texts(texts, written)
    numbers = pd.to_numeric(plain, errors="coerce")
    unread = (numbers.isna() & texts.notna()).to_numpy()
    if unread.any():
        raise _wrong(column, unread, "a number")
    return numbers.replace([np.inf, -np.inf], np.nan)


def _to_booleans(column: pd.Series, found: Storage, missing: np.ndarray) -> pd.Series:
    if found is Storage.NUMBER:
        known = column.isin((0, 1)).to_numpy()
        flags = column == 1
    elif found is Storage.STRING:
        texts = _present_texts(column)
        missing = texts.isna().to_numpy()
        texts = texts.str.lower()
        known = texts.isin(_TRUTH).to_numpy()
        flags = texts.map(_TRUTH).eq(True)
    else:
        raise _wrong(column, ~missing, "true or false")
    if (~known & ~missing).any():
        raise _wrong(column, ~known & ~missing, "true or false")
    if not missing.any():
        return flags.astype(bool)
    return pd.Series(np.where(missing, None, flags.astype(object)), dtype=object)


def _to_times(column: pd.Series, found: Storage, missing: np.ndarray) -> pd.Series:
    if found is not Storage.STRING:
        raise _wrong(column, ~missing, "a date")
    texts = _present_texts(column)
    times = parse(texts, "ISO8601")
    unread = (times.isna() & texts.notna()).to_numpy()
    if unread.any():
        raise _wrong(column, unread, "a date such as 2024-12-31 23:59:00")
    return times


def _wrong(column: pd.Series, mask: np.ndarray, expected: str) -> DataError:
    value, row = example(column, mask)
    return DataError(
        f"column '{column.name}' holds {shown(value)} where {expected} is expected",
        place=f"row {row}",
        remedy="Give the column the type that it had in training.",
    )
