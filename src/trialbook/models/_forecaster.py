"""A model that forecasts series, and what it is asked for the future."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from trialbook.data import (
    RANGE_COLUMN,
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    Schema,
    SeriesSpec,
    row_scales,
    series_scales,
    write_times,
)
from trialbook.errors import DataError, OptionError
from trialbook.models._fitted import NoFittedValuesError, fitted_rows, history
from trialbook.models._forecaster_package import (
    PICKLE,
    SCALES_FILE,
    example_rows,
    load_forecaster,
    series_of,
)
from trialbook.models._schema_file import schema_at
from trialbook.models._series_problems import (
    NOTHING_NEW,
    Problem,
    problem_of_horizon,
    problem_of_level,
    problem_of_levels,
    problem_of_nothing,
)
from trialbook.tables import read_table
from trialbook.tables.plain import Storage

if TYPE_CHECKING:
    from trialbook.tables import Source as Table

# Why a forecaster is no graph, as a clause.
NO_ONNX = (
    "it keeps the past of every series and feeds its forecasts back, which a graph that takes rows"
    " one by one cannot"
)


@dataclass(frozen=True)
class ForecastModel:
    """A forecaster, found by whatever name, that answers for the future of its series.

    Parameters
    ----------
    name : str
        What people call it: ``theta-2``, or its name in the registry.
    folder : Path
        Its folder as an MLflow model.
    schema : Schema
        The columns of its table, and what makes the rows series.
    version : int, optional
        Of its name in the registry.
    run_id : str, optional
        MLflow's id of the run that made it.
    workspace : Path, optional
        Where names of tables are looked up.
    """

    name: str
    folder: Path
    schema: Schema
    version: int | None = None
    run_id: str | None = None
    workspace: Path | None = None

    @property
    def label(self) -> str:
        """Its name with its version: ``sales@3``."""
        return self.name if self.version is None else f"{self.name}@{self.version}"

    @property
    def pickle(self) -> Path:
        """The file that the forecaster is kept in."""
        return self.folder / PICKLE

    @functools.cached_property
    def model(self) -> Any:
        """The forecaster itself, read when it is first asked for."""
        return load_forecaster(self.folder)

    def forecast(
        self,
        horizon: int | None = None,
        *,
        future: Table | None = None,
        context: Table | None = None,
        quantiles: Sequence[float] | None = None,
        level: str | None = None,
    ) -> pd.DataFrame:
        """Forecast the next rows of every series, or the rows of a table.

        Parameters
        ----------
        horizon : int, optional
            Rows of each series; what it was trained for by default. It may be 100 times that, or
            1,000. Regressors on lags feed each forecast back, and models by step and networks
            those beyond what they were trained for; statistical models and Prophet need not.
        future : table, optional
            Rows to forecast in place of the next ones, with what is known of them, as far after
            the end of their series as a horizon may be. Steps before them may only be missing
            between rows of a series.
        context : table, optional
            Rows that were observed since training, with the target; earlier ones are passed over.
            A step without a row is as the row before, as in training. Series that are new are
            forecast, too, from four rows on, with all their columns; not in a hierarchy.
        quantiles : sequence of float, optional
            Levels between 0 and 1; deciles by default.
        level : str, optional
            Of a hierarchy: the level to forecast, or ``all``; the leaves by default. Rows of the
            future and the context are always those of leaves.

        Returns
        -------
        DataFrame of shape (n_rows, n_ids + 2 + n_quantiles)
            Times, series, ``forecast``, and a column for each quantile. With a `level`, it is
            named after the times.

        Raises
        ------
        DataError
            If the rows do not follow the series, or lack a covariate.
        OptionError
            If the horizon, a quantile or the level is none, or both a horizon and rows are given.
        """
        levels = read_levels(quantiles)
        steps = self._horizon(horizon, future)
        of_level = self._level(level)
        model = self.model if context is None else self.aware_of(context, new=True)[0]
        if future is None:
            problem = problem_of_nothing(self.series.covariates)
            if problem is not None:
                raise DataError(problem.cause, place="option future", remedy=problem.remedy)
            problem = model.problem_of_reach(steps)
            if problem is not None:
                raise OptionError(problem.cause, place="option horizon", remedy=problem.remedy)
            return pd.DataFrame(model.next(steps, levels, **of_level))
        table = self._table(future, model, "future")
        return pd.DataFrame(model.answer(table, levels, **of_level))

    def rolling(
        self, rows: Table, step: int = 1, *, quantiles: Sequence[float] | None = None
    ) -> pd.DataFrame:
        """Forecast as time goes on: the horizon, then again with some more rows known.

        Parameters
        ----------
        rows : table
            Rows that follow those of training, with the target and the covariates.
        step : int
            Rows of each series from one origin to the next.
        quantiles : sequence of float, optional
            As in `forecast`.

        Returns
        -------
        DataFrame
            ``origin`` (the last time that was known), times, series, ``actual``, ``forecast``,
            and a column for each quantile; a row for each origin and row of the table.

        Raises
        ------
        DataError
            If no row follows the end of a series, or as in `forecast`.
        OptionError
            If the step is less than 1, or a quantile is none.
        """
        levels = read_levels(quantiles)
        if isinstance(step, bool) or step < 1:
            raise OptionError(f"a step of {step} rows goes nowhere", place="option step")
        _, observed = self.aware_of(rows)
        place = observed.groupby(SERIES_COLUMN, sort=False).cumcount().to_numpy()
        model, parts = self.model, []
        for known in range(0, int(place.max()) + 1, step):
            within = (place >= known) & (place < known + self.series.horizon)
            asked = observed[within & observed["given"].to_numpy()].reset_index(drop=True)
            if len(asked):
                parts.append(self._origin(model, asked, levels))
            model = model.observe(observed[(place >= known) & (place < known + step)])
        return pd.concat(parts, ignore_index=True)

    def fitted(self) -> pd.DataFrame:
        """What the model says of its training rows, each from the rows before it: one step ahead.

        Returns
        -------
        DataFrame
            Times, series, ``actual`` and ``fitted``, which is missing where a model had too few
            rows before. Rows that a model did not look at, long ago, are not there.

        Raises
        ------
        OptionError
            If the model, or a member of a vote, knows no such values: networks, and all models of
            a hierarchy.

        Notes
        -----
        They are closer than forecasts, for the model was fitted to these very rows. Of Prophet,
        and of what STL or MSTL took apart, they know what came later, too.
        """
        try:
            rows = fitted_rows(self.model.forecaster.forecaster)
        except NoFittedValuesError as error:
            raise OptionError(
                f"{error} tells nothing of the rows that it was fitted to",
                place=f"model {self.label}",
                remedy="Ask another trial of the leaderboard, or for its forecasts of new rows:"
                " rolling.",
            ) from error
        return self.named(rows).rename(columns={"y": "actual"})

    def row_scales(self, series: pd.Series[str]) -> np.ndarray:
        """What the metrics of forecasts are told of each row beside its target.

        Parameters
        ----------
        series : Series of str
            The name of the series of each row; of a hierarchy that of any node.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            In the unit of the leaderboard; see `trialbook.data.row_scales`.
        """
        known = self._scales
        scale = series.map(known[SCALE_COLUMN])
        rows = pd.DataFrame({SERIES_COLUMN: series, SCALE_COLUMN: scale})
        return row_scales(rows, known[RANGE_COLUMN])

    @functools.cached_property
    def _scales(self) -> pd.DataFrame:
        """Scale and range of each series in training."""
        path = self.folder / SCALES_FILE
        if path.is_file():
            return pd.read_parquet(path)
        # Models that were stored earlier have but the rows that their forecaster keeps.
        known = history(self.model.forecaster.forecaster)
        return series_scales(known, "y", self.series.season)

    def asked(self, future: Table) -> pd.DataFrame:
        """The rows of a table as programs read them, with every step from the ends of training.

        Parameters
        ----------
        future : table
            As in `forecast`.

        Returns
        -------
        DataFrame
            By series and time; a step that is not in the table is as the row before. The index is
            the position of a row in the table, and below 0 for what is not in it.
        """
        model, keys = self.model, [SERIES_COLUMN, TIME_COLUMN]
        rows = model.rows_of(self._table(future, model, "future"))
        names = pd.Index(np.unique(rows[SERIES_COLUMN].to_numpy()), name=SERIES_COLUMN)
        last = pd.Series(model.steps_of(rows)).groupby(rows[SERIES_COLUMN].to_numpy()).max()
        grid = model._grid(model._until(last.loc[names]))
        every = self.of_all_nodes(model._filled(grid, rows, self.series.covariates))
        given = pd.MultiIndex.from_frame(rows[keys])
        place = given.get_indexer(pd.MultiIndex.from_frame(every[keys]))
        place[place < 0] = -np.arange(1, (place < 0).sum() + 1)
        return every.set_axis(place)

    def of_all_nodes(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of leaves with those of the nodes above them, if the series are a hierarchy.

        Parameters
        ----------
        rows : DataFrame
            As programs read them, of all leaves.

        Returns
        -------
        DataFrame
        """
        return pd.DataFrame(self.model._summed(rows, []) if self.series.hierarchy else rows)

    def observed(self, rows: Table) -> pd.DataFrame:
        """Rows that came since training as programs read them, one for each step.

        Parameters
        ----------
        rows : table
            As in `rolling`.

        Returns
        -------
        DataFrame
            With the target, and ``given``: whether a step was in the table, or is as the one
            before.
        """
        return self.aware_of(rows)[1]

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of programs under their own names: times, series, and what else they have.

        Parameters
        ----------
        rows : DataFrame
            With ``unique_id`` and ``ds``.

        Returns
        -------
        DataFrame
        """
        ids = self.model.ids.loc[rows[SERIES_COLUMN]].reset_index(drop=True)
        ids.insert(0, self.series.time, rows[TIME_COLUMN].to_numpy())
        rest = rows.drop(columns=[SERIES_COLUMN, TIME_COLUMN]).reset_index(drop=True)
        return pd.concat([ids, rest], axis=1)

    def _origin(self, model: Any, asked: pd.DataFrame, levels: list[float] | None) -> pd.DataFrame:
        names = asked[SERIES_COLUMN]
        ids = model.ids.loc[names].reset_index(drop=True)
        ids.insert(0, "origin", names.map(model.ends[TIME_COLUMN]))
        ids.insert(1, self.series.time, asked[TIME_COLUMN])
        told = model.forecast(asked, levels)
        return pd.concat([ids, asked[self.schema.target].rename("actual"), told], axis=1)

    @property
    def future_schema(self) -> Schema:
        """The columns of rows to forecast: time, series and covariates, in this order."""
        spec = self.series
        columns = {one.name: one for one in self.schema.columns}
        time = columns[spec.time]
        if time.storage == Storage.NUMBER:  # years, which may also come as dates
            columns[spec.time] = replace(time, storage=Storage.STRING.value)
        names = (spec.time, *spec.ids, *spec.covariates)
        return replace(self.schema, columns=tuple(columns[name] for name in names))

    @property
    def context_schema(self) -> Schema:
        """The columns of rows that were observed; the target is not among them."""
        known = {one.name: one for one in self.schema.used}
        past = tuple(known[name] for name in self.series.past_only if name in known)
        future = self.future_schema
        return replace(future, columns=(*future.columns, *past))

    def example(self) -> pd.DataFrame:
        """Rows that may be asked for, with times written as in training."""
        rows = example_rows(self.model, self.series)
        time = self.series.time
        return rows.assign(**{time: write_times(rows[time], self.series.time_form)})

    @property
    def series(self) -> SeriesSpec:
        """What makes its rows series."""
        return series_of(self.schema)

    def _horizon(self, horizon: int | None, future: Table | None) -> int:
        if horizon is None:
            return self.series.horizon
        if future is not None:
            raise OptionError(
                "rows of the future say themselves how far they reach",
                place="option horizon",
                remedy="Drop the horizon or the rows.",
            )
        problem = problem_of_horizon(horizon, self.series.horizon)
        if problem is not None:
            raise OptionError(problem.cause, place="option horizon", remedy=problem.remedy)
        return int(horizon)

    def _level(self, level: str | None) -> dict[str, str]:
        """What a model is told of the level that is asked for."""
        if level is None:
            return {}
        problem = problem_of_level(level, self.series.hierarchy)
        if problem is not None:
            raise OptionError(problem.cause, place="option level", remedy=problem.remedy)
        return {"level": level}

    def aware_of(self, context: Table, *, new: bool = False) -> tuple[Any, pd.DataFrame]:
        """The forecaster that also knows rows that were observed since training.

        Parameters
        ----------
        context : table
            As in `forecast`.
        new : bool
            Whether there may be rows of series that it was not trained on.

        Returns
        -------
        SeriesModel
        DataFrame
            The rows that are new to it.

        Raises
        ------
        DataError
            As in `forecast`.
        """
        model, observed = observing(
            self.model, self._table(context, self.model, "context", new=new)
        )
        if observed.empty:
            raise DataError(NOTHING_NEW.cause, place="option context", remedy=NOTHING_NEW.remedy)
        return model, observed

    def _table(
        self, table: Table, model: Any, role: Literal["future", "context"], *, new: bool = False
    ) -> pd.DataFrame:
        """A table as the model takes it, or why it is not fit."""
        schema = self.future_schema if role == "future" else self.context_schema
        read = read_table(table, text=schema.text, workspace=self.workspace)
        if new:
            schema = self._with_static(schema, read)
        found = schema.conform(read, require_target=role == "context")
        problems = (
            model.problems_of(found)
            if role == "future"
            else problems_of_context(model, found, new=new)
        )
        for problem in problems:
            row = "" if problem.row is None else f", row {problem.row + 1:,}"
            raise DataError(problem.cause, place=f"option {role}{row}", remedy=problem.remedy)
        return found

    def _with_static(self, schema: Schema, table: pd.DataFrame) -> Schema:
        """A schema with those static columns that a table has: series that are new bring them."""
        static = {*self.series.static} & {*table.columns}
        more = tuple(one for one in self.schema.used if one.name in static)
        return replace(schema, columns=(*schema.columns, *more))

    def forecast_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Forecasts of rows under the names of programs, behind their series and times."""
        keys = rows[[SERIES_COLUMN, TIME_COLUMN]].reset_index(drop=True)
        asked = rows[[SERIES_COLUMN, TIME_COLUMN, *self.series.covariates]]
        return pd.concat([keys, self.model.forecast(asked.reset_index(drop=True))], axis=1)


