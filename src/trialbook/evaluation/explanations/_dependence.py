"""Partial dependence and ICE: what a model says of rows when one column is set to each value.

Friedman (2001), and Goldstein et al. (2015) for the curves of single rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trialbook.data import Schema, Semantic
from trialbook.tables.text import parse

# Points of a curve: quantiles of numbers and dates, and the most frequent levels.
POINTS, LEVELS = 20, 12
# Rows whose curves are drawn and averaged, and the fewest that an average is worth.
ROWS, LEAST_ROWS = 60, 10
# The outermost values are left out: there the model has seen next to nothing.
OUTSIDE = 0.01
# Points of each column of a pair, and its rows.
PAIR_POINTS, PAIR_ROWS = 8, 30

Predict = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Dependence:
    """How predictions depend on a column.

    Parameters
    ----------
    column : str
    kind : {"number", "level", "date"}
    grid : list
        The values that it was set to; dates in ISO's form.
    mean : ndarray of shape (n_points, n_outputs)
        Partial dependence: the mean over the rows.
    curves : ndarray of shape (n_rows, n_points, n_outputs)
        Individual conditional expectations: of each row.
    """

    column: str
    kind: str
    grid: list[Any]
    mean: np.ndarray
    curves: np.ndarray


@dataclass(frozen=True)
class Interaction:
    """How predictions depend on two columns together.

    Parameters
    ----------
    columns : tuple of two str
    grids : tuple of two lists
    mean : ndarray of shape (n_first, n_second, n_outputs)
        Partial dependence of both.
    strength : float
        Friedman and Popescu's H (2008) on this grid, of the output where it is largest: 0 where
        the effects add up, 1 where there are no effects but together.
    """

    columns: tuple[str, str]
    grids: tuple[list[Any], list[Any]]
    mean: np.ndarray
    strength: float


def dependences(
    predict: Predict,
    X: pd.DataFrame,
    schema: Schema,
    columns: Sequence[str],
    *,
    deadline: float | None = None,
) -> list[Dependence]:
    """The curves of columns.

    Parameters
    ----------
    predict : callable
        Of a table of features to an array of shape (n_rows, n_outputs).
    X : DataFrame
        Rows that stand for all.
    schema : Schema
    columns : sequence of str
        The most important first. Texts are left out: there is no line of texts to walk along.
    deadline : float, optional
        Of the monotonic clock. Where time is short, fewer rows and then fewer columns are done.

    Returns
    -------
    list of Dependence
    """
    found: list[Dependence] = []
    wanted = [(name, *grid) for name in columns if (grid := grid_of(X[name], schema)) is not None]
    per_call = 0.0
    for number, (name, kind, grid) in enumerate(wanted):
        n_rows = min(ROWS, len(X))
        if deadline is not None and found:
            share = (deadline - time.monotonic()) / (len(wanted) - number)
            n_rows = min(n_rows, int(share / max(per_call * len(grid), 1e-9)))
            if n_rows < min(LEAST_ROWS, len(X)):
                break
        begun = time.monotonic()
        rows = X.head(n_rows)
        told = predict(_repeated(rows, {name: grid}))
        curves = told.reshape(len(grid), n_rows, -1).transpose(1, 0, 2)
        found.append(Dependence(name, kind, _plain(grid, schema), curves.mean(axis=0), curves))
        per_call = (time.monotonic() - begun) / (len(grid) * n_rows)
    return found


def interaction(
    predict: Predict, X: pd.DataFrame, schema: Schema, columns: tuple[str, str]
) -> Interaction | None:
    """The surface of two columns.

    Parameters
    ----------
    predict, X, schema
        As for `dependences`.
    columns : tuple of two str

    Returns
    -------
    Interaction, optional
        None if one of them is text.
    """
    grids = [grid_of(X[name], schema, PAIR_POINTS, PAIR_POINTS) for name in columns]
    if grids[0] is None or grids[1] is None:
        return None
    (_, first), (_, second) = grids[0], grids[1]
    rows = X.head(PAIR_ROWS)
    places = np.indices((len(first), len(second))).reshape(2, -1)
    pairs = {columns[0]: first.take(places[0]), columns[1]: second.take(places[1])}
    told = predict(_repeated(rows, pairs)).reshape(len(first), len(second), len(rows), -1)
    mean = told.mean(axis=2)
    middle = mean - mean.mean(axis=(0, 1))
    alone = middle.mean(axis=1, keepdims=True) + middle.mean(axis=0, keepdims=True)
    size = (middle**2).sum(axis=(0, 1))
    left = ((middle - alone) ** 2).sum(axis=(0, 1))
    strength = float(np.sqrt(left[size.argmax()] / size.max())) if size.max() > 0 else 0.0
    return Interaction(columns, (_plain(first, schema), _plain(second, schema)), mean, strength)


def grid_of(
    column: pd.Series[Any], schema: Schema, points: int = POINTS, levels: int = LEVELS
) -> tuple[str, pd.Series[Any]] | None:
    """The values that a column is set to, as it stores them.

    Parameters
    ----------
    column : Series
    schema : Schema
    points, levels : int
        How many, of numbers and dates, and of levels.

    Returns
    -------
    tuple of (str, Series), optional
        ``number``, ``date`` or ``level``, and the values; None for texts and what does not vary.
    """
    about = {one.name: one for one in schema.used}[str(column.name)]
    semantic = about.semantic
    present = column.dropna().reset_index(drop=True)
    if semantic is Semantic.TEXT or present.nunique() < 2:
        return None
    if semantic is Semantic.CATEGORICAL:
        first = present.drop_duplicates()
        # By position: a list of true and false would be taken for a mask.
        counts = present.astype(object).map(present.astype(object).value_counts())[first.index]
        order = np.argsort(-counts.to_numpy(), kind="stable")[:levels]
        return "level", first.iloc[order].reset_index(drop=True)
    ordered = present
    if semantic is Semantic.DATETIME and not pd.api.types.is_datetime64_any_dtype(present):
        dates = _times(present, about.datetime_format)
        ordered = present[dates.notna()].iloc[dates.dropna().argsort()]
    else:
        ordered = present.sort_values()
    unique = ordered.drop_duplicates()
    if len(unique) > points:
        places = np.linspace(OUTSIDE, 1 - OUTSIDE, points) * (len(ordered) - 1)
        unique = ordered.iloc[places.round().astype(int)].drop_duplicates()
    kind = "date" if semantic is Semantic.DATETIME else "number"
    return kind, unique.reset_index(drop=True)


def _repeated(rows: pd.DataFrame, values: dict[str, pd.Series[Any]]) -> pd.DataFrame:
    """All rows with the first values, then with the second, and so on."""
    n_values = len(next(iter(values.values())))
    table = rows.take(np.tile(np.arange(len(rows)), n_values)).reset_index(drop=True)
    for name, column in values.items():
        each = column.take(np.repeat(np.arange(n_values), len(rows))).reset_index(drop=True)
        table[name] = each
    return table


def _times(dates: pd.Series[Any], form: str | None) -> pd.Series[Any]:
    """Dates that are stored as text, by the format that the column has."""
    return pd.to_datetime(dates, errors="coerce") if form is None else parse(dates, form)


def _plain(grid: pd.Series[Any], schema: Schema) -> list[Any]:
    """The values as people read them: dates in ISO's form, whatever the column's is."""
    about = next(one for one in schema.used if one.name == str(grid.name))
    if about.semantic is Semantic.DATETIME:
        return [one.isoformat() for one in _times(grid, about.datetime_format)]
    return list(grid.tolist())
