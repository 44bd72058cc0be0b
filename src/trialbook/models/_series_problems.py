"""What is wrong with a question to a forecaster: its rows, its horizon, its quantiles.

As `SeriesModel`, which asks it, this is pickled by value: a model says the same wherever it is
loaded. It uses nothing but pandas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

KEYS = ["unique_id", "ds"]
# The level that asks for the nodes of all levels of a hierarchy.
EVERY_LEVEL = "all"
# Models forecast beyond the trained horizon, but a time a hundred horizons away, or a thousand
# rows where horizons are short, is a slip rather than a question.
MOST_HORIZONS, MOST_ROWS = 100, 1000
# Percentiles with a decimal place.
MOST_LEVELS = 999
# Rows of a new series that it takes to forecast it; as many as one must have to be trained on.
LEAST_OF_NEW = 4
# Steps of a new series for each of its rows, where these are many.
MOST_SPARSE = 10
# Rows of one kind that are told; a table of a million wrong ones is told as well by the first.
MOST_TOLD = 100


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
    column : str, optional
        Under its own name.
    """

    cause: str
    remedy: str
    row: int | None = None
    column: str | None = None


# Of rows that were observed, if there are none.
NOTHING_NEW = Problem(
    "no row follows the end of its series", "Give rows that were observed since training."
)


def refuse(problem: Problem | None) -> None:
    """Say of a question that it cannot be answered, if it has a problem; a `ValueError`."""
    if problem is not None:
        where = "" if problem.row is None else f" (row {problem.row + 1:,})"
        raise ValueError(f"{problem.cause}{where}. {problem.remedy}")


def most_rows(horizon: int) -> int:
    """How far a model of a horizon may be asked, in rows."""
    return max(MOST_ROWS, MOST_HORIZONS * horizon)


def problem_of_horizon(horizon: Any, trained: int) -> Problem | None:
    """Why something is no number of rows to forecast.

    Parameters
    ----------
    horizon : object
        As it was asked.
    trained : int
        The horizon that the model was trained for.
    """
    whole = isinstance(horizon, (int, np.integer)) and not isinstance(horizon, bool)
    most = most_rows(trained)
    if whole and 1 <= horizon <= most:
        return None
    return Problem(
        f"'{str(horizon)[:60]}' is no number of rows to forecast",
        f"Give a whole number from 1 to {most:,}.",
    )


def problem_of_levels(levels: Sequence[Any]) -> Problem | None:
    """Why one of some levels is none of a quantile; a text may be one, too."""
    if len(levels) > MOST_LEVELS:
        return Problem(
            f"{len(levels):,} quantiles are asked for, and {MOST_LEVELS} are the most",
            "Ask for fewer.",
        )
    seen: set[float] = set()
    for one in levels:
        try:
            level = float(one)
        except (TypeError, ValueError, OverflowError):
            level = math.nan
        if not 0 < level < 1 or level in seen:
            return Problem(
                f"'{str(one)[:60]}' is no level of a quantile, or is there twice",
                "Give levels between 0 and 1, such as 0.1 and 0.9.",
            )
        seen.add(level)
    return None


def problem_of_level(level: Any, there: Sequence[str]) -> Problem | None:
    """Why something is no level to forecast.

    Parameters
    ----------
    level : object
        As it was asked.
    there : sequence of str
        The levels of the hierarchy from the top; none if the series are no hierarchy.
    """
    if not there:
        return Problem("the series are no hierarchy", "Leave the level out.")
    if level in (*there, EVERY_LEVEL):
        return None
    remedy = f"Name one of {', '.join(there)}, or {EVERY_LEVEL}."
    return Problem(f"'{str(level)[:60]}' is no level", remedy)


def problem_of_nothing(covariates: Sequence[str]) -> Problem | None:
    """Why the next rows cannot be forecast without a table of them."""
    if not covariates:
        return None
    return Problem(
        f"the forecast depends on what is known of the future: {', '.join(covariates)}",
        "Give a table with these columns, a row for each row to forecast.",
    )


