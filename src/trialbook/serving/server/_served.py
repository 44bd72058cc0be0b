"""A version of a model that answers, and what must be known of it to do so."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

from trialbook.data import Schema
from trialbook.models import BACKGROUND_FILE, Model
from trialbook.serving.server._answers import outputs
from trialbook.serving.server._engine import Choice, Engine, OnnxEngine, engine_of
from trialbook.serving.server._known import categories, example_rows, unknown_categories
from trialbook.serving.server._problems import Problem, refused_cells
from trialbook.serving.server._queue import Queue
from trialbook.serving.server._typed import Reader, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialbook.models.onnx import OnnxModel
    from trialbook.serving._log import RequestLog
    from trialbook.serving.server._metrics import Metrics

AnyModel: TypeAlias = "Model | OnnxModel"
Unknown = Literal["warn", "error"]


@dataclass(frozen=True)
class Options:
    """How models are served; see `trialbook.serving.create_app`."""

    engine: Choice = "auto"
    unknown: Unknown = "warn"
    explain: bool = False
    explain_timeout_s: float = 10.0


@dataclass(eq=False)
class Served:
    """A version that answers.

    Parameters
    ----------
    label : str
        Such as ``churn@3``; it is in the header of each answer.
    name, version : str
        Its parts; the version is empty for what is not of the registry.
    schema : Schema
    engine : Engine
    queue : Queue
    reader : Reader
    known : mapping of str to frozenset of str
        Categories by column.
    examples : list of dict
        Rows to show.
    identity : tuple
        What is served: it differs if another version, or another training, took its place.
    model : Model, optional
        The model with its estimator; ONNX files have none.
    """

    label: str
    name: str
    version: str
    schema: Schema
    engine: Engine
    queue: Queue
    reader: Reader
    known: Mapping[str, frozenset[str]]
    examples: list[dict[str, Any]]
    identity: tuple[Any, ...]
    model: Model | None = None
    users: int = 0
    retired: bool = False
    documents: dict[str, bytes] = field(default_factory=dict)

    async def ask(self, rows: Rows) -> NDArray[Any]:
        """What the model gives for rows; see `Queue.ask`."""
        return await self.queue.ask(rows)

    def warnings(self, rows: Rows, unknown: Unknown) -> list[Problem]:
        """Cells with a category that the model has not seen.

        Parameters
        ----------
        rows : Rows
        unknown : {"warn", "error"}

        Returns
        -------
        list of Problem

        Raises
        ------
        Refused
            With status 422 if they are errors.
        """
        found = [
            Problem(
                f"the category '{value[:60]}' was not there in training",
                row,
                column,
                "The model takes it as unknown." if unknown == "warn" else "Send a known one.",
            )
            for row, column, value in unknown_categories(rows, self.known)
        ]
        if found and unknown == "error":
            raise refused_cells(found)
        return found

    def leave(self) -> None:
        """One request less uses it; a version that was replaced ends with the last one."""
        self.users -= 1
        self._end_if_unused()

    def retire(self) -> None:
        """Let it end once nobody uses it any more."""
        self.retired = True
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self.retired and not self.users:
            # Its thread may still tell the log; the event loop does not wait for that.
            threading.Thread(target=self.queue.close, daemon=True).start()


def serve_model(
    model: AnyModel, options: Options, metrics: Metrics, log: RequestLog | None
) -> Served:
    """Load a model, try it, and make it ready to answer.

    Parameters
    ----------
    model : Model or OnnxModel
    options : Options
    metrics : Metrics
    log : RequestLog, optional

    Returns
    -------
    Served

    Raises
    ------
    TrialbookError
        If it cannot be loaded, or cannot be served as asked.
    """
    schema = model.schema
    reader = Reader(schema)
    name, version = name_of(model), version_of(model)
    label = f"{name}@{version}" if version else name
    engine: Engine
    if isinstance(model, Model):
        examples = example_rows(model.folder, schema)
        known = categories(model.estimator, schema)
        rows = _rows_to_try(model, reader, examples)
        engine = engine_of(model, options.engine, rows)
    else:
        examples, known = example_rows(None, schema), {}
        rows = _rows_of(reader, examples)
        engine = OnnxEngine.of(model)
    engine.ask(rows.part(0, 1))  # libraries prepare themselves at the first call

    def listen(rows: Rows, given: NDArray[Any], n_requests: int) -> None:
        metrics.batch(rows.n_rows, n_requests)
        if log is not None:
            log.add(rows.frame(), outputs(given, schema), label)

    queue = Queue(engine.ask, name=f"model {label}", listener=listen)
    return Served(
        label=label,
        name=name,
        version=version,
        schema=schema,
        engine=engine,
        queue=queue,
        reader=reader,
        known=known,
        examples=examples,
        identity=identity_of(model),
        model=model if isinstance(model, Model) else None,
    )


def name_of(model: AnyModel) -> str:
    """What a model is called, without its version."""
    return model.name or "model"


def version_of(model: AnyModel) -> str:
    """Its version in the registry, or empty."""
    if not isinstance(model, Model) or model.version is None:
        return ""
    return str(model.version)


def identity_of(model: AnyModel) -> tuple[Any, ...]:
    """What tells one served model from another, without loading its estimator.

    Parameters
    ----------
    model : Model or OnnxModel

    Returns
    -------
    tuple
        Its label, and its run and the time of its pickle's last change, or what is in its file.
    """
    told = (name_of(model), version_of(model))
    if not isinstance(model, Model):
        return (*told, model.digest)
    file = model.folder / "model.pkl"
    changed = file.stat().st_mtime_ns if file.is_file() else None
    return (*told, model.run_id, model.folder, changed)


def _rows_to_try(model: Model, reader: Reader, examples: list[dict[str, Any]]) -> Rows:
    """Rows of the training features where the model's folder has some, or else its example."""
    path = model.folder / BACKGROUND_FILE
    if path.is_file():
        return Rows.of(model.schema.conform(pd.read_parquet(path)))
    return _rows_of(reader, examples)


def _rows_of(reader: Reader, examples: list[dict[str, Any]]) -> Rows:
    columns = {name: [one[name] for one in examples] for name in reader.schema.names}
    return reader.read(columns, len(examples))
