"""The log of what a server was asked and what it answered: Parquet files that are whole."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from trialbook._plain import whole_file
from trialbook.errors import DataError, WorkspaceError
from trialbook.tables.plain import as_text, gather

# A file holds so many rows: enough that columns compress well, few enough to be written in
# well under a second.
FILE_ROWS: Final = 20_000
# What was asked is on disk at the latest after so many seconds, so that a crash loses little
# and a quiet server makes no more than one small file a minute.
FLUSH_S: Final = 60.0
# Rows that wait while the disk is full or slow; beyond these the newest are left out and counted,
# for a server must outlive its log.
MOST_WAITING: Final = 200_000

META: Final = b"trialbook.log"
TIME, MODEL = "time", "model"
_log = logging.getLogger("trialbook.serving")
_UNSAFE = re.compile(r"[^\w.@-]+")


@dataclass(frozen=True)
class Logged:
    """What a log holds, or some of it, as tables with the same rows.

    Parameters
    ----------
    inputs : DataFrame
        What was asked.
    outputs : DataFrame
        What was answered: ``prediction``, and ``probability_…`` of each class.
    about : DataFrame
        ``time`` (UTC) and ``model`` of each row.
    n_rows : int
        Of the whole log.
    """

    inputs: pd.DataFrame
    outputs: pd.DataFrame
    about: pd.DataFrame
    n_rows: int


class RequestLog:
    """Keeps what was asked and answered in a folder of Parquet files, a folder a day.

    Rows wait in memory and a thread of its own writes them, so that `add` never waits for a disk.
    Each file is there whole or not at all. Several processes may share a folder.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    file_rows : int
        Rows at which a file is written.
    flush_s : float
        Seconds after which what waits is written, however few rows it is.

    Raises
    ------
    WorkspaceError
        If the folder cannot be made.

    Examples
    --------
    >>> with RequestLog("log") as log:  # doctest: +SKIP
    ...     log.add(inputs, outputs, model="churn@3")
    """

    def __init__(
        self, folder: str | Path, *, file_rows: int = FILE_ROWS, flush_s: float = FLUSH_S
    ) -> None:
        self.folder = Path(folder)
        self.file_rows = file_rows
        self.flush_s = flush_s
        #: Rows that were left out since they could not be written in time.
        self.dropped = 0
        #: The last reason for which writing failed; None once it works again.
        self.problem: str | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(
                f"the folder of the log cannot be made: {error.strerror or error}",
                place=str(folder),
                remedy="Name another folder.",
            ) from error
        self._waiting: list[tuple[str, pa.Table]] = []
        self._n_waiting = 0
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._closed = False
        self._numbers = itertools.count(1)
        self._mark = f"{os.getpid()}{secrets.token_hex(2)}"
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def add(self, inputs: pd.DataFrame, outputs: pd.DataFrame, model: str) -> None:
        """Keep some rows with their answers. Any thread may call it.

        Parameters
        ----------
        inputs : DataFrame of shape (n_rows, n_columns)
            What was asked.
        outputs : DataFrame of shape (n_rows, n_outputs)
            What was answered, such as ``prediction`` and ``probability_yes``.
        model : str
            Which model answered, such as ``churn@3``.

        Raises
        ------
        ValueError
            If there are not as many answers as rows, or the log is closed.
        """
        if len(inputs) != len(outputs):
            raise ValueError(f"{len(inputs)} rows, but {len(outputs)} answers")
        if not len(inputs):
            return
        rows = _table(inputs, outputs, model)
        with self._changed:
            if self._closed:
                raise ValueError("the log is closed")
            if self._n_waiting + len(rows) > MOST_WAITING:
                self.dropped += len(rows)
                return
            self._waiting.append((model, rows))
            self._n_waiting += len(rows)
            if self._n_waiting >= self.file_rows:
                self._changed.notify()

    def flush(self) -> None:
        """Write what waits, now. What cannot be written waits on, and `problem` says why."""
        with self._writing:
            with self._changed:
                waiting, self._waiting, self._n_waiting = self._waiting, [], 0
            failed: list[tuple[str, pa.Table]] = []
            for kind in _kinds(waiting):
                try:
                    self._write(kind)
                    self.problem = None
                except (WorkspaceError, OSError, pa.ArrowException) as error:
                    if self.problem is None:  # once, not every minute of a full disk
                        _log.warning("the log of requests cannot be written: %s", error)
                    self.problem = str(error)
                    failed += kind
            with self._changed:
                self._waiting = failed + self._waiting
                self._n_waiting = sum(len(rows) for _, rows in self._waiting)

    def close(self) -> None:
        """Write what waits and stop. Calling it again does nothing."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self.flush()

    def __enter__(self) -> RequestLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._closed:
                    self._changed.wait(self.flush_s)
                if self._closed:
                    return
            self.flush()

    def _write(self, kind: list[tuple[str, pa.Table]]) -> None:
        """Write rows of one model and one list of columns as one file."""
        model = kind[0][0]
        now = datetime.now(UTC)
        folder = self.folder / now.strftime("%Y-%m-%d")
        folder.mkdir(parents=True, exist_ok=True)
        named = _UNSAFE.sub("_", model)[:80]
        name = f"{now:%H%M%S}-{named}-{self._mark}-{next(self._numbers)}.parquet"
        table = pa.concat_tables([rows for _, rows in kind], promote_options="permissive")
        with whole_file(folder / name) as draft:
            pa.parquet.write_table(table, draft, compression="zstd")


