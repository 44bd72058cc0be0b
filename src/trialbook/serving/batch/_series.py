"""Rows of the future in batches that part no series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from trialbook.data import LEVELS, Schema
from trialbook.errors import DataError
from trialbook.models import ForecastModel
from trialbook.serving.batch._write import shortest
from trialbook.tables.plain import together

if TYPE_CHECKING:
    from trialbook.tables import Source


# Steps after which times are of no new kind: those of a day.
MOST_KINDS: Final = 24


@dataclass(frozen=True)
class Forecaster:
    """A model that forecasts series, and what it is to know and to tell.

    Parameters
    ----------
    model : ForecastModel
    context : table, optional
        Rows that were observed since training.
    levels : tuple of float, optional
        Of quantiles; deciles by default.
    """

    model: ForecastModel
    context: Source | None = field(default=None, compare=False)
    levels: tuple[float, ...] | None = None

    @property
    def label(self) -> str:
        """What the model is called."""
        return self.model.label

    @property
    def schema(self) -> Schema:
        """The columns of rows of the future."""
        return self.model.future_schema

    @property
    def workspace(self) -> Path | None:
        """Where names of tables are looked up."""
        return self.model.workspace

    @property
    def folder(self) -> Path:
        """Of the model."""
        return self.model.folder

    @property
    def ids(self) -> list[str]:
        """The columns that tell series apart."""
        return list(self.model.series.ids)

    @property
    def apart(self) -> list[str]:
        """The columns whose rows may be forecast apart: none where all series depend on others."""
        spec = self.model.series
        return [] if spec.hierarchy and spec.covariates else self.ids

    @property
    def names(self) -> list[str]:
        """The columns of answers."""
        levels = LEVELS if self.levels is None else self.levels
        return [*self.schema.names[: 1 + len(self.ids)], "forecast", *map(str, levels)]

    @property
    def aware(self) -> Any:
        """The model that knows the context."""
        return self._aware[0]

    @cached_property
    def _aware(self) -> tuple[Any, pd.DataFrame | None]:
        if self.context is None:
            return self.model.model, None
        return self.model.aware_of(self.context, new=True)

    @cached_property
    def time_type(self) -> pa.DataType:
        """The shortest kind that times of the future have, which all parts of an output share."""
        steps = max(MOST_KINDS, self.model.series.horizon)
        return shortest(pa.chunked_array([self.aware.next_rows(steps)["ds"]])).type

    @property
    def about(self) -> dict[str, Any]:
        """What its answers depend on beside its files."""
        observed = self._aware[1]
        known = None if observed is None else int(pd.util.hash_pandas_object(observed).sum())
        return {"levels": self.levels, "context": known}

    def answers(self, table: pd.DataFrame) -> pd.DataFrame:
        """Forecasts of rows of the future.

        Parameters
        ----------
        table : DataFrame
            As its schema conforms it.

        Returns
        -------
        DataFrame
            Times, series, ``forecast``, and a column for each quantile.

        Raises
        ------
        DataError
            If a row cannot be forecast; it is counted in the table.
        """
        for problem in self.aware.problems_of(table):
            place = None if problem.row is None else f"row {problem.row + 1:,}"
            raise DataError(problem.cause, place=place, remedy=problem.remedy)
        told = self.aware.answer(table, None if self.levels is None else list(self.levels))
        return pd.DataFrame(told)

    def fresh(self) -> Forecaster:
        """The same, without what a process of its own loads for itself."""
        return replace(self, model=replace(self.model))


def by_series(tables: Iterable[pa.Table], ids: list[str], place: str) -> Iterator[pa.Table]:
    """Tables that end where a series does.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
        In the order of the rows.
    ids : list of str
        Columns that tell series apart; without any, all rows are of one.
    place : str
        Where they come from.

    Yields
    ------
    pyarrow.Table
        With all rows of its series.

    Raises
    ------
    DataError
        If rows of a series come after those of others, in another table.
    """
    seen: set[tuple[str, ...]] = set()
    left: pa.Table | None = None
    start = 0
    for table in tables:
        whole = table if left is None else together([left, table])
        codes, keys = _series_of(whole, ids)
        last = np.flatnonzero(np.diff(codes))
        end = int(last[-1]) + 1 if len(last) else 0
        # The last series may go on in the next table, unless its rows came before others here.
        if end and codes[end] not in codes[:end]:
            _check_together(codes[:end], keys, seen, start, place)
            yield whole.slice(0, end)
            left, start = whole.slice(end), start + end
        else:
            left = whole
    if left is not None:
        codes, keys = _series_of(left, ids)
        _check_together(codes, keys, seen, start, place)
        yield left


def _series_of(table: pa.Table, ids: list[str]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """The number of the series of each row, and the cells that tell each series."""
    if not ids:
        return np.zeros(len(table), dtype=int), [()]
    cells = [table[name].to_pandas().astype(object).map(str) for name in ids]
    codes, keys = pd.MultiIndex.from_arrays(cells).factorize()
    return codes, [tuple(key) for key in keys]


def _check_together(
    codes: np.ndarray,
    keys: list[tuple[str, ...]],
    seen: set[tuple[str, ...]],
    start: int,
    place: str,
) -> None:
    """Refuse a series of which rows were forecast without these."""
    new = {int(code): keys[int(code)] for code in np.unique(codes)}
    for code, key in new.items():
        if key in seen:
            row = start + int(np.flatnonzero(codes == code)[0])
            raise DataError(
                f"rows of the series '{'/'.join(key)}' stand apart from those before",
                place=f"row {row + 1:,} of {place}",
                remedy="Sort the table by series, or let a batch have all rows"
                " (--rows-per-batch).",
            )
    seen.update(new.values())
