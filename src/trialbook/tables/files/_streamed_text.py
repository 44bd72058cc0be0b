"""Delimited text larger than memory: gone through once, read later as it was read at first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from trialbook._words import plural
from trialbook.errors import DataError
from trialbook.tables.files._delimited import (
    COMMENT,
    Layout,
    doubtful_names,
    explain,
    layout_of,
    records,
    repeated_names,
    sniff,
)
from trialbook.tables.files._scanned import Scanned, open_binary
from trialbook.tables.plain import Note, column_names, file_of
from trialbook.tables.text import MISSING_VALUE, PLAIN, NumberForm, infer, settle, strict_numbers

# What shows the layout of a file: many rows, even of wide tables.
_HEAD = 4 * 2**20
# Rows are parsed in blocks of so many bytes; a row must fit into one.
_BLOCK = 16 * 2**20
# Columns that tell a row which repeats the names, whichever columns are asked for.
_TELLING = 3
# Rows that tell whether a column without a name has cells.
_SHOWN = 200


@dataclass(frozen=True)
class _File:
    scanned: Scanned
    layout: Layout
    names: list[str]
    kept: list[str]

    @property
    def path(self) -> Path:
        return self.scanned.path


@dataclass
class Delimited:
    """Files of delimited text with the same columns, and how their cells are read.

    Parameters
    ----------
    files : list of _File
    text : frozenset of str
        Columns that stay text.
    notes : list of Note
        Is told what was interpreted or left out.
    """

    files: list[_File]
    text: frozenset[str]
    notes: list[Note]
    _seen: int = 0
    # How the numbers of a column are written, since it was first told; which columns had plain
    # numbers, and of these a point as decimal sign.
    _forms: dict[str, str] = field(default_factory=dict)
    _numeric: set[str] = field(default_factory=set)
    _points: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, scans: list[Scanned], text: Collection[str], notes: list[Note]) -> Delimited:
        """Look at the beginnings of files."""
        files = [_looked_at(scanned, notes) for scanned in scans]
        return cls(files, frozenset(text), notes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.files[0].kept)

    @property
    def semicolons(self) -> bool:
        """Whether a comma is the decimal sign where nothing says otherwise."""
        return any(file.layout.delimiter == ";" for file in self.files)

    def read(self, names: Collection[str]) -> Iterator[pa.Table]:
        """Some columns of all rows, every cell a text."""
        start = 0
        for file in self.files:
            repeated: list[int] = []
            wanted = [name for name in self.names if name in names]
            first = file.names[:_TELLING]
            for table in _rows(file, list(dict.fromkeys((*first, *wanted))), self.notes):
                found = repeated_names(table.select(first))
                repeated += [start + len(repeated) + int(row) + 1 for row in found]
                kept = table.take(np.delete(np.arange(len(table)), found)) if len(found) else table
                start += len(kept)
                yield kept.select(wanted)
            self._tell_repeated(file, repeated)
        if not start:
            raise DataError(
                "the file has column names but no rows",
                place=str(self.files[0].path),
                remedy="Add rows of data.",
            )

    def _tell_repeated(self, file: _File, rows: list[int]) -> None:
        if rows:
            times = "once more" if len(rows) == 1 else f"{len(rows):,} times more"
            where = f"in {file_of(str(file.path))} {times}, first in row {rows[0]:,}"
            text = f"the names of the columns stand {where}"
            self.notes.append(Note(text, "these rows are left out"))

    def plain(self, table: pa.Table) -> pd.DataFrame:
        """Rows that were read, the next ones each time, with the storage that their cells allow.

        A number that is written for people, such as 1.234,5, is read as the first rows said.
        """
        fixed = {name: form for name, form in self._forms.items() if name in table.column_names}
        told: list[Note] = []
        text = self.text | fixed.keys()
        frame = infer(table, text=text, semicolons=self.semicolons, notes=told)
        for note in told:
            for name in note.columns if note.form else ():
                self._check_form(name, str(note.form))
                self._forms[name] = str(note.form)
        for name, form in fixed.items():
            frame[name] = self._numbers(table, name, form)
        for name in frame.columns:
            if name in text or name in self._forms:
                continue
            if name in self._numeric and frame[name].dtype == object:
                frame[name] = self._numbers(table, name, str(PLAIN))
            values = frame[name].to_numpy()
            if values.dtype.kind in "if" and not np.isnan(values).all():
                self._numeric.add(name)
                if (values[~np.isnan(values)] % 1 != 0).any():
                    self._points.add(name)
        frame = settle(frame, text, told)
        known = {(note.finding, note.columns) for note in self.notes}
        self.notes += [note for note in told if (note.finding, note.columns) not in known]
        self._seen += len(table)
        return frame

    def _check_form(self, name: str, form: str) -> None:
        if name in self._points and NumberForm.from_text(form).decimal != ".":
            raise DataError(
                f"the numbers of column '{name}' are written like {form} there,"
                " and with a decimal point before",
                place=f"rows from {self._seen + 1:,} on",
                remedy="Write them in one form.",
            )

    def _numbers(self, table: pa.Table, name: str, form: str) -> pd.Series:
        cells = pc.utf8_trim_whitespace(table[name])
        missing = pc.is_in(cells, value_set=pa.array(MISSING_VALUE, cells.type))
        cells = pc.if_else(missing, pa.scalar(None, cells.type), cells)
        numbers, unread = strict_numbers(cells, form)
        if unread.any():
            row = int(np.flatnonzero(unread)[0])
            raise DataError(
                f"column '{name}' holds '{table[name][row].as_py()}' where a number"
                f" such as {form} is expected",
                place=f"row {self._seen + row + 1:,}",
                remedy="Write its numbers in one form.",
            )
        return numbers


def _looked_at(scanned: Scanned, notes: list[Note]) -> _File:
    place = str(scanned.path)
    with open_binary(scanned.path) as file:
        file.read(scanned.skipped)
        head = file.read(_HEAD)
    tabs = any(suffix.lower() in {".tsv", ".tab"} for suffix in scanned.path.suffixes)
    layout = layout_of(head, place, notes, sniff(head, tabs), True)
    names = column_names(layout.first, place=place)
    notes += doubtful_names(layout.first, place)
    shown = [row for row, _, _ in islice(records(head, layout.delimiter), _SHOWN)][1:]
    kept = [
        name
        for position, (name, given) in enumerate(zip(names, layout.first, strict=True))
        if given.strip() or any(row[position].strip() for row in shown if len(row) > position)
    ]
    return _File(scanned, layout, names, kept)


def _rows(file: _File, wanted: list[str], notes: list[Note]) -> Iterator[pa.Table]:
    """Some columns of the rows of a file."""
    place, comments = str(file.path), 0

    def decide(row: pacsv.InvalidRow) -> str:
        nonlocal comments
        if not row.text.startswith(COMMENT):
            return "error"
        comments += 1
        return "skip"

    options: dict[str, Any] = {
        "read_options": pacsv.ReadOptions(column_names=file.names, block_size=_BLOCK),
        "parse_options": pacsv.ParseOptions(
            delimiter=file.layout.delimiter,
            newlines_in_values=file.scanned.quotes > 0,
            ignore_empty_lines=len(file.names) > 1,
            invalid_row_handler=decide,
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(file.names, pa.string()),
            strings_can_be_null=False,
            include_columns=wanted,
        ),
    }
    last: pa.Table | None = None
    with open_binary(file.path) as raw:
        _skip(raw, file)
        try:
            with pacsv.open_csv(pa.PythonFile(raw, "r"), **options) as reader:
                for batch in reader:
                    if last is not None:
                        yield last
                    last = pa.Table.from_batches([batch])
        except pa.ArrowInvalid as error:
            if last is None and "Empty CSV" in str(error):
                return
            raise _told(error, file) from None
    if comments:
        lines = plural(comments, "line")
        text = f"{file_of(place)} has {lines} of comment among its rows ({COMMENT})"
        notes.append(Note(text, "left out"))
    if last is not None and len(last):
        if file.scanned.quotes % 2:
            _check_last(last, file)
        yield last


def _skip(raw: IO[bytes], file: _File) -> None:
    """Go to the first byte of the rows."""
    left = file.scanned.skipped + file.layout.start
    while left and (chunk := raw.read(min(left, _BLOCK))):
        left -= len(chunk)


def _told(error: Exception, file: _File) -> DataError:
    if "straddling" in str(error):
        return DataError(
            f"a row is longer than {_BLOCK // 2**20} MiB",
            place=str(file.path),
            remedy="A double quote may be open in it: close or remove it.",
        )
    with open_binary(file.path) as raw:
        _skip(raw, file)
        return explain(error, raw, file.layout, len(file.names), str(file.path))


def _check_last(last: pa.Table, file: _File) -> None:
    """Refuse a file whose last row swallowed others in an open quote."""
    cells = [column[len(last) - 1].as_py() for column in last.itercolumns()]
    swallowed = max(cell.rstrip("\r\n").count("\n") for cell in cells)
    if swallowed:
        raise DataError(
            "a double quote is opened and never closed",
            place=f"{file.path}, line {file.scanned.n_lines - swallowed:,}",
            remedy="Close the quote or remove it.",
        )
