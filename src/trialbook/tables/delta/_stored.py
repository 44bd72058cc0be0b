"""Normalised tables in the types that Delta Lake has, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd
import pyarrow as pa

from trialbook.errors import DataError
from trialbook.tables.plain import Note, ParquetTable, Storage, from_arrow, shown, storage_of

# Times are UTC, as in every normalised table; Delta Lake keeps them to the microsecond.
_TIME = pa.timestamp("us", "UTC")
_SIMPLE = {
    Storage.NUMBER: pa.float64(),
    Storage.BOOL: pa.bool_(),
    Storage.STRING: pa.string(),
    Storage.DATETIME: _TIME,
}


def stored_schema(table: pd.DataFrame, *, place: str) -> pa.Schema:
    """The types that a normalised table is stored in.

    Parameters
    ----------
    table : DataFrame
    place : str
        Where it came from, for messages.

    Returns
    -------
    pyarrow.Schema

    Raises
    ------
    DataError
        If Delta Lake has no type for a column, or its names differ in case only.
    """
    check_names(list(table.columns), place=place)
    return pa.schema([(name, _type_of(table[name], place)) for name in table.columns])


def streamed_schema(table: ParquetTable) -> pa.Schema | None:
    """The same for Parquet files, of which only the types are known.

    Parameters
    ----------
    table : ParquetTable

    Returns
    -------
    pyarrow.Schema or None
        ``None`` if a column's storage depends on its values, so that it must be read as a whole.
    """
    fields = []
    for name, stored in table.columns.items():
        kind = _streamed_type(table.schema.field(stored).type)
        if kind is None:
            return None
        fields.append((name, kind))
    return pa.schema(fields)


def stored_tables(
    frames: Iterator[pd.DataFrame], schema: pa.Schema, *, place: str
) -> Iterator[pa.Table]:
    """Normalised tables in the types of a schema, one after another.

    Parameters
    ----------
    frames : iterator of DataFrame
    schema : pyarrow.Schema
    place : str
        Where they came from, for messages.

    Yields
    ------
    pyarrow.Table

    Raises
    ------
    DataError
        If a cell does not fit into the type of its column.
    """
    for frame in frames:
        arrays = [_array(frame[field.name], field.type, place) for field in schema]
        yield pa.Table.from_arrays(arrays, schema=schema)


def batches_of(table: ParquetTable, place: str, notes: list[Note]) -> Iterator[pd.DataFrame]:
    """The rows of Parquet files as normalised tables, a batch at a time."""
    for batch in table.batches():
        yield from_arrow(pa.Table.from_batches([batch]), place=place, notes=notes)


def check_names(names: list[str], *, place: str) -> None:
    """Refuse names that Delta Lake takes for one."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise DataError(
                f"the names of columns '{other}' and '{name}' differ in case only, which Delta "
                "tables do not tell apart",
                place=place,
                remedy="Rename one of them.",
            )


def _type_of(column: pd.Series, place: str) -> pa.DataType:
    storage = storage_of(column)
    if storage is Storage.NUMBER and column.dtype.kind == "i":
        return pa.int64()
    if storage is not Storage.NESTED:
        return _SIMPLE[storage]
    kind = _nested_type(_converted(column, place, lambda: pa.array(column.tolist()).type))
    if kind is None:
        raise _refused(column, place)
    return kind


def _streamed_type(kind: pa.DataType) -> pa.DataType | None:
    """What the cells of an Arrow type are stored as, as `normalise` would rewrite them."""
    types = pa.types
    if types.is_dictionary(kind):
        return _streamed_type(kind.value_type)
    if types.is_uint64(kind):
        return None
    if types.is_boolean(kind):
        return pa.bool_()
    if types.is_integer(kind):
        return pa.int64()
    numbers = (types.is_floating, types.is_decimal, types.is_duration, types.is_null)
    if any(test(kind) for test in numbers):
        return pa.float64()
    if any(test(kind) for test in (types.is_string, types.is_large_string, types.is_time)):
        return pa.string()
    if types.is_date(kind) or types.is_timestamp(kind):
        return _TIME
    return _nested_type(kind) if types.is_nested(kind) or types.is_binary(kind) else None


def _nested_type(kind: pa.DataType) -> pa.DataType | None:
    """The nearest type inside a list or structure that Delta Lake has; None if it has none."""
    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = _nested_type(kind.value_type)
        return None if inner is None else pa.list_(inner)
    if types.is_map(kind):
        key, item = _nested_type(kind.key_type), _nested_type(kind.item_type)
        return None if key is None or item is None else pa.map_(key, item)
    if types.is_struct(kind):
        fields = [(field.name, _nested_type(field.type)) for field in kind]
        known = [(name, inner) for name, inner in fields if inner is not None]
        return pa.struct(known) if fields and len(known) == len(fields) else None
    for test, inner in _LEAVES:
        if test(kind):
            return inner or kind
    return None


_LEAVES: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType | None], ...] = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_boolean, None),
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_decimal128, None),
    (pa.types.is_string, None),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_binary, None),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_date32, None),
    (pa.types.is_timestamp, _TIME),
)


def _array(column: pd.Series, kind: pa.DataType, place: str) -> pa.Array:
    if column.isna().all():
        return pa.nulls(len(column), kind)
    storage = storage_of(column)
    if storage is Storage.NESTED:
        return _converted(column, place, lambda: pa.array(column.tolist(), kind))
    # Text of digits is no number, nor is a number text: only numbers fit other numbers.
    fits = _SIMPLE[storage] == kind or (storage is Storage.NUMBER and pa.types.is_integer(kind))
    if not fits:
        raise _other_kind(column, storage, kind, place)
    plain = _converted(column, place, partial(pa.array, column, from_pandas=True))
    try:
        return plain.cast(pa.timestamp("us")).cast(kind) if kind == _TIME else plain.cast(kind)
    except pa.ArrowInvalid:
        if kind != _TIME:
            raise _other_kind(column, storage, kind, place) from None
        raise DataError(
            f"column '{column.name}' has times finer than a microsecond, which Delta tables "
            "cannot hold",
            place=place,
            remedy="Round its times to microseconds.",
        ) from None


def _converted(column: pd.Series, place: str, convert: Callable[[], pa.Array]) -> pa.Array:
    try:
        return convert()
    except (pa.ArrowException, UnicodeEncodeError, TypeError, ValueError):
        raise _refused(column, place) from None


def _refused(column: pd.Series, place: str) -> DataError:
    cell = column[column.notna()].iloc[0]
    return DataError(
        f"column '{column.name}' holds values that a Delta table cannot keep, such as "
        f"{shown(cell)}",
        place=place,
        remedy="Leave the column out, or make it text.",
    )


def _other_kind(column: pd.Series, storage: Storage, kind: pa.DataType, place: str) -> DataError:
    cell = column[column.notna()].iloc[0]
    return DataError(
        f"column '{column.name}' holds {storage} values such as {shown(cell)}, but the table "
        f"keeps it as {kind}",
        place=place,
        remedy="Upload without --append to write a new version with other types.",
    )
