"""Parts of a table of answers, kept beside it until all are there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet
from filelock import FileLock, Timeout

from trialbook._plain import cannot_write, plain, whole_file
from trialbook.errors import OptionError, WorkspaceError
from trialbook.serving.batch._rows import as_they_look, common_looks, looks_of
from trialbook.serving.batch._write import format_of, keeps_text, write_all
from trialbook.tables.plain import common_type, recast

MANIFEST: Final = "manifest.json"
# What is said of each entry of a manifest that differs.
_DIFFERENT: Final = {
    "model": "the model is another one",
    "input": "the input has changed",
    "answer": "other columns are asked for",
    "rows_per_batch": "the rows per batch are others",
    "trialbook": "the version of Trialbook is another one",
}


class Parts:
    """A folder beside an output that holds the parts of it that are finished.

    Parameters
    ----------
    out : Path
        The output.
    about : mapping
        What the parts depend on, for the manifest.
    """

    def __init__(self, out: Path, about: Mapping[str, Any]) -> None:
        self.out = out
        self.folder = folder_of(out)
        self.about = plain(about)
        self._lock = FileLock(str(self.folder / ".lock"))

    def begin(self, *, resume: bool) -> None:
        """Make the folder, or take up what an earlier run left in it.

        Parameters
        ----------
        resume : bool
            Whether parts that are there count.

        Raises
        ------
        OptionError
            If there are parts and `resume` is not asked, or they are of another question.
        WorkspaceError
            If the folder cannot be written, or another process works on the same output.
        """
        known = self.folder / MANIFEST
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock.acquire(timeout=0)
            earlier = json.loads(known.read_text("utf-8")) if known.is_file() else None
        except Timeout:
            raise WorkspaceError(
                "another process writes the same output",
                place=str(self.out),
                remedy="Wait for it, or name another file.",
            ) from None
        except OSError as error:
            raise cannot_write(self.out, error) from error
        try:
            self._take_up(earlier, resume=resume)
            with whole_file(known) as draft:
                draft.write_text(json.dumps(self.about, indent=2) + "\n", "utf-8")
        except BaseException:
            self.close()
            raise

    def _take_up(self, earlier: Mapping[str, Any] | None, *, resume: bool) -> None:
        """Keep the parts that are there if they may stay, and no draft."""
        if earlier is not None and not resume:
            raise OptionError(
                "an earlier run did not finish, and its parts are kept",
                place=str(self.folder),
                remedy="Carry on with --resume, or remove the folder.",
            )
        if earlier is None:
            # A run that ended while it removed its parts: of what question they were is not known.
            for path in self.folder.glob("part-*.parquet"):
                path.unlink()
        else:
            self._compare(earlier)
        for draft in self.folder.glob(".part-*"):
            draft.unlink()
        for folder in self.folder.glob(".trialbook-*"):
            shutil.rmtree(folder)

    def _compare(self, earlier: Mapping[str, Any]) -> None:
        for key, what in _DIFFERENT.items():
            if earlier.get(key) != self.about.get(key):
                raise OptionError(
                    f"what is left of an earlier run does not fit: {what}",
                    place=str(self.folder),
                    remedy="Ask as before, or remove the folder and begin anew.",
                )

    def path(self, number: int) -> Path:
        """Where a part is, or will be."""
        return self.folder / f"part-{number:06d}.parquet"

    def rows(self, number: int) -> int | None:
        """How many rows a part has; None if it is not finished."""
        path = self.path(number)
        return pa.parquet.read_metadata(path).num_rows if path.is_file() else None

    def join(self, n_parts: int) -> None:
        """Write the output of all parts and remove them.

        Parameters
        ----------
        n_parts : int

        Raises
        ------
        WorkspaceError
            If it cannot be written; the parts stay.
        """
        paths = [self.path(number) for number in range(n_parts)]
        schemas = [pa.parquet.read_schema(path) for path in paths]
        looks = {} if keeps_text(self.out) else common_looks([looks_of(one) for one in schemas])
        whole = _common(schemas)
        shown = as_they_look(whole.empty_table(), looks).schema

        def tables() -> Iterator[pa.Table]:
            for path in paths:
                table = pa.parquet.read_table(path)
                columns = {
                    name: pa.chunked_array(
                        [recast(chunk, whole.field(name).type) for chunk in table[name].chunks],
                        whole.field(name).type,
                    )
                    for name in whole.names
                }
                yield as_they_look(pa.table(columns, whole), looks)

        with whole_file(self.out, within=self.folder) as draft:
            write_all(tables(), shown, draft, format_of(self.out))
        self.remove()

    def close(self) -> None:
        """Let others have the folder; one without a finished part is removed."""
        self._lock.release(force=True)
        if self.folder.is_dir() and not any(self.folder.glob("part-*.parquet")):
            self.remove()

    def remove(self) -> None:
        """Remove all parts."""
        # First what says that they are worth keeping: a kill may come in between.
        (self.folder / MANIFEST).unlink(missing_ok=True)
        self._lock.release(force=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def folder_of(out: Path) -> Path:
    """The folder of the parts of an output."""
    return out.with_name(f"{out.name}.parts")


def write_part(table: pa.Table, path: Path) -> None:
    """Write a part whole or not at all.

    Parameters
    ----------
    table : pyarrow.Table
    path : Path
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pa.parquet.write_table(table, draft, compression="zstd")
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _common(schemas: list[pa.Schema]) -> pa.Schema:
    """The types that hold the cells of all parts."""
    fields = []
    for field in schemas[0]:
        kind = field.type
        for other in schemas[1:]:
            kind = common_type(kind, other.field(field.name).type)
        fields.append(pa.field(field.name, kind))
    return pa.schema(fields)
