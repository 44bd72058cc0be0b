"""Functions whose very source stands in generated programs.

No library has them, so a program carries them along. Each is self-contained: it uses nothing but
its arguments, NumPy as ``np`` and pandas as ``pd``, which every program imports.
"""
# ruff: noqa: ANN001, ANN202 -- they are read in notebooks, where annotations would distract
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
import pandas as pd


def as_text(X):
    """Categories as text, with a mark of their own for missing ones."""
    return X.astype(object).where(X.notna(), "(missing)").astype(str)


def buckets(X, n):
    """Which of n buckets each category falls into, by a hash of what it is."""
    columns = np.asarray(X).T
    if columns.dtype != object:
        columns = columns.astype(float)  # 5 and 5.0 are one category
    hashes = [pd.util.hash_array(np.ascontiguousarray(column)) for column in columns]
    made = (np.column_stack(hashes) % n).astype(int)
    return pd.DataFrame(made, columns=getattr(X, "columns", None), index=getattr(X, "index", None))


def log_odds(p):
    """Probabilities on a scale where a linear model can weigh them."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def brier_loss(y, proba):
    """Brier score: the squared distance from 1 for the true class and 0 for others."""
    return ((proba - np.eye(proba.shape[1])[y]) ** 2).sum(axis=1).mean()


def as_table(X, n_categorical):
    """A table whose first columns, the codes of categories, are whole numbers."""
    return pd.DataFrame(X).astype(dict.fromkeys(range(n_categorical), int))


def centred(y):
    """The target less its mean: a column for each of a few values, else one of ranks."""
    values, place = np.unique(y, return_inverse=True)
    columns = np.eye(len(values))[place] if len(values) <= 30 else place[:, None] / len(values)
    return columns - columns.mean(axis=0)


def parts(values, n):
    """Which of n equal parts of the sorted values each is in, from 0; a missing one is in n."""
    edges = np.sort(values)[np.linspace(0, len(values) - 1, n + 1).astype(int)[1:-1]]
    return np.where(np.isnan(values), n, np.searchsorted(edges, values, side="right"))


def explained(groups, target):
    """How far the target's means differ between groups, beyond chance; small groups count less."""
    size = np.bincount(groups)
    score = 0.0
    for column in target.T:
        total, by_chance = np.bincount(groups, column), np.bincount(groups, column**2)
        score += ((total**2 - by_chance) / (size + 10)).sum()
    return score


def arithmetic(a, b):
    """Difference, product, ratio and sum of two columns; without a finite result, missing."""
    with np.errstate(all="ignore"):
        made = np.column_stack([a - b, a * b, a / b, a + b])
    return np.where(np.abs(made) < 1e30, made, np.nan)
