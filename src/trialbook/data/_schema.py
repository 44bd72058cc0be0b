"""The schema: what the model was trained on, and how another table is made to fit it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd

from trialbook._words import listed
from trialbook.data._columns import Column, Semantic
from trialbook.data._conform import conform_column
from trialbook.data.series import SeriesSpec
from trialbook.errors import DataError, nearest
from trialbook.tables.plain import Storage, assemble, normalise

Task = Literal["classification", "regression", "forecasting"]


@dataclass(frozen=True)
class Schema:
    """The columns of a training table and the target's classes.

    Parameters
    ----------
    task : {"classification", "regression", "forecasting"}
        What is predicted.
    target : str
        Name of the column to predict.
    classes : tuple
        Labels as Python scalars, sorted; empty for regression.
    positive : int, optional
        Position in `classes` of the positive one; two classes only.
    columns : tuple of Column
        Columns that were looked at as features, used or not, in the order of the table.
    weight : str, optional
        Name of the column of sample weights.
    forms : mapping of str to str, optional
        How cells were written where that was not the plain way, by column; see
        `trialbook.tables.plain._notes.Note`.
    series : SeriesSpec, optional
        What makes the rows series; of forecasts only.
    """

    task: Task
    target: str
    classes: tuple[Any, ...]
    positive: int | None
    columns: tuple[Column, ...]
    weight: str | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    series: SeriesSpec | None = None

    @property
    def used(self) -> tuple[Column, ...]:
        """The features."""
        return tuple(column for column in self.columns if column.used)

    @property
    def names(self) -> list[str]:
        """Names of the features, in the order that the model expects."""
        return [column.name for column in self.columns if column.used]

    def of(self, semantic: Semantic) -> list[str]:
        """Names of the features of one meaning."""
        return [column.name for column in self.used if column.semantic is semantic]

    @property
    def text(self) -> frozenset[str]:
        """Columns, target included, that must be read as text even where they look numeric."""
        names = {column.name for column in self.used if column.storage == Storage.STRING}
        # Cells of another table are read as those in training were, not as they look there.
        names |= self.forms.keys() & {*self.names, self.target}
        if self.classes and isinstance(self.classes[0], str):
            names.add(self.target)
        return frozenset(names)

    @property
    def target_storage(self) -> str:
        """How the target is stored."""
        first = self.classes[0] if self.classes else 0.0
        if isinstance(first, bool):
            return Storage.BOOL.value
        return Storage.STRING.value if isinstance(first, str) else Storage.NUMBER.value

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON-safe data; `from_dict` reads it."""
        return asdict(self) | {
            "classes": list(self.classes),
            "columns": [
                asdict(column) | {"semantic": column.semantic.value} for column in self.columns
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """The schema that `to_dict` wrote."""
        columns = tuple(
            Column(**{**column, "semantic": Semantic(column["semantic"])})
            for column in data["columns"]
        )
        series = data.get("series")
        read = {
            "classes": tuple(data["classes"]),
            "columns": columns,
            "series": None if series is None else SeriesSpec.from_dict(series),
        }
        return cls(**{**data, **read})

    def check_names(self, names: Iterable[str], *, require_target: bool = False) -> None:
        """Refuse a table that lacks a feature.

        Parameters
        ----------
        names : iterable of str
            Those of its columns.
        require_target : bool, optional
            Whether the target must be there too.

        Raises
        ------
        DataError
            With the nearest name.
        """
        there = list(names)
        wanted = self.names + ([self.target] if require_target else [])
        known = set(there)
        lacking = [name for name in wanted if name not in known]
        if lacking:
            others = [name for name in there if name not in wanted]
            what = "the target column" if lacking == [self.target] else "column"
            raise DataError(
                f"the table lacks {what}{'s' if len(lacking) > 1 else ''} {listed(lacking)}",
                remedy=nearest(lacking[0], others or there),
            )

    def conform(self, frame: pd.DataFrame, *, require_target: bool = False) -> pd.DataFrame:
        """Make a table fit for the model, or say why it is not.

        Parameters
        ----------
        frame : DataFrame
            Any table with at least the features; columns may stand in another order, others
            than the features are left out.
        require_target : bool, optional
            Whether the target must be there too; it then comes last.

        Returns
        -------
        DataFrame
            The features in the order of the schema, stored as in training. New categories are
            kept as they are.

        Raises
        ------
        DataError
            If a column is lacking (the nearest name is suggested) or holds values of another
            kind (an example and its row are named).
        """
        frame = normalise(frame)
        self.check_names(frame.columns, require_target=require_target)
        columns = {
            column.name: conform_column(
                frame[column.name],
                column.storage,
                column.datetime_format,
                self.forms.get(column.name),
            )
            for column in self.used
        }
        if require_target:
            form = self.forms.get(self.target)
            columns[self.target] = conform_column(
                frame[self.target], self.target_storage, written=form
            )
        return assemble(columns)