def _table(inputs: pd.DataFrame, outputs: pd.DataFrame, model: str) -> pa.Table:
    """Rows with their answers; names that are taken get underscores before them."""
    columns: dict[str, pa.Array] = {}
    roles: dict[str, dict[str, str]] = {"inputs": {}, "outputs": {}, "about": {}}
    about = pd.DataFrame(
        {TIME: pd.Timestamp.now("UTC").floor("us"), MODEL: model}, index=inputs.index
    )
    for role, frame in (("inputs", inputs), ("outputs", outputs), ("about", about)):
        for name in frame.columns:
            stored = str(name) if role == "inputs" else f"_{name}"
            while stored in columns or (role != "inputs" and stored in inputs.columns):
                stored = f"_{stored}"
            columns[stored] = _array(frame[name])
            roles[role][stored] = str(name)
    return pa.table(columns).replace_schema_metadata({META: json.dumps(roles).encode()})


def _array(column: pd.Series) -> pa.Array:
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):  # cells of several kinds
        return pa.array([None if cell is None else as_text(cell) for cell in column], pa.string())


def _kinds(
    waiting: list[tuple[str, pa.Table]],
) -> Iterator[list[tuple[str, pa.Table]]]:
    """What fits into one file: rows of one model, with the same columns of compatible types."""
    kinds: dict[tuple[str, ...], list[tuple[str, pa.Table]]] = {}
    for model, rows in waiting:
        types = (str(field.type) if _is_known(field.type) else "" for field in rows.schema)
        kinds.setdefault((model, *rows.column_names, *types), []).append((model, rows))
    yield from kinds.values()


def _is_known(kind: pa.DataType) -> bool:
    return not pa.types.is_null(kind)


def is_log(folder: str | Path) -> bool:
    """Whether a folder is one that `RequestLog` writes into."""
    first = next(iter(_files(Path(folder))), None) if Path(folder).is_dir() else None
    if first is None:
        return False
    try:
        return META in (pa.parquet.read_schema(first).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def read_log(folder: str | Path, *, most: int | None = None, seed: int = 0) -> Logged:
    """Read a log, or rows of it that are drawn at random.

    No more than a file is in memory beside what is returned. What is written meanwhile is left
    out.

    Parameters
    ----------
    folder : str or Path
        That of a `RequestLog`.
    most : int, optional
        Rows to draw, each as likely as any other; all of a log that has no more, or if it is not
        given.
    seed : int
        Of what is drawn.

    Returns
    -------
    Logged
        Rows in the order of time, as far as the names of files tell it.

    Raises
    ------
    DataError
        If there is no log, or a file of it is damaged.
    """
    sizes = {path: size for path in _files(Path(folder)) if (size := _n_rows(path)) is not None}
    if not sizes:
        raise DataError(
            "the folder holds no log of requests",
            place=str(folder),
            remedy="Name the folder that the server was told to log into.",
        )
    n_rows = sum(sizes.values())
    drawn = None
    if most is not None and n_rows > most:
        drawn = np.sort(np.random.default_rng(seed).choice(n_rows, most, replace=False))
    found: dict[str, list[pa.Table]] = {"inputs": [], "outputs": [], "about": []}
    start = 0
    for path, size in sizes.items():
        rows = None
        if drawn is not None:
            first, last = np.searchsorted(drawn, (start, start + size))
            rows = drawn[first:last] - start
        start += size
        if rows is None or len(rows):
            for role, table in _read(path, rows):
                found[role].append(table)
    place = str(folder)
    return Logged(
        **{role: _together(tables, place) for role, tables in found.items()}, n_rows=n_rows
    )


def _n_rows(path: Path) -> int | None:
    """How many rows a file has; None if it is none of a log."""
    try:
        footer = pa.parquet.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    return footer.num_rows if META in (footer.metadata or {}) else None


def _read(path: Path, rows: np.ndarray | None) -> Iterator[tuple[str, pa.Table]]:
    """Some rows of a file, or all, as a table for each role."""
    try:
        table = pa.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    roles = json.loads(table.schema.metadata[META])
    if rows is not None:
        table = table.take(rows)
    for role, names in roles.items():
        yield role, table.select(list(names)).rename_columns(list(names.values()))


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"a file of the log cannot be read: {str(error).splitlines()[0]}",
        place=str(path),
        remedy="Remove it, or copy it again.",
    )


def _files(folder: Path) -> list[Path]:
    """Files of a log in the order of time; drafts lie in hidden folders."""
    return sorted(
        path
        for path in folder.glob("*/*.parquet")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _together(tables: list[pa.Table], place: str) -> pd.DataFrame:
    """All rows of several files; a column that some lack is missing there."""
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))

    def batches() -> Iterator[pa.RecordBatch]:
        for table in tables:
            for batch in table.to_batches():
                arrays = [
                    batch[name] if name in batch.schema.names else pa.nulls(len(batch))
                    for name in names
                ]
                yield pa.RecordBatch.from_arrays(arrays, names)

    return gather(batches(), place=place)
