"""The sets of series: a folder each, with ``meta.json`` beside a training and a test table.

Everyone gets them in one form: ``unique_id``, ``ds`` and ``y``, the columns that tell series apart
as they were, and the covariates. A test table longer than the horizon holds several *windows*, one
after the other; the first is what systems are compared by.

A set has *folds*: fold 0 is forecast from the end of the training rows, fold k from k horizons
before it, where what is known of the last k horizons is left out of training. A series is in such
a fold if it has more rows before its origin than two horizons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmarks.datasets import find_metas, read_table
from benchmarks.forecasting.scoring import RESULT_NAME, score
from benchmarks.forecasting.systems.shared import ANSWER, ID, TARGET, TIME, WINDOW, steps

TASK = "forecasting"
# The rows of a set that may be learned from; a part for early stopping is the end of history.
TRAINING_PARTS = ("train", "valid")
# What a series must have more rows than before an earlier origin, in horizons: some systems want
# one to learn from and one to validate.
LEAST_HORIZONS = 2
# Between the names of a series that has several.
SEPARATOR = " / "


@dataclass(frozen=True)
class SeriesSet:
    """What ``meta.json`` says of a set.

    Parameters
    ----------
    name : str
    folder : Path
    target, time : str
    ids : tuple of str
        Columns that tell series apart; none if there is one series.
    frequency : str
        Step from row to row, as pandas names it.
    horizon, season : int
        Rows.
    known, past_only, static : tuple of str
        Covariates by what is known of them in the future.
    files : dict of str to str
        By part.
    fold : int
        Horizons from the origin to the end of the training rows.
    """

    name: str
    folder: Path
    target: str
    time: str
    ids: tuple[str, ...]
    frequency: str
    horizon: int
    season: int
    known: tuple[str, ...] = ()
    past_only: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    fold: int = 0

    task: ClassVar[str] = TASK
    result_name: ClassVar[str] = RESULT_NAME

    def load(self) -> SeriesSplit:
        """Read the tables."""
        return load_split(self)


@dataclass(frozen=True)
class SeriesSplit:
    """A set as everyone gets it.

    Parameters
    ----------
    dataset : SeriesSet
        What it is.
    train : DataFrame
        `ID`, `TIME`, `TARGET`, names of series and covariates.
    future : DataFrame
        `WINDOW`, `ID`, `TIME` and what is known: the rows to forecast, without gaps.
    observed : DataFrame
        The test rows in the form of `train`: the truth, and what later windows go on from.
    """

    dataset: SeriesSet
    train: pd.DataFrame
    future: pd.DataFrame
    observed: pd.DataFrame

    # What a run has made when there is something to score.
    answer: ClassVar[str] = ANSWER

    def write(self, scratch: Path) -> dict[str, Any]:
        """Write the tables for a run; what is asked about them."""
        request: dict[str, Any] = {}
        for part in ("train", "future", "observed"):
            path = scratch / f"{part}.parquet"
            getattr(self, part).to_parquet(path)
            request[part] = str(path)
        one = self.dataset
        return request | {
            "ids": list(one.ids),
            "known": list(one.known),
            "past_only": list(one.past_only),
            "static": list(one.static),
            "frequency": one.frequency,
            "horizon": one.horizon,
            "season": one.season,
        }

    def score(self, answer: Path) -> dict[str, Any]:
        """The columns of a row that forecasts give.

        Raises
        ------
        PredictionError
            If they cannot be scored.
        """
        found = score(self, pd.read_parquet(answer))
        return {"result": -found["mase"], **found}


def find_sets(folder: Path, names: Sequence[str] = (), n_earlier: int = 0) -> list[SeriesSet]:
    """Find the sets of a folder that are series.

    Parameters
    ----------
    folder : Path
        Holds one folder a set.
    names : sequence of str
        Which; all by default.
    n_earlier : int
        Folds of each beside the first; fewer where no series is long enough.

    Returns
    -------
    list of SeriesSet
        By name and fold.

    Raises
    ------
    FileNotFoundError
        If there is none, or a name is not there.
    """
    sets = [_read(where, meta) for where, meta in find_metas(folder, (TASK,), names)]
    return [fold for one in sets for fold in _folds(one, n_earlier)]


def _folds(one: SeriesSet, n_earlier: int) -> Iterator[SeriesSet]:
    """A set, and its earlier folds in which there is a series."""
    yield one
    rows = training_rows(one) if n_earlier else pd.DataFrame()
    for fold in range(1, n_earlier + 1):
        earlier = replace(one, fold=fold)
        if len(cut(rows, earlier)[0]):
            yield earlier


def _read(where: Path, meta: dict[str, Any]) -> SeriesSet:
    return SeriesSet(
        meta["name"],
        where,
        meta["target"],
        meta["time_column"],
        tuple(meta["id_columns"]),
        meta["frequency"],
        meta["horizon"],
        meta["seasonality"],
        tuple(meta["known_future_columns"]),
        tuple(meta["past_only_columns"]),
        tuple(meta["static_columns"]),
        meta["files"],
    )


def load_split(one: SeriesSet) -> SeriesSplit:
    """Read a set, and find the rows to forecast."""
    train = training_rows(one)
    if one.fold:
        train, test = cut(train, one)
    else:
        test = in_form(read_table(one.folder / one.files["test"]), one)
    return SeriesSplit(one, train, future_rows(train, test, one), test)


def training_rows(one: SeriesSet) -> pd.DataFrame:
    """All rows that may be learned from."""
    parts = [read_table(one.folder / one.files[p]) for p in TRAINING_PARTS if p in one.files]
    return in_form(pd.concat(parts, ignore_index=True), one)


def cut(rows: pd.DataFrame, one: SeriesSet) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of each series before the origin of a fold, and those of the horizon after it.

    Series with too few rows before it are left out.
    """
    last = rows.groupby(ID)[TIME].transform("max")
    left = steps(last, rows[TIME], one.frequency)
    before = pd.Series(left >= one.fold * one.horizon)
    long = before.groupby(rows[ID]).transform("sum") > LEAST_HORIZONS * one.horizon
    after = ~before & (left >= (one.fold - 1) * one.horizon)
    train, test = rows[before & long], rows[after & long]
    return train.reset_index(drop=True), test.reset_index(drop=True)


