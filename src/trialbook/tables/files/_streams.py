"""Files that are gone through once, in bounded memory: delimited text, JSON lines, Arrow."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from trialbook.errors import DataError
from trialbook.tables.files._files import find_files, format_of, same_columns, tables_of
from trialbook.tables.files._json import read_json_lines
from trialbook.tables.files._scanned import Scanned, open_binary, scan
from trialbook.tables.files._streamed_text import Delimited
from trialbook.tables.plain import Asked, Note, Stream, column_names, mark_of

# Bytes of JSON lines that are read at a time, and rows of an Arrow file.
_BLOCK, _ROWS = 8 * 2**20, 65_536
_LINE = re.compile(r"line (\d+)")


def open_stream_files(asked: Asked) -> Stream | None:
    """Open files that can be read a batch at a time; see `open_stream`.

    Returns
    -------
    Stream or None
        ``None`` where only reading them as a whole does, or tells what is wrong.
    """
    files = find_files(asked.address, tables_of(asked))
    kinds = {format_of(file) for file in files}
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind == "Arrow":
        return _arrow(files, asked.notes)
    if kind not in ("delimited text", "JSON lines"):
        return None
    scans = []
    for file in files:
        scanned = scan(file)
        if isinstance(scanned, str):
            return None
        scans.append(scanned)
    return _delimited(scans, asked) if kind == "delimited text" else _json(scans, asked.notes)


def _mark(scans: list[Scanned]) -> str:
    hashed = blake2b(digest_size=16)
    for scanned in scans:
        hashed.update(scanned.digest)
    return hashed.hexdigest()


def _place(files: list[Path]) -> str:
    return str(files[0] if len(files) == 1 else files[0].parent)


def _delimited(scans: list[Scanned], asked: Asked) -> Stream:
    table = Delimited.of(scans, asked.text, asked.notes)
    for file in table.files:
        same_columns(list(table.names), file.kept, table.files[0].path, file.path)
    return Stream(
        place=_place([scanned.path for scanned in scans]),
        names=table.names,
        read=table.read,
        mark=lambda: _mark(scans),
        n_rows=sum(file.scanned.n_lines - file.layout.lines for file in table.files),
        exact=False,
        plain=table.plain,
        remembers=True,
        as_text=True,
        notes=asked.notes,
    )


# -- JSON lines ------------------------------------------------------------------------------


def _json(scans: list[Scanned], notes: list[Note]) -> Stream | None:
    if not all(_is_lines(scanned) for scanned in scans):
        return None
    # Rows may lack keys; the first rows tell most of them, and the rest is looked for.
    first = next(_json_tables(scans[0], notes))
    names = dict.fromkeys(first.column_names)

    def has(name: str) -> bool:
        return any(_holds_key(scanned, name) for scanned in scans)

    def read(wanted: Collection[str]) -> Iterator[pa.Table]:
        for scanned in scans:
            for table in _json_tables(scanned, notes):
                columns = {
                    name: table[name]
                    if name in table.column_names
                    else pa.chunked_array([pa.nulls(len(table))])
                    for name in wanted
                }
                yield pa.table(columns)

    return Stream(
        place=_place([scanned.path for scanned in scans]),
        names=tuple(names),
        read=read,
        mark=lambda: _mark(scans),
        n_rows=sum(scanned.n_lines for scanned in scans),
        exact=False,
        has=has,
        notes=notes,
    )


def _is_lines(scanned: Scanned) -> bool:
    """Whether each line of a file is an object, as far as the first tells."""
    if scanned.n_lines < 2:
        return False
    with open_binary(scanned.path) as file:
        file.read(scanned.skipped)
        line = file.readline(_BLOCK)
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _holds_key(scanned: Scanned, name: str) -> bool:
    """Whether a key stands anywhere in a file."""
    keys = {json.dumps(name, ensure_ascii=ascii).encode() for ascii in (True, False)}
    with open_binary(scanned.path) as file:
        return any(key in block for block, _ in _blocks(file) for key in keys)


def _json_tables(scanned: Scanned, notes: list[Note]) -> Iterator[pa.Table]:
    place = str(scanned.path)
    with open_binary(scanned.path) as file:
        file.read(scanned.skipped)
        for block, lines in _blocks(file):
            if not block or block.isspace():
                continue
            try:
                yield read_json_lines(block, place, notes)
            except DataError as error:
                raise _further_down(error, lines) from None


def _blocks(file: object) -> Iterator[tuple[bytes, int]]:
    """Whole lines of a file, each time with the number of lines before them."""
    read: Callable[[int], bytes] = file.read  # type: ignore[attr-defined]
    rest, lines = b"", 0
    while chunk := read(_BLOCK):
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest += chunk
            continue
        block, rest = rest + chunk[:end], chunk[end:]
        yield block, lines
        lines += block.count(b"\n")
    if rest:
        yield rest, lines


def _further_down(error: DataError, lines: int) -> DataError:
    """An error in some lines as one in the file."""
    place = _LINE.sub(lambda found: f"line {int(found[1]) + lines}", error.place or "")
    return DataError(error.cause, place=place, remedy=error.remedy)


# -- Arrow -----------------------------------------------------------------------------------


def _arrow(files: list[Path], notes: list[Note]) -> Stream | None:
    try:
        schemas = [_schema(file) for file in files]
    except (pa.ArrowException, OSError, gzip.BadGzipFile):
        return None
    for schema, file in zip(schemas, files, strict=True):
        same_columns(schemas[0].names, schema.names, files[0], file)
    names = column_names(list(schemas[0].names), place=str(files[0]))
    stored = dict(zip(names, schemas[0].names, strict=True))

    def read(wanted: Collection[str]) -> Iterator[pa.Table]:
        kept = [name for name in names if name in wanted]
        for file in files:
            try:
                for batch in _batches(file):
                    table = pa.Table.from_batches([batch.select([stored[one] for one in kept])])
                    table.validate(full=True)
                    yield table.rename_columns(kept)
            except (pa.ArrowException, OSError) as error:
                reason = str(error).splitlines()[0].rstrip(".")
                raise DataError(
                    f"the file cannot be read as Arrow: {reason}",
                    place=str(file),
                    remedy="It may have been cut off or damaged: copy or write it again.",
                ) from None

    return Stream(
        place=_place(files),
        names=tuple(names),
        read=read,
        mark=lambda: mark_of(files),
        notes=notes,
    )


def _schema(path: Path) -> pa.Schema:
    with pa.memory_map(str(path)) as source:
        return _opened(source, path).schema


def _opened(source: pa.NativeFile, path: Path) -> pa.RecordBatchFileReader:
    with path.open("rb") as file:
        whole = file.read(6) == b"ARROW1"
    return pa.ipc.open_file(source) if whole else pa.ipc.open_stream(source)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        reader = _opened(source, path)
        if isinstance(reader, pa.RecordBatchFileReader):
            found = (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            found = iter(reader)
        for batch in found:
            for start in range(0, len(batch), _ROWS):
                yield batch.slice(start, _ROWS)
