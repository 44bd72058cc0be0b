"""Which rows of a table a model was trained on, so that a comparison can leave them out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.errors import NoModelError
from trialbook.lifecycle._learned_from import learned_from
from trialbook.models import Model

# Rows that a model was trained on are left out if so many others are left.
FEWEST_ROWS = 100


@dataclass(frozen=True)
class Unseen:
    """Rows to compare models on.

    Parameters
    ----------
    rows : DataFrame
    n_seen : int
        Rows of the table that one of the models was trained on.
    left_out : bool
        Whether these are left out; else too few others were there.
    """

    rows: pd.DataFrame
    n_seen: int
    left_out: bool


def unseen(
    table: pd.DataFrame, models: Iterable[Model], tracking_uri: str | None = None
) -> Unseen:
    """Leave out the rows that any of some models was trained on.

    Parameters
    ----------
    table : DataFrame
        With the target and the columns of all models.
    models : iterable of Model
        One whose experiment is not known here, has seen what lies beside it at most.
    tracking_uri : str, optional
        As in `find_model`.

    Returns
    -------
    Unseen
        Rows are compared by what the models see of them: their features and the target.
    """
    seen = np.zeros(len(table), dtype=bool)
    for model in models:
        try:
            trained = pd.read_parquet(learned_from(model, tracking_uri).rows)
        except NoModelError:
            continue
        if model.schema.target in trained:
            seen |= np.isin(_digests(table, model.schema), _digests(trained, model.schema))
    n_seen = int(seen.sum())
    if not n_seen or len(table) - n_seen < FEWEST_ROWS:
        return Unseen(table, n_seen, left_out=False)
    return Unseen(table[~seen].reset_index(drop=True), n_seen, left_out=True)


def _digests(table: pd.DataFrame, schema: Schema) -> np.ndarray:
    """A number for each row; the same one for the same features and target."""
    rows = schema.conform(table, require_target=True)[[*schema.names, schema.target]]
    return np.asarray(pd.util.hash_pandas_object(rows, index=False))
