"""Delimited text (CSV, TSV): read as strings, then give each column the storage it deserves."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from trialbook.errors import DataError
from trialbook.tables._dates import detect_format
from trialbook.tables._normalise import column_names

# In text, "NA" may be a country and "None" a level, so that fewer tokens count as missing there.
MISSING_TEXT = ("", "NaN", "nan", "null", "NULL", "<NA>")
MISSING_VALUE = (*MISSING_TEXT, "NA", "N/A", "n/a", "None", "?", "-")

# Tried in this order when a file does not say by its name what separates its cells.
DELIMITERS = (",", ";", "\t", "|")

_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")

# Codes such as 00123 or 0x1A are no numbers: the zeros carry meaning.
_CODE = r"^\s*[+-]?0[0-9xX]"
_DECIMAL_COMMA = r"^\s*[+-]?[0-9]*,[0-9]+\s*$"

_SNIFFED_ROWS = 20
_BLOCK_BYTES = 8 * 2**20  # several rows even of very wide tables; pyarrow reads blocks in parallel
_LARGEST_BLOCK = 2**31 - 1


def read_delimited(
    data: bytes,
    *,
    place: str,
    delimiter: str | None = None,
    header: bool = True,
    names: Sequence[str] | None = None,
) -> pa.Table:
    """Read delimited text with every cell a string.

    Parameters
    ----------
    data : bytes
        Contents of the file, UTF-8 with or without a byte-order mark.
    place : str
        The file's name, for messages.
    delimiter : str, optional
        What separates cells; found from the first rows if not given.
    header : bool, optional
        Whether the first row has the names of the columns.
    names : sequence of str, optional
        Names of the columns where the file has none; else ``Column1``, ``Column2`` and so on.

    Returns
    -------
    pyarrow.Table
        String columns.

    Raises
    ------
    DataError
        If the text is empty, has no rows, is not UTF-8, has two columns of one name, or a row
        has more or fewer cells than there are columns.
    """
    data = _check_text(data, place)
    delimiter = delimiter or sniff(data)
    first = next(_records(data, delimiter), [])
    if header:
        names = column_names(first, place=place)
    elif names is None:
        names = [f"Column{position}" for position in range(1, len(first) + 1)]
    table = _parse(data, delimiter, len(names), place)
    if header and table.num_rows <= 1:
        raise DataError(
            "the file has column names but no rows", place=place, remedy="Add rows of data."
        )
    table = table.slice(1 if header else 0).rename_columns(list(names))
    _check_last_quote(data, table, place)
    return table


def sniff(data: bytes) -> str:
    """The delimiter under which the first rows have the same number of cells, more than one."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row in islice(_records(data, delimiter), _SNIFFED_ROWS) if row]
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def infer(table: pa.Table, *, text: Collection[str] = (), comma: bool = False) -> pd.DataFrame:
    """Give string columns the storage that their cells allow.

    Parameters
    ----------
    table : pyarrow.Table
        String columns.
    text : collection of str, optional
        Columns that stay text even where every cell looks like a number.
    comma : bool, optional
        Whether a comma may be the decimal sign.

    Returns
    -------
    DataFrame
        Numbers, booleans and strings. Dates stay strings.
    """
    return pd.DataFrame(
        {
            name: infer_column(table.column(name), text=name in text, comma=comma)
            for name in table.column_names
        }
    )


def infer_column(cells: pa.ChunkedArray, *, text: bool = False, comma: bool = False) -> pd.Series:
    """Give one string column its storage; see `infer`."""
    values = _without(cells, MISSING_VALUE)
    if not text:
        if values.null_count == len(values):
            return pd.Series(np.full(len(values), np.nan))
        found = _as_number(values, comma)
        if found is None:
            found = _as_boolean(values)
        if found is not None:
            return found
    if not _is_date(values):
        values = _without(cells, MISSING_TEXT)
    return _as_strings(values)


def _check_text(data: bytes, place: str) -> bytes:
    remedy = "Save it as UTF-8 text."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError("the file is UTF-16, not UTF-8", place=place, remedy=remedy)
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise DataError("the file is empty", place=place, remedy="Give a file with data.")
    if b"\0" in data[:4096]:
        raise DataError("the file is not text", place=place, remedy=remedy)
    return data


