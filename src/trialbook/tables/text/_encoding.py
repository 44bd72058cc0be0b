"""Files that should hold text: what they are instead, and how their letters are encoded."""

from __future__ import annotations

import codecs
import re

from trialbook._words import plural
from trialbook.errors import DataError
from trialbook.tables.plain import Note, file_of

# First bytes -> what the file is, and what to do. Those of letters alone might begin a text, too,
# which has no NUL bytes.
_SIGNATURES = (
    (b"PAR1", "a Parquet file", "Name it .parquet."),
    (b"PARE", "an encrypted Parquet file", "Decrypt it first."),
    (b"ARROW1", "an Arrow file", "Name it .arrow."),
    (b"FEA1", "a Feather file", "Name it .feather."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "Save the sheet as CSV."),
    (b"\x1f\x8b", "a gzip file in a gzip file", "Unpack it once."),
    (b"BZh91AY&SY", "a bzip2 file", "Unpack it."),
    (b"\xfd7zXZ", "an xz file", "Unpack it."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "Unpack it."),
    (b"SQLite format 3", "an SQLite database", "Read a table of it: sqlite:///x.db#table."),
    (b"%PDF-", "a PDF document", "Export the table as CSV."),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Enough of a file to tell UTF-16 without a mark: every second byte of a table's digits,
# delimiters and Latin letters is zero there.
_SAMPLE = 4096
_ZEROS = 0.4

# Bytes that are not UTF-8 are taken for Windows-1252, but never a longer stretch: so many accented
# letters side by side are another alphabet in an encoding that nothing tells.
_NEIGHBOURS = 3
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_UTF8 = "Save it as UTF-8 text."


def recognised(data: bytes) -> tuple[str, str] | None:
    """What a file is by its first bytes, if that is no text, and what to do about it."""
    if _MARKUP.match(data):
        return "a web page or XML", "Download the table itself."
    for signature, what, remedy in _SIGNATURES:
        if data.startswith(signature) and (not signature.isalnum() or b"\0" in data):
            return what, remedy
    return None


def as_utf8(data: bytes, *, place: str, notes: list[Note]) -> bytes:
    """The text of a file as UTF-8, whatever it was encoded in.

    Parameters
    ----------
    data : bytes
        Contents of the file.
    place : str
        The file's name, for messages.
    notes : list of Note
        Is told if the encoding had to be guessed.

    Returns
    -------
    bytes
        UTF-8 without a byte-order mark.

    Raises
    ------
    DataError
        If the file is empty, is no text, or is in an encoding that cannot be told.
    """
    encoding = None
    for mark, name in _MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    if not data or data.isspace():
        raise DataError("the file is empty", place=place, remedy="Give a file with data.")
    found = recognised(data)
    if found is not None:
        what, remedy = found
        raise DataError(f"the file is not text but {what}", place=place, remedy=remedy)
    if encoding is None:
        encoding = _unmarked_utf16(data)
        if encoding is not None:
            notes.append(
                Note(f"{file_of(place)} is {encoding.upper()} without a mark", "read as such")
            )
    if encoding not in (None, "utf-8"):
        data = _decoded(data, str(encoding), place)
    at = data.find(b"\0")
    if at >= 0:
        raise DataError(
            "the file is not text, or damaged: it holds a NUL byte",
            place=f"{place}, line {line_at(data, at)}",
            remedy="Write or copy it again; "
            "if nothing is lost without such bytes, remove them (tr -d '\\000').",
        )
    return data if data.isascii() else _repaired(data, place, notes)


def line_at(data: bytes, position: int) -> int:
    """The line of a position, counted from 1."""
    return data.count(b"\n", 0, position) + 1


def _unmarked_utf16(data: bytes) -> str | None:
    sample = data[:_SAMPLE]
    for name, zeros, others in (
        ("utf-16-le", sample[1::2], sample[::2]),
        ("utf-16-be", sample[::2], sample[1::2]),
    ):
        if zeros.count(0) > _ZEROS * len(zeros) and not others.count(0):
            return name
    return None


def _decoded(data: bytes, encoding: str, place: str) -> bytes:
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"the file is not {encoding.upper()}, as its first bytes say: {error.reason}",
            place=f"{place}, byte {error.start + 1:,}",
            remedy=f"It may have been cut off: copy it again. {_UTF8}",
        ) from None


def _repaired(data: bytes, place: str, notes: list[Note]) -> bytes:
    """Text with the letters that are not UTF-8 read as Windows-1252."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        first = error
    else:
        return data
    line = line_at(data, first.start)
    wrong = 0

    def repaired(match: re.Match[bytes]) -> bytes:
        nonlocal wrong
        letters = match.group()
        try:
            letters.decode()
        except UnicodeDecodeError:
            wrong += 1
        else:
            return letters
        if len(letters) > _NEIGHBOURS:
            raise UnicodeError(letters)
        return letters.decode("cp1252").encode()

    try:
        text = _NOT_ASCII.sub(repaired, data)
    except UnicodeError:
        raise DataError(
            f"the file is not UTF-8: byte 0x{data[first.start]:02x} cannot be read",
            place=f"{place}, line {line}",
            remedy="Save the file as UTF-8.",
        ) from None
    notes.append(
        Note(
            f"{file_of(place)} is not UTF-8 in {plural(wrong, 'place')}, the first in line {line}",
            "read as Windows-1252; save the file as UTF-8 if letters look wrong",
            doubtful=True,
        )
    )
    return text
