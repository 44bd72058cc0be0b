"""The arguments of Databricks' ``forecast`` as a job of this engine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from trialbook._words import listed, plural
from trialbook.compat.databricks._dataset import NAME, Dataset, resolve
from trialbook.compat.databricks._forecaster import TABLE
from trialbook.compat.databricks._lookups import join, read_lookup
from trialbook.compat.databricks._request import (
    MOST_WEIGHT,
    TIMEOUT_MINUTES,
    WORKSPACE,
    name_of,
    warn_of_data_dir,
)
from trialbook.data import Guardrail, bins_of, read_frequency, read_times, time_form
from trialbook.errors import DataError, OptionError, nearest
from trialbook.job import Job
from trialbook.learners import all_learners
from trialbook.tables import Storage, storage_of

# The documented words of a frequency; only of m and M does the case tell minutes from months.
FREQUENCIES = {
    **dict.fromkeys(("w", "week", "weeks"), "W"),
    **dict.fromkeys(("d", "day", "days"), "D"),
    **dict.fromkeys(("h", "hr", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "t", "min", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("M", "ms", "month", "months"), "MS"),
    **dict.fromkeys(("q", "qs", "quarter", "quarters"), "QS"),
    **dict.fromkeys(("y", "ys", "year", "years"), "YS"),
}
# Documented names of frameworks, and the learners here that are of the same kind.
FRAMEWORKS = {
    "prophet": ("prophet",),
    "arima": ("auto_arima", "arimax"),
    "deepar": ("deepar",),
}


@dataclass(frozen=True)
class ForecastArguments:
    """What `forecast` was asked; see there."""

    dataset: Any
    target_col: str
    time_col: str
    primary_metric: str
    country_code: str | None
    frequency: str
    horizon: int
    data_dir: str | None
    experiment_dir: str | Path | None
    experiment_name: str | None
    exclude_cols: Sequence[str] | None
    exclude_frameworks: Sequence[str] | None
    feature_store_lookups: Sequence[Mapping[str, Any]] | None
    identity_col: str | Sequence[str] | None
    sample_weight_col: str | None
    output_database: str | None
    max_trials: int | None
    timeout_minutes: float | None

    @property
    def workspace(self) -> str:
        """The folder of the experiment."""
        return str(WORKSPACE if self.experiment_dir is None else self.experiment_dir)

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that tell series apart."""
        return _names(self.identity_col)

    @property
    def of_series(self) -> tuple[str, ...]:
        """The columns that make a series."""
        return (self.time_col, *self.ids, self.target_col)


def read_forecast(
    asked: ForecastArguments,
) -> tuple[Job, Dataset, tuple[Guardrail, ...]]:
    """Check the arguments, and make the table and the job that they mean.

    Parameters
    ----------
    asked : ForecastArguments

    Returns
    -------
    job : Job
    dataset : Dataset
        Each time once in a series, with the features that were looked up.
    guardrails : tuple of Guardrail
        What was found on the way.

    Raises
    ------
    OptionError, DataError
        If an argument or the table cannot be used.
    """
    if asked.data_dir:
        warn_of_data_dir(asked.workspace)
    if asked.output_database and not NAME.fullmatch(f"{asked.output_database}.{TABLE}"):
        raise OptionError(
            f"'{asked.output_database}' is no name of a database",
            place="argument output_database",
            remedy="Write default, or catalog.schema.",
        )
    dataset = resolve(asked.dataset, asked.workspace)
    columns = dataset.columns
    _check_columns(asked, columns)
    if asked.sample_weight_col is not None:
        _check_weights(asked, dataset)
    lookups = asked.feature_store_lookups or ()
    asked_for = {key for one in map(read_lookup, lookups) for key in (*one.keys, one.time)}
    keys = {key for key in columns if key in asked_for}
    used = list(dict.fromkeys([*asked.of_series, *keys]))
    others = [name for name in columns if name not in used]
    notes = [*_beside(asked, others), *_once(dataset, asked, used)]
    ignored = [*others, *(key for key in used if key not in asked.of_series)]
    if lookups:
        table, found = join(dataset.some(used), lookups, asked.workspace)
        dataset.replace(table)
        notes += found
        ignored = [name for name in table if name in {*keys, *_names(asked.exclude_cols)}]
        ignored = [name for name in ignored if name not in asked.of_series]
    there = set(dataset.columns)
    data = str(dataset.source) if isinstance(dataset.source, (str, Path)) else Job.IN_MEMORY
    fields = _fields(asked, dataset) | {"ignore": [one for one in ignored if one in there]}
    return Job.from_fields(fields | {"data": data}), dataset, (*dataset.guardrails, *notes)


