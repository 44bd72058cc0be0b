"""How near forecasts of a hierarchy are at each of its levels."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from trialbook.data import NODES_FILE

# What MLflow does not take in the name of a metric.
_UNFIT = re.compile(r"[^\w\-. /]", re.ASCII)


def nodes_beside(schema: Path) -> pd.DataFrame | None:
    """The nodes of a hierarchy, which an experiment keeps beside its schema; None without one."""
    path = schema.with_name(NODES_FILE)
    return pd.read_parquet(path) if path.exists() else None


def mase_by_level(
    nodes: pd.DataFrame | None, series: np.ndarray, scaled_error: np.ndarray
) -> dict[str, float]:
    """MASE of the nodes of each level.

    Parameters
    ----------
    nodes : DataFrame, optional
        A row for each leaf and a column for each level; see `trialbook.data.Hierarchy`.
    series : ndarray of str, shape (n_rows,)
        The node of each row.
    scaled_error : ndarray of shape (n_rows,)
        Of each row, as a multiple of its scale.

    Returns
    -------
    dict of str to float
        ``mase_total``, ``mase_state``; empty without a hierarchy.
    """
    if nodes is None:
        return {}
    return {
        f"mase_{_UNFIT.sub('_', str(level))}": float(
            np.mean(np.abs(scaled_error[np.isin(series, nodes[level].unique())]))
        )
        for level in nodes
    }
