"""Models that predict rows, each by itself: read, asked, explained."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from trialbook.data import Schema
from trialbook.errors import DataError
from trialbook.models import BACKGROUND_FILE, Model
from trialbook.serving.server._answers import labels, outputs, probabilities
from trialbook.serving.server._engine import Engine, OnnxEngine, engine_of
from trialbook.serving.server._explained import explained
from trialbook.serving.server._json import as_utf8, read_json
from trialbook.serving.server._known import categories, example_rows
from trialbook.serving.server._problems import Problem, Refused
from trialbook.serving.server._protocol import Asked, read_request
from trialbook.serving.server._queue import Queue
from trialbook.serving.server._served import Answer, Body, Options, Served, check_numbers, known_of
from trialbook.serving.server._typed import Reader, Rows
from trialbook.tables import read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialbook.models.onnx import OnnxModel
    from trialbook.serving._log import RequestLog
    from trialbook.serving.server._metrics import Metrics

# Each column of a table takes the reader about a tenth of a millisecond, and a body could hold
# millions: so many bytes are tens of thousands of names.
MOST_CSV_HEAD: Final = 256 * 1024


@dataclass(eq=False, kw_only=True)
class ServedRows(Served):
    """A model that predicts rows.

    Parameters
    ----------
    model : Model, optional
        The model with its estimator; ONNX files have none.
    """

    model: Model | None = None

    async def predict(self, body: Body) -> Answer:
        """As `Served.predict`."""
        asked, rows, warnings = await self._rows(body)
        if asked.method == "predict_proba" and not self.schema.classes:
            raise Refused(
                422,
                "the model predicts numbers, which have no probabilities",
                place="method",
                remedy="Ask for predict.",
            )
        given = await self.queue.ask(rows)
        document: dict[str, Any] = {}
        key = "Results" if asked.azure else "predictions"
        if asked.method == "predict_proba":
            document[key] = probabilities(given)
            document["classes"] = list(self.schema.classes)
        else:
            document[key] = labels(given, self.schema)
        return Answer(document, rows.n_rows, warnings)

    async def explain(self, body: Body, alone: Any) -> Answer:
        """As `Served.explain`."""
        _, rows, warnings = await self._rows(body)
        given = await self.queue.ask(rows)
        seconds = self.options.explain_timeout_s
        async with alone:
            document = await asyncio.to_thread(
                explained, self.model, self.label, rows, given, seconds
            )
        return Answer(document, rows.n_rows, warnings)

    async def _rows(self, body: Body) -> tuple[Asked, Rows, list[Problem]]:
        """The rows of a request, checked."""
        if body.is_large:
            asked, rows = await asyncio.to_thread(self._read, body)
            return asked, rows, await asyncio.to_thread(self.warnings, rows)
        asked = read_request(read_json(body.content), self.columns)
        made = self.reader.read_at_once(asked.columns, asked.n_rows)
        # Cells that need reading take milliseconds a column, and wrong ones seconds.
        if made is None:
            made = await asyncio.to_thread(self.reader.read, asked.columns, asked.n_rows)
        return asked, made, self.warnings(made)

    def _read(self, body: Body) -> tuple[Asked, Rows]:
        if body.is_csv:
            rows = read_csv(body.content, self.schema)
            return Asked({}, rows.n_rows), rows
        asked = read_request(read_json(body.content), self.columns)
        return asked, self.reader.read(asked.columns, asked.n_rows)


def read_csv(body: bytes, schema: Schema) -> Rows:
    """Rows of a CSV body, read by the very reader of files.

    Parameters
    ----------
    body : bytes
    schema : Schema

    Returns
    -------
    Rows

    Raises
    ------
    Refused
        With status 400 if it is empty, with 422 if it is no table that fits.
    """
    if not as_utf8(body).strip():
        raise Refused(400, "the body is empty", remedy="Send a line of names, and rows.")
    head = body[: MOST_CSV_HEAD + 1]
    if len(head) > MOST_CSV_HEAD and not (b"\n" in head or b"\r" in head):
        raise Refused(
            422,
            f"the line of names has more than {MOST_CSV_HEAD:,} bytes",
            place="the body, line 1",
            remedy="Send the columns that the model uses.",
        )
    with tempfile.TemporaryDirectory(prefix="trialbook-") as folder:
        path = Path(folder) / "body.csv"
        path.write_bytes(body)
        try:
            table = read_table(path, text=schema.text)
            return Rows.of(schema.conform(table))
        except DataError as error:
            place = None if error.place is None else error.place.replace(str(path), "the body")
            raise Refused(422, error.cause, place=place, remedy=error.remedy) from None


def serve_rows(
    model: Model | OnnxModel, options: Options, metrics: Metrics, log: RequestLog | None
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
    schema, known = model.schema, known_of(model)
    reader = Reader(schema)
    engine: Engine
    if isinstance(model, Model):
        examples = example_rows(model.folder, schema)
        levels = categories(model.estimator, schema)
        engine = engine_of(model, options.engine, _rows_to_try(model, reader, examples))
    else:
        examples, levels = example_rows(None, schema), {}
        engine = OnnxEngine.of(model)
    engine.ask(_rows_of(reader, examples[:1]))  # libraries prepare themselves at the first call

    def ask(rows: Rows) -> NDArray[Any]:
        given = engine.ask(rows)
        check_numbers(given)
        return given

    def listen(rows: Rows, given: NDArray[Any], n_requests: int) -> None:
        metrics.batch(rows.n_rows, n_requests)
        if log is not None:
            log.add(rows.frame(), outputs(given, schema), known["label"])

    return ServedRows(
        **known,
        schema=schema,
        engine=engine.kind,
        queue=Queue(ask, name=f"model {known['label']}", listener=listen),
        reader=reader,
        known=levels,
        examples=examples,
        options=options,
        model=model if isinstance(model, Model) else None,
    )


def _rows_to_try(model: Model, reader: Reader, examples: list[dict[str, Any]]) -> Rows:
    """Rows of the training features where the model's folder has some, or else its example."""
    path = model.folder / BACKGROUND_FILE
    if path.is_file():
        return Rows.of(model.schema.conform(pd.read_parquet(path)))
    return _rows_of(reader, examples)


def _rows_of(reader: Reader, examples: list[dict[str, Any]]) -> Rows:
    columns = {name: [one[name] for one in examples] for name in reader.schema.names}
    return reader.read(columns, len(examples))