def in_form(table: pd.DataFrame, one: SeriesSet) -> pd.DataFrame:
    """The rows of a set under the names that everyone gets, ordered by series and time."""
    ids = list(one.ids)
    texts = table[ids].astype(str).agg(SEPARATOR.join, axis=1) if ids else one.name
    covariates = [*one.known, *one.past_only, *one.static]
    result = pd.DataFrame({ID: texts, TIME: pd.to_datetime(table[one.time])})
    result[TARGET] = table[one.target].astype(float)
    others = [name for name in [*ids, *covariates] if name != ID]
    result[others] = table[others]
    result[TIME] = result[TIME].astype("datetime64[ns]")
    return result.sort_values([ID, TIME], ignore_index=True)


def future_rows(train: pd.DataFrame, test: pd.DataFrame, one: SeriesSet) -> pd.DataFrame:
    """The rows of all windows that are whole, with what is known of them."""
    last = train.groupby(ID, sort=True)[TIME].max()
    far = steps(test[TIME], test[ID].map(last), one.frequency)
    shortest = pd.Series(far).groupby(test[ID].to_numpy()).max().min()
    n_windows = max(1, int(shortest) // one.horizon)
    n_rows = n_windows * one.horizon
    times = [pd.date_range(end, periods=n_rows + 1, freq=one.frequency)[1:] for end in last]
    grid = pd.DataFrame(
        {
            WINDOW: np.tile(np.repeat(np.arange(n_windows), one.horizon), len(last)),
            ID: np.repeat(last.index.to_numpy(), n_rows),
            TIME: np.concatenate(times).astype("datetime64[ns]"),
        }
    )
    names = [name for name in [*one.ids, *one.static] if name != ID]
    grid = grid.merge(train.drop_duplicates(ID)[[ID, *names]], on=ID, how="left")
    if one.known:
        grid = grid.merge(test[[ID, TIME, *one.known]], on=[ID, TIME], how="left")
    return grid
