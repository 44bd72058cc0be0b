"""Series as the leaves of a hierarchy, and the sums of them that are forecast, too."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from trialbook._words import listed, plural
from trialbook.data._guardrails import Guardrail, row_numbers
from trialbook.data.series._spec import (
    SEPARATOR,
    SERIES_COLUMN,
    TIME_COLUMN,
    UNKNOWN,
    SeriesSpec,
)
from trialbook.errors import DataError, OptionError

# The level above the first column of a hierarchy: the sum of all series, and its name.
TOTAL = "total"
# Where an experiment keeps the nodes, beside its schema.
NODES_FILE = "hierarchy.parquet"
# Values of a column that stand under several parents are a slip where they are so few; else the
# same things are just everywhere, as goods are in all shops.
SLIP = 0.2
# What reconciles forecasts of all levels.
LIBRARY = "hierarchicalforecast"
# Nodes up to which all levels are trained: MinT inverts a matrix of their number, in every window.
MOST_NODES = 3000


@dataclass(frozen=True)
class Hierarchy:
    """Which nodes are sums of which leaves.

    Parameters
    ----------
    nodes : DataFrame of str
        A row for each leaf and a column for each level from the top to the leaves: the names of
        the nodes that a leaf counts to. A name is that of the parts down to its level, with
        slashes between them.
    """

    nodes: pd.DataFrame

    @classmethod
    def of(cls, leaves: pd.Series[str], spec: SeriesSpec) -> Hierarchy:
        """The hierarchy of some leaves.

        Parameters
        ----------
        leaves : Series of str
            Names of series, each once or more often.
        spec : SeriesSpec
            With the columns of the hierarchy, which are its `ids`.

        Raises
        ------
        DataError
            If two nodes have one name.
        """
        names = pd.Series(np.sort(leaves.unique()))
        parts = spec.ids_of(names)
        levels: dict[str, pd.Series[str]] = {}
        for depth, column in enumerate(spec.ids, 1):
            levels[column] = replace(spec, ids=spec.ids[:depth]).name_of(parts)
        if levels[spec.ids[0]].nunique() > 1:
            levels = {TOTAL: pd.Series(TOTAL, index=names.index), **levels}
        nodes = pd.DataFrame(levels)
        every = [name for level in nodes for name in nodes[level].unique()]
        if len(set(every)) < len(every) or nodes.columns.duplicated().any():
            twice = next((name for name in every if every.count(name) > 1), TOTAL)
            raise DataError(
                f"two nodes of the hierarchy have the name '{twice}'",
                place="option hierarchy",
                remedy=f"Write other values, and none that is '{TOTAL}'.",
            )
        return cls(nodes)

    @property
    def leaf_level(self) -> str:
        """Name of the level of the leaves."""
        return str(self.nodes.columns[-1])

    @property
    def told(self) -> str:
        """Levels in words: ``total (1), state (3), store (9)``."""
        return ", ".join(f"{name} ({self.nodes[name].nunique():,})" for name in self.nodes)

    def summed(self, table: pd.DataFrame, sums: list[str], spec: SeriesSpec) -> pd.DataFrame:
        """Rows of all nodes, made of those of the leaves.

        Parameters
        ----------
        table : DataFrame
            Rows of all leaves at the same times.
        sums : list of str
            Columns that a node has the sum of. Of other numbers it has the mean; of categories
            that differ among its leaves it has none.
        spec : SeriesSpec

        Returns
        -------
        DataFrame
            Ordered by series and time.
        """
        parts = [table]
        keys = (SERIES_COLUMN, TIME_COLUMN, *sums)
        others = [name for name in table.columns if name not in keys]
        for level in self.nodes.columns[:-1]:
            node = table[SERIES_COLUMN].map(self.nodes.set_index(self.leaf_level)[level])
            grouped = table.assign(**{SERIES_COLUMN: node}).groupby(
                [SERIES_COLUMN, TIME_COLUMN], sort=True
            )
            made = grouped[sums].sum()
            for name in others:
                made[name] = grouped[name].mean()
                if name in spec.codes:
                    alike = grouped[name].nunique() == 1
                    made[name] = made[name].where(alike, UNKNOWN)
            parts.append(made.reset_index()[list(table.columns)])
        rows = pd.concat(parts, ignore_index=True)
        return rows.sort_values([SERIES_COLUMN, TIME_COLUMN], ignore_index=True)


def settled(
    tree: Hierarchy, spec: SeriesSpec, level: str | None, reconcile: str | None
) -> SeriesSpec:
    """The specification with its levels, that which is trained and how the rest is made of it.

    Parameters
    ----------
    tree : Hierarchy
    spec : SeriesSpec
    level, reconcile : str, optional
        As asked. By default all levels are trained and reconciled by MinT, or of very many nodes
        the leaves alone; a level that is asked for is handed down by historical proportions.

    Raises
    ------
    OptionError
        If all levels are to be trained, and there are too many nodes or no library for it.
    """
    levels, leaf = tuple(map(str, tree.nodes)), tree.leaf_level
    n_nodes = sum(tree.nodes[name].nunique() for name in levels)
    if level == TOTAL and TOTAL not in levels:  # the first column has one value
        level = levels[0]
    if reconcile in ("mint", "wls") and n_nodes > MOST_NODES:
        raise OptionError(
            f"{reconcile} is for up to {MOST_NODES:,} nodes, and the hierarchy has {n_nodes:,}",
            place="option reconcile",
            remedy="Ask for bottom_up, or name a hierarchy_level to train.",
        )
    if len(levels) == 1 or level == leaf:
        reconcile = "bottom_up"
    elif level is not None:
        reconcile = reconcile or "average_historical_proportions"
    elif reconcile is None:
        reconcile = "mint" if n_nodes <= MOST_NODES else "bottom_up"
    if reconcile in ("mint", "wls") and importlib.util.find_spec(LIBRARY) is None:
        raise OptionError(
            f"{reconcile} needs the package {LIBRARY}, which is missing",
            place="option reconcile",
            remedy="pip install 'trialbook[forecast]', or ask for bottom_up.",
        )
    level = leaf if reconcile == "bottom_up" else level
    return replace(spec, hierarchy=levels, hierarchy_level=level, reconcile=reconcile)


def balanced(table: pd.DataFrame, target: str, spec: SeriesSpec) -> tuple[pd.DataFrame, Guardrail]:
    """Leaves that all begin and end at the same times.

    Parameters
    ----------
    table : DataFrame
        Regular series.
    target : str
    spec : SeriesSpec

    Returns
    -------
    table : DataFrame
        Before its first row and after its last a leaf has a target of 0, and other columns as in
        the nearest row.
    guardrail : Guardrail

    Raises
    ------
    DataError
        If leaves are at steps between one another's, so that they cannot be added up.
    """
    times = np.sort(table[TIME_COLUMN].unique())
    grid = pd.date_range(times[0], times[-1], freq=spec.frequency)
    off = np.setdiff1d(times, grid.to_numpy())
    if len(off):
        name = table.loc[table[TIME_COLUMN] == off[0], SERIES_COLUMN].iloc[0]
        raise DataError(
            f"the series '{name}' has steps between those of others ({off[0].astype('M8[s]')}), so"
            " that they cannot be added up",
            place="option hierarchy",
            remedy="Say how rows are put together (--frequency W --aggregate sum).",
        )
    names = np.sort(table[SERIES_COLUMN].unique())
    index = pd.MultiIndex.from_product([names, grid], names=[SERIES_COLUMN, TIME_COLUMN])
    made = table.set_index([SERIES_COLUMN, TIME_COLUMN]).reindex(index)
    added = made[target].isna()
    made[target] = made[target].fillna(0.0)
    others = [name for name in made.columns if name != target]
    if others:
        known = made.groupby(level=0, sort=False)[others]
        made[others] = known.ffill().groupby(level=0, sort=False).bfill()
    made = made.reset_index()[list(table.columns)]
    if not added.any():
        said = "all series of the hierarchy begin and end at the same times"
        return made, Guardrail("Ends of leaves", "passed", said, "")
    which = added.groupby(level=0).any()
    late = added.groupby(level=0).first()
    early = added.groupby(level=0).last()
    what = (
        f"{int(which.sum()):,} of {len(names):,} series begin later ({int(late.sum()):,}) or end"
        f" earlier ({int(early.sum()):,}) than others, such as {listed(list(names[which][:3]))}"
    )
    return made, Guardrail(
        "Ends of leaves",
        "alerted" if early.any() else "fixed",
        what,
        "taken as 0 where they have no rows",
    )


def hierarchy_note(table: pd.DataFrame, tree: Hierarchy, spec: SeriesSpec) -> list[Guardrail]:
    """What is said of the nodes.

    Parameters
    ----------
    table : DataFrame
        The job's table, with the columns of the hierarchy.
    tree : Hierarchy
    spec : SeriesSpec

    Returns
    -------
    list of Guardrail

    Raises
    ------
    DataError
        If a part of a name has a slash, so that its level could not be told.
    """
    columns = tuple(spec.ids)
    for column in columns[:-1]:
        slash = table[column].astype(str).str.contains(SEPARATOR, regex=False).to_numpy()
        if slash.any():
            row = int(np.flatnonzero(slash)[0])
            raise DataError(
                f"'{table[column].iloc[row]}' has a slash, which stands between the levels of a"
                " hierarchy",
                place=f"column '{column}', row {row + 1:,}",
                remedy="Write it with another sign.",
            )
    empty = table[list(columns)].isna().any(axis=1).to_numpy()
    notes = [Guardrail("Hierarchy", "passed", f"levels: {tree.told}", "", columns)]
    if empty.any():
        what = f"{plural(int(empty.sum()), 'row')} lack a part of the hierarchy"
        action = "taken as nodes without a name; fill the cells if they belong to others"
        rows = row_numbers(np.flatnonzero(empty))
        notes.append(Guardrail("Missing nodes", "alerted", what, action, columns, rows))
    else:
        said = "every row has all parts of the hierarchy"
        notes.append(Guardrail("Missing nodes", "passed", said, "", columns))
    parts = spec.ids_of(tree.nodes[tree.leaf_level])
    for above, column in pairwise(columns):
        parents = tree.nodes[above].groupby(parts[column].to_numpy()).nunique()
        several = parents[parents > 1]
        if len(several) and len(several) <= SLIP * len(parents):
            what = (
                f"{len(several):,} of {len(parents):,} values of '{column}' stand under several"
                f" parents, such as {listed(list(several.index[:3]))}"
            )
            action = "taken as a node of its own under each of them"
            notes.append(Guardrail("Several parents", "alerted", what, action, (column,)))
    if not any(one.name == "Several parents" for one in notes):
        said = "no few values that stand under several parents where others do not"
        notes.append(Guardrail("Several parents", "passed", said, "", columns))
    return notes


def summed_test(
    test: pd.DataFrame, tree: Hierarchy, target: str, spec: SeriesSpec
) -> tuple[pd.DataFrame | None, list[Guardrail]]:
    """Test rows of all nodes, at the times at which nothing is missing of their sums.

    Parameters
    ----------
    test : DataFrame
        Rows of leaves after their ends.
    tree : Hierarchy
    target : str
    spec : SeriesSpec

    Returns
    -------
    test : DataFrame or None
        ``None`` if there is no such time.
    guardrails : list of Guardrail
    """
    there = test.groupby(TIME_COLUMN)[SERIES_COLUMN].nunique()
    whole = there.index[there == len(tree.nodes)]
    lost = len(there) - len(whole)
    if not lost:
        return tree.summed(test, [target], spec), []
    what = f"at {plural(lost, 'time')} of {len(there):,} the test lacks a series of the hierarchy"
    note = Guardrail("Test of sums", "alerted", what, "left out: sums would be too small")
    if not len(whole):
        return None, [note]
    return tree.summed(test[test[TIME_COLUMN].isin(whole)], [target], spec), [note]
