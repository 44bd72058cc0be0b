"""Transformers whose very source stands in generated programs.

Features that are made of several columns, which no library makes. What is made is chosen inside
``fit``, on a sample of the rows that it is given, so that nothing of a fold's validation rows is
known. Beside NumPy as ``np`` and pandas as ``pd``, each uses the two base classes and the
functions of `trialbook.program._snippets` that are imported here; a program carries them along.
"""
# ruff: noqa: ANN001, ANN202, ANN204 -- they are read in notebooks, which must be short
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD

from trialbook.program._snippets import arithmetic, centred, explained, parts


class ArithmeticPairs(TransformerMixin, BaseEstimator):
    """Differences, products, ratios and sums of pairs of columns.

    Pairs are made of the columns that tell most of the target. Kept are those that explain more
    of it than a grid of the pair does; without a number of features, all of them.
    """

    def __init__(self, n_features=16, n_columns=16, n_rows=2500, random_state=None):
        self.n_features = n_features
        self.n_columns = n_columns
        self.n_rows = n_rows
        self.random_state = random_state

    def fit(self, X, y):
        names = list(X)
        rows = np.random.default_rng(self.random_state).permutation(len(X))[: self.n_rows]
        values = np.asarray(X, dtype=float)[rows]
        target = centred(np.asarray(y)[rows])
        alone = [explained(parts(column, 16), target) for column in values.T]
        columns = sorted(np.argsort(alone)[::-1][: self.n_columns])
        if self.n_features is None:
            self.pairs_ = [(a, b, kind) for a, b in combinations(columns, 2) for kind in range(4)]
        else:
            self.pairs_ = self._best(values, target, columns)
        self.names_ = [f"{names[a]} {'-*/+'[kind]} {names[b]}" for a, b, kind in self.pairs_]
        return self

    def _best(self, values, target, columns):
        found = []
        for a, b in combinations(columns, 2):
            grid = explained(5 * parts(values[:, a], 4) + parts(values[:, b], 4), target)
            made = arithmetic(values[:, a], values[:, b])
            gains = [explained(parts(column, 16), target) - grid for column in made.T]
            found.append((max(gains), a, b, int(np.argmax(gains))))
        found = sorted(found, reverse=True)[: self.n_features]
        useful = sum(gain > 0 for gain, *_ in found)
        return [tuple(pair) for _, *pair in found[: max(1, useful)]]

    def transform(self, X):
        values = np.asarray(X, dtype=float)
        pairs = {(a, b) for a, b, _ in self.pairs_}
        made = {(a, b): arithmetic(values[:, a], values[:, b]) for a, b in pairs}
        return np.column_stack(
            [values[:, :0], *(made[a, b][:, kind] for a, b, kind in self.pairs_)]
        )

    def get_feature_names_out(self, input_features=None):
        return np.array(self.names_, dtype=object)


class CategoryCrosses(TransformerMixin, BaseEstimator):
    """Pairs of categories as one category, written as a number; -1 was not seen in training.

    Kept are those that explain most of the target beyond what their two categories do one by one.
    """

    def __init__(self, n_features=10, n_columns=12, n_rows=5000, random_state=None):
        self.n_features = n_features
        self.n_columns = n_columns
        self.n_rows = n_rows
        self.random_state = random_state

    def fit(self, X, y):
        names = list(X)
        self.levels_ = [pd.Index(X[name].dropna().unique()) for name in names]
        rows = np.random.default_rng(self.random_state).permutation(len(X))[: self.n_rows]
        codes = self._codes(X.iloc[rows])
        target = centred(np.asarray(y)[rows])
        alone = [explained(column, target) for column in codes.T]
        columns = sorted(np.argsort(alone)[::-1][: self.n_columns])
        found = []
        for a, b in combinations(columns, 2):
            both = pd.factorize(self._cross(codes, a, b))[0]
            found.append((explained(both, target) - alone[a] - alone[b], a, b))
        self.pairs_ = [(a, b) for _, a, b in sorted(found, reverse=True)[: self.n_features]]
        self.names_ = [f"{names[a]} & {names[b]}" for a, b in self.pairs_]
        return self

    def transform(self, X):
        codes = self._codes(X)
        return np.column_stack([codes[:, :0], *(self._cross(codes, a, b) for a, b in self.pairs_)])

    def _codes(self, X):
        """Positions of the levels; a missing value is one more level."""
        codes = [levels.get_indexer(X[name]) for name, levels in zip(X, self.levels_)]
        sizes = [len(levels) for levels in self.levels_]
        return np.where(X.isna(), sizes, np.column_stack(codes))

    def _cross(self, codes, a, b):
        both = codes[:, a] * (len(self.levels_[b]) + 1) + codes[:, b]
        return np.where((codes[:, a] < 0) | (codes[:, b] < 0), -1, both)

    def get_feature_names_out(self, input_features=None):
        return np.array(self.names_, dtype=object)


class DateImputer(TransformerMixin, BaseEstimator):
    """Fills missing dates: with their mean or median, the most frequent one or a given one."""

    def __init__(self, strategy="median", fill_value=None, parsing=None):
        self.strategy = strategy
        self.fill_value = fill_value
        self.parsing = parsing

    def fit(self, X, y=None):
        self.dates_ = {name: self._fill_in(column) for name, column in self._parsed(X).items()}
        return self

    def transform(self, X):
        return self._parsed(X).fillna(self.dates_)

    def _parsed(self, X):
        return X.apply(pd.to_datetime, **(self.parsing or {}))

    def _fill_in(self, column):
        if self.strategy == "constant":
            return pd.Timestamp(self.fill_value, tz=column.dt.tz)
        dates = column.dropna()
        if self.strategy == "most_frequent":
            return dates.mode().min()
        return dates.mean() if self.strategy == "mean" else dates.median()

    def get_feature_names_out(self, input_features=None):
        return np.array(list(self.dates_), dtype=object)


class Topics(TransformerMixin, BaseEstimator):
    """A few topics of many words, by a singular value decomposition; no more than words."""

    def __init__(self, n_components=30, random_state=None):
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X, y=None):
        size = min(self.n_components, X.shape[1])
        self.svd_ = TruncatedSVD(size, random_state=self.random_state).fit(X)
        return self

    def transform(self, X):
        return self.svd_.transform(X)

    def get_feature_names_out(self, input_features=None):
        return np.array([f"topic_{i:02}" for i in range(len(self.svd_.components_))], dtype=object)
