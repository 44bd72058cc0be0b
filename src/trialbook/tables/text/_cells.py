"""Columns of strings: given the storage that their cells allow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from trialbook.tables.plain import Note, Storage, assemble, storage_of
from trialbook.tables.text._dates import (
    contradicting,
    detect_format,
    in_one_format,
    mixed_formats,
    parse,
    parsed_share,
    turned,
)
from trialbook.tables.text._numbers import (
    PLAIN,
    NumberForm,
    looks_like_numbers,
    possible_forms,
    tells_decimal,
    to_plain,
)

# In text, "NA" may be a country and "None" a level, so that fewer tokens count as missing there.
MISSING_TEXT = ("", "NaN", "nan", "null", "NULL", "<NA>")
MISSING_VALUE = (*MISSING_TEXT, "NA", "N/A", "n/a", "None", "?", "-")

_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")

# Rows enough to tell dates from other text.
_DATE_ROWS = 20_000
# From here on float64 does not hold all whole numbers. Larger than the others are no codes but
# measures, whose last digits mean nothing.
_EXACT, _CODES = 2.0**53, 1e24
# Between the formats that the form of a note names.
_BETWEEN = " | "

# Codes such as 00123 or 0x1A are no numbers: the zeros carry meaning.
_CODE = r"^\s*[+-]?0[0-9xX]"


def infer(
    table: pa.Table,
    *,
    notes: list[Note],
    text: Collection[str] = (),
    semicolons: bool = False,
) -> pd.DataFrame:
    """Give string columns the storage that their cells allow.

    Parameters
    ----------
    table : pyarrow.Table
        String columns.
    notes : list of Note
        Is told which numbers are not written in the plain way.
    text : collection of str, optional
        Columns that stay text even where every cell looks like a number.
    semicolons : bool, optional
        Whether semicolons separate the cells: then a comma is the decimal sign where no cell
        says otherwise, for that is why people use them.

    Returns
    -------
    DataFrame
        Numbers, booleans and strings. Dates stay strings.
    """
    text = frozenset(text)
    columns: dict[str, pd.Series] = {}
    written: dict[str, tuple[pa.ChunkedArray, list[NumberForm]]] = {}
    for name in table.column_names:
        cells = table.column(name)
        if name in text:
            columns[name] = _as_strings(_missing_in_text(cells, _without(cells, MISSING_VALUE)))
            continue
        values = _without(cells, MISSING_VALUE)
        found = _plain(values)
        if found is None and looks_like_numbers(values):
            values = _trimmed(values)
            forms = possible_forms(values)
            if forms:
                written[name] = (values, forms)
        if found is None:
            found = _as_strings(_missing_in_text(cells, values))
        columns[name] = found
    if written:
        _read_written(table, columns, written, notes, "," if semicolons else ".")
    return assemble(columns)


def _missing_in_text(cells: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells of a column that holds no numbers: dates have more tokens for missing than text."""
    return values if _is_date(values) else _without(cells, MISSING_TEXT)


def _plain(values: pa.ChunkedArray) -> pd.Series | None:
    """Numbers and booleans as every program reads them; ``None`` for anything else."""
    if values.null_count == len(values):
        return pd.Series(np.full(len(values), np.nan))
    found = _as_number(values)
    return _as_boolean(values) if found is None else found


# -- numbers that are written for people -----------------------------------------------------


