"""Delimited text (CSV, TSV), read with every cell a string."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from trialbook._words import plural
from trialbook.errors import DataError
from trialbook.tables.plain import Note, check_width, column_names, file_of
from trialbook.tables.text import as_utf8

# Tried in this order when a file does not say by its name what separates its cells.
DELIMITERS = (",", ";", "\t", "|")

_SNIFFED_ROWS = 20
_SNIFFED_BYTES = 2**20  # twenty rows, but of very wide tables a part of the first
_BLOCK_BYTES = 8 * 2**20  # several rows even of very wide tables; pyarrow reads blocks in parallel
_LARGEST_BLOCK = 2**31 - 1

# Excel's own first line, which names the delimiter.
_EXCEL_LINE = re.compile(rb'"?sep=(.)"?(?:\r\n|\n|\r)', re.IGNORECASE)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_NOTHING = re.compile(rb"\s*\Z")
COMMENT = "#"
_COMMENTS = re.compile(rb"\A(?:#[^\r\n]*(?:\r\n|\n|\r))+")


@dataclass(frozen=True)
class Layout:
    """Where the rows of a file begin, and how many cells they have."""

    delimiter: str
    first: list[str]  # the line of names, or else the first row
    start: int  # position of the first byte of the rows
    lines: int  # lines before it


def read_delimited(
    data: bytes,
    *,
    place: str,
    notes: list[Note],
    delimiter: str | None = None,
    tabs: bool = False,
    header: bool = True,
    names: Sequence[str] | None = None,
) -> tuple[pa.Table, str]:
    """Read delimited text with every cell a string.

    Parameters
    ----------
    data : bytes
        Contents of the file.
    place : str
        The file's name, for messages.
    notes : list of Note
        Is told what was left out.
    delimiter : str, optional
        What separates cells; found from the first rows if not given.
    tabs : bool, optional
        Whether tabs separate the cells where it might as well be commas.
    header : bool, optional
        Whether the first row has the names of the columns.
    names : sequence of str, optional
        Names of the columns where the file has none; else ``Column1``, ``Column2`` and so on.

    Returns
    -------
    table : pyarrow.Table
        String columns.
    delimiter : str
        What separates the cells.

    Raises
    ------
    DataError
        If the text has no rows or two columns of one name, or a row has more or fewer cells than
        there are columns.
    """
    data = as_utf8(data, place=place, notes=notes)
    layout = layout_of(data, place, notes, delimiter or sniff(data, tabs), header)
    if header:
        names = column_names(layout.first, place=place)
    elif names is None:
        names = [f"Column{position}" for position in range(1, len(layout.first) + 1)]
    table = _parse(data, layout, len(names), place, notes).rename_columns(list(names))
    if header:
        table = _without_repeated_names(table, place, notes)
        table = _without_blank_columns(table, layout.first)
    if table.num_rows == 0:
        raise DataError(
            "the file has column names but no rows", place=place, remedy="Add rows of data."
        )
    if header:
        notes += doubtful_names(layout.first, place)
    return table, layout.delimiter


def doubtful_names(names: Sequence[str], place: str) -> list[Note]:
    """What is said of a line of names that might be data."""
    if not all(_is_number(name) for name in names):
        return []
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return [
        Note(
            f"all column names of {file_of(place)} are numbers: {shown}",
            "the first line is read as names; if it is data, put a line of names above it",
            doubtful=True,
        )
    ]


# -- layout ----------------------------------------------------------------------------------


def layout_of(data: bytes, place: str, notes: list[Note], delimiter: str, named: bool) -> Layout:
    excel = _EXCEL_LINE.match(data)
    start = 0
    if excel is not None:
        start, delimiter = excel.end(), excel.group(1).decode("latin-1")
    head, befores, ends = [], [], []
    for row, before, end in islice(records(data[start:], delimiter), _SNIFFED_ROWS):
        check_width(len(row), place=place)
        head.append(row)
        befores.append(before)
        ends.append(end)
    if not head:
        raise DataError("the file is empty", place=place, remedy="Give a file with data.")
    skipped = _comments(head)
    if skipped:
        notes.append(
            Note(f"{file_of(place)} begins with lines of comment ({COMMENT})", "left out")
        )
    first, body = head[skipped], head[skipped + 1 :]
    # Every row ends with a delimiter, but the line of names does not.
    if named and body and all(len(row) == len(first) + 1 and not row[-1].strip() for row in body):
        first = [*first, ""]
    lines = ends[skipped] if named else befores[skipped]
    passed = [found.end() for found in islice(_LINE_END.finditer(data, start), lines)]
    position = start if not lines else passed[-1] if len(passed) == lines else len(data)
    return Layout(delimiter, first, position, lines + bool(start))


def sniff(data: bytes, tabs: bool) -> str:
    """The delimiter under which the first rows have the same number of cells, more than one."""
    sample = _COMMENTS.sub(b"", data[:_SNIFFED_BYTES])
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row, _, _ in islice(records(sample, delimiter), _SNIFFED_ROWS)]
        if len(data) > _SNIFFED_BYTES and 1 < len(widths) < _SNIFFED_ROWS:
            del widths[-1]  # cut off
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return "\t" if tabs and best == "," and b"\t" in sample else best


def records(data: bytes | IO[bytes], delimiter: str) -> Iterator[tuple[list[str], int, int]]:
    """Rows that are not blank, each with the number of lines before it and up to its end."""
    csv.field_size_limit(sys.maxsize)
    raw = io.BytesIO(data) if isinstance(data, bytes) else data
    text = io.TextIOWrapper(raw, "utf-8", errors="replace", newline="")
    reader = csv.reader(text, delimiter=delimiter)
    before = 0
    for row in reader:
        if row:
            yield row, before, reader.line_num
        before = reader.line_num


def _comments(head: list[list[str]]) -> int:
    """How many of the first rows are comments: others than the names of columns after a sign."""
    count = 0
    while count < len(head) and head[count][0].startswith(COMMENT):
        count += 1
    rest = head[count:]
    if count == 0 or not rest:
        return 0
    alike = 0  # of these, one is the line of names
    while alike < count and len(head[count - 1 - alike]) == len(rest[0]):
        alike += 1
    # Where the last of them holds a number it is a row, and so are all after the first.
    rows = alike > 1 and any(_is_number(cell) for cell in head[count - 1])
    return count - (alike if rows else min(alike, 1))


# -- rows ------------------------------------------------------------------------------------


def _parse(data: bytes, layout: Layout, width: int, place: str, notes: list[Note]) -> pa.Table:
    names = [f"f{i}" for i in range(width)]
    if _NOTHING.match(data, layout.start):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    comments = 0

    def decide(row: pacsv.InvalidRow) -> str:
        nonlocal comments
        if not row.text.startswith(COMMENT):
            return "error"
        comments += 1
        return "skip"

    body = pa.py_buffer(data).slice(layout.start)
    options = {
        "parse_options": pacsv.ParseOptions(
            delimiter=layout.delimiter,
            newlines_in_values=b'"' in data,
            ignore_empty_lines=width > 1,
            invalid_row_handler=decide,
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    }
    block = _BLOCK_BYTES
    while True:
        comments = 0
        reading = pacsv.ReadOptions(column_names=names, block_size=block)
        try:
            table = pacsv.read_csv(pa.BufferReader(body), read_options=reading, **options)
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and block < len(data):
                block = min(len(data) + 1, _LARGEST_BLOCK)
                continue
            raise explain(error, data[layout.start :], layout, width, place) from None
        if comments:
            lines = plural(comments, "line")
            text = f"{file_of(place)} has {lines} of comment among its rows ({COMMENT})"
            notes.append(Note(text, "left out"))
        if table.num_rows:
            _check_last_quote(data, table, place)
        return table


def explain(
    error: Exception, body: bytes | IO[bytes], layout: Layout, width: int, place: str
) -> DataError:
    """Why the rows of a file, from the first byte of the rows on, cannot be read."""
    for row, before, end in records(body, layout.delimiter):
        if len(row) == width or row[0].startswith(COMMENT):
            continue
        first, last = layout.lines + before + 1, layout.lines + end
        where, remedy = f"line {first:,}", "repair the row."
        if last > first:
            where = f"lines {first:,} to {last:,}"
            remedy = f"Close the double quote that is open in it, or {remedy}"
        elif width == 1:
            remedy = f"Remove the lines above the names of the columns, or {remedy}"
        else:
            remedy = f"Put cells that hold the delimiter in double quotes, or {remedy}"
        return DataError(
            f"a row has {plural(len(row), 'cell')} where"
            f" {width:,} {'is' if width == 1 else 'are'} expected",
            place=f"{place}, {where}",
            remedy=remedy,
        )
    return DataError(f"the file cannot be read: {error}", place=place, remedy="Repair the file.")


def _without_repeated_names(table: pa.Table, place: str, notes: list[Note]) -> pa.Table:
    """Leave out rows that repeat the names of the columns, as joined files have them."""
    rows = repeated_names(table)
    if len(rows) == 0:
        return table
    kept = np.ones(table.num_rows, dtype=bool)
    kept[rows] = False
    times = "once more" if len(rows) == 1 else f"{len(rows):,} times more"
    where = f"in {file_of(place)} {times}, first in row {rows[0] + 1:,}"
    notes.append(Note(f"the names of the columns stand {where}", "these rows are left out"))
    return table.filter(pa.array(kept))


def repeated_names(table: pa.Table) -> np.ndarray:
    """Positions of the rows that repeat the names of the columns."""
    names = table.column_names
    if len(names) < 2:
        return np.array([], dtype=int)  # a single cell may well be what its column is called
    # A file that was joined on may have brought a byte-order mark along.
    first = pc.is_in(table.column(0), value_set=pa.array([names[0], "\ufeff" + names[0]]))
    rows = np.flatnonzero(first.to_numpy())
    if len(rows) == 0:
        return rows
    found = table.take(rows).drop_columns(names[:1])
    same = np.ones(len(rows), dtype=bool)
    for name in found.column_names:
        same &= pc.equal(found.column(name), name).to_numpy()
    return rows[same]


def _without_blank_columns(table: pa.Table, header: list[str]) -> pa.Table:
    """Leave out columns without a name and without cells: delimiters at the ends of lines."""
    blank = [
        name
        for name, given in zip(table.column_names, header, strict=True)
        if not given.strip() and pc.all(pc.equal(pc.utf8_trim_whitespace(table[name]), "")).as_py()
    ]
    return table.drop_columns(blank) if blank and len(blank) < len(header) else table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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