def _records(data: bytes, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", errors="replace", newline="")
    return (row for row in csv.reader(text, delimiter=delimiter) if row)


def _parse(data: bytes, delimiter: str, width: int, place: str) -> pa.Table:
    options = {
        "parse_options": pacsv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=b'"' in data,
            ignore_empty_lines=width > 1,
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types={f"f{i}": pa.string() for i in range(width)}, strings_can_be_null=False
        ),
    }
    block = _BLOCK_BYTES
    while True:
        reading = pacsv.ReadOptions(autogenerate_column_names=True, block_size=block)
        try:
            table = pacsv.read_csv(pa.BufferReader(data), read_options=reading, **options)
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and block < len(data):
                block = min(len(data) + 1, _LARGEST_BLOCK)
                continue
            raise _explain(error, data, delimiter, width, place) from None
        return table


def _explain(error: Exception, data: bytes, delimiter: str, width: int, place: str) -> DataError:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        return DataError(
            f"the file is not UTF-8: byte 0x{data[wrong.start]:02x} cannot be read",
            place=f"{place}, line {line}",
            remedy="Save the file as UTF-8.",
        )
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    reader = csv.reader(text, delimiter=delimiter)
    line = 1
    for row in reader:
        if row and len(row) != width:
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            return DataError(
                f"a row has {cells} where {width} are expected",
                place=f"{place}, line {line}",
                remedy="Put cells that hold the delimiter in double quotes, or repair the row.",
            )
        line = reader.line_num + 1
    return DataError(f"the file cannot be read: {error}", place=place, remedy="Repair the file.")


def _check_last_quote(data: bytes, table: pa.Table, place: str) -> None:
    # A quote that is never closed swallows the rest of the file into the last row.
    if data.count(b'"') % 2 == 0:
        return
    swallowed = max(
        column[-1].as_py().rstrip("\r\n").count("\n") for column in table.itercolumns()
    )
    if swallowed:
        line = data.rstrip(b"\r\n").count(b"\n") + 1 - swallowed
        raise DataError(
            "a double quote is opened and never closed",
            place=f"{place}, line {line}",
            remedy="Close the quote or remove it.",
        )


def _without(cells: pa.ChunkedArray, tokens: tuple[str, ...]) -> pa.ChunkedArray:
    missing = pc.is_in(cells, value_set=pa.array(tokens, cells.type))
    if not pc.any(missing).as_py():
        return cells
    return pc.if_else(missing, pa.scalar(None, cells.type), cells)


def _as_number(values: pa.ChunkedArray, comma: bool) -> pd.Series | None:
    numbers = _cast_number(values)
    if numbers is None and _has_blank_edges(values):
        # Blanks around a number, and cells of nothing but blanks.
        values = _without(pc.utf8_trim_whitespace(values), MISSING_VALUE)
        numbers = _cast_number(values)
    if (
        numbers is None
        and comma
        and pc.any(pc.match_substring_regex(values.slice(0, 100), _DECIMAL_COMMA)).as_py()
    ):
        whole_or_comma = pc.match_substring_regex(values, r"^\s*[+-]?[0-9]*(,[0-9]+)?\s*$")
        if pc.all(whole_or_comma).as_py():
            numbers = _cast_number(pc.replace_substring(values, ",", "."))
    if numbers is None or _has_codes(values):
        return None
    series = numbers.to_pandas()
    if series.dtype.kind == "f":
        series = series.replace([np.inf, -np.inf], np.nan)
    return series


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
    distinct = pc.drop_null(pc.unique(values.slice(0, 20_000)))
    return detect_format(distinct.to_numpy(zero_copy_only=False)) is not None


def _as_strings(values: pa.ChunkedArray) -> pd.Series:
    cells = values.to_numpy()
    column = np.array(cells, dtype=object)
    if values.null_count:
        column[values.is_null().to_numpy().astype(bool)] = np.nan
    return pd.Series(column, dtype=object)
