"""Batch scoring: tables larger than memory, a part at a time, carried on after a kill."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import pyarrow as pa

from trialbook import __version__
from trialbook._plain import cannot_write
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.models import ForecastModel, Model, read_levels
from trialbook.serving.batch._parts import Parts, write_part
from trialbook.serving.batch._rows import Answer, AnyModel, Rows, answer_for, answers
from trialbook.serving.batch._series import Forecaster, by_series
from trialbook.serving.batch._write import format_of, is_text
from trialbook.tables import open_stream
from trialbook.tables.plain import Note, Stream, mark_of, rebatch

if TYPE_CHECKING:
    from trialbook.models.onnx import OnnxModel
    from trialbook.tables import Source

# Rows that are predicted at a time, and lost by a kill: enough that a model is quick, and few
# enough that even wide tables of some hundred columns take some hundred megabytes.
ROWS_PER_BATCH: Final = 50_000


@dataclass(frozen=True)
class Progress:
    """How far batch scoring came.

    Parameters
    ----------
    rows : int
        Rows that are finished, those of an earlier run included.
    reused : int
        Of these, rows of an earlier run.
    total : int or None
        Rows in all, if that is known.
    exact : bool
        Whether `total` is a count, or about right.
    seconds : float
        Since this run began to predict.
    """

    rows: int
    reused: int
    total: int | None
    exact: bool
    seconds: float

    @property
    def rows_per_s(self) -> float:
        """Rows that this run predicts in a second."""
        return (self.rows - self.reused) / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds until the end at this speed, if it can be told."""
        if self.total is None or not self.rows_per_s:
            return None
        return max(0.0, (self.total - self.rows) / self.rows_per_s)


Listener: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True)
class Scored:
    """What batch scoring did.

    Parameters
    ----------
    path : Path
        The table of answers.
    model : str
        Which model answered.
    n_rows : int
    reused_rows : int
        Of these, rows that an earlier run had finished.
    seconds : float
        That this run took.
    columns : tuple of str
        Of the table.
    whole : str or None
        Why the input was read as a whole, if it was.
    notes : tuple of Note
        What was interpreted or left out of the input.
    """

    path: Path
    model: str
    n_rows: int
    reused_rows: int
    seconds: float
    columns: tuple[str, ...]
    whole: str | None
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Task:
    """A model, an open table and what is asked."""

    model: AnyModel
    stream: Stream
    asked: Answer
    rows_per_batch: int

    def batches(self) -> Iterator[tuple[int, int, pa.Table]]:
        """Number, first row and rows of each batch."""
        names = dict.fromkeys((*self.model.schema.names, *self.asked.keep))
        start = 0
        read = rebatch(self.stream.read(list(names)), self.rows_per_batch)
        if isinstance(self.model, Forecaster):
            read = by_series(read, self.model.apart, self.stream.place)
        try:
            for number, table in enumerate(read):
                yield number, start, table
                start += len(table)
        except OSError as error:
            raise WorkspaceError(
                f"the table can be read no further: {error.strerror or error}",
                place=self.stream.place,
                remedy="See that it is there and may be read, and carry on with --resume.",
            ) from error

    def rows(self, start: int, table: pa.Table) -> Rows:
        """The rows of a batch as a model takes them."""
        try:
            frame = self.stream.plain(table.select(self.model.schema.names))
        except DataError as error:
            place = f"{error.place} of {self.stream.place}" if error.place else self.stream.place
            raise DataError(error.cause, place=place, remedy=error.remedy) from None
        return Rows(start, frame, table.select(list(self.asked.keep)), self.stream.place)


def _task(
    model: AnyModel,
    data: Source,
    out: Path,
    *,
    keep: Sequence[str] | None,
    proba: bool,
    explain: bool,
    interval: float | None,
    rows_per_batch: int,
    workspace: str | Path | None,
    notes: list[Note],
) -> _Task:
    if rows_per_batch < 1:
        raise OptionError("a batch has one row at least", place="option --rows-per-batch")
    stream = open_stream(
        data,
        text=model.schema.text,
        workspace=workspace or getattr(model, "workspace", None),
        notes=notes,
    )
    names = [*stream.names]
    if stream.has is not None:
        names += [one for one in model.schema.names if one not in names and stream.has(one)]
    model.schema.check_names(names)
    asked = answer_for(
        model,
        names,
        keep=keep,
        proba=proba,
        explain=explain,
        interval=interval,
        as_text=stream.as_text,
        short_times=is_text(out),
    )
    return _Task(model, stream, asked, rows_per_batch)


def score(
    model: Model | ForecastModel | OnnxModel,
    data: Source,
    out: str | Path,
    *,
    keep: Sequence[str] | None = None,
    proba: bool = False,
    explain: bool = False,
    interval: float | None = None,
    quantiles: Sequence[float] | None = None,
    context: Source | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
    resume: bool = False,
    workers: int = 1,
    workspace: str | Path | None = None,
    listener: Listener | None = None,
) -> Scored:
    """Predict the rows of a table of any size into a file; see `trialbook.score`."""
    begun = time.monotonic()
    path = Path(out).absolute()
    format_of(path)
    _check_apart(data, path)
    notes: list[Note] = []
    asked = _asked_of(model, quantiles, context)
    task = _task(
        asked,
        data,
        path,
        keep=keep,
        proba=proba,
        explain=explain,
        interval=interval,
        rows_per_batch=rows_per_batch,
        workspace=workspace,
        notes=notes,
    )
    parts = Parts(path, _about(task))
    parts.begin(resume=resume)
    try:
        done = _run(task, parts, workers, listener)
        columns = tuple(pa.parquet.read_schema(parts.path(0)).names)
        parts.join(done.n_parts)
    except DataError:
        # What is finished is of an input that has to be repaired, and is then another one.
        parts.remove()
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        parts.close()
    return Scored(
        path=path,
        model=model.label,
        n_rows=done.rows,
        reused_rows=done.reused,
        seconds=time.monotonic() - begun,
        columns=columns,
        whole=task.stream.whole,
        notes=tuple(notes),
    )