def problems_of(
    model: Any, table: pd.DataFrame, *, future: bool, new: bool = False
) -> list[Problem]:
    """Why rows cannot be forecast, or else observed.

    Parameters
    ----------
    model : SeriesModel
    table : DataFrame
        Rows under their own names.
    future : bool
        Whether they are to be forecast; else they were observed since the series' ends.
    new : bool
        Whether those that were observed may be of series that the model was not trained on.

    Returns
    -------
    list of Problem
        The rows that have the first kind of problem that there is; empty if all is well.
    """
    spec = model.spec
    needed = [spec["time"], *spec["ids"], *spec["covariates"]]
    needed += [] if future else model.observed_names()
    lacking = [name for name in needed if name not in table]
    if lacking:
        there = ", ".join(f"'{name}'" for name in lacking)
        return [Problem(f"the table lacks {there}", f"Give the columns {', '.join(needed)}.")]
    for name in needed[1 + len(spec["ids"]) :]:
        is_code = name in spec.get("codes", {})
        if not is_code and not pd.api.types.is_numeric_dtype(table[name]):
            cause = f"the column '{name}' holds no numbers"
            return [Problem(cause, "Give numbers.", column=name)]
    rows = model.rows_of(table, target=not future)
    found = _of_keys(model, rows, new=new) or (_of_new(model, rows) if new else [])
    if found:
        return found
    trained = rows["unique_id"].isin(model.ends.index)
    return _of_times(model.knowing(table) if new else model, rows, trained, future=future)


def _of_keys(model: Any, rows: pd.DataFrame, *, new: bool) -> list[Problem]:
    """Of rows at no time, or of no series; series may be new."""
    spec = model.spec
    time = spec["time"]
    remedy = "Train anew with its rows, or leave them out."
    if model.takes_new_series:
        remedy = "Train anew with its rows, give those of its past as context, or leave them out."

    def no_time(row: int) -> Problem:
        cause = f"'{time}' is missing, or no time"
        return Problem(cause, "Write it like 2024-12-31.", row, time)

    def no_series(row: int) -> Problem:
        name = rows["unique_id"].iloc[row]
        return Problem(
            f"the series '{name}' was not trained on",
            remedy,
            row,
            spec["ids"][0] if len(spec["ids"]) == 1 else None,
        )

    unknown = ~rows["unique_id"].isin(model.ends.index) & (not new)
    return _told(rows["ds"].isna(), no_time) or _told(unknown, no_series)


def _of_new(model: Any, rows: pd.DataFrame) -> list[Problem]:
    """Of observed rows of series that are new."""
    spec, names = model.spec, rows["unique_id"]
    new = ~names.isin(model.ends.index)
    if not new.any():
        return []
    first = new & ~names.duplicated()
    seen = model.in_steps(rows[new & rows[spec["target"]].notna()]).groupby("unique_id")["ds"]
    counts = seen.nunique().reindex(names.unique(), fill_value=0)
    begins, ends = seen.min(), seen.max()
    needed = [*spec["covariates"], *model.observed_names(), *spec["static"]]

    def few(row: int) -> Problem:
        count = counts[names.iloc[row]]
        return Problem(
            f"the series '{names.iloc[row]}' is new, and its target at {count} times tells too"
            " little to forecast it from",
            f"Give {LEAST_OF_NEW} times or more, or leave the series out.",
            row,
            spec["ids"][0] if len(spec["ids"]) == 1 else None,
        )

    def sparse(row: int) -> Problem:
        name = names.iloc[row]
        return Problem(
            f"the series '{name}' is new, and has {counts[name]:,} of the many steps from"
            f" {begins[name]} to {ends[name]}",
            f"Check its times; the model was trained on steps of {spec['frequency']}.",
            row,
            spec["time"],
        )

    found = _told(first & names.map(counts).lt(LEAST_OF_NEW), few)
    # Steps without a row are made up, so a slip in a time could make millions of them.
    most = most_rows(spec["horizon"])
    wide = [
        name
        for name in begins.index
        if model.later(begins[name], max(most, MOST_SPARSE * counts[name])) < ends[name]
    ]
    found = found or _told(first & names.isin(wide), sparse)
    for name in needed:

        def unknown(row: int, name: str = name) -> Problem:
            cause = f"nothing tells of '{name}' of the series '{names.iloc[row]}', which is new"
            return Problem(cause, "Fill the column in the rows of the series.", row, name)

        lacking = set(names[new])
        if name in rows:
            lacking -= set(names[rows[name].notna()])
        found = found or _told(first & names.isin(lacking), unknown)
    return found


