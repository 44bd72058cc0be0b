"""What the commands write: JSON for programs, files for predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialbook._plain import check_folder, plain, whole_file
from trialbook.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd


def write_json(value: Any) -> None:
    """Write one JSON document on standard output."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _write_tsv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, sep="\t")


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


def _write_feather(table: pd.DataFrame, path: Path) -> None:
    table.to_feather(path)


def _write_json_lines(table: pd.DataFrame, path: Path) -> None:
    table.to_json(path, orient="records", lines=True, force_ascii=False)


# By the end of the file's name, ".gz" aside, which pandas and this table's text formats share.
WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".parquet": _write_parquet,
    ".feather": _write_feather,
    ".arrow": _write_feather,
    ".jsonl": _write_json_lines,
    ".ndjson": _write_json_lines,
}
COMPRESSED = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})


def writer_for(path: Path) -> Callable[[pd.DataFrame, Path], None]:
    """Choose how to write a table by the file's name, before any work is done.

    Raises
    ------
    OptionError
        If the name does not end in a known format, or its folder does not exist.
    """
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    zipped = bool(endings) and endings[-1] == ".gz"
    ending = (endings[:-1] if zipped else endings)[-1:]
    if not ending or ending[0] not in WRITERS or (zipped and ending[0] not in COMPRESSED):
        raise OptionError(
            f"cannot tell the format of '{path.name}'",
            place=str(path),
            remedy=f"End the name in one of {', '.join(WRITERS)}.",
        )
    check_folder(path)
    return WRITERS[ending[0]]


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all.

    Raises
    ------
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    write = writer_for(path)
    with whole_file(path) as draft:
        # The same name, so that pandas compresses it alike.
        write(table, draft)
