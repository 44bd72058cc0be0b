"""What the commands write: JSON for programs, tables for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialbook._plain import check_folder, plain, whole_file

if TYPE_CHECKING:
    import pandas as pd


def write_json(value: Any) -> None:
    """Write one JSON document on standard output."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all.

    Raises
    ------
    OptionError
        If its folder does not exist.
    WorkspaceError
        If the disk is full or the folder cannot be written.
    """
    check_folder(path)
    with whole_file(path) as draft:
        table.to_csv(draft, index=False)
