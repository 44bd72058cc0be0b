"""Features of several columns as a hyperparameter: ``features="arithmetic+crosses"``."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from trialbook.learners._base import Params
from trialbook.program import Extra, extra_width, possible_extras
from trialbook.tasks import Table

# Which pairs are made is chosen by evidence, and what a level says of the target is a mean of
# four fifths of its rows: with fewer rows than this, both are mostly noise.
MIN_ROWS = 100
# A category becomes as many columns as there are classes when it is encoded by the target.
MAX_CLASSES = 10


def engineered(params: Params) -> tuple[Extra, ...]:
    """The features that a configuration adds to the columns.

    Parameters
    ----------
    params : mapping
        Hyperparameters; ``features`` names the values of `Preprocessing.extra`, joined by "+".

    Returns
    -------
    tuple of str
        Empty where the hyperparameter is absent or "none".
    """
    named = str(params.get("features", "")).split("+")
    return tuple(extra for extra in get_args(Extra) if extra in named)


def of_model(params: Params) -> Params:
    """The hyperparameters that are the model's own."""
    return {name: value for name, value in params.items() if name not in ("features", "select")}


def offered(table: Table, *wanted: Extra) -> str:
    """The value of ``features`` for those of some kinds of features that suit a table.

    Parameters
    ----------
    table : Table
    *wanted : str
        Values of `Preprocessing.extra`.

    Returns
    -------
    str
        Their names joined by "+"; empty if none suits.
    """
    if table.n_rows < MIN_ROWS:
        return ""
    encoded = ("crosses", "target_encoding") if table.n_classes > MAX_CLASSES else ()
    possible = possible_extras(table.columns)
    return "+".join(one for one in wanted if one in possible and one not in encoded)


def widened(params: Params, table: Table) -> Table:
    """A table with the columns that a configuration adds, for projecting its cost.

    Parameters
    ----------
    params : mapping
    table : Table

    Returns
    -------
    Table
    """
    width = extra_width(table.columns, engineered(params), table.n_outputs)
    return replace(table, n_features=table.n_features + width, n_coded=table.n_columns + width)
