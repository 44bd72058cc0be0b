"""Tables in files: one, a folder or a glob of them."""

from __future__ import annotations

import glob
import gzip
import re
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from trialbook._words import listed
from trialbook.addresses import path_of
from trialbook.errors import DataError, nearest
from trialbook.tables.delta import is_name, split_version, table_names
from trialbook.tables.files._delimited import read_delimited
from trialbook.tables.files._json import read_json
from trialbook.tables.plain import (
    Asked,
    Note,
    ParquetTable,
    check_width,
    from_arrow,
    normalise,
    open_parquet,
    storage_of,
)
from trialbook.tables.text import infer, recognised

# Extension (after .gz is taken off) -> format.
FORMATS = {
    ".csv": "delimited text",
    ".tsv": "delimited text",
    ".tab": "delimited text",
    ".txt": "delimited text",
    ".data": "delimited text",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".json": "JSON lines",
    ".arrow": "Arrow",
    ".feather": "Arrow",
    ".ipc": "Arrow",
}
# Reads the bytes of a file; is told its name, and tells what it interpreted.
Reader: TypeAlias = Callable[[bytes, str, list[Note]], pd.DataFrame]
_SUPPORTED = "Use CSV, TSV, Parquet, JSON lines or Arrow/Feather."
_GZIP = b"\x1f\x8b"
# Bytes in which a file that is no text shows that it is not.
_SAMPLE = 4096
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_NATURAL = re.compile(r"(\d+)")


def read_files(asked: Asked) -> pd.DataFrame:
    """Read the files that a path, a folder or a glob names; see `read_table`."""
    return _read_files(find_files(asked.address, tables_of(asked)), asked.text, asked.notes)


def open_big_files(asked: Asked) -> ParquetTable | None:
    """Look at the metadata of Parquet files; see `open_big`."""
    files = find_files(asked.address, tables_of(asked))
    plain = all(format_of(file) == "Parquet" and file.suffix.lower() != ".gz" for file in files)
    return open_parquet(files) if plain else None


# -- which files -----------------------------------------------------------------------------


def find_files(source: str, tables: Sequence[str] = ()) -> list[Path]:
    """The files that a path, a folder or a glob names, in natural order; none is an error.

    The error is one of an unknown name, too, where there are tables that could have been meant.
    """
    if re.match(r"[a-z][a-z0-9+]+://", source):
        raise DataError(
            "tables are read from local files", place=source, remedy="Download the table first."
        )
    path = path_of(source)
    try:
        if path.is_file():
            return [path]
        if path.is_dir():
            return _in_folder(path)
    except OSError as error:  # too long a name, or a folder that one may not enter
        raise DataError(
            f"the file cannot be read: {error.strerror}",
            place=source,
            remedy="Check the name, and the permissions of its folders.",
        ) from None
    if any(sign in source for sign in "*?["):
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        files = sorted((file for file in found if file.is_file()), key=natural_order)
        if not files:
            raise DataError(
                "no file matches the pattern",
                place=source,
                remedy="Check the folder and the name.",
            )
        return files
    what = "table or file" if tables else "file"
    raise DataError(f"there is no such {what}", place=source, remedy=_suggest(path, tables))


def tables_of(asked: Asked) -> list[str]:
    """The tables of the workspace, if it could be one of them that is asked for."""
    return table_names(asked.workspace) if is_name(asked.address) else []


def _in_folder(folder: Path) -> list[Path]:
    files = [
        file
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith((".", "_")) and format_of(file)
    ]
    if not files:
        raise DataError(
            "the folder has no tables in it",
            place=str(folder),
            remedy=f"{_SUPPORTED} Folders inside the folder are not searched.",
        )
    return sorted(files, key=natural_order)


def _suggest(path: Path, tables: Sequence[str]) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist either."
    names = [
        *tables,
        *(
            item.name
            for item in sorted(folder.iterdir())
            if not item.name.startswith(".") and (item.is_dir() or format_of(item))
        ),
    ]
    name = split_version(path.name)[0] if tables else path.name
    return nearest(name, names) if names else f"The folder {folder.resolve()} has no tables."


