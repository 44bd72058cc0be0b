"""A forecaster of a hierarchy as MLflow keeps it: asked with rows of leaves, for any level.

The class is pickled by value, as that of `_series_model`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from trialbook.models._series_model import SeriesModel
from trialbook.models._series_problems import (
    EVERY_LEVEL,
    KEYS,
    Problem,
    problem_of_level,
    refuse,
)


class HierarchyModel(SeriesModel):
    """A forecaster whose forecasts of leaves add up to those of the nodes above them.

    Parameters
    ----------
    forecaster, spec, ends
        As of `SeriesModel`, of all nodes.
    ids : DataFrame
        The id columns of each leaf, by its name.
    nodes : DataFrame of str
        A row for each leaf and a column for each level from the top to the leaves.
    """

    def __init__(
        self,
        forecaster: Any,
        spec: dict[str, Any],
        ends: pd.DataFrame,
        ids: pd.DataFrame,
        nodes: pd.DataFrame,
    ) -> None:
        super().__init__(forecaster, spec, ends, ids)
        self.nodes = nodes

    def _further(self, params: dict[str, Any]) -> dict[str, Any]:
        """The parameter ``level`` names a level, or ``all`` of them; else leaves are forecast.

        Rows are always given of leaves.
        """
        level = params.get("level") or None
        if level is not None:
            refuse(problem_of_level(level, list(self.nodes.columns)))
        return {"level": level}

    def is_leaf(self, level: str | None) -> bool:
        """Whether a level is that of the leaves, which are forecast where none is named."""
        return level is None or level == self.nodes.columns[-1]

    def n_answered(self, asked: pd.DataFrame | int, level: str | None = None) -> int:
        """How many forecasts are given: of so many next rows, or of a table of leaves."""
        if self.is_leaf(level):
            return super().n_answered(asked)
        names = self._levels_of(str(level))
        if isinstance(asked, int):
            return asked * int(self.nodes[names].nunique().sum())
        rows = self.rows_of(asked)
        return sum(len(self._of_nodes(rows, name)) for name in names)

    def next(
        self, horizon: int, levels: list[float] | None = None, level: str | None = None
    ) -> pd.DataFrame:
        """Forecasts of the rows that follow the end of each node of a level."""
        if self.is_leaf(level):
            return super().next(horizon, levels)
        rows = self.next_rows(horizon)
        return self._of_level(rows, str(level), levels)

    def answer(
        self, table: pd.DataFrame, levels: list[float] | None = None, level: str | None = None
    ) -> pd.DataFrame:
        """Forecasts of the rows of a table of leaves, or of the nodes of a level above them."""
        if self.is_leaf(level):
            return super().answer(table, levels)
        return self._of_level(self.rows_of(table), str(level), levels)

    def next_rows(self, horizon: int) -> pd.DataFrame:
        """The rows that follow the end of each leaf, with covariates as they were last."""
        grid = self._grid(pd.Series(horizon, index=self._leaves))
        return self._filled(grid, grid, [])

    def forecast(self, rows: pd.DataFrame, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of rows of any nodes, in their order; what is known stands with the leaves."""
        return self._told_of(rows, rows, levels)

    @property
    def takes_new_series(self) -> bool:
        """No: what is above a new leaf has forecasts and errors without it."""
        return False

    def problems_of(
        self, table: pd.DataFrame, *, future: bool = True, new: bool = False
    ) -> list[Problem]:
        """As of `SeriesModel`; where covariates matter, they must be known of all leaves."""
        found = super().problems_of(table, future=future, new=new)
        if found or not future or not self.spec["covariates"]:
            return found
        there = set(self.names_of(table))
        lacking = [name for name in self._leaves if name not in there]
        if not lacking:
            return []
        return [
            Problem(
                f"the series '{lacking[0]}' has no row, and the forecasts of all depend on what is"
                " known of it",
                "Give rows of all series of the hierarchy.",
            )
        ]

    def observed_of(self, table: pd.DataFrame) -> pd.DataFrame:
        """As of `SeriesModel`, with rows of all nodes; only those of leaves are ``given``."""
        rows = super().observed_of(table)
        if not len(rows):
            return rows
        every = self._summed(rows.drop(columns="given"), [self.spec["target"]])
        given = rows.loc[rows["given"], KEYS].assign(given=True)
        found = every[KEYS].merge(given, how="left", on=KEYS)["given"].notna()
        return every.assign(given=found.to_numpy())

    # -- nodes -----------------------------------------------------------------------------------

    @property
    def _leaves(self) -> pd.Index[str]:
        return pd.Index(sorted(self.nodes.iloc[:, -1]))

    def _until(self, last: pd.Series[int]) -> pd.Series[int]:
        """All leaves are observed as far as any of them."""
        return pd.Series(last.max(), index=self._leaves) if len(last) else last

    def _of_level(
        self, rows: pd.DataFrame, level: str, levels: list[float] | None
    ) -> pd.DataFrame:
        """Forecasts of the nodes of a level, or of all, that rows of leaves belong to."""
        names, parts = list(self.nodes.columns), []
        for name in self._levels_of(level):
            part = self._of_nodes(rows, name)
            a_leaf = self.nodes.drop_duplicates(name).set_index(name, drop=False)[names[-1]]
            shown = [one for one in names[: names.index(name) + 1] if one in self.ids]
            ids = self.ids.loc[a_leaf[part["unique_id"]], shown].reset_index(drop=True)
            parts.append(pd.concat([part, ids.astype(object)], axis=1))
        asked = pd.concat(parts, ignore_index=True)
        ids = asked.drop(columns=["ds", "unique_id"]).infer_objects()
        ids.insert(0, self.spec["time"], asked["ds"])
        return pd.concat([ids, self._told_of(asked, rows, levels)], axis=1)

    def _levels_of(self, level: str) -> list[str]:
        return list(self.nodes.columns) if level == EVERY_LEVEL else [level]

    def _of_nodes(self, rows: pd.DataFrame, level: str) -> pd.DataFrame:
        """The rows of the nodes of a level that rows of leaves belong to."""
        above = self.nodes.set_index(self.nodes.columns[-1], drop=False)[level]
        node = rows["unique_id"].map(above)
        part = rows[["ds"]].assign(unique_id=node, level=level).drop_duplicates()
        return part.sort_values(KEYS, ignore_index=True)

    def _told_of(
        self, asked: pd.DataFrame, known: pd.DataFrame, levels: list[float] | None
    ) -> pd.DataFrame:
        """Forecasts of rows of any nodes, from what is known of the leaves."""
        steps = self.steps_of(asked)
        most = int(steps.max())
        grid = self._grid(pd.Series(most, index=self._leaves))
        every = self._summed(self._filled(grid, known, self.spec["covariates"]), [])
        told = self.forecaster.predict(every, levels or None)
        if levels is not None and not levels:
            told = told[["forecast"]]
        names = pd.Index(every["unique_id"].unique())
        places = names.get_indexer(asked["unique_id"]) * most + steps - 1
        return told.iloc[places].reset_index(drop=True)

    def _summed(self, rows: pd.DataFrame, sums: list[str]) -> pd.DataFrame:
        """Rows of all nodes, made of those of all leaves as in training."""
        codes = self.spec.get("codes", {})
        static = list(self.spec["static"])
        means = [name for name in rows.columns if name not in (*KEYS, *sums, *static)]
        leaf = self.nodes.columns[-1]
        parts = [rows]
        for level in self.nodes.columns[:-1]:
            node = rows["unique_id"].map(self.nodes.set_index(leaf)[level])
            grouped = rows.assign(unique_id=node).groupby(KEYS, sort=True)
            made = grouped[[*means, *sums]].mean()
            made[sums] = grouped[sums].sum()
            for name in means:
                if name in codes:
                    made[name] = made[name].where(grouped[name].nunique() == 1, -1.0)
            made = made.reset_index()
            for name in static:
                made[name] = made["unique_id"].map(self.ends[name])
            parts.append(made[list(rows.columns)])
        every = pd.concat(parts, ignore_index=True)
        return every.sort_values(KEYS, ignore_index=True)
