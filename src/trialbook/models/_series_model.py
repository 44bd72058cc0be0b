"""A forecaster as MLflow keeps it: asked with plain rows, and answering under their own names.

The class is pickled by value, so that a model loads where there is no trialbook; it uses nothing
but pandas, MLflow, `_series_problems`, `_timeseries`, and what puts rows together in training
(`bins_of`, `together`), which are pickled by value, too.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from trialbook.data import bins_of, together
from trialbook.models._series_problems import (
    KEYS,
    NOTHING_NEW,
    Problem,
    problem_of_horizon,
    problem_of_level,
    problem_of_levels,
    problem_of_nothing,
    problems_of,
    refuse,
)
from trialbook.models._timeseries import Timeseries


class SeriesModel(Timeseries, PythonModel):
    """A forecaster of series, with what is needed to ask it for their future.

    Parameters
    ----------
    forecaster : object
        A ``CalibratedForecaster`` of a program.
    spec : dict
        ``time``, ``ids``, ``target``, ``frequency``, ``horizon``, ``covariates``, ``static``,
        ``aggregate``; and, where there are any, ``codes`` (the categories of columns, in the order
        of their codes), ``time_form`` (how times are written) and ``past_only`` (columns of which
        the forecaster knows the past alone).
    ends : DataFrame
        The last row of each series, by its name: ``ds``, covariates, static columns and target.
    ids : DataFrame
        The id columns of each series, by its name.
    """

    def __init__(
        self, forecaster: Any, spec: dict[str, Any], ends: pd.DataFrame, ids: pd.DataFrame
    ) -> None:
        self.forecaster, self.spec, self.ends, self.ids = forecaster, spec, ends, ids

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Forecast rows of the future, or the next ones of all series if none are given.

        Parameters
        ----------
        context : object
            MLflow's; not used.
        model_input : DataFrame
            The column of times, the columns that tell series apart, and the covariates.
        params : dict, optional
            ``horizon``: rows to forecast where none are given. ``quantiles``: levels between 0
            and 1.

        Returns
        -------
        DataFrame
            Times and series under their own names, ``forecast``, and a column for each quantile.

        Raises
        ------
        ValueError
            If the rows do not follow the series, or lack a covariate; if the horizon or a quantile
            is none.
        """
        params = params or {}
        levels, horizon = params.get("quantiles"), params.get("horizon")
        horizon = self.spec["horizon"] if horizon is None else horizon
        refuse(problem_of_levels([] if levels is None else levels))
        levels = None if levels is None else [float(level) for level in levels]
        if model_input is not None and len(model_input):
            for problem in self.problems_of(model_input):
                refuse(problem)
            return self.answer(model_input, levels, **self._further(params))
        refuse(problem_of_nothing(self.spec["covariates"]))
        refuse(problem_of_horizon(horizon, self.spec["horizon"]))
        refuse(self.problem_of_reach(int(horizon)))
        return self.next(int(horizon), levels, **self._further(params))

    def _further(self, params: dict[str, Any]) -> dict[str, Any]:
        """What else a model is asked: of no level, for these series are no hierarchy."""
        if params.get("level") is not None:
            refuse(problem_of_level(params["level"], ()))
        return {}

    def is_leaf(self, level: str | None) -> bool:
        """Whether a level is that of the series themselves: no other is here."""
        return level is None

    def n_answered(self, asked: pd.DataFrame | int, level: str | None = None) -> int:
        """How many forecasts are given: of so many next rows, or of a table."""
        return len(self.ids) * asked if isinstance(asked, int) else len(asked)

    def next(self, horizon: int, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of the rows that follow the end of each series, as of `predict`."""
        rows = self.next_rows(horizon)
        return self._told(rows, self.ids.loc[rows["unique_id"]], levels)

    def answer(self, table: pd.DataFrame, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of rows that have no problem, as of `predict`."""
        return self._told(self.rows_of(table), table[self.spec["ids"]], levels)

    def _told(
        self, rows: pd.DataFrame, ids: pd.DataFrame, levels: list[float] | None
    ) -> pd.DataFrame:
        answer = ids.reset_index(drop=True)
        answer.insert(0, self.spec["time"], rows["ds"].to_numpy())
        return pd.concat([answer, self.forecast(rows, levels)], axis=1)

    # -- rows ------------------------------------------------------------------------------------

    def next_rows(self, horizon: int) -> pd.DataFrame:
        """The rows that follow the end of each series, with covariates as they were last."""
        grid = self._grid(pd.Series(horizon, index=self.ends.index))
        return self._filled(grid, grid, [])

    def rows_of(self, table: pd.DataFrame, *, target: bool = False) -> pd.DataFrame:
        """Rows under the names of the program, in the order of the table."""
        names = [*self.spec["covariates"], *(self.observed_names() if target else [])]
        if target:  # which tell of series that are new; those of the others are known
            names += [name for name in self.spec["static"] if name in table]
        rows = table[names].reset_index(drop=True)
        rows.insert(0, "unique_id", self.names_of(table).to_numpy())
        form = self.spec.get("time_form")
        rows.insert(1, "ds", times_of(table[self.spec["time"]], form).to_numpy())
        for name, levels in self.spec.get("codes", {}).items():
            if name in rows:
                places = {level: float(place) for place, level in enumerate(levels)}
                rows[name] = _text(rows[name]).map(places).fillna(-1.0).astype(float)
        return rows

    def observed_names(self) -> list[str]:
        """Columns of which an observed row tells beside the covariates; the target is the last."""
        return [*self.spec.get("past_only", ()), self.spec["target"]]

    def names_of(self, table: pd.DataFrame) -> pd.Series:
        """The name of the series of each row."""
        if not self.spec["ids"]:
            return pd.Series("all", index=table.index, dtype=object)
        parts = [_text(table[name]) for name in self.spec["ids"]]
        if len(parts) > 1:  # a slash of a part does not end it
            parts = [part.str.replace(r"([\\/])", r"\\\1", regex=True) for part in parts]
        name = parts[0]
        for part in parts[1:]:
            name = name + "/" + part
        return name

    def problem_of_reach(self, horizon: int) -> Problem | None:
        """Why rows so many steps ahead have no times."""
        if self.later(self.ends["ds"].max(), horizon) < pd.Timestamp.max:
            return None
        cause = f"{horizon:,} rows reach beyond the year 2262, where the times of pandas end"
        return Problem(cause, "Ask for fewer.")

    def problems_of(
        self, table: pd.DataFrame, *, future: bool = True, new: bool = False
    ) -> list[Problem]:
        """Why rows of the future cannot be forecast, or else rows of the past observed.

        Rows of the past may be of series that are ``new``, if the forecaster takes such.
        """
        return problems_of(self, table, future=future, new=new and self.takes_new_series)

    # -- series that are new ---------------------------------------------------------------------

    @property
    def takes_new_series(self) -> bool:
        """Whether it forecasts series that it was not trained on, from rows of their past."""
        return bool(self.spec["ids"])

    def knowing(self, table: pd.DataFrame) -> SeriesModel:
        """The model with series that are new in observed rows; they end before their first."""
        names = self.names_of(table).to_numpy()
        new = ~pd.Index(names).isin(self.ends.index)
        if not new.any() or not self.takes_new_series:
            return self
        found, theirs = copy.copy(self), table[new]
        rows = self.rows_of(theirs, target=True)
        rows = self.in_steps(rows[rows[self.spec["target"]].notna()])
        rows = rows.sort_values(KEYS, kind="stable")
        ends = rows.groupby("unique_id")[list(self.ends.columns)].first()
        ends["ds"] = [self._before(time) for time in ends["ds"]]
        types = self.ends.dtypes.to_dict()
        found.ends = pd.concat([self.ends, ends.astype(types)]).sort_index()
        ids = theirs[self.spec["ids"]].set_axis(pd.Index(names[new], name=self.ids.index.name))
        for name, kind in self.ids.dtypes.items():  # a file of text may hold 3.0 in place of 3
            ids[name] = ids[name].astype(kind, errors="ignore")
        found.ids = pd.concat([self.ids, ids[~ids.index.duplicated()]]).sort_index()
        return found

    def _before(self, time: pd.Timestamp) -> pd.Timestamp:
        """The step before a time."""
        return pd.date_range(end=time, periods=2, freq=self.spec["frequency"])[0]

    # -- forecasts -------------------------------------------------------------------------------

    def forecast(self, rows: pd.DataFrame, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of rows after the ends of their series, in their order.

        Steps between an end and a row that are not asked for are forecast too, with the
        covariates of the row before.
        """
        steps = self.steps_of(rows)
        names = pd.Index(np.unique(rows["unique_id"].to_numpy()), name="unique_id")
        most = int(steps.max())
        filled = self._filled(
            self._grid(pd.Series(most, index=names)), rows, self.spec["covariates"]
        )
        told = self.forecaster.predict(filled, levels or None)
        if levels is not None and not levels:
            told = told[["forecast"]]
        places = names.get_indexer(rows["unique_id"]) * most + steps - 1
        return told.iloc[places].reset_index(drop=True)

    def observed_of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows that were observed since the ends of their series, one for each step.

        Returns
        -------
        DataFrame
            As programs read rows, with the target, and ``given``: whether it was in the table.
            What was not is as in the row before, as in training. Rows after the last target of
            their series were not observed.
        """
        rows = self.rows_of(table, target=True)
        rows = self.in_steps(rows[rows["ds"] > rows["unique_id"].map(self.ends["ds"])])
        rows = self._once(rows[self.steps_of(rows) > 0])
        steps = pd.Series(self.steps_of(rows), dtype=int)
        last = self._until(steps.groupby(rows["unique_id"].to_numpy()).max())
        target = self.spec["target"]
        given = [*self.spec["covariates"], *self.observed_names()]
        filled = self._filled(self._grid(last), rows, given)
        there = rows.loc[rows[target].notna(), KEYS].assign(given=True)
        found = filled[KEYS].merge(there, how="left", on=KEYS)["given"].notna()
        return filled.assign(given=found.to_numpy())

    def in_steps(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows that were observed at the times of their steps, if training put rows together."""
        if not self.spec["aggregate"] or rows.empty:
            return rows
        offset = pd.tseries.frequencies.to_offset(self.spec["frequency"])
        times = bins_of(rows["ds"].to_numpy(), offset, self.ends["ds"].iloc[0])
        return rows.assign(ds=times)

    def _once(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each time once in a series, up to its last target, as in training."""
        target = self.spec["target"]
        if rows.duplicated(KEYS).any():
            codes = [name for name in self.spec.get("codes", {}) if name in rows]
            # Codes are categories, of which there are no means; what is none does not count.
            texts = {name: rows[name].where(rows[name] >= 0).astype(object) for name in codes}
            how = self.spec["aggregate"] or "mean"
            rows = together(rows.assign(**texts), target, how)
            rows = rows.assign(**{name: rows[name].astype(float).fillna(-1.0) for name in codes})
        last = rows[rows[target].notna()].groupby("unique_id")["ds"].max()
        return rows[rows["ds"] <= rows["unique_id"].map(last)]

    def observe(self, observed: pd.DataFrame) -> SeriesModel:
        """The model that also knows rows of `observed_of`; this one stays as it is."""
        if not len(observed):
            return self
        found = copy.deepcopy(self)
        y = observed[self.spec["target"]].to_numpy(dtype=float)
        found.forecaster.update(observed.drop(columns=[self.spec["target"], "given"]), y)
        last = observed.groupby("unique_id", sort=False).tail(1).set_index("unique_id")
        rest = self.ends.drop(index=last.index)
        found.ends = pd.concat([rest, last[list(self.ends.columns)]]).loc[self.ends.index]
        return found

    def aware_of(self, table: pd.DataFrame) -> SeriesModel:
        """The model that also knows rows that were observed since; a `ValueError` if it cannot."""
        for problem in self.problems_of(table, future=False, new=True):
            refuse(problem)
        known = self.knowing(table)
        observed = known.observed_of(table)
        if not len(observed):
            raise ValueError(f"{NOTHING_NEW[0]}. {NOTHING_NEW[1]}")
        return known.observe(observed)

    def _until(self, last: pd.Series) -> pd.Series:
        """How many steps each series is observed, from those that were given of it."""
        return last

    # -- steps -----------------------------------------------------------------------------------

    def later(self, end: Any, count: int) -> Any:
        """The time of so many steps after an end, or the last that there is."""
        try:
            return _after(np.datetime64(end), count, self.spec["frequency"])[-1]
        except (pd.errors.OutOfBoundsDatetime, OverflowError):
            return pd.Timestamp.max

    def steps_of(self, rows: pd.DataFrame) -> np.ndarray:
        """How many steps each row is after the end of its series; 0 for what is no such step."""
        steps = np.zeros(len(rows), dtype=int)
        ends, times = rows["unique_id"].map(self.ends["ds"]).to_numpy(), rows["ds"].to_numpy()
        left = np.arange(len(rows))
        while len(left):  # once for all series that keep to the same steps
            latest = max(times[left].max(), ends[left].max())
            grid = pd.date_range(ends[left].min(), latest, freq=self.spec["frequency"]).to_numpy()
            same = np.isin(ends[left], grid)
            if not same.any():  # an end between the steps: they begin after it
                same = ends[left] == ends[left].min()
                grid = np.insert(grid, 0, ends[left].min())
            mine, left = left[same], left[~same]
            place = np.minimum(np.searchsorted(grid, times[mine]), len(grid) - 1)
            count = place - np.searchsorted(grid, ends[mine])
            steps[mine] = np.where(grid[place] == times[mine], np.maximum(count, 0), 0)
        return steps

    def _grid(self, steps: pd.Series) -> pd.DataFrame:
        """So many steps after the end of each series, which stands in the index."""
        ends = self.ends["ds"].loc[steps.index].to_numpy()
        most = int(steps.max()) if len(steps) else 0
        found, which = np.unique(ends, return_inverse=True)
        after = [_after(end, most, self.spec["frequency"]) for end in found]
        count = steps.to_numpy()
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        times = np.array(after, "datetime64[ns]").reshape(len(found), most)
        times = times[np.repeat(which, count), step]
        return pd.DataFrame({"unique_id": np.repeat(steps.index.to_numpy(), count), "ds": times})

    def _filled(self, grid: pd.DataFrame, rows: pd.DataFrame, given: list[str]) -> pd.DataFrame:
        """Steps with the columns of their rows, or of the last row before."""
        filled = grid.merge(rows[[*KEYS, *given]], how="left", on=KEYS)
        names = [*self.spec["covariates"], *self.spec["static"]]
        for name in dict.fromkeys([*names, *given]):
            last = filled["unique_id"].map(self.ends[name])
            if name in given:
                column = filled.groupby("unique_id", sort=False)[name].ffill()
                last = column.where(column.notna(), last)
            filled[name] = last.astype(self.ends[name].dtype)
        return filled


def times_of(column: pd.Series, form: str | None = None) -> pd.Series:
    """Cells as times without a zone; what is none is missing.

    They may be times, or written as in training: in a format of strptime, or as quarters (2001Q3)
    or weeks (2001-W05).
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        form = None
    if form is not None:
        column = _text(column).str.strip().replace("", np.nan)
    if form in ("quarter", "week"):
        times = pd.to_datetime(column.map(_begin, na_action="ignore"), errors="coerce", utc=True)
    else:
        times = pd.to_datetime(column, format=form, errors="coerce", utc=True)
    if form is not None:  # or as times are written elsewhere
        iso = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True)
        times = times.fillna(iso)
    return times.dt.tz_localize(None).astype("datetime64[ns]")


def _begin(text: str) -> pd.Timestamp | None:
    """The first day of a quarter or a week."""
    parts = re.findall(r"\d+", text)
    if len(parts) != 2:
        return None
    year, number = sorted(parts, key=len, reverse=True)
    try:
        if "Q" in text.upper():
            return pd.Timestamp(int(year), 3 * int(number) - 2, 1)
        return pd.Timestamp.fromisocalendar(int(year), int(number), 1)
    except (ValueError, OverflowError):  # there is no such one
        return None


def _after(end: Any, count: int, frequency: str) -> np.ndarray:
    """So many steps after an end."""
    times = pd.date_range(end, periods=count + 1, freq=frequency).to_numpy()
    return np.asarray(times[times > end][:count])


def _text(column: pd.Series) -> pd.Series:
    """Cells as people write them: a number without the zero that a missing cell brings."""
    known = column.dropna() if pd.api.types.is_float_dtype(column) else None
    # Beyond 2**53 a float is no count of anything.
    if known is not None and np.all((known % 1 == 0) & (known.abs() < 2**53)):
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), "").astype(str)
