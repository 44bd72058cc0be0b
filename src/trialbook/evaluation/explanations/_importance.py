"""Permutation importance: how much worse a model is on rows whose cells of a column are mixed up.

Breiman (2001), on rows that the model has not seen. Where columns go together, each alone can seem
to be worth nothing, for the other tells the same; so such columns are mixed up together, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trialbook.profiling import Coded, coded_levels, coded_numbers, correlation

# Rows, and how often each column is mixed up, if there is time.
MOST_ROWS, REPEATS, LEAST_ROWS = 2000, 5, 200
# Correlations from which on two columns say nearly the same.
TOGETHER = 0.8
# Columns beyond which pairs are not looked at.
MOST_PAIRED = 60


@dataclass(frozen=True)
class HeldOut:
    """Rows with their target that a model, or each fold's model, has not seen.

    Parameters
    ----------
    X : DataFrame
    y : ndarray of shape (n_rows,)
        Codes of classes, or numbers.
    parts : sequence of (callable, ndarray)
        What predicts, and positions of the rows that it predicts.
    what : str
        In words: which rows.
    """

    X: pd.DataFrame
    y: np.ndarray
    parts: Sequence[tuple[Callable[[pd.DataFrame], np.ndarray], np.ndarray]]
    what: str

    def some(self, n_rows: int, seed: int) -> HeldOut:
        """So many of its rows, as many of each part as it has of all."""
        share = n_rows / max(1, sum(len(rows) for _, rows in self.parts))
        if share >= 1:
            return self
        rng = np.random.default_rng(seed)
        parts = [
            (predict, np.sort(rng.permutation(rows)[: max(2, round(share * len(rows)))]))
            for predict, rows in self.parts
        ]
        return HeldOut(self.X, self.y, parts, self.what)


def permutation_importance(
    held: HeldOut,
    score: Callable[[np.ndarray, np.ndarray], float],
    order: Sequence[str],
    *,
    deadline: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How much the score suffers when a column's cells are mixed up.

    Parameters
    ----------
    held : HeldOut
    score : callable
        Of true values and predictions; higher is better.
    order : sequence of str
        Columns, those that probably matter first: where time is short, they alone are done.
    deadline : float, optional
        Of the monotonic clock.
    seed : int

    Returns
    -------
    DataFrame
        ``columns`` (a tuple: one, or several that go together), ``importance`` (what the score
        loses, the mean over the folds and repeats), ``std`` (over the repeats, NaN of one) and
        ``repeats``; the most important first.
    """
    held = held.some(MOST_ROWS, seed)
    begun = time.monotonic()
    whole = _mean_score(held, score)
    took = time.monotonic() - begun
    groups: list[tuple[str, ...]] = [(name,) for name in order]
    groups += together(held.X.iloc[np.concatenate([rows for _, rows in held.parts])])
    if deadline is not None:
        fit = (deadline - time.monotonic()) / max(took, 1e-6)
        if fit < len(groups):  # not even once with these rows
            n_rows = sum(len(rows) for _, rows in held.parts)
            held = held.some(max(LEAST_ROWS, int(n_rows * fit / len(groups))), seed)
            whole = _mean_score(held, score)
    losses: dict[tuple[str, ...], list[float]] = {group: [] for group in groups}
    for repeat in range(REPEATS):
        for place, group in enumerate(groups):
            if deadline is not None and time.monotonic() >= deadline:
                break
            rng = np.random.default_rng([seed, repeat, place])
            losses[group].append(whole - _mean_score(held, score, group, rng))
    found = [
        (group, float(np.nanmean(lost)), _spread(lost), len(lost))
        for group, lost in losses.items()
        if lost and not np.isnan(lost).all()
    ]
    table = pd.DataFrame(found, columns=["columns", "importance", "std", "repeats"])
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _spread(lost: Sequence[float]) -> float:
    """The standard deviation of repeats; NaN where one or none has a score."""
    known = np.asarray(lost)[np.isfinite(lost)]
    return float(known.std()) if len(known) > 1 else float("nan")


def _mean_score(
    held: HeldOut,
    score: Callable[[np.ndarray, np.ndarray], float],
    mixed: Sequence[str] = (),
    rng: np.random.Generator | None = None,
) -> float:
    """The mean over the parts, with the cells of some columns in another order."""
    scores = []
    for predict, rows in held.parts:
        X = held.X.iloc[rows]
        if mixed and rng is not None:
            other = X[list(mixed)].iloc[rng.permutation(len(X))].reset_index(drop=True)
            X = X.reset_index(drop=True).copy()
            X[list(mixed)] = other
        scores.append(score(held.y[rows], predict(X)))
    return float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan")


def together(X: pd.DataFrame) -> list[tuple[str, ...]]:
    """Groups of columns that say nearly the same.

    Parameters
    ----------
    X : DataFrame

    Returns
    -------
    list of tuple of str
        Groups of at least two; of very wide tables none.
    """
    if X.shape[1] > MOST_PAIRED:
        return []
    coded = [_coded(str(name), X[name]) for name in X]
    group = list(range(len(coded)))
    for one in range(len(coded)):
        for other in range(one):
            found, _ = correlation(coded[one], coded[other])
            if found is not None and abs(found) >= TOGETHER and group[one] != group[other]:
                joined, gone = sorted((group[one], group[other]))
                group = [joined if g == gone else g for g in group]
    sets = [tuple(c.name for c, g in zip(coded, group, strict=True) if g == k) for k in set(group)]
    return sorted(one for one in sets if len(one) > 1)


def _coded(name: str, column: pd.Series[Any]) -> Coded:
    if pd.api.types.is_datetime64_any_dtype(column):
        days = column.astype("int64").to_numpy(dtype=float)
        return coded_numbers(name, np.where(column.isna(), np.nan, days))
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return coded_numbers(name, column.to_numpy(dtype=float, na_value=np.nan))
    return coded_levels(name, pd.factorize(column)[0])
