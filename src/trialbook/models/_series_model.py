"""A forecaster as MLflow keeps it: asked with plain rows, and answering under their own names.

The class is pickled by value, so that a model loads where there is no trialbook; it uses nothing
but pandas, MLflow and `_timeseries`, which is pickled by value, too.
"""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from trialbook.models._timeseries import Timeseries

KEYS = ["unique_id", "ds"]
# Forecasts are fed back beyond the trained horizon, but a time a hundred horizons away, or a
# thousand rows where horizons are short, is a slip rather than a question.
MOST_HORIZONS, MOST_ROWS = 100, 1000


class Problem(NamedTuple):
    """Why rows cannot be forecast.

    Parameters
    ----------
    cause : str
        What is wrong, as a clause without a full stop.
    remedy : str
        What to do, as a sentence.
    row : int, optional
        Position of the row, from 0.
    """

    cause: str
    remedy: str
    row: int | None = None


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
            If the rows do not follow the series, or lack a covariate.
        """
        params = params or {}
        levels = params.get("quantiles")
        levels = None if levels is None else [float(level) for level in levels]
        if model_input is None or not len(model_input):
            return self.next(int(params.get("horizon") or self.spec["horizon"]), levels)
        return self.answer(model_input, levels)

    def next(self, horizon: int, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of the rows that follow the end of each series, as of `predict`."""
        rows = self.next_rows(horizon)
        return self._told(rows, self.ids.loc[rows["unique_id"]], levels)

    def answer(self, table: pd.DataFrame, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of the rows of a table, as of `predict`."""
        self.require_fit(table)
        return self._told(self.rows_of(table), table[self.spec["ids"]], levels)

    def require_fit(self, table: pd.DataFrame) -> None:
        """Raise a `ValueError` if the rows of a table cannot be forecast."""
        problem = self.problem_of(table)
        if problem is not None:
            where = "" if problem.row is None else f" (row {problem.row + 1:,})"
            raise ValueError(f"{problem.cause}{where}. {problem.remedy}")

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
        names = [*self.spec["covariates"], *(self._observed() if target else [])]
        rows = table[names].reset_index(drop=True)
        rows.insert(0, "unique_id", self.names_of(table).to_numpy())
        form = self.spec.get("time_form")
        rows.insert(1, "ds", times_of(table[self.spec["time"]], form).to_numpy())
        for name, levels in self.spec.get("codes", {}).items():
            if name in rows:
                places = {level: float(place) for place, level in enumerate(levels)}
                rows[name] = _text(rows[name]).map(places).fillna(-1.0).astype(float)
        return rows

    def _observed(self) -> list[str]:
        """Columns of which an observed row tells beside the covariates; the target is the last."""
        return [*self.spec.get("past_only", ()), self.spec["target"]]

    def names_of(self, table: pd.DataFrame) -> pd.Series:
        """The name of the series of each row."""
        if not self.spec["ids"]:
            return pd.Series("all", index=table.index, dtype=object)
        parts = [_text(table[name]) for name in self.spec["ids"]]
        name = parts[0]
        for part in parts[1:]:
            name = name + "/" + part
        return name

    def problem_of(self, table: pd.DataFrame, *, future: bool = True) -> Problem | None:
        """Why rows cannot be forecast, or else observed; None if they can.

        Parameters
        ----------
        table : DataFrame
            Rows under their own names.
        future : bool
            Whether they are to be forecast; else they were observed since the series' ends.
        """
        spec = self.spec
        needed = [spec["time"], *spec["ids"], *spec["covariates"]]
        needed += [] if future else self._observed()
        lacking = [name for name in needed if name not in table]
        if lacking:
            there = ", ".join(f"'{name}'" for name in lacking)
            return Problem(f"the table lacks {there}", f"Give the columns {', '.join(needed)}.")
        numbers = spec["covariates"] if future else [*spec["covariates"], *self._observed()]
        for name in numbers:
            if name not in spec.get("codes", {}) and not pd.api.types.is_numeric_dtype(
                table[name]
            ):
                return Problem(f"the column '{name}' holds no numbers", "Give numbers.")
        rows = self.rows_of(table, target=not future)
        missing = _first(rows["ds"].isna())
        if missing is not None:
            return Problem(
                f"'{spec['time']}' is missing, or no time", "Write it like 2024-12-31.", missing
            )
        unknown = _first(~rows["unique_id"].isin(self.ends.index))
        if unknown is not None:
            return Problem(
                f"the series '{rows['unique_id'].iloc[unknown]}' was not trained on",
                "Train anew with its rows, or leave them out.",
                unknown,
            )
        return self._problem_of_times(rows, future=future)

    def _problem_of_times(self, rows: pd.DataFrame, *, future: bool) -> Problem | None:
        """As `problem_of`, of rows of known series at known times."""
        most = max(MOST_ROWS, MOST_HORIZONS * self.spec["horizon"])
        ends = self._ends_of(rows)
        far = _first(rows["ds"] > _later(ends.max(), most, self.spec["frequency"]))
        if far is not None:
            return Problem(
                f"{rows['ds'].iloc[far]} is more than {most:,} rows after the end of its series,"
                f" {ends.iloc[far]}",
                f"Check the time; the model was trained for {self.spec['horizon']:,} rows.",
                far,
            )
        late = (rows["ds"] > ends).to_numpy()
        steps = self._steps(rows)
        off = _first(late & (steps < 1))
        if off is not None:
            return Problem(
                f"{rows['ds'].iloc[off]} is between the steps of {self.spec['frequency']} from"
                f" the end of its series, {ends.iloc[off]}",
                "Give times that keep to the frequency of the series.",
                off,
            )
        if not future:
            return None
        early = _first(~late)
        if early is not None:
            return Problem(
                f"{rows['ds'].iloc[early]} is not after the end of its series, {ends.iloc[early]}",
                "Give rows of the future.",
                early,
            )
        return self._problem_of_future(rows, steps)

    def _problem_of_future(self, rows: pd.DataFrame, steps: np.ndarray) -> Problem | None:
        """As `problem_of`, of rows after the ends of their series."""
        twice = _first(rows.duplicated(KEYS))
        if twice is not None:
            name, time = rows[KEYS].iloc[twice]
            return Problem(
                f"the series '{name}' has two rows at {time}", "Give each time once.", twice
            )
        first = pd.Series(steps).groupby(rows["unique_id"]).transform("min").to_numpy()
        gap = _first((first > 1) & (steps == first))
        if gap is not None:
            name, time = rows[KEYS].iloc[gap]
            return Problem(
                f"the series '{name}' ends at {self.ends['ds'][name]}, and nothing tells of the"
                f" {first[gap] - 1:,} rows from there to {time}",
                "Give the rows between as context, or ask for them, too.",
                gap,
            )
        for name in self.spec["covariates"]:
            cell = _first(~np.isfinite(rows[name].to_numpy(dtype=float, na_value=np.nan)))
            if cell is not None:
                return Problem(
                    f"'{name}' is missing, and the forecast depends on it",
                    "Fill the cell with what is known or planned.",
                    cell,
                )
        return None

    # -- forecasts -------------------------------------------------------------------------------

    def forecast(self, rows: pd.DataFrame, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of rows after the ends of their series, in their order.

        Steps between an end and a row that are not asked for are forecast too, with the
        covariates of the row before.
        """
        steps = self._steps(rows)
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
            What was not is as in the row before, as in training.
        """
        rows = self.rows_of(table, target=True)
        rows = rows[self._steps(rows) > 0]
        if rows.duplicated(KEYS).any():
            how = self.spec["aggregate"] or "mean"
            rows = rows.groupby(KEYS, as_index=False, sort=True).agg(how)
        steps = pd.Series(self._steps(rows), dtype=int)
        last = self._until(steps.groupby(rows["unique_id"].to_numpy()).max())
        target = self.spec["target"]
        given = [*self.spec["covariates"], *self._observed()]
        filled = self._filled(self._grid(last), rows, given)
        there = rows.loc[rows[target].notna(), KEYS].assign(given=True)
        found = filled[KEYS].merge(there, how="left", on=KEYS)["given"].notna()
        return filled.assign(given=found.to_numpy())

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

    def _until(self, last: pd.Series) -> pd.Series:
        """How many steps each series is observed, from those that were given of it."""
        return last

    # -- steps -----------------------------------------------------------------------------------

    def _ends_of(self, rows: pd.DataFrame) -> pd.Series:
        """The end of the series of each row."""
        return rows["unique_id"].map(self.ends["ds"])

    def _steps(self, rows: pd.DataFrame) -> np.ndarray:
        """How many steps each row is after the end of its series; 0 for what is no such step."""
        steps = np.zeros(len(rows), dtype=int)
        ends, times = self._ends_of(rows).to_numpy(), rows["ds"].to_numpy()
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
    if form is not None and not pd.api.types.is_datetime64_any_dtype(column):
        column = _text(column).str.strip().replace("", np.nan)
    if form in ("quarter", "week"):
        column, form = column.map(_begin, na_action="ignore"), None
    if pd.api.types.is_datetime64_any_dtype(column):
        form = None
    zoned = form is not None and "%z" in form
    times = pd.to_datetime(column, format=form, errors="coerce", utc=zoned)
    if form is not None:  # or as times are written elsewhere
        times = times.fillna(pd.to_datetime(column, format="ISO8601", errors="coerce", utc=zoned))
    if getattr(times.dtype, "tz", None) is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.astype("datetime64[ns]")


def _begin(text: str) -> pd.Timestamp | None:
    """The first day of a quarter or a week."""
    parts = re.findall(r"\d+", text)
    if len(parts) != 2:
        return None
    year, number = sorted(parts, key=len, reverse=True)
    if "Q" in text.upper():
        return pd.Timestamp(int(year), 3 * int(number) - 2, 1)
    return pd.Timestamp.fromisocalendar(int(year), int(number), 1)


def _after(end: Any, count: int, frequency: str) -> np.ndarray:
    """So many steps after an end."""
    times = pd.date_range(end, periods=count + 1, freq=frequency).to_numpy()
    return np.asarray(times[times > end][:count])


def _later(end: Any, count: int, frequency: str) -> Any:
    """The time of so many steps after an end, or the last that there is."""
    try:
        return _after(np.datetime64(end), count, frequency)[-1]
    except (pd.errors.OutOfBoundsDatetime, OverflowError):
        return pd.Timestamp.max


def _first(marked: Any) -> int | None:
    """The position of the first row that is marked."""
    found = np.flatnonzero(np.asarray(marked))
    return int(found[0]) if len(found) else None


def _text(column: pd.Series) -> pd.Series:
    """Cells as people write them: a number without the zero that a missing cell brings."""
    if pd.api.types.is_float_dtype(column) and np.all(column.dropna() % 1 == 0):
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), "").astype(str)
