"""Models that forecast series: asked for rows of the future, and answering with all quantiles."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from trialbook.data import LEVELS, Column, Schema, Semantic
from trialbook.errors import OptionError
from trialbook.models import (
    NO_ONNX,
    NOTHING_NEW,
    ForecastModel,
    observing,
    problem_of_horizon,
    problem_of_level,
    problem_of_levels,
    problem_of_nothing,
    problems_of_context,
)
from trialbook.serving.server._future import AZURE_LEVELS, CONTEXT, Ahead, read_ahead
from trialbook.serving.server._json import read_json
from trialbook.serving.server._problems import Problem, Refused, refused_cells
from trialbook.serving.server._queue import Queue
from trialbook.serving.server._rows import read_csv
from trialbook.serving.server._served import Answer, Body, Options, Served, check_numbers, known_of
from trialbook.serving.server._told import in_azures_form, records
from trialbook.serving.server._typed import Reader, Rows
from trialbook.tables.plain import Storage

if TYPE_CHECKING:
    from trialbook.serving._log import RequestLog
    from trialbook.serving.server._metrics import Metrics

# Numbers in one answer: about 40 MB of JSON, which takes some seconds and a few hundred MB.
MOST_NUMBERS: Final = 2_000_000


@dataclass(frozen=True, eq=False)
class Question:
    """What a model is asked.

    Parameters
    ----------
    future : DataFrame, optional
        Rows to forecast, as the model takes them; none for the next ones.
    context : DataFrame, optional
        Rows that were observed since training.
    horizon : int
        Of the next rows.
    levels : list of float, optional
    level : str, optional
        Of a hierarchy, if it is not the leaves.
    n_rows : int
        Of the answer.
    rows : tuple of two lists of int, optional
        As of `Ahead`.
    """

    future: pd.DataFrame | None
    context: pd.DataFrame | None
    horizon: int
    levels: list[float] | None
    level: str | None
    n_rows: int
    rows: tuple[list[int], list[int]] | None

    @property
    def kinds(self) -> object:
        """Itself: what a series is asked depends on its other rows, so none are put together."""
        return self

    @classmethod
    def together(cls, several: Sequence[Question]) -> Question:
        """The only one; see `kinds`."""
        return several[0]


@dataclass(eq=False, kw_only=True)
class ServedForecaster(Served):
    """A model that forecasts series.

    Parameters
    ----------
    model : ForecastModel
    observed : Reader
        Of rows of the context.
    """

    model: ForecastModel
    observed: Reader

    async def predict(self, body: Body) -> Answer:
        """As `Served.predict`."""
        ahead, question, warnings = await asyncio.to_thread(self._read, body)
        told = await self.queue.ask(question)
        document = await asyncio.to_thread(self._document, told, ahead, question)
        return Answer(document, question.n_rows, warnings)

    async def explain(self, body: Body, alone: Any) -> Answer:
        """As `Served.explain`; what moves a forecast takes too long to tell to be waited for."""
        raise Refused(
            404,
            "it forecasts series, which a server does not explain",
            place=self.label,
            remedy="Explain them with: trialbook explain.",
        )

    @property
    def time(self) -> str:
        """The column of times."""
        return self.columns[0]

    @property
    def target(self) -> str:
        """What is forecast."""
        return self.schema.target

    def _read(self, body: Body) -> tuple[Ahead, Question, list[Problem]]:
        """What is asked, checked as far as that needs no model."""
        ahead, rows, context = Ahead(), None, None
        if body.is_csv:
            rows = read_csv(body.content, self.schema)
        else:
            ahead = read_ahead(read_json(body.content), self.columns, self.observed.schema.names)
            of_future, of_context = ahead.rows or (None, None)
            if ahead.future is not None:
                with _within(None, of_future):
                    rows = self.reader.read(*ahead.future)
            if ahead.context is not None:
                with _within(None if of_context else CONTEXT, of_context):
                    context = self.observed.read(*ahead.context).frame()
        horizon = self._horizon(ahead, rows)
        levels = self._levels(ahead)
        level = self._level(ahead)
        future = None if rows is None else rows.frame()
        n_rows = self.model.model.n_answered(horizon if future is None else future, level)
        if future is None and context is not None:
            n_rows += horizon * self._n_new(context)
        n_numbers = n_rows * (1 + len(LEVELS if levels is None else levels))
        if n_numbers > MOST_NUMBERS:
            raise Refused(
                422,
                f"the answer would have {n_numbers:,} numbers, and {MOST_NUMBERS:,} are the most",
                remedy="Ask for fewer rows or quantiles, or in a batch (trialbook predict).",
            )
        question = Question(future, context, horizon, levels, level, n_rows, ahead.rows)
        return ahead, question, [] if rows is None else self.warnings(rows)

    def _n_new(self, context: pd.DataFrame) -> int:
        """How many series of a context the model was not trained on, but would forecast."""
        model = self.model.model
        if not getattr(model, "takes_new_series", False):
            return 0
        names = pd.Index(model.names_of(context).unique())
        return int((~names.isin(model.ends.index)).sum())

    def _horizon(self, ahead: Ahead, rows: Rows | None) -> int:
        trained = self.model.model.spec["horizon"]
        problem = None
        if rows is None:
            problem = problem_of_nothing(self.model.model.spec["covariates"])
        if problem is not None:
            raise Refused(422, problem.cause, place="the body", remedy=problem.remedy)
        if ahead.horizon is None:
            return int(trained)
        if rows is not None:
            raise Refused(
                422,
                "rows of the future say themselves how far they reach",
                place="horizon",
                remedy="Leave out the horizon or the rows.",
            )
        problem = problem_of_horizon(ahead.horizon, trained)
        if problem is None:
            problem = self.model.model.problem_of_reach(ahead.horizon)
        if problem is not None:
            raise Refused(422, problem.cause, place="horizon", remedy=problem.remedy)
        return int(ahead.horizon)

    def _levels(self, ahead: Ahead) -> list[float] | None:
        if ahead.quantiles is None:
            return list(AZURE_LEVELS) if ahead.azure else None
        problem = problem_of_levels(ahead.quantiles)
        if problem is not None:
            raise Refused(422, problem.cause, place="quantiles", remedy=problem.remedy)
        return [float(one) for one in ahead.quantiles]

    def _level(self, ahead: Ahead) -> str | None:
        if ahead.level is None:
            return None
        problem = problem_of_level(ahead.level, self.model.series.hierarchy)
        if problem is not None:
            raise Refused(422, problem.cause, place="level", remedy=problem.remedy)
        return None if self.model.model.is_leaf(ahead.level) else str(ahead.level)

    def _document(self, told: pd.DataFrame, ahead: Ahead, question: Question) -> dict[str, Any]:
        if not ahead.azure:
            return {"predictions": records(told)}
        n_keys = n_keys_of(told, question.levels)
        of_leaves = question.level is None
        if ahead.rows is not None and question.context is not None and of_leaves:
            told = self._with_known(told, question.context, ahead.rows)
        return {"Results": in_azures_form(told, n_keys)}

    def _with_known(
        self, told: pd.DataFrame, context: pd.DataFrame, rows: tuple[list[int], list[int]]
    ) -> pd.DataFrame:
        """Forecasts and, as Azure does, what was observed in its rows."""
        model = self.model.model
        known = context[list(model.spec["ids"])].copy()
        known.insert(0, self.time, model.rows_of(context)["ds"])
        for name in told.columns[known.shape[1] :]:
            known[name] = context[self.target]
        both = pd.concat([told.set_axis(rows[0]), known.set_axis(rows[1])])
        return both.sort_index()


def answer(forecaster: ForecastModel, question: Question) -> pd.DataFrame:
    """What a model gives; in the thread of its queue, for models are of one thread.

    Parameters
    ----------
    forecaster : ForecastModel
    question : Question

    Returns
    -------
    DataFrame
        As `ForecastModel.forecast` gives it.

    Raises
    ------
    Refused
        With status 422 and each row that cannot be forecast.
    """
    model = forecaster.model
    of_future, of_context = question.rows or (None, None)
    if question.context is not None:
        with _within(None if of_context else CONTEXT, of_context):
            _check(problems_of_context(model, question.context))
        model, observed = observing(model, question.context)
        if observed.empty:
            raise Refused(422, NOTHING_NEW.cause, place=CONTEXT, remedy=NOTHING_NEW.remedy)
    of_level = {} if question.level is None else {"level": question.level}
    if question.future is None:
        told = model.next(question.horizon, question.levels, **of_level)
    else:
        with _within(None, of_future):
            _check(model.problems_of(question.future))
        told = model.answer(question.future, question.levels, **of_level)
    with _within(None, of_future):
        check_numbers(told.iloc[:, n_keys_of(told, question.levels) :].to_numpy(dtype=float))
    return pd.DataFrame(told)


def n_keys_of(told: pd.DataFrame, levels: list[float] | None) -> int:
    """How many columns of forecasts stand before ``forecast``: times, levels and series."""
    return int(told.shape[1]) - 1 - len(LEVELS if levels is None else levels)


def _with_target(schema: Schema) -> Schema:
    """A schema with the target among its columns."""
    target = Column(schema.target, Semantic.NUMERIC, Storage.NUMBER.value, "", 0, 0)
    return replace(schema, columns=(*schema.columns, target))


def _check(problems: Sequence[Any]) -> None:
    """Refuse rows that a model has something to say of."""
    if problems:
        raise refused_cells(
            [Problem(one.cause, one.row, one.column, one.remedy) for one in problems]
        )


@contextlib.contextmanager
def _within(place: str | None, rows: list[int] | None) -> Iterator[None]:
    """Let refusals name their rows as the request has them, and the part in which they stand."""
    try:
        yield
    except Refused as error:
        problems: Sequence[Problem] = error.problems
        if rows is not None and problems:
            moved = [None if one.row is None else rows[one.row] for one in problems]
            problems = [replace(one, row=row) for one, row in zip(problems, moved, strict=True)]
            error = refused_cells(problems)
        where = ", ".join(part for part in (place, error.place) if part) or None
        raise Refused(
            error.status, error.cause, place=where, remedy=error.remedy, problems=problems
        ) from None


def serve_forecaster(
    model: ForecastModel, options: Options, metrics: Metrics, log: RequestLog | None
) -> Served:
    """Load a forecaster, try it, and make it ready to answer.

    Parameters
    ----------
    model : ForecastModel
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
    if options.engine == "onnx":
        raise OptionError(
            f"{model.label} cannot be served as ONNX: {NO_ONNX}",
            place="option engine",
            remedy="Use auto or python.",
        )
    known = known_of(model)
    forecaster = model.model
    forecaster.forecast(forecaster.next_rows(1).head(1))  # as of models of rows
    codes = forecaster.spec.get("codes", {})

    def listen(question: Question, told: pd.DataFrame, n_requests: int) -> None:
        metrics.batch(question.n_rows, n_requests)
        if log is not None:
            n_keys = n_keys_of(told, question.levels)
            asked = question.future
            if asked is None or question.level is not None:
                asked = told.iloc[:, :n_keys]
            log.add(asked.reset_index(drop=True), told.iloc[:, n_keys:], known["label"])

    schema = model.future_schema
    return ServedForecaster(
        **known,
        schema=schema,
        engine="python",
        queue=Queue(partial(answer, model), name=f"model {known['label']}", listener=listen),
        reader=Reader(schema),
        observed=Reader(_with_target(model.context_schema)),
        known={name: frozenset(codes[name]) for name in schema.names if name in codes},
        examples=records(model.example()),
        options=options,
        model=model,
    )
