"""What forests share: how many trees, how deep, and how much of the columns a split sees."""

from __future__ import annotations

import math

from trialbook.learners._base import Params
from trialbook.tasks import Table

# Trees for tables up to so many rows: the more rows, the less another tree adds, and the longer
# it takes. AutoGluon grows 300 always.
TREES = ((5_000, 300), (20_000, 200))
FEWEST_TREES = 100
# AutoGluon's limit, which only tables of more rows feel.
MAX_LEAVES = 15_000
# A forest is the largest of models, and a trial keeps one a fold. So much for all of them.
MODEL_BYTES = 400e6
NODE_BYTES = 64


def size(params: Params, table: Table) -> dict[str, int]:
    """Arguments that bound a forest: its trees, and leaves where rows could exceed them.

    Parameters
    ----------
    params : mapping
        Hyperparameters.
    table : Table

    Returns
    -------
    dict of str to int
    """
    rows_per_leaf = 2 * int(params.get("min_samples_leaf", 1) or 1)
    leaves = min(MAX_LEAVES, table.n_rows / rows_per_leaf)
    tree_bytes = 2 * leaves * (NODE_BYTES + 8 * max(1, table.n_classes))
    affordable = int(MODEL_BYTES / table.n_folds / tree_bytes)
    wanted = next((n for rows, n in TREES if table.n_rows <= rows), FEWEST_TREES)
    arguments = {"n_estimators": max(30, min(wanted, affordable))}
    if table.n_rows > MAX_LEAVES:
        arguments["max_leaf_nodes"] = MAX_LEAVES
    return arguments


def columns_per_split(params: Params, table: Table) -> float:
    """Columns that a split looks at, for projecting the time."""
    share = params.get("max_features", 1.0)
    if share == "sqrt":
        return math.sqrt(table.n_columns)
    return float(share if isinstance(share, float) else 1.0) * table.n_columns
