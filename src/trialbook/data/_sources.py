"""Where tables come from: files, folders and globs of them, and tables in memory."""

from __future__ import annotations

import glob
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet

from trialbook.data._columns import storage_of
from trialbook.data._delimited import infer, read_delimited, sniff
from trialbook.data._normalise import from_arrow, normalise
from trialbook.data._parquet import ParquetTable, open_parquet
from trialbook.errors import DataError, nearest

# A path, or a table in memory: pandas, polars or Arrow. Named loosely, for polars is optional.
Source: TypeAlias = "str | Path | pd.DataFrame | pa.Table | object"

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
_SUPPORTED = "Use CSV, TSV, Parquet, JSON lines or Arrow/Feather."
_NATURAL = re.compile(r"(\d+)")


def read_table(source: Source, *, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table from wherever it is.

    Parameters
    ----------
    source : str, Path, pandas or polars DataFrame, or pyarrow.Table
        A CSV, TSV, Parquet, JSON-lines or Arrow/Feather file (also gzipped), a folder or a glob
        of files of one format, or a table in memory.
    text : collection of str, optional
        Columns of a delimited file that stay text even where all cells look like numbers. Give
        those that were text in training when reading a table to predict.

    Returns
    -------
    DataFrame
        Shape (n_rows, n_columns), normalised: numbers are int64 or float64, booleans bool (or
        object of True, False and None), text is object of str and NaN, times are datetime64[ns]
        in UTC without a zone. The index is a `RangeIndex`.

    Raises
    ------
    DataError
        If the table cannot be read; the message names the file, the line and the remedy.
    """
    if isinstance(source, pd.DataFrame):
        return normalise(source)
    if isinstance(source, pa.Table):
        return from_arrow(source)
    if isinstance(source, (str, Path)):
        return _read_files(_files(str(source)), text)
    if type(source).__module__.split(".")[0] == "polars":
        return _read_polars(source)
    raise DataError(
        f"a {type(source).__name__} is not a table",
        remedy="Give a path, a pandas or polars DataFrame, or a pyarrow Table.",
    )


def open_big(source: Source) -> ParquetTable | None:
    """Look at the metadata of a table in Parquet files, which can be read in parts.

    Parameters
    ----------
    source : str, Path or a table in memory
        As in `read_table`.

    Returns
    -------
    ParquetTable or None
        ``None`` for anything else than readable, uncompressed Parquet files.

    Raises
    ------
    DataError
        If there are no such files.
    """
    if not isinstance(source, (str, Path)):
        return None
    files = _files(str(source))
    plain = all(_format(file) == "Parquet" and file.suffix.lower() != ".gz" for file in files)
    return open_parquet(files) if plain else None


def _read_polars(source: object) -> pd.DataFrame:
    frame = source.collect() if hasattr(source, "collect") else source
    if not hasattr(frame, "to_arrow") or not hasattr(frame, "columns"):
        raise DataError(
            f"a polars {type(source).__name__} is not a table", remedy="Give a polars DataFrame."
        )
    return from_arrow(frame.to_arrow())


# -- which files -----------------------------------------------------------------------------


def _files(source: str) -> list[Path]:
    if re.match(r"[a-z][a-z0-9+]+://", source):
        raise DataError(
            "tables are read from local files", place=source, remedy="Download the table first."
        )
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        return _in_folder(path)
    if any(sign in source for sign in "*?["):
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        files = sorted((file for file in found if file.is_file()), key=_natural)
        if not files:
            raise DataError(
                "no file matches the pattern",
                place=source,
                remedy="Check the folder and the name.",
            )
        return files
    raise DataError("there is no such file", place=source, remedy=_suggest(path))


def _in_folder(folder: Path) -> list[Path]:
    files = [
        file
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith((".", "_")) and _format(file)
    ]
    if not files:
        raise DataError(
            "the folder has no tables in it",
            place=str(folder),
            remedy=f"{_SUPPORTED} Folders inside the folder are not searched.",
        )
    return sorted(files, key=_natural)


def _suggest(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist either."
    names = [
        item.name
        for item in sorted(folder.iterdir())
        if not item.name.startswith(".") and (item.is_dir() or _format(item))
    ]
    return nearest(path.name, names) if names else f"The folder {folder.resolve()} has no tables."


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = _NATURAL.split(str(path))
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]


def _extension(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _format(path: Path) -> str | None:
    return FORMATS.get(_extension(path))


# -- reading them ----------------------------------------------------------------------------


def _read_files(files: list[Path], text: Collection[str]) -> pd.DataFrame:
    kinds: dict[str, Path] = {}
    for file in files:
        kind = _format(file)
        if kind is None:
            shown = _extension(file) or "a file without an extension"
            raise DataError(
                f"the format {shown} is not supported", place=str(file), remedy=_SUPPORTED
            )
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
        return _read_delimited_files(files, text)
    reader = _READERS[kind]
    frames = [_guarded(reader, file) for file in files]
    return frames[0] if len(frames) == 1 else _join(frames, files)


def _read_delimited_files(files: list[Path], text: Collection[str]) -> pd.DataFrame:
    tables = []
    comma = False
    for file in files:
        data = _contents(file)
        tabbed = _extension(file) in {".tsv", ".tab"}
        delimiter = sniff(data)
        delimiter = "\t" if tabbed and delimiter == "," and b"\t" in data[:65536] else delimiter
        # Where a comma does not separate cells, it may be the decimal sign.
        comma = comma or delimiter != ","
        tables.append(read_delimited(data, place=str(file), delimiter=delimiter))
        _same_columns(tables[0].column_names, tables[-1].column_names, files[0], file)
    names = tables[0].column_names
    table = pa.concat_tables([part.select(names) for part in tables])
    return infer(table, text=text, comma=comma)


def _join(frames: list[pd.DataFrame], files: list[Path]) -> pd.DataFrame:
    names = list(frames[0].columns)
    known: dict[str, tuple[str, Path]] = {}
    for frame, file in zip(frames, files, strict=True):
        _same_columns(names, list(frame.columns), files[0], file)
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


def _same_columns(first: list[str], other: list[str], file: Path, other_file: Path) -> None:
    if set(first) == set(other):
        return
    lacking = [name for name in first if name not in set(other)]
    extra = [name for name in other if name not in set(first)]
    parts = [f"lacks {_listed(lacking)}"] if lacking else []
    parts += [f"has {_listed(extra)} besides"] if extra else []
    raise DataError(
        f"its columns differ from those of {file.name}: it {' and '.join(parts)}",
        place=str(other_file),
        remedy="Files that are read together need the same columns.",
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _contents(file: Path) -> bytes:
    try:
        data = file.read_bytes()
        return gzip.decompress(data) if file.suffix.lower() == ".gz" else data
    except PermissionError:
        raise DataError(
            "the file may not be read", place=str(file), remedy="Change its permissions."
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise DataError(
            "the file is not a complete gzip file",
            place=str(file),
            remedy="It may have been cut off: copy or download it again.",
        ) from None


def _guarded(reader: Callable[[bytes, Path], pd.DataFrame], file: Path) -> pd.DataFrame:
    data = _contents(file)
    if not data.strip():
        raise DataError("the file is empty", place=str(file), remedy="Give a file with data.")
    try:
        return reader(data, file)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"the file cannot be read as {_format(file)}: {reason}",
            place=str(file),
            remedy="It may have been cut off or misnamed: copy or write it again.",
        ) from None


def _read_parquet(data: bytes, file: Path) -> pd.DataFrame:
    return from_arrow(pa.parquet.ParquetFile(pa.BufferReader(data)).read(), place=str(file))


def _read_arrow(data: bytes, file: Path) -> pd.DataFrame:
    buffer = pa.BufferReader(data)
    if data.startswith((b"ARROW1", b"FEA1")):
        return from_arrow(pa.feather.read_table(buffer), place=str(file))
    return from_arrow(pa.ipc.open_stream(buffer).read_all(), place=str(file))


def _read_json(data: bytes, file: Path) -> pd.DataFrame:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip().startswith(b"["):
        return _read_json_array(data, file)
    try:
        table = pa.json.read_json(pa.BufferReader(data))
        # The reader turns some strings into times; keep them as they were written.
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if times:
            schema = pa.schema([(name, pa.string()) for name in times])
            options = pa.json.ParseOptions(explicit_schema=schema)
            names = table.column_names
            table = pa.json.read_json(pa.BufferReader(data), parse_options=options).select(names)
        return from_arrow(table, place=str(file))
    except pa.ArrowException:
        # One column may mix numbers and text, which pyarrow refuses; or a line is broken, which
        # reading line by line tells.
        return _read_json_by_line(data, file)


def _read_json_by_line(data: bytes, file: Path) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        place = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except UnicodeDecodeError:
            raise DataError(
                "the line is not UTF-8", place=place, remedy="Save the file as UTF-8."
            ) from None
        except ValueError as error:
            raise DataError(
                f"the line is not JSON: {error}",
                place=place,
                remedy='Write one object per line, such as {"age": 41}.',
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"the line holds a {type(row).__name__}, not an object",
                place=place,
                remedy='Write one object per line, such as {"age": 41}.',
            )
        rows.append(row)
    return normalise(pd.DataFrame.from_records(rows), place=str(file))


def _read_json_array(data: bytes, file: Path) -> pd.DataFrame:
    try:
        rows = json.loads(data)
    except ValueError as error:
        raise DataError(
            f"the file is not JSON: {error}",
            place=str(file),
            remedy="Write one object per line, or one array of objects.",
        ) from None
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            "the array does not hold one object per row",
            place=str(file),
            remedy='Write [{"age": 41}, {"age": 39}], or one object per line.',
        )
    return normalise(pd.DataFrame.from_records(rows), place=str(file))


_READERS: dict[str, Callable[[bytes, Path], pd.DataFrame]] = {
    "Parquet": _read_parquet,
    "Arrow": _read_arrow,
    "JSON lines": _read_json,
}