def _fields(asked: ForecastArguments, dataset: Dataset) -> dict[str, Any]:
    """The fields of the job but its data and the columns that it does not use."""
    minutes = TIMEOUT_MINUTES if asked.timeout_minutes is None else asked.timeout_minutes
    if not minutes > 0:
        raise OptionError(f"timeout_minutes={minutes} is no time", remedy="Give a number above 0.")
    fields = {
        "task": "forecasting",
        "target": asked.target_col,
        "time_column": asked.time_col,
        "series": asked.ids,
        "frequency": _frequency(asked.frequency),
        "aggregate": "mean" if _are_finer(dataset, asked) else None,
        "horizon": asked.horizon,
        "holidays": asked.country_code or None,
        "name": name_of(asked.experiment_name, asked.target_col, dataset.title),
        "metric": asked.primary_metric,
        "block": _blocked(_names(asked.exclude_frameworks)),
        "max_trials": asked.max_trials,
        "timeout": 60.0 * minutes,
        "workspace": asked.workspace,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _frequency(asked: str) -> str:
    known = FREQUENCIES.get(asked) or FREQUENCIES.get(str(asked).lower())
    if known is None:
        raise OptionError(
            f"'{asked}' is no frequency",
            place="argument frequency",
            remedy="Known: W, D, hour, min, sec, month, quarter, year, and the like.",
        )
    return known


def _blocked(frameworks: Sequence[str]) -> list[str]:
    """The learners that are of excluded frameworks, by their names or their libraries."""
    learners = [one for one in all_learners().values() if "forecasting" in one.tasks]
    found = []
    for name in frameworks:
        mine = [
            one.key
            for one in learners
            if one.key in FRAMEWORKS.get(name, ())
            or one.requires == name
            or one.key.startswith(f"{name}_")
        ]
        if not mine and name not in FRAMEWORKS:
            known = [*FRAMEWORKS, *sorted({one.requires for one in learners})]
            raise OptionError(
                f"unknown framework '{name}'",
                place="argument exclude_frameworks",
                remedy=nearest(name, known),
            )
        found += mine
    return found


def _are_finer(dataset: Dataset, asked: ForecastArguments) -> bool:
    """Whether several rows of a series belong to one step, so that their mean is taken."""
    table = dataset.some([asked.time_col, *asked.ids])
    times = read_times(table[asked.time_col], time_form(table[asked.time_col]))
    known = times.notna().to_numpy()
    steps = bins_of(times[known].to_numpy(), read_frequency(_frequency(asked.frequency)))
    rows = table.loc[known, list(asked.ids)].assign(**{asked.time_col: times[known]})
    together = rows.assign(**{asked.time_col: steps}).drop_duplicates()
    return len(together) < len(rows.drop_duplicates())


# -- columns -----------------------------------------------------------------------------------


def _names(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _check_columns(asked: ForecastArguments, columns: Sequence[str]) -> None:
    excluded = _names(asked.exclude_cols)
    named = {
        "target_col": (asked.target_col,),
        "time_col": (asked.time_col,),
        "identity_col": asked.ids,
        "sample_weight_col": _names(asked.sample_weight_col),
    }
    for argument, names in named.items():
        for name in names:
            if name in excluded:
                raise OptionError(
                    f"the column '{name}' of {argument} cannot be excluded",
                    place="argument exclude_cols",
                    remedy="Take it out.",
                )
    if not asked.feature_store_lookups:  # which may bring the column
        named["exclude_cols"] = excluded
    for argument, names in named.items():
        for name in names:
            if name not in columns:
                raise OptionError(
                    f"there is no column '{name}'",
                    place=f"argument {argument}",
                    remedy=nearest(name, columns),
                )


def _check_weights(asked: ForecastArguments, dataset: Dataset) -> None:
    """Say that weights are not used; refuse those that are not as documented."""
    name, place = str(asked.sample_weight_col), "argument sample_weight_col"
    table = dataset.some([*asked.ids, name])
    weight, ids = table[name], list(asked.ids)
    if storage_of(weight) is not Storage.NUMBER or not weight.between(0, MOST_WEIGHT).all():
        raise DataError(
            f"the weight column '{name}' does not hold numbers from 0 to {MOST_WEIGHT:,}",
            place=place,
            remedy="Give a weight for each series, or leave the argument out.",
        )
    each = table.drop_duplicates([*ids, name])
    if each.duplicated(ids).any() if ids else len(each) > 1:
        raise DataError(
            f"a series has different weights in '{name}'",
            place=place,
            remedy="Give all rows of a series the same weight.",
        )
    warnings.warn("sample_weight_col is not used: all series count alike", stacklevel=5)


def _beside(asked: ForecastArguments, others: Sequence[str]) -> list[Guardrail]:
    """Say which columns are left out though nobody asked for it."""
    said = {*_names(asked.exclude_cols), asked.sample_weight_col}
    beside = [name for name in others if name not in said]
    if not beside:
        return []
    what = f"{plural(len(beside), 'column')} beside the series: {listed(beside[:5])}"
    done = "left out; what is known of the future belongs into a table of feature_store_lookups"
    return [Guardrail("Other columns", "alerted", what, done, tuple(beside))]


def _once(dataset: Dataset, asked: ForecastArguments, used: list[str]) -> list[Guardrail]:
    """Make each time one row of its series, by the mean, as is documented."""
    table = dataset.some(used)
    keys = [asked.time_col, *asked.ids]
    twice = int(table.duplicated(keys, keep=False).sum())
    if not twice or storage_of(table[asked.target_col]) is not Storage.NUMBER:
        return []
    grouped = table.groupby(keys, sort=False, dropna=False)
    how = {name: "mean" if name == asked.target_col else "first" for name in used}
    made = grouped.agg({name: one for name, one in how.items() if name not in keys})
    dataset.replace(pd.DataFrame(made.reset_index()[used]))
    what = f"{plural(twice, 'row')} of a series have the same time"
    done = "made one row by their mean"
    return [Guardrail("Duplicated times", "fixed", what, done, (asked.time_col,))]