def natural_order(path: Path) -> list[tuple[int, str]]:
    """What to sort paths by, so that part2 comes before part10."""
    parts = _NATURAL.split(str(path))
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _extension(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def format_of(path: Path) -> str | None:
    """The format of a file by its name."""
    return FORMATS.get(_extension(path))


# -- reading them ----------------------------------------------------------------------------


def _read_files(files: list[Path], text: Collection[str], notes: list[Note]) -> pd.DataFrame:
    kinds: dict[str, Path] = {}
    for file in files:
        kind = format_of(file)
        if kind is None:
            extension = _extension(file)
            cause = "the file has no extension, which tells the format"
            if extension:
                cause = f"the format {extension} is not supported"
            raise DataError(cause, place=str(file), remedy=_SUPPORTED)
        kinds.setdefault(kind, file)
    if len(kinds) > 1:
        first, second = list(kinds.items())[:2]
        raise DataError(
            f"the files have different formats: {first[1].name} is {first[0]}, "
            f"{second[1].name} is {second[0]}",
            place=str(files[0].parent),
            remedy="Name one kind with a pattern such as folder/*.csv.",
        )
    kind = next(iter(kinds))
    if kind == "delimited text":
        return _read_delimited_files(files, text, notes)
    reader = _READERS[kind]
    if len(files) == 1:
        return guarded(reader, files[0], notes)
    told: list[Note] = []
    frames = [guarded(reader, file, told) for file in files]
    # Rows count in a file, and the table is all of them.
    notes += [replace(note, rows=()) for note in told]
    return join(frames, files)


def _read_delimited_files(
    files: list[Path], text: Collection[str], notes: list[Note]
) -> pd.DataFrame:
    tables = []
    semicolons = False
    for file in files:
        tabs = _extension(file) in {".tsv", ".tab"}
        table, delimiter = read_delimited(contents(file), place=str(file), notes=notes, tabs=tabs)
        semicolons = semicolons or delimiter == ";"
        tables.append(table)
        same_columns(tables[0].column_names, table.column_names, files[0], file)
    names = tables[0].column_names
    table = pa.concat_tables([part.select(names) for part in tables])
    return infer(table, text=text, semicolons=semicolons, notes=notes)


def join(frames: list[pd.DataFrame], files: list[Path]) -> pd.DataFrame:
    """One table of several files' with the same columns, each of one storage."""
    names = list(frames[0].columns)
    known: dict[str, tuple[str, Path]] = {}
    for frame, file in zip(frames, files, strict=True):
        same_columns(names, list(frame.columns), files[0], file)
        for name in names:
            if frame[name].isna().all():
                continue
            storage = storage_of(frame[name])
            first, where = known.setdefault(name, (storage, file))
            if storage != first:
                raise DataError(
                    f"column '{name}' holds {storage} values, but {first} values in {where.name}",
                    place=str(file),
                    remedy="Give the column one type in all files.",
                )
    columns = {}
    for name in names:
        parts = [frame[name] for frame in frames if not frame[name].isna().all()]
        whole = pd.concat([frame[name].astype(object) for frame in frames], ignore_index=True)
        same = len({part.dtype for part in parts}) == 1 and len(parts) == len(frames)
        columns[name] = whole.astype(parts[0].dtype) if same else whole
    return normalise(pd.DataFrame(columns))


def same_columns(first: list[str], other: list[str], file: Path, other_file: Path) -> None:
    """Refuse a file that has other columns than the first."""
    if set(first) == set(other):
        return
    lacking = [name for name in first if name not in set(other)]
    extra = [name for name in other if name not in set(first)]
    parts = [f"lacks {listed(lacking)}"] if lacking else []
    parts += [f"has {listed(extra)} besides"] if extra else []
    raise DataError(
        f"its columns differ from those of {file.name}: it {' and '.join(parts)}",
        place=str(other_file),
        remedy="Files that are read together need the same columns.",
    )


def contents(file: Path) -> bytes:
    """The bytes of a file, unpacked if they are a gzip file's."""
    try:
        data = file.read_bytes()
    except PermissionError:
        raise DataError(
            "the file may not be read", place=str(file), remedy="Change its permissions."
        ) from None
    zipped = data.startswith(_GZIP)
    if file.suffix.lower() == ".gz" and data and not zipped:
        raise DataError(
            "the file is not a gzip file, as its name says",
            place=str(file),
            remedy="Take .gz off its name if it is not compressed, or copy it again.",
        )
    try:
        return gzip.decompress(data) if zipped else data
    except EOFError:
        reason, remedy = "ends too early", "It was cut off: copy or download it again."
    except (gzip.BadGzipFile, zlib.error):
        reason, remedy = "is damaged", "Copy or download it again."
    raise DataError(f"the gzip file {reason}", place=str(file), remedy=remedy)


def guarded(reader: Reader, file: Path, notes: list[Note]) -> pd.DataFrame:
    """Read a file that may be empty, cut off or misnamed, and say so if it is."""
    data = contents(file)
    if not data or data.isspace():
        raise DataError("the file is empty", place=str(file), remedy="Give a file with data.")
    try:
        return reader(data, str(file), notes)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"the file cannot be read as {format_of(file)}: {reason}",
            place=str(file),
            remedy=_remedy(data, str(format_of(file))),
        ) from None


def _remedy(data: bytes, kind: str) -> str:
    """What to do about a file that is not what its name says, or is damaged."""
    found = recognised(data)
    if found is not None and found[0] not in (f"a {kind} file", f"an {kind} file"):
        return f"It is {found[0]}. {found[1]}"
    if found is None and not _CONTROL.search(data[:_SAMPLE]):
        return "It seems to be text: name it .csv if it is a table of delimited text."
    return "It may have been cut off or damaged: copy or write it again."


def read_parquet(data: bytes, place: str, notes: list[Note]) -> pd.DataFrame:
    """Read the bytes of a Parquet file."""
    file = pa.parquet.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    check_width(len(file.schema_arrow), place=place)
    return from_arrow(_sound(file.read()), place=place, notes=notes)


def _read_arrow(data: bytes, place: str, notes: list[Note]) -> pd.DataFrame:
    buffer = pa.BufferReader(data)
    if data.startswith(b"FEA1"):
        table = pa.feather.read_table(buffer)
    else:
        whole = data.startswith(b"ARROW1")
        stream = pa.ipc.open_file(buffer) if whole else pa.ipc.open_stream(buffer)
        check_width(len(stream.schema), place=place)
        table = stream.read_all()
    return from_arrow(_sound(table), place=place, notes=notes)


def _sound(table: pa.Table) -> pa.Table:
    """The table, looked through: damaged cells are told before anything is made of them."""
    table.validate(full=True)
    return table


_READERS: dict[str, Reader] = {
    "Parquet": read_parquet,
    "Arrow": _read_arrow,
    "JSON lines": read_json,
}
