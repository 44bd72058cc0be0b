"""Plain values as the typed columns of a model: the same table as `Model.conform` gives, sooner.

Of `Model.conform` most of the time goes into making and remaking frames: about 20 ms for a row of
twenty columns. Here a column whose values are of the very types that JSON has for its storage
becomes an array at once. Any other column goes the long way, alone: through `read_table` and
`Schema.conform`, which know texts that are numbers, dates in several forms and all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from trialbook.data import Column, Schema
from trialbook.errors import DataError
from trialbook.serving.server._problems import MOST_PROBLEMS, Problem, refused_cells
from trialbook.tables import read_table
from trialbook.tables.plain import Storage
from trialbook.tables.text import parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

Cells: TypeAlias = "NDArray[Any]"

_INT = {int}
_NUMBERS = {int, float, type(None)}
_BOOL = {bool}
_BOOLS = {bool, type(None)}
_TEXTS = {str, type(None)}
# Dates as text that were seen to follow their column's form, by column; then they are kept.
MOST_DATES = 10_000
# Parts of a column that are read to find its wrong cells, about ten milliseconds each: enough for
# a hundred cells that lie together among a million.
MOST_TRIED = 400


@dataclass(frozen=True)
class Rows:
    """Rows that fit a model.

    Parameters
    ----------
    cells : mapping of str to ndarray of shape (n_rows,)
        The features in the order of the schema, stored as in training.
    n_rows : int
    """

    cells: Mapping[str, Cells]
    n_rows: int

    @property
    def kinds(self) -> object:
        """How the columns are stored; rows of one kind may be put together."""
        return tuple(one.dtype for one in self.cells.values())

    def frame(self) -> pd.DataFrame:
        """The table that the estimator gets."""
        return pd.DataFrame(dict(self.cells), copy=True)

    @classmethod
    def of(cls, table: pd.DataFrame) -> Rows:
        """The rows of a table that fits the model.

        Parameters
        ----------
        table : DataFrame
            What `Model.conform` gave.

        Returns
        -------
        Rows
        """
        return cls({str(name): table[name].to_numpy() for name in table.columns}, len(table))

    def part(self, start: int, end: int) -> Rows:
        """The rows from one position to before another."""
        if start == 0 and end >= self.n_rows:
            return self
        cells = {name: one[start:end] for name, one in self.cells.items()}
        return Rows(cells, min(end, self.n_rows) - start)

    @classmethod
    def together(cls, several: Sequence[Rows]) -> Rows:
        """Rows of several requests as one table.

        Parameters
        ----------
        several : sequence of Rows
            Of the same kinds: a column of whole numbers that meets one with missing cells would
            else become one of fractions, and a category ``3`` would become ``3.0``.

        Returns
        -------
        Rows
        """
        if len(several) == 1:
            return several[0]
        names = several[0].cells
        cells = {name: np.concatenate([one.cells[name] for one in several]) for name in names}
        return cls(cells, sum(one.n_rows for one in several))


class Reader:
    """Makes plain values into the rows of one model.

    Parameters
    ----------
    schema : Schema
        Of the model.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._columns = schema.used
        # One column at a time, the long way.
        self._alone = {one.name: replace(schema, columns=(one,)) for one in schema.used}
        self._dates: dict[str, set[str | None]] = {
            one.name: {None, ""} for one in schema.used if one.datetime_format is not None
        }

    def read(self, columns: Mapping[str, Sequence[Any]], n_rows: int) -> Rows:
        """Make columns of plain values into rows that fit the model.

        Parameters
        ----------
        columns : mapping of str to sequence
            Texts, numbers, truth values and ``None`` for each feature; others are ignored.
        n_rows : int
            The length of each.

        Returns
        -------
        Rows
            Exactly the table that `Model.conform` makes of a DataFrame of these columns.

        Raises
        ------
        Refused
            With status 422 and each wrong cell, if there are any.
        """
        cells: dict[str, Cells] = {}
        problems: list[Problem] = []
        for column in self._columns:
            values = columns[column.name]
            made = self._at_once(column, values)
            if made is None:
                made = self._the_long_way(column, values, problems)
                if len(problems) >= MOST_PROBLEMS:
                    break
            cells[column.name] = made
        if problems:
            raise refused_cells(problems)
        return Rows(cells, n_rows)

    def read_at_once(self, columns: Mapping[str, Sequence[Any]], n_rows: int) -> Rows | None:
        """As `read`, where no value needs reading; else nothing, for that takes long.

        Parameters
        ----------
        columns : mapping of str to sequence
        n_rows : int

        Returns
        -------
        Rows or None
        """
        cells: dict[str, Cells] = {}
        for column in self._columns:
            made = self._at_once(column, columns[column.name])
            if made is None:
                return None
            cells[column.name] = made
        return Rows(cells, n_rows)

    def _at_once(self, column: Column, values: Sequence[Any]) -> Cells | None:
        """The column if its values are what its storage has in JSON; else nothing."""
        types = set(map(type, values))
        if types == {type(None)}:
            return _missing(len(values), column.storage)
        if column.storage == Storage.NUMBER:
            return _numbers(values, types)
        if column.storage == Storage.BOOL:
            if types == _BOOL:
                return np.array(values, dtype=bool)
            return _objects(values) if types <= _BOOLS else None
        if column.storage == Storage.STRING and types <= _TEXTS:
            known = self._dates.get(column.name)
            if known is not None and not known.issuperset(values):
                return None
            return _objects([value or np.nan for value in values])
        return None

    def _the_long_way(
        self, column: Column, values: Sequence[Any], problems: list[Problem]
    ) -> Cells:
        """The column as `Model.conform` makes it; what is wrong is added to the problems."""
        too_large = [row for row, value in enumerate(values) if _is_too_large(value)]
        if too_large:
            problems += [
                Problem(
                    "the number is too large",
                    row,
                    column.name,
                    "Send a number below 1.8e308, or null.",
                )
                for row in too_large[:MOST_PROBLEMS]
            ]
            return np.empty(0)
        try:
            made = self._conform(column, values)
        except DataError as error:
            problems += self._wrong_cells(column, values, error)
            return np.empty(0)
        self._remember(column, values)
        return made

    def _remember(self, column: Column, values: Sequence[Any]) -> None:
        """Keep in mind which dates follow the form of their column: these stay as they are."""
        known = self._dates.get(column.name)
        form = column.datetime_format
        if known is None or form is None or len(known) >= MOST_DATES:
            return
        texts = pd.Series([one for one in values if isinstance(one, str)], dtype=object)
        if len(texts):
            known.update(texts[parse(texts.str.strip(), form).notna()])

    def _conform(self, column: Column, values: Sequence[Any]) -> Cells:
        # Without a type for the column, pandas infers one, as it does for a frame of a user.
        frame = pd.DataFrame({column.name: list(values)})
        read = read_table(frame, text=self.schema.text)
        return np.asarray(self._alone[column.name].conform(read)[column.name].to_numpy())

    def _wrong_cells(
        self, column: Column, values: Sequence[Any], error: DataError
    ) -> list[Problem]:
        """Each wrong cell by itself, or what is wrong with the column as a whole."""
        wrong: list[Problem] = []
        # Halves of what is wrong, the first on top: what is right is passed over at once.
        waiting, tried = [(0, len(values))], 0
        while waiting and len(wrong) < MOST_PROBLEMS and tried < MOST_TRIED:
            start, end = waiting.pop()
            tried += 1
            try:
                self._conform(column, values[start:end])
            except DataError as part:
                if end - start > 1:
                    middle = (start + end) // 2
                    waiting += [(middle, end), (start, middle)]
                    continue
                cause = part.cause.removeprefix(f"column '{column.name}' ")
                wrong.append(
                    Problem(f"the cell {cause}", start, column.name, _REMEDIES[column.storage])
                )
        return wrong or [Problem(error.cause, None, column.name, error.remedy)]


