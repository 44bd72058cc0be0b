"""Any pandas table, made plain: five storages, a simple index, text for column names."""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa

from trialbook._words import plural
from trialbook.errors import DataError
from trialbook.tables.plain._annotations import KEY, annotations_of
from trialbook.tables.plain._notes import Note
from trialbook.tables.plain._storage import as_text

# What `pandas.api.types.infer_dtype` calls the object columns that hold numbers, or times.
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
_TIMES = {"date", "datetime", "datetime64"}

# What a note says of a column whose times have a zone.
ZONED = "times with a zone"

# Rows that a note names.
NAMED_ROWS = 20

# A table of fewer rows is faster when columns of one type lie side by side, which takes a copy.
MANY_ROWS = 200_000

# Cells that make a fair text of themselves; a mixture with one of them becomes text.
_SCALARS = (str, bool, int, float, Decimal, np.number, np.bool_, time, UUID)

# Nothing that follows would end with more columns; a file that wide has its rows for columns, or
# its line ends lost.
MOST_COLUMNS = 100_000

# pandas writes its row labels into Parquet files under these names; they are no data.
INDEX_COLUMN = re.compile(r"__index_level_\d+__")


def normalise(
    frame: pd.DataFrame, *, place: str = "the table", notes: list[Note] | None = None
) -> pd.DataFrame:
    """Rewrite a table in the storages that Trialbook knows.

    Parameters
    ----------
    frame : DataFrame
        Any table.
    place : str, optional
        Where it came from, for messages.
    notes : list of Note, optional
        Is told of times that cannot be kept, and of zones.

    Returns
    -------
    DataFrame
        New table with a `RangeIndex`, with what the table says its columns mean among its
        `attrs`. Numbers are int64 or float64 (infinite ones are missing),
        times are UTC without a zone, categories are their values, durations are seconds.

    Raises
    ------
    DataError
        If columns share a name, or there are no columns or no rows.
    """
    names = column_names(frame.columns, place=place)
    if not names:
        raise DataError("the table has no columns", place=place, remedy="Give a table with data.")
    if len(frame) == 0:
        raise DataError(
            "the table has column names but no rows", place=place, remedy="Add rows of data."
        )
    columns = {name: normalise_column(frame.iloc[:, i]) for i, name in enumerate(names)}
    if notes is not None:
        for i, (name, column) in enumerate(columns.items()):
            if column.dtype.kind == "M":
                notes += _lost_times(name, frame.iloc[:, i], column)
                notes += _lost_zone(name, frame.iloc[:, i], column)
    made = assemble(columns)
    if KEY in frame.attrs:
        made.attrs[KEY] = frame.attrs[KEY]
    return made


def _lost_times(name: str, given: pd.Series, kept: pd.Series) -> list[Note]:
    """What is said of times that were there and are missing now."""
    lost = kept.isna().to_numpy() & given.notna().to_numpy()
    if not lost.any():
        return []
    rows = tuple(int(row) + 1 for row in np.flatnonzero(lost)[:NAMED_ROWS])
    times = plural(int(lost.sum()), "time")
    finding = f"{times} such as {given[lost].iloc[0]}, outside of the years 1677 to 2262,"
    return [Note(finding, "counted as missing", (name,), rows)]


def _lost_zone(name: str, given: pd.Series, kept: pd.Series) -> list[Note]:
    """What is said of times whose hours in their zone are others than in UTC."""
    zone, there = getattr(given.dtype, "tz", None), kept.notna().to_numpy()
    if zone is None:
        return []
    local = given.dt.tz_localize(None).to_numpy()
    if (local[there] == kept.to_numpy()[there]).all():
        return []
    return [Note(ZONED, f"the hours of {zone} are those of UTC now", (name,))]


def assemble(columns: dict[str, pd.Series]) -> pd.DataFrame:
    """A table of columns that nothing else uses; those of many rows are not copied once more."""
    n_rows = max(map(len, columns.values()), default=0)
    return pd.DataFrame(columns, copy=n_rows <= MANY_ROWS)


def column_names(names: pd.Index | list[str], *, place: str) -> list[str]:
    """Column names as text, each one once.

    Parameters
    ----------
    names : Index or list of str
        Names as they came; a blank one is named as pandas does, such as ``Unnamed: 2``.
    place : str
        Where they came from, for messages.

    Returns
    -------
    list of str

    Raises
    ------
    DataError
        If two columns share a name, or names have several levels.
    """
    if isinstance(names, pd.MultiIndex):
        raise DataError(
            "the column names have several levels",
            place=place,
            remedy="Join them into one name per column.",
        )
    check_width(len(names), place=place)
    texts = [_name(name, position) for position, name in enumerate(names)]
    if len(set(texts)) < len(texts):
        seen: dict[str, int] = {}
        numbers = all(text.replace(".", "", 1).isdigit() for text in texts)
        for position, text in enumerate(texts, start=1):
            if text in seen:
                raise DataError(
                    f"two columns are named '{text}'",
                    place=f"{place}, columns {seen[text]} and {position}",
                    remedy="Rename one of them."
                    + (" If the line is data, put a line of names above it." if numbers else ""),
                )
            seen[text] = position
    return texts


