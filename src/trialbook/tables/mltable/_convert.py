"""Conversions of columns that a file ``MLTable`` asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from trialbook.errors import DataError, nearest
from trialbook.tables.plain import Storage, as_text, example, normalise_column, shown, storage_of
from trialbook.tables.text import MISSING_TEXT, MISSING_VALUE, detect_format, parse

# What is true and false where the step does not say; case does not matter.
_TRUE, _FALSE = ("true", "1"), ("false", "0")


def convert_column(
    column: pd.Series, written: pd.Series | None, kind: Any, *, place: str
) -> pd.Series:
    """Give a column the type that a step asks for.

    Parameters
    ----------
    column : Series
        Normalised.
    written : Series, optional
        Its cells as they stand in the file, where that is text: a code 007 is still whole there.
    kind : str or mapping
        ``int``, ``float``, ``string``, ``boolean`` or ``datetime``, or one of them with its
        arguments.
    place : str
        Where the step stands, for messages.

    Returns
    -------
    Series
        Normalised.

    Raises
    ------
    DataError
        If the type or an argument is unknown, or a cell cannot be converted.
    """
    name, arguments = kind, dict[str, Any]()
    if isinstance(kind, Mapping):
        if len(kind) != 1:
            raise DataError(
                "a column_type is one type",
                place=place,
                remedy="Write datetime: {formats: [...]}.",
            )
        name, arguments = next(iter(kind.items()))
        arguments = {} if arguments is None else arguments
    if name == "stream_info":
        raise DataError(
            "the type stream_info is refused: files in cells are no features",
            place=place,
            remedy="Drop the column.",
        )
    if name not in _KINDS:
        raise DataError(
            f"there is no column_type '{name}'", place=place, remedy=nearest(str(name), _KINDS)
        )
    known, converter = _KINDS[name]
    if not isinstance(arguments, Mapping):
        raise DataError(
            f"{name} takes arguments by name", place=place, remedy=f"Known: {', '.join(known)}."
        )
    for argument in arguments:
        if argument not in known:
            raise DataError(
                f"{name} has no argument '{argument}'",
                place=place,
                remedy=nearest(str(argument), known) if known else "It takes none.",
            )
    cells = column if written is None else written
    return converter(cells, arguments, place).rename(column.name)


def _cannot(column: pd.Series, bad: np.ndarray, kind: str, place: str, remedy: str) -> DataError:
    value, row = example(column, bad)
    return DataError(
        f"column '{column.name}' holds {shown(value)} in row {row}, which is no {kind}",
        place=place,
        remedy=remedy,
    )


def _number(column: pd.Series, arguments: Mapping[str, Any], place: str) -> pd.Series:
    if storage_of(column) is not Storage.STRING:
        if storage_of(column) in (Storage.NUMBER, Storage.BOOL):
            return column.astype(float)
        raise _cannot(column, column.notna().to_numpy(), "number", place, "Take the step out.")
    mark = arguments.get("decimal_mark", ".")
    if mark not in (".", ","):
        raise DataError(
            f"float has no decimal_mark {mark!r}", place=place, remedy="Write '.' or ','."
        )
    texts = column.str.strip()
    texts = texts.where(~texts.isin(MISSING_VALUE))
    if mark == ",":
        texts = texts.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(texts, errors="coerce")
    bad = (texts.notna() & numbers.isna()).to_numpy()
    if bad.any():
        raise _cannot(column, bad, "number", place, "Repair the cell, or take the step out.")
    return normalise_column(numbers.astype(float))


def _whole(column: pd.Series, arguments: Mapping[str, Any], place: str) -> pd.Series:
    numbers = _number(column, arguments, place)
    bad = (numbers.notna() & (numbers % 1 != 0)).to_numpy()
    if bad.any():
        raise _cannot(column, bad, "whole number", place, "Convert it to float.")
    return numbers if numbers.isna().any() else numbers.astype(np.int64)


def _string(column: pd.Series, arguments: Mapping[str, Any], place: str) -> pd.Series:
    if storage_of(column) is Storage.STRING:
        column = column.where(~column.isin(MISSING_TEXT))
    if storage_of(column) is Storage.NESTED:
        raise _cannot(column, column.notna().to_numpy(), "text", place, "Drop the column.")
    return normalise_column(column.astype(object).map(as_text, na_action="ignore").astype(object))


def _boolean(column: pd.Series, arguments: Mapping[str, Any], place: str) -> pd.Series:
    if storage_of(column) is Storage.BOOL:
        return column
    mismatch = str(arguments.get("mismatch_as", "error")).casefold()
    if mismatch not in ("error", "true", "false"):
        raise DataError(
            f"boolean has no mismatch_as '{mismatch}'",
            place=place,
            remedy="Write error, 'true' or 'false'.",
        )
    words = {
        flag: {str(word).casefold() for word in np.atleast_1d(arguments.get(name, default))}
        for flag, name, default in (
            (True, "true_values", _TRUE),
            (False, "false_values", _FALSE),
        )
    }
    texts = column.map(as_text, na_action="ignore").astype(object).str.strip()
    texts = texts.where(~texts.isin(MISSING_VALUE)).str.casefold()
    true, false = texts.isin(words[True]), texts.isin(words[False])
    bad = (texts.notna() & ~true & ~false).to_numpy()
    if bad.any() and mismatch == "error":
        raise _cannot(
            column,
            bad,
            "true or false",
            place,
            "Name it in true_values or false_values, in quotes.",
        )
    flags = np.where(bad, mismatch == "true", true)
    cells = pd.Series(flags.astype(object)).where(texts.notna().to_numpy(), None)
    return normalise_column(cells)


def _datetime(column: pd.Series, arguments: Mapping[str, Any], place: str) -> pd.Series:
    if storage_of(column) is Storage.DATETIME:
        return column
    texts = column.map(as_text, na_action="ignore").astype(object).str.strip()
    texts = texts.where(~texts.isin(MISSING_VALUE))
    formats = arguments.get("formats")
    times = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
    if formats is None:
        found = detect_format(texts.dropna().unique())
        times = times if found is None else parse(texts, found)
    else:
        for form in formats if isinstance(formats, list) else [formats]:
            asked = pd.to_datetime(texts, format=str(form), errors="coerce", utc=True)
            times = times.fillna(asked.dt.tz_localize(None).astype("datetime64[ns]"))
    bad = (texts.notna() & times.isna()).to_numpy()
    if bad.any():
        raise _cannot(column, bad, "date of these formats", place, "Add its format to formats.")
    return normalise_column(times)


_Converter = Callable[[pd.Series, Mapping[str, Any], str], pd.Series]
_KINDS: dict[str, tuple[tuple[str, ...], _Converter]] = {
    "int": ((), _whole),
    "float": (("decimal_mark",), _number),
    "string": ((), _string),
    "boolean": (("true_values", "false_values", "mismatch_as"), _boolean),
    "datetime": (("formats",), _datetime),
}
