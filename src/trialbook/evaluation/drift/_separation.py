"""How well a model tells old rows from new ones, and by which columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from trialbook.data import CHANCE, Column, Semantic, measures, some_rows
from trialbook.evaluation.drift._figures import Moved, Separation
from trialbook.evaluation.drift._policy import (
    AREA,
    CLASSIFIER_ROWS,
    FEWEST_CLASSIFIED,
    FOLDS,
    RANKED_COLUMNS,
)

# Levels of a category that the model sees, each by how often it was there in all rows.
_LEVELS = 200
# Levels of fewer rows are one.
_RARE = 20


def separate(
    columns: Sequence[Column],
    before: pd.DataFrame,
    after: pd.DataFrame,
    moved: Sequence[Moved],
    seed: int = 0,
) -> Separation | None:
    """Train a model to tell old rows from new ones.

    Parameters
    ----------
    columns : sequence of Column
    before, after : DataFrame
    moved : sequence of Moved
        What is known of the columns, those that moved most first.
    seed : int, optional

    Returns
    -------
    Separation or None
        None if there are too few rows or no columns.

    Notes
    -----
    The area under the ROC curve is that of out-of-fold predictions, its variance by DeLong,
    DeLong and Clarke-Pearson (1988). Folds share rows that train, so that the interval is
    somewhat too narrow; what matters (`AREA`) is chosen with room for that.
    """
    left_out = tuple(one.name for one in columns if one.semantic is Semantic.DATETIME)
    used = [one for one in columns if one.semantic is not Semantic.DATETIME]
    sizes = [min(len(one), CLASSIFIER_ROWS) for one in (before, after)]
    if not used or min(sizes) < FEWEST_CLASSIFIED:
        return None
    # As many of both: what is rare is not harder to see, but takes longer.
    n_rows = min(sizes)
    both = pd.concat(
        [one.iloc[some_rows(len(one), n_rows)] for one in (before, after)], ignore_index=True
    )
    X = np.column_stack([_as_numbers(column, both[column.name]) for column in used])
    y = np.repeat([0, 1], n_rows)
    order = {one.name: place for place, one in enumerate(moved)}
    ranked = sorted(range(len(used)), key=lambda i: order.get(used[i].name, len(order)))
    from scipy.stats import norm
    from threadpoolctl import threadpool_limits

    # Threads that wait for each other on a busy machine take far longer than one.
    with threadpool_limits(1):
        auc, error, lost = _trained(X, y, ranked[:RANKED_COLUMNS], seed)

    half = float(norm.ppf(1 - CHANCE / 2)) * error
    low, high = max(0.0, auc - half), min(1.0, auc + half)
    told = sorted(((used[i].name, loss) for i, loss in lost.items()), key=lambda one: -one[1])
    return Separation(
        auc=auc,
        low=low,
        high=high,
        n_rows=n_rows,
        moved=low > AREA,
        columns=tuple((name, loss) for name, loss in told if loss > 0.001),
        left_out=left_out,
    )


def _as_numbers(column: Column, cells: pd.Series) -> np.ndarray:
    """A column as a tree sees it: levels by their frequency, texts by their length."""
    numbers = measures(cells, column)
    if numbers is not None:
        return np.asarray(numbers)
    if column.semantic is Semantic.TEXT:
        return np.asarray(cells.str.len(), dtype=float)
    codes = pd.factorize(cells)[0]
    counts = np.bincount(codes[codes >= 0], minlength=1)
    place = np.empty(len(counts))
    place[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(counts)), _LEVELS)
    # Which of the rare ones comes first would tell on which side it stands.
    place[counts < _RARE] = _LEVELS
    return np.asarray(np.where(codes < 0, np.nan, place[codes]))


def _trained(
    X: np.ndarray, y: np.ndarray, ranked: Sequence[int], seed: int
) -> tuple[float, float, dict[int, float]]:
    """The area, its standard error, and what it loses when a column is shuffled."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    random = np.random.default_rng(seed)
    predicted = np.empty(len(y))
    shuffled = {i: np.empty(len(y)) for i in ranked}
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, y):
        model = HistGradientBoostingClassifier(
            max_iter=40, learning_rate=0.1, max_leaf_nodes=15, random_state=seed
        ).fit(X[train], y[train])
        held = X[test]
        # Scores of two folds are not on one scale; ranks within a fold are.
        predicted[test] = _ranks(model.predict_proba(held)[:, 1])
        for i in ranked:
            other = held.copy()
            other[:, i] = random.permutation(other[:, i])
            shuffled[i][test] = _ranks(model.predict_proba(other)[:, 1])
    auc, error = _area(predicted, y)
    return auc, error, {i: auc - _area(found, y)[0] for i, found in shuffled.items()}


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values)) / len(values)


def _area(values: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The area under the ROC curve, and its standard error by DeLong."""
    from scipy.stats import rankdata

    old, new = values[y == 0], values[y == 1]
    ranks = np.asarray(rankdata(np.concatenate([new, old])))
    # How many of the others each one is above.
    above = (ranks[: len(new)] - np.asarray(rankdata(new))) / len(old)
    below = 1 - (ranks[len(new) :] - np.asarray(rankdata(old))) / len(new)
    error = np.sqrt(above.var(ddof=1) / len(new) + below.var(ddof=1) / len(old))
    return float(above.mean()), float(error)