def _read_written(
    table: pa.Table,
    columns: dict[str, pd.Series],
    written: dict[str, tuple[pa.ChunkedArray, list[NumberForm]]],
    notes: list[Note],
    default: str,
) -> None:
    """Put numbers in the place of columns whose cells are written in a form that is not plain."""
    # 1.234 is a plain number, but may be meant as 1234 where another column has a decimal comma.
    for name, series in columns.items():
        if name in written or series.dtype.kind != "f" or series.isna().all():
            continue
        values = _trimmed(_without(table.column(name), MISSING_VALUE))
        forms = possible_forms(values)
        if forms and (forms != [PLAIN] or tells_decimal(values, PLAIN)):
            written[name] = (values, forms)
    sign = _decimal_sign(written)
    told: dict[tuple[NumberForm, bool], list[str]] = {}
    for name, (values, forms) in written.items():
        fitting = [form for form in forms if form.decimal == sign]
        fitting = fitting or [form for form in forms if form == PLAIN]
        fitting = fitting or [form for form in forms if form.decimal == default] or forms
        form = fitting[0]
        found = _as_number(to_plain(values, form))
        if found is None or (form == PLAIN and columns[name].dtype.kind == "f"):
            continue
        if not tells_decimal(values, form):
            # Whole numbers here; another table may have fractions.
            form = replace(form, decimal=sign or default)
        columns[name] = found
        told.setdefault((form, len(forms) > 1 and sign is None), []).append(name)
    for (form, doubtful), names in told.items():
        notes.append(_note(form, doubtful, names, written[names[0]][0]))


def _decimal_sign(written: dict[str, tuple[pa.ChunkedArray, list[NumberForm]]]) -> str | None:
    """The sign that all columns agree on which can be read in one way only."""
    signs = {
        forms[0].decimal
        for values, forms in written.values()
        if len(forms) == 1 and tells_decimal(values, forms[0])
    }
    return signs.pop() if len(signs) == 1 else None


def _note(form: NumberForm, doubtful: bool, names: list[str], values: pa.ChunkedArray) -> Note:
    signed = values.filter(pc.match_substring_regex(values, r"[^0-9]"))
    cell = signed.slice(0, 1) if len(signed) else values.drop_null().slice(0, 1)
    shown, plain = cell[0].as_py(), to_plain(cell, form)[0].as_py()
    if doubtful:
        return Note(
            f"numbers such as {shown} can be read in two ways",
            f"read as {plain}; write them plainly (1234.5) if that is wrong",
            tuple(names),
            form=str(form),
            doubtful=True,
        )
    return Note(
        f"numbers are written like {shown}", f"read as {plain}", tuple(names), form=str(form)
    )


# -- dates -----------------------------------------------------------------------------------


def settle(frame: pd.DataFrame, text: Collection[str], notes: list[Note]) -> pd.DataFrame:
    """Write the dates of each column in one format where they come in several.

    Says, too, which columns hold whole numbers that float64 does not tell apart.

    Parameters
    ----------
    frame : DataFrame
        Normalised; changed in place.
    text : collection of str
        Columns that are left alone.
    notes : list of Note
        Is told of each such column, and of dates whose day and month nothing tells apart.

    Returns
    -------
    DataFrame
    """
    rounded = tuple(str(name) for name, column in frame.items() if _is_rounded(column))
    if rounded:
        notes.append(
            Note("whole numbers of more than 15 digits", "kept to about 16 digits", rounded)
        )
    for name, column in frame.items():
        if column.dtype != object or name in text or storage_of(column) is not Storage.STRING:
            continue
        first = column.iloc[:_DATE_ROWS].dropna().unique()
        formats = mixed_formats(first)
        note: Note | None
        if formats:
            frame[name], note = _settled(column, formats)
        else:
            note = _doubtful(column, first)
        if note is not None:
            notes.append(replace(note, columns=(str(name),)))
    return frame


def _is_rounded(column: pd.Series) -> bool:
    """Whether a column has whole numbers, as codes are, that may have been others."""
    if column.dtype != np.float64:
        return False
    values = column.to_numpy()
    large = np.abs(values).max(initial=0, where=~np.isnan(values))
    return bool(_EXACT <= large < _CODES and (np.isnan(values) | (values % 1 == 0)).all())


