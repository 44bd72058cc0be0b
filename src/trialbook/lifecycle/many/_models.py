"""Many models as people use them: trained, resumed, listed, and asked all at once."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from trialbook._plain import whole_file
from trialbook._words import listed
from trialbook.data import tell_apart
from trialbook.errors import DataError, NoModelError, OptionError, TrialbookError
from trialbook.experiment import n_cores
from trialbook.job import Job, read_seconds
from trialbook.lifecycle._handle import Experiment
from trialbook.lifecycle.many._plan import (
    PLAN,
    Divide,
    Part,
    Plan,
    by_part,
    folder_of,
    keys_of,
    latest,
    plan_of,
    values_of,
)
from trialbook.lifecycle.many._run import PartListener, Runner
from trialbook.models import NOTHING_NEW
from trialbook.tables import read_table
from trialbook.tracking import Tracker, Workspace, get_ready

if TYPE_CHECKING:
    from trialbook.tables import Source as Table

ROLES = ("data", "validation", "test")
TABLE = "{role}.parquet"


def train_many(
    job: Job,
    partition: Sequence[str],
    *,
    data: Table | None = None,
    divide: Divide = "rows",
    at_once: int | None = None,
    listeners: Sequence[PartListener] = (),
    started: float | None = None,
) -> ManyModels:
    """Run a job once for each part of its table; see `trialbook.train_many`."""
    started = time.monotonic() if started is None else started
    if at_once is not None and at_once < 1:
        raise OptionError(f"{at_once} experiments at once are none", place="option at_once")
    sources: dict[str, Any] = {role: getattr(job, role) for role in ROLES}
    sources["data"] = job.data if data is None else data
    tables = {
        role: read_table(source, workspace=job.workspace)
        for role, source in sources.items()
        if source is not None
    }
    columns = (partition,) if isinstance(partition, str) else tuple(partition)
    job = _of_alike_series(job, tables["data"], columns)
    plan = plan_of(tables["data"], job, columns, divide, at_once or n_cores())
    plan.at_once = min(plan.at_once, len(plan.parts))
    parts = {role: by_part(table, columns, f"{role} table") for role, table in tables.items()}
    get_ready()
    workspace = Workspace.open(job.workspace, job.tracking_uri, create=True)
    folder = folder_of(workspace, plan.name)
    with _claimed(workspace, plan.name):
        _keep(plan, tables, folder)
        deadline = None if job.deadline_s is None else started + job.deadline_s
        Runner(plan, folder, workspace, job, parts, deadline, listeners).run()
    return ManyModels(workspace, folder)


def _of_alike_series(job: Job, table: pd.DataFrame, columns: tuple[str, ...]) -> Job:
    """The job with columns that tell series apart in all parts, not in some of them alone."""
    needed = {job.target, job.time_column, *job.series, *columns}
    if job.task != "forecasting" or not needed <= {*table.columns}:
        return job
    with contextlib.suppress(TrialbookError):  # parts say what is wrong with them
        job = tell_apart(table, job, columns)
    return job.model_copy(update={"find_series": False})


def open_many(
    workspace: str | Path, name: str | None = None, *, tracking_uri: str | None = None
) -> ManyModels:
    """Find many models that were trained; see `trialbook.open_many`."""
    space = Workspace.open(workspace, tracking_uri)
    return ManyModels(space, latest(space, name))


def _keep(plan: Plan, tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write a plan and its tables in the place of earlier ones.

    Whenever that is interrupted, no plan lies beside tables that it was not made of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as drafts:
        for role, table in tables.items():
            draft = drafts.enter_context(whole_file(folder / TABLE.format(role=role)))
            table.to_parquet(draft, index=False)
        (folder / PLAN).unlink(missing_ok=True)
    for role in {*ROLES} - {*tables}:
        (folder / TABLE.format(role=role)).unlink(missing_ok=True)
    plan.write(folder)


@contextlib.contextmanager
def _claimed(workspace: Workspace, name: str) -> Iterator[None]:
    """Nobody else trains them meanwhile."""
    lock = workspace.lock(f"many {name}")
    try:
        yield
    finally:
        lock.release()


class ManyModels:
    """An experiment for each part of a table, and the best model of each.

    Parameters
    ----------
    workspace : Workspace
    folder : Path
        Where they are kept in it.
    """

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._workspace, self.folder = workspace, folder

    def __repr__(self) -> str:
        states = self.results["state"].value_counts().to_dict()
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        return f"<ManyModels {self.name}: {told}>"

    @property
    def _plan(self) -> Plan:
        return Plan.read(self.folder)

    @property
    def name(self) -> str:
        """What all of them are called together."""
        return self._plan.name

    @property
    def partition(self) -> tuple[str, ...]:
        """The columns that divide the table."""
        return self._plan.columns

    @property
    def results(self) -> pd.DataFrame:
        """What became of each part.

        Returns
        -------
        DataFrame
            ``partition``, ``experiment``, ``rows``, ``state`` (waiting, finished or failed),
            ``best`` (a trial), ``score`` and ``test_score`` where there is one, ``seconds``,
            ``version`` (in the registry, under the name of the experiment) and ``error``.
        """
        return pd.DataFrame([self._row(part) for part in self._plan.parts])

    def _row(self, part: Part) -> dict[str, Any]:
        best = None
        if part.state == "finished":
            with contextlib.suppress(TrialbookError):
                best = self.experiment(part.key).best
        return {
            "partition": part.key,
            "experiment": part.name,
            "rows": part.rows,
            "state": part.state,
            "best": None if best is None else best.label,
            "score": None if best is None else best.score,
            "test_score": None if best is None else best.metrics.get("test_score"),
            "seconds": part.seconds,
            "version": part.version,
            "error": part.error,
        }

    def experiment(self, partition: str) -> Experiment:
        """The experiment of a part.

        Parameters
        ----------
        partition : str
            Its values, with slashes between them, or the name of its experiment.

        Raises
        ------
        OptionError
            If there is no such part.
        WorkspaceError
            If it has no experiment yet.
        """
        name = self._plan.of(partition).name
        return Experiment(Tracker.latest(self._workspace, name))

    def forecast(
        self,
        horizon: int | None = None,
        *,
        future: Table | None = None,
        context: Table | None = None,
        quantiles: Sequence[float] | None = None,
        level: str | None = None,
    ) -> pd.DataFrame:
        """Forecast with the best model of every part.

        Parameters
        ----------
        horizon, future, context, quantiles, level
            As in `ForecastModel.forecast`; tables have rows of any parts.

        Returns
        -------
        DataFrame
            As there, after the columns of the partition. Parts without a model are left out;
            `results` names them. With a table of the future there are its parts alone.

        Raises
        ------
        NoModelError
            If no part that is asked for has a model.
        DataError
            If a table has rows of no part, or the context is nowhere newer than the models; a
            part that it tells nothing new of is forecast from its own end.
        OptionError, DataError
            As there; the message names the part.
        """
        plan = self._plan
        futures, contexts = self._divided(future, "future"), self._divided(context, "context")
        asked = [
            part
            for part in plan.parts
            if part.state == "finished" and (future is None or part.key in futures)
        ]
        if not asked:
            which = "" if future is None else " that the table of the future has rows of"
            raise NoModelError(
                f"no part of '{plan.name}'{which} has a model",
                place=str(self.folder),
                remedy="Resume it.",
            )
        made, is_newer = [], context is None
        for part in asked:
            try:
                ask = functools.partial(
                    self.experiment(part.key).forecast,
                    horizon,
                    future=futures.get(part.key),
                    quantiles=quantiles,
                    level=level,
                )
                told = _told_since(ask, contexts.get(part.key))
                is_newer = is_newer or told is not None
                made.append(self._with_key(ask() if told is None else told, part))
            except TrialbookError as error:
                cause = f"{part.key}: {error.cause}"
                raise type(error)(cause, place=error.place, remedy=error.remedy) from None
        if not is_newer:
            raise DataError(NOTHING_NEW.cause, place="option context", remedy=NOTHING_NEW.remedy)
        return pd.concat(made, ignore_index=True)

    def predict(self, data: Table) -> pd.Series[Any]:
        """Predict each row with the best model of its part.

        Parameters
        ----------
        data : table
            With the columns of the partition.

        Returns
        -------
        Series of shape (n_rows,)
            Missing where the part has no model.
        """
        plan = self._plan
        table = read_table(data, workspace=self._workspace.path)
        keys = keys_of(table, plan.columns, "data").to_numpy()
        told: pd.Series[Any] = pd.Series([None] * len(table), dtype=object)
        for part in plan.parts:
            mine = keys == part.key
            if part.state == "finished" and mine.any():
                told[mine] = self.experiment(part.key).predict(table[mine])
        return told.infer_objects()

    def resume(
        self,
        *,
        timeout: str | float | None = None,
        listeners: Sequence[PartListener] = (),
    ) -> ManyModels:
        """Train the parts that wait, and carry on with those that were stopped.

        Parameters
        ----------
        timeout : str or float, optional
            Time for all of them from now; that of the job by default.
        listeners : sequence of callable
            Told of each part that ended.

        Returns
        -------
        ManyModels
            These.
        """
        started = time.monotonic()
        with _claimed(self._workspace, self.name):
            self._run(self._plan, started, timeout, listeners)
        return self

    def retrain_failed(
        self,
        *,
        timeout: str | float | None = None,
        listeners: Sequence[PartListener] = (),
    ) -> ManyModels:
        """Train the parts anew that failed, and those that wait; parameters as of `resume`."""
        started = time.monotonic()
        with _claimed(self._workspace, self.name):
            plan = self._plan
            for part in plan.parts:
                if part.state == "failed":
                    part.state, part.error, part.begun = "waiting", None, False
            self._run(plan, started, timeout, listeners)
        return self

    def _run(
        self,
        plan: Plan,
        started: float,
        timeout: str | float | None,
        listeners: Sequence[PartListener],
    ) -> None:
        uri = None if self._workspace.own_database else self._workspace.uri
        # The workspace may have been moved since, or been named from another folder.
        place = {"workspace": str(self._workspace.path), "tracking_uri": uri}
        job = Job.from_fields({**plan.job, **place})
        limit = job.deadline_s if timeout is None else read_seconds(timeout)
        paths = {role: self.folder / TABLE.format(role=role) for role in ROLES}
        tables = {
            role: by_part(pd.read_parquet(path), plan.columns, f"{role} table")
            for role, path in paths.items()
            if path.exists()
        }
        deadline = None if limit is None else started + limit
        Runner(plan, self.folder, self._workspace, job, tables, deadline, listeners).run()

    def _divided(self, table: Table | None, role: str) -> dict[str, pd.DataFrame]:
        """A table by its parts; a `DataError` if it has rows of others."""
        if table is None:
            return {}
        plan, place = self._plan, f"option {role}"
        read = read_table(table, workspace=self._workspace.path)
        rows = by_part(read, plan.columns, place)
        known = {part.key for part in plan.parts}
        unknown = [key for key in rows if key not in known]
        if unknown:
            raise DataError(
                f"the table has rows of {listed(unknown)}, and '{plan.name}' has no such part",
                place=place,
                remedy=f"Correct their {listed(plan.columns)}, or leave them out.",
            )
        return rows

    def _with_key(self, told: pd.DataFrame, part: Part) -> pd.DataFrame:
        """Forecasts behind the columns of the partition, where these are not there already."""
        for position, (name, value) in enumerate(values_of(part.key, self.partition).items()):
            if name not in told:
                told.insert(position, name, value)
        return told


def _told_since(ask: Callable[..., pd.DataFrame], context: pd.DataFrame | None) -> Any:
    """A forecast that knows what came since training; None if nothing did."""
    if context is None:
        return None
    try:
        return ask(context=context)
    except DataError as error:
        if error.cause != NOTHING_NEW.cause:
            raise
        return None