def check_width(n_columns: int, *, place: str) -> None:
    """Refuse a table of too many columns, before anything is done for each of them.

    Parameters
    ----------
    n_columns : int
    place : str
        Where the table came from, for messages.

    Raises
    ------
    DataError
        If there are more than `MOST_COLUMNS`.
    """
    if n_columns > MOST_COLUMNS:
        raise DataError(
            f"the table has {n_columns:,} columns, and {MOST_COLUMNS:,} are the most",
            place=place,
            remedy="Keep the columns that matter, turn rows and columns, or check the line ends.",
        )


def _name(name: object, position: int) -> str:
    missing = name is None or (isinstance(name, float) and np.isnan(name))
    text = "" if missing else str(name)
    return text if text.strip() else f"Unnamed: {position}"


def from_arrow(
    table: pa.Table,
    *,
    place: str = "the table",
    only_copy: bool = False,
    notes: list[Note] | None = None,
) -> pd.DataFrame:
    """Turn an Arrow table into a normalised one.

    Parameters
    ----------
    table : pyarrow.Table
        Any Arrow table.
    place : str, optional
        Where it came from, for messages.
    only_copy : bool, optional
        Whether the Arrow table is of no more use: each column is given up when it is converted.
    notes : list of Note, optional
        As in `normalise`.

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        As `normalise`.
    """
    told = annotations_of(table.schema)
    kept = [i for i, name in enumerate(table.column_names) if not INDEX_COLUMN.fullmatch(name)]
    frame = table.select(kept).to_pandas(
        date_as_object=False, ignore_metadata=True, split_blocks=True, self_destruct=only_copy
    )
    del table
    if told:
        frame.attrs[KEY] = told
    return normalise(frame, place=place, notes=notes)


def normalise_column(column: pd.Series) -> pd.Series:
    """Rewrite one column in a storage that Trialbook knows."""
    dtype = column.dtype
    column = column.reset_index(drop=True)
    if isinstance(dtype, pd.CategoricalDtype):
        return _object(column.astype(object))
    if isinstance(dtype, pd.SparseDtype):
        return normalise_column(column.sparse.to_dense())
    if isinstance(dtype, pd.PeriodDtype):
        return _times(column.dt.to_timestamp())
    if isinstance(dtype, pd.IntervalDtype):
        return _strings(column)
    if isinstance(dtype, pd.ArrowDtype):
        plain = pa.chunked_array([pa.array(column.array)]).to_pandas(date_as_object=False)
        return normalise_column(plain)
    if isinstance(dtype, pd.StringDtype):
        return _strings(column)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _times(column)
    if pd.api.types.is_timedelta64_dtype(dtype):
        return column.dt.total_seconds()
    if pd.api.types.is_bool_dtype(dtype):
        return _booleans(column)
    if pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "c":
        return _numbers(column)
    return _object(column.astype(object))


def _object(column: pd.Series) -> pd.Series:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "empty":
        return pd.Series(np.full(len(column), np.nan))
    if kind == "string":
        return _strings(column)
    if kind == "boolean":
        return _booleans(column)
    if kind in _NUMBERS:
        return _numbers(column)
    if kind in _TIMES:
        return _times(column)
    if kind in {"timedelta", "timedelta64"}:
        return pd.to_timedelta(column).dt.total_seconds()
    if kind == "period":
        return _times(column.map(lambda cell: cell.to_timestamp(), na_action="ignore"))
    if column.dropna().map(lambda cell: isinstance(cell, _SCALARS)).any():
        return _strings(column)
    return column.where(column.notna(), None)


def _numbers(column: pd.Series) -> pd.Series:
    if column.dtype.kind in "iu" and not column.hasnans:
        if column.dtype == np.uint64 and column.max() > np.iinfo(np.int64).max:
            return column.astype(np.float64)
        return column.astype(np.int64)
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=False) == "integer":
        try:
            return column.astype(np.int64)
        except OverflowError:
            return column.astype(np.float64)
    if column.dtype == object:
        column = column.where(column.notna(), np.nan)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    return pd.Series(np.where(infinite, np.nan, values) if infinite.any() else values)


def _booleans(column: pd.Series) -> pd.Series:
    missing = column.isna()
    if not missing.any():
        return column.astype(bool)
    values = np.array([None] * len(column), dtype=object)
    values[~missing.to_numpy()] = column[~missing].astype(bool).tolist()
    return pd.Series(values, dtype=object)


def _strings(column: pd.Series) -> pd.Series:
    missing = column.isna().to_numpy()
    values = column.astype(object).to_numpy(copy=True)
    values[missing] = np.nan
    if pd.api.types.infer_dtype(values, skipna=True) != "string":
        values[~missing] = [as_text(cell) for cell in values[~missing]]
    values[values == ""] = np.nan  # as in a CSV file
    return pd.Series(values, dtype=object)


def _times(column: pd.Series) -> pd.Series:
    # A year outside 1677-2262 cannot be kept to the nanosecond, and counts as missing.
    if column.dtype == object:
        return (
            pd.to_datetime(column, errors="coerce", utc=True)
            .dt.tz_localize(None)
            .astype("datetime64[ns]")
        )
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if column.dtype == "datetime64[ns]":
        return column
    inside = (column >= pd.Timestamp.min.ceil("s")) & (column <= pd.Timestamp.max.floor("s"))
    return column.where(inside, pd.NaT).astype("datetime64[ns]")