def _settled(column: pd.Series, formats: tuple[str, ...]) -> tuple[pd.Series, Note]:
    codes, values = pd.factorize(column)
    examples = _examples(np.asarray(values), formats)
    finding = f"dates are written in {len(formats)} ways ({examples})"
    if contradicting(formats):
        told = "kept as text, for with day and month in both orders 03/04 is two days"
        return column, Note(finding, f"{told}; write them in one format", doubtful=True)
    cells = np.append(in_one_format(np.asarray(values), formats), np.nan)
    settled = pd.Series(cells[codes], dtype=object)
    return settled, Note(finding, "read as dates", form=_BETWEEN.join(formats))


def _doubtful(column: pd.Series, first: np.ndarray) -> Note | None:
    """A note on dates of which no day above 12 tells where the month is."""
    form = detect_format(first)
    if form is None or turned(form) == form:
        return None
    for values in (first, column.dropna().unique()):  # nearly always the first tell
        if parsed_share(values, turned(form)) < parsed_share(values, form):
            return None
    order = "month" if form.index("%m") < form.index("%d") else "day"
    return Note(
        f"no day above 12 tells day from month in dates such as {values[0]}",
        f"read with the {order} first; write them as 2024-12-31 if that is wrong",
        doubtful=True,
    )


def date_formats(form: str) -> list[str]:
    """The formats that a note of dates names."""
    return form.split(_BETWEEN)


def _examples(values: np.ndarray, formats: tuple[str, ...]) -> str:
    shown = []
    for form in formats:
        read = parse(pd.Series(values[:_DATE_ROWS], dtype=object), form).notna().to_numpy()
        shown.append(values[: len(read)][read][0])
        values = values[: len(read)][~read]
    return ", ".join(shown)


# -- plain cells -----------------------------------------------------------------------------


def _without(cells: pa.ChunkedArray, tokens: tuple[str, ...]) -> pa.ChunkedArray:
    missing = pc.is_in(cells, value_set=pa.array(tokens, cells.type))
    if not pc.any(missing).as_py():
        return cells
    return pc.if_else(missing, pa.scalar(None, cells.type), cells)


def _as_number(values: pa.ChunkedArray) -> pd.Series | None:
    numbers = _cast_number(values)
    if numbers is None and _has_blank_edges(values):
        # Blanks around a number, and cells of nothing but blanks.
        values = _trimmed(values)
        numbers = _cast_number(values)
    if numbers is None or _has_codes(values):
        return None
    series = numbers.to_pandas()
    infinite = np.isinf(series.to_numpy())
    return series.mask(infinite) if infinite.any() else series


def _trimmed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return _without(pc.utf8_trim_whitespace(values), MISSING_VALUE)


def _cast_number(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    for kind in (pa.int64(), pa.float64()):
        try:
            return pc.cast(values, kind)
        except pa.ArrowInvalid:
            continue
    return None


def _has_codes(values: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, _CODE)).as_py())


def _has_blank_edges(values: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, r"^\s|\s$")).as_py())


def _as_boolean(values: pa.ChunkedArray) -> pd.Series | None:
    true = pc.is_in(values, value_set=pa.array(_TRUE, values.type))
    false = pc.is_in(values, value_set=pa.array(_FALSE, values.type))
    known = pc.or_(pc.or_(true, false), pc.is_null(values))
    if not pc.all(known).as_py():
        return None
    flags = true.to_numpy().astype(bool)
    missing = values.is_null().to_numpy().astype(bool)
    if not missing.any():
        return pd.Series(flags)
    column = flags.astype(object)
    column[missing] = None
    return pd.Series(column, dtype=object)


def _is_date(values: pa.ChunkedArray) -> bool:
    distinct = pc.drop_null(pc.unique(values.slice(0, _DATE_ROWS)))
    dates = distinct.to_numpy(zero_copy_only=False)
    return detect_format(dates) is not None or bool(mixed_formats(dates))


def _as_strings(values: pa.ChunkedArray) -> pd.Series:
    cells = values.to_numpy()
    column = np.array(cells, dtype=object)
    if values.null_count:
        column[values.is_null().to_numpy().astype(bool)] = np.nan
    return pd.Series(column, dtype=object)
