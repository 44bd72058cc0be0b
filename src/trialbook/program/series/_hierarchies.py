"""Forecasts of hierarchies that add up, by classes whose very source stands in programs.

Each stands around a forecaster of `_forecasters`, with the same methods. ``nodes`` has a row for
each leaf and a column for each level from the top to the leaves: the names of the nodes that the
leaf counts to. Rows are of all nodes, at the same times.
"""
# ruff: noqa: ANN001, ANN202, ANN204 -- they are read in notebooks, which must be short
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from hierarchicalforecast.core import HierarchicalReconciliation
    from hierarchicalforecast.methods import MinTrace


class AllocatedForecaster:
    """A forecaster of one level: leaves get shares of its nodes, all other nodes are sums.

    Shares are those of the history: the mean over its times, or else the share of the means.
    """

    def __init__(self, forecaster, nodes, level, mean_of_shares=True):
        self.forecaster, self.nodes, self.level = forecaster, nodes, level
        self.mean_of_shares = mean_of_shares

    def fit(self, X, y):
        """Fit the forecaster to the nodes of the level, and find out the shares of the leaves."""
        mine = X["unique_id"].isin(self.nodes[self.level]).to_numpy()
        self.forecaster.fit(X[mine], y[mine])
        wide = X[["unique_id", "ds"]].assign(y=y)
        wide = wide.pivot(index="ds", columns="unique_id", values="y")
        leaf, node = (wide[self.nodes[level]].to_numpy() for level in (self._leaves, self.level))
        if not self.mean_of_shares:
            leaf, node = leaf.mean(axis=0, keepdims=True), node.mean(axis=0, keepdims=True)
        share = pd.DataFrame(leaf / np.where(node == 0, np.nan, node)).mean()
        count = self.nodes.groupby(self.level)[self.level].transform("size")
        self.shares = share.fillna(1 / count).to_numpy()  # nodes that are always 0 share equally
        return self

    def update(self, X, y):
        """Take note of what was observed since; shares stay as they are."""
        mine = X["unique_id"].isin(self.nodes[self.level]).to_numpy()
        self.forecaster.update(X[mine], y[mine])
        return self

    def forecast(self, X):
        """A number for each row; those of leaves add up to those of the nodes above them."""
        mine = X["unique_id"].isin(self.nodes[self.level]).to_numpy()
        told = X.loc[mine, ["unique_id", "ds"]].assign(told=self.forecaster.forecast(X[mine]))
        told = told.pivot(index="unique_id", columns="ds", values="told")
        leaf = told.loc[self.nodes[self.level]].mul(self.shares, axis=0)
        parts = [leaf.set_index(self.nodes[level].to_numpy()) for level in self.nodes]
        made = pd.concat(parts).groupby(level=0).sum().stack()
        return made.loc[pd.MultiIndex.from_frame(X[["unique_id", "ds"]])].to_numpy()

    @property
    def _leaves(self):
        return self.nodes.columns[-1]


class ReconciledForecaster:
    """A forecaster of all nodes, whose forecasts are changed as little as it takes to add up.

    How far nodes are off, and which of them together, is told by the errors of ``past`` forecasts,
    or if they are few by those of a seasonal naive in the history. Where these are few, too, each
    node counts by its number of leaves.
    """

    least = 12  # errors of a node

    def __init__(self, forecaster, nodes, season, method, past=None):
        self.forecaster, self.nodes, self.season = forecaster, nodes, season
        self.method, self.past = method, past

    def fit(self, X, y):
        """Fit the forecaster to all nodes."""
        self.forecaster.fit(X, y)
        least = self.least * X["unique_id"].nunique()
        if self.past is not None:  # of rows in two windows, as it was told later
            self.past = self.past.drop_duplicates(["unique_id", "ds"], keep="last")
        if self.past is None or len(self.past) < least:
            past = X[["unique_id", "ds"]].assign(y=y)
            past["told"] = past.groupby("unique_id", sort=False)["y"].shift(self.season)
            self.past = past.dropna()
        exact = np.isclose(self.past["y"], self.past["told"]).mean() > 0.9
        if len(self.past) < least or exact:
            self.method = MinTrace("wls_struct")
        return self

    def update(self, X, y):
        """Take note of what was observed since."""
        self.forecaster.update(X, y)
        return self

    def forecast(self, X):
        """A number for each row; those of leaves add up to those of the nodes above them."""
        self.told = X[["unique_id", "ds"]].assign(told=self.forecaster.forecast(X))
        levels = {level: self.nodes[level].unique() for level in self.nodes}
        sums = [
            pd.get_dummies(self.nodes[level], dtype=float)[levels[level]].T for level in levels
        ]
        sums = pd.concat(sums).set_axis(self.nodes.iloc[:, -1], axis=1)
        sums = sums.rename_axis("unique_id").reset_index().rename_axis(None, axis=1)
        reconciliation = HierarchicalReconciliation([self.method])
        made = reconciliation.reconcile(self.told, levels, sums, self.past)
        return X[["unique_id", "ds"]].merge(made, how="left").iloc[:, -1].to_numpy()