def problems_of_context(model: Any, table: pd.DataFrame, *, new: bool = True) -> list[Problem]:
    """Why rows cannot be observed.

    Parameters
    ----------
    model : SeriesModel
    table : DataFrame
        Rows since training, as a schema conforms them.
    new : bool
        Whether they may be of series that the model was not trained on. Models that were stored
        before there were such have no say in it.
    """
    more = {"new": True} if new and hasattr(model, "knowing") else {}
    return list(model.problems_of(table, future=False, **more))


def observing(model: Any, table: pd.DataFrame) -> tuple[Any, pd.DataFrame]:
    """A model that also knows rows without a problem.

    Parameters
    ----------
    model : SeriesModel
    table : DataFrame
        As of `problems_of_context`.

    Returns
    -------
    SeriesModel
    DataFrame
        The rows that are new to it, one for each step; the model is as before if there are none.
    """
    known = model.knowing(table) if hasattr(model, "knowing") else model
    observed = known.observed_of(table)
    return known.observe(observed), observed


def read_levels(quantiles: Sequence[float] | None) -> list[float] | None:
    """Levels of quantiles, or why they are none.

    Parameters
    ----------
    quantiles : sequence of float, optional
        Or of texts, or one alone.

    Returns
    -------
    list of float or None

    Raises
    ------
    OptionError
        If one is not between 0 and 1, or is there twice.
    """
    if quantiles is None:
        return None
    given = [quantiles] if isinstance(quantiles, (int, float, str)) else list(quantiles)
    problem = problem_of_levels(given)
    if problem is not None:
        raise OptionError(problem.cause, place="option quantiles", remedy=problem.remedy)
    return [float(one) for one in given]


def forecaster_at(folder: Path, **known: Any) -> ForecastModel:
    """The forecaster of a folder, with its own schema.

    Parameters
    ----------
    folder : Path
        An MLflow model that a trial wrote.
    **known
        Fields of `ForecastModel`; the name is the folder's unless it is given.

    Returns
    -------
    ForecastModel

    Raises
    ------
    NoModelError
        If it is none of Trialbook's, or its schema is damaged.
    """
    return ForecastModel(**{"name": folder.name, **known}, folder=folder, schema=schema_at(folder))