def _of_times(
    model: Any, rows: pd.DataFrame, trained: pd.Series, *, future: bool
) -> list[Problem]:
    """Of rows at known times, of series that were trained on or of others."""
    spec = model.spec
    time, frequency, most = spec["time"], spec["frequency"], most_rows(spec["horizon"])
    when, ends = rows["ds"], rows["unique_id"].map(model.ends["ds"])

    def far(row: int) -> Problem:
        return Problem(
            f"{when.iloc[row]} is more than {most:,} rows after the end of its series,"
            f" {ends.iloc[row]}",
            f"Check the time; the model was trained for {spec['horizon']:,} rows.",
            row,
            time,
        )

    def off(row: int) -> Problem:
        return Problem(
            f"{when.iloc[row]} is between the steps of {frequency} from the end of its series,"
            f" {ends.iloc[row]}",
            "Give times that keep to the frequency of the series.",
            row,
            time,
        )

    def early(row: int) -> Problem:
        cause = f"{when.iloc[row]} is not after the end of its series, {ends.iloc[row]}"
        return Problem(cause, "Give rows of the future.", row, time)

    # Steps are counted only up to the farthest row that makes sense.
    latest = ends[trained].max() if trained.any() else model.ends["ds"].max()
    found = _told(trained & (when > model.later(latest, most)), far)
    if found or (not future and spec["aggregate"]):  # any time that was observed is of a step
        return found
    steps, late = model.steps_of(rows), (when > ends).to_numpy()
    found = _told(late & (steps < 1), off)
    if found or not future:
        return found
    return _told(~late, early) or _of_future(model, rows, steps)


def _of_future(model: Any, rows: pd.DataFrame, steps: np.ndarray) -> list[Problem]:
    """Of rows after the ends of their series."""
    time = model.spec["time"]
    first = pd.Series(steps).groupby(rows["unique_id"]).transform("min").to_numpy()

    def twice(row: int) -> Problem:
        name, when = rows[KEYS].iloc[row]
        cause = f"the series '{name}' has two rows at {when}"
        return Problem(cause, "Give each time once.", row, time)

    def gap(row: int) -> Problem:
        name, when = rows[KEYS].iloc[row]
        return Problem(
            f"the series '{name}' ends at {model.ends['ds'][name]}, and nothing tells of the"
            f" {first[row] - 1:,} rows from there to {when}",
            "Give the rows between as context, or ask for them, too.",
            row,
            time,
        )

    found = _told(rows.duplicated(KEYS), twice)
    found = found or _told((first > 1) & (steps == first), gap)
    for name in model.spec["covariates"]:

        def missing(row: int, name: str = name) -> Problem:
            cause = f"'{name}' is missing, and the forecast depends on it"
            return Problem(cause, "Fill the cell with what is known or planned.", row, name)

        cells = rows[name].to_numpy(dtype=float, na_value=np.nan)
        found = found or _told(~np.isfinite(cells), missing)
    return found


def _told(marked: Any, tell: Callable[[int], Problem]) -> list[Problem]:
    """A problem for each row that is marked, the first ones of many."""
    return [tell(int(row)) for row in np.flatnonzero(np.asarray(marked))[:MOST_TOLD]]
