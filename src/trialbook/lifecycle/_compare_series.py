"""Two forecasters asked about the same rows, from the same origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook.data import SERIES_COLUMN, TIME_COLUMN, SeriesSpec
from trialbook.errors import DataError, OptionError
from trialbook.evaluation import Difference, difference, metric
from trialbook.models import ForecastModel
from trialbook.tables import read_table

if TYPE_CHECKING:
    from trialbook.tables import Source as Table

KEYS = [SERIES_COLUMN, TIME_COLUMN]


@dataclass(frozen=True)
class Compared:
    """What a comparison of forecasters found.

    Parameters
    ----------
    difference : Difference
        Its interval is by series, or by rows where there are few series.
    n_seen : int
        Rows of the data that one of the two was trained on; they do not count.
    """

    difference: Difference
    n_seen: int


def compare_forecasts(
    first: ForecastModel, second: ForecastModel, data: Table, by: str
) -> Compared:
    """Measure two forecasters on rows that neither was trained on.

    Parameters
    ----------
    first, second : ForecastModel
        Of the same target and frequency.
    data : table
        Rows of series that both know, with the target and all covariates, from the earlier of
        their ends on.
    by : str
        Name of the metric.

    Returns
    -------
    Compared
        Both know the same rows before each origin: horizon after horizon from where the later of
        the two was trained to.

    Raises
    ------
    OptionError
        If they forecast different things.
    DataError
        If no row of the data follows what both were trained on.
    """
    one, other = _spec(first), _spec(second)
    if (first.schema.target, one.frequency) != (second.schema.target, other.frequency):
        raise OptionError(
            f"'{first.label}' forecasts '{first.schema.target}' ({one.frequency}), and"
            f" '{second.label}' '{second.schema.target}' ({other.frequency})",
            remedy="Compare models of one target and one frequency.",
        )
    read = read_table(
        data, text=first.schema.text | second.schema.text, workspace=second.workspace
    )
    ends = pd.concat(
        [model.model.ends[TIME_COLUMN] for model in (first, second)], axis=1, join="inner"
    ).max(axis=1)
    tables = [known_series(model, read) for model in (first, second)]
    observed = [
        model.observed(table) for model, table in zip((first, second), tables, strict=True)
    ]
    horizon = min(one.horizon, other.horizon)
    told = [
        _told(model, rows, ends, horizon)
        for model, rows in zip((first, second), observed, strict=True)
    ]
    both = told[0].merge(told[1], on=[*KEYS, "y"], suffixes=("", "_other"))
    if both.empty:
        raise DataError(
            "no row follows the rows that both models were trained on",
            place="option data",
            remedy="Give rows that were observed since.",
        )
    truth = np.column_stack([both["y"], second.row_scales(both[SERIES_COLUMN])])
    width = (len(both.columns) - 3) // 2
    values = both.iloc[:, 3:].to_numpy(dtype=float)
    found = difference(
        metric(by, "forecasting"),
        truth,
        values[:, :width],
        values[:, width:],
        groups=both[SERIES_COLUMN].to_numpy(),
    )
    return Compared(found, _seen(tables[0], first, ends))


def _spec(model: ForecastModel) -> SeriesSpec:
    if model.schema.series is None:
        raise TypeError("the schema has no series")
    return model.schema.series


def known_series(model: ForecastModel, read: pd.DataFrame) -> pd.DataFrame:
    """The rows of the series that a model knows.

    Parameters
    ----------
    model : ForecastModel
    read : DataFrame
        A table as it was read.

    Returns
    -------
    DataFrame
    """
    if not {*_spec(model).ids} <= {*read.columns}:
        return read  # which is told where it is read
    there = model.model.names_of(read).isin(model.model.ends.index)
    return read[there.to_numpy()].reset_index(drop=True)


def _seen(read: pd.DataFrame, model: ForecastModel, ends: pd.Series) -> int:
    """Rows of a table up to where either model was trained to."""
    rows = model.model.in_steps(model.model.rows_of(read))
    return int((rows[TIME_COLUMN] <= rows[SERIES_COLUMN].map(ends)).sum())


def _told(
    model: ForecastModel, observed: pd.DataFrame, ends: pd.Series, horizon: int
) -> pd.DataFrame:
    """Forecasts of the rows after some ends, horizon after horizon."""
    target = model.schema.target
    observed = observed[observed[SERIES_COLUMN].isin(ends.index)]
    late = observed[TIME_COLUMN] > observed[SERIES_COLUMN].map(ends)
    asked = model.model.observe(observed[~late])
    rows = observed[late]
    block = rows.groupby(SERIES_COLUMN, sort=False).cumcount() // horizon
    parts = []
    for number in sorted(block.unique()):
        mine = rows[block == number]
        given = mine[mine["given"]].reset_index(drop=True)
        if len(given):
            told = asked.forecast(given)
            keys = given[KEYS].assign(y=given[target].to_numpy(dtype=float))
            parts.append(pd.concat([keys, told], axis=1))
        asked = asked.observe(mine)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*KEYS, "y"])