def _asked_of(
    model: Model | ForecastModel | OnnxModel,
    quantiles: Sequence[float] | None,
    context: Source | None,
) -> AnyModel:
    """A model with what it is to know and to tell."""
    if isinstance(model, ForecastModel):
        levels = read_levels(quantiles)
        return Forecaster(model, context, None if levels is None else tuple(levels))
    for option, given in (("quantiles", quantiles), ("context", context)):
        if given is not None:
            raise OptionError(
                f"--{option} has no meaning here: '{model.label}' forecasts no series",
                place=f"option --{option}",
                remedy="Leave it out.",
            )
    return model


def _check_apart(data: Source, out: Path) -> None:
    """Refuse an output that would take the place of its input, or be read with it next time."""
    if not isinstance(data, (str, Path)):
        return
    try:
        read, written = Path(data).resolve(), out.resolve()
        same = read == written or (read.is_dir() and read == written.parent)
    except OSError:  # no path: an address, or a pattern beyond what a name may hold
        return
    if same:
        raise OptionError(
            "the output would lie in the folder that is read"
            if read.is_dir()
            else "the output is the very file that is read",
            place=str(out),
            remedy="Name another file.",
        )


def _about(task: _Task) -> dict[str, object]:
    """What the parts of an output depend on."""
    if isinstance(task.model, (Model, Forecaster)):
        mark = mark_of(sorted(one for one in task.model.folder.glob("*.*") if one.is_file()))
    else:
        mark = task.model.digest
    about: dict[str, object] = {"label": task.model.label, "files": mark}
    if isinstance(task.model, Forecaster):
        about |= task.model.about
    return {
        "trialbook": __version__,
        "model": about,
        "input": {"place": task.stream.place, "rows": task.stream.mark()},
        "answer": asdict(task.asked),
        "rows_per_batch": task.rows_per_batch,
    }


# -- one part after another, or several at once ----------------------------------------------


@dataclass
class _Done:
    """What is finished, and who is told."""

    task: _Task
    listener: Listener | None
    begun: float
    n_parts: int = 0
    rows: int = 0
    reused: int = 0

    def add(self, rows: int, *, reused: bool) -> None:
        self.n_parts += 1
        self.rows += rows
        self.reused += rows if reused else 0
        if self.listener is not None:
            stream = self.task.stream
            seconds = time.monotonic() - self.begun
            self.listener(Progress(self.rows, self.reused, stream.n_rows, stream.exact, seconds))


def _run(task: _Task, parts: Parts, workers: int, listener: Listener | None) -> _Done:
    done = _Done(task, listener, time.monotonic())
    if workers > 1:
        _in_processes(task, parts, workers, done)
        return done
    for number, start, table in task.batches():
        finished = parts.rows(number)
        if finished is not None:
            if task.stream.remembers:
                task.rows(start, table)
            done.add(finished, reused=True)
            continue
        write_part(answers(task.model, task.rows(start, table), task.asked), parts.path(number))
        done.add(len(table), reused=False)
    return done


# The model of a worker's process.
_MODELS: list[Model | Forecaster] = []


def _load(model: Model | Forecaster) -> None:
    _MODELS[:] = [model]


def _part(rows: Rows, asked: Answer, path: Path) -> tuple[int, tuple[str, str, str] | None]:
    """Predict and write a part in a worker's process: its rows, or what is wrong with them."""
    try:
        write_part(answers(_MODELS[0], rows, asked), path)
    except DataError as error:
        return 0, (error.cause, error.place or "", error.remedy or "")
    return len(rows.frame), None


def _in_processes(task: _Task, parts: Parts, workers: int, done: _Done) -> None:
    """Predict several parts at once; what is in memory is a part for each worker and one more."""
    waiting: deque[Future[tuple[int, tuple[str, str, str] | None]] | int] = deque()

    def take() -> None:
        first = waiting.popleft()
        if isinstance(first, int):
            done.add(first, reused=True)
            return
        rows, problem = first.result()
        if problem is not None:
            raise DataError(problem[0], place=problem[1], remedy=problem[2])
        done.add(rows, reused=False)

    if not isinstance(task.model, (Model, Forecaster)):
        raise OptionError(
            "an ONNX file is predicted in one process, by as many threads as there are cores",
            place="option --workers",
            remedy="Leave it out.",
        )
    # Without its estimator, which each worker loads for itself.
    fresh = task.model.fresh() if isinstance(task.model, Forecaster) else replace(task.model)
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_load, initargs=(fresh,)
    )
    try:
        for number, start, table in task.batches():
            finished = parts.rows(number)
            if finished is not None:
                if task.stream.remembers:
                    task.rows(start, table)
                waiting.append(finished)
            else:
                rows = task.rows(start, table)
                waiting.append(pool.submit(_part, rows, task.asked, parts.path(number)))
            while len(waiting) > workers:
                take()
        while waiting:
            take()
    except BrokenProcessPool as error:
        raise WorkspaceError(
            "a process that predicts has ended, as one does that takes too much memory",
            place="option --workers",
            remedy="Use fewer of them, or smaller batches, and carry on with --resume. In Python, "
            "a script needs `if __name__ == '__main__':` around the call.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