_REMEDIES: dict[str, str] = {
    Storage.NUMBER: "Send a number, or null.",
    Storage.BOOL: "Send true, false or null.",
    Storage.STRING: "Send a text written as in training, or null.",
    Storage.DATETIME: "Send a date such as 2024-12-31T23:59:00, or null.",
}


def _numbers(values: Sequence[Any], types: set[type]) -> Cells | None:
    try:
        if types == _INT:
            return np.array(values, dtype=np.int64)
        if types <= _NUMBERS:
            made = np.array(values, dtype=np.float64)
            return None if np.isinf(made).any() else made
    except OverflowError:
        return None
    return None


def _objects(values: Sequence[Any]) -> Cells:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _missing(n_rows: int, storage: str) -> Cells:
    """A column of which nothing is known, as `conform` stores it."""
    if storage == Storage.DATETIME:
        return np.full(n_rows, np.datetime64("NaT", "ns"))
    if storage == Storage.NUMBER:
        return np.full(n_rows, np.nan)
    return np.full(n_rows, None if storage == Storage.BOOL else np.nan, dtype=object)


def _is_too_large(value: Any) -> bool:
    """Whether a number is beyond what float64 holds; JSON has no limit."""
    if isinstance(value, float):
        return value in (np.inf, -np.inf)
    if isinstance(value, int) and value.bit_length() > 1023:
        try:
            float(value)
        except OverflowError:
            return True
    return False
