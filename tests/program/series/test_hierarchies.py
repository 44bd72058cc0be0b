"""What makes the forecasts of a hierarchy add up."""

import numpy as np
import pandas as pd
import pytest

from trialbook.program.series import _hierarchies
from trialbook.program.series._hierarchies import AllocatedForecaster, ReconciledForecaster

LEAVES = ["a/1/x", "a/1/y", "a/2/x", "b/3/x", "b/3/y"]
NODES = pd.DataFrame(
    {
        "total": "total",
        "state": [leaf[0] for leaf in LEAVES],
        "shop": [leaf[:3] for leaf in LEAVES],
        "item": LEAVES,
    }
)
SEASON, HORIZON, LENGTH = 4, 3, 24


def rows_of(leaves, begin=0):
    """Rows of all nodes from an array with a row for each leaf."""
    days = pd.date_range("2024-01-01", periods=begin + leaves.shape[1])[begin:]
    wide = pd.DataFrame(leaves, columns=days)
    parts = [wide.groupby(NODES[level].to_numpy()).sum() for level in NODES]
    rows = pd.concat(parts).rename_axis("unique_id").melt(ignore_index=False, var_name="ds")
    return rows.reset_index().sort_values(["unique_id", "ds"], ignore_index=True)


def history():
    rng = np.random.default_rng(0)
    leaves = rng.uniform(5, 50, (5, 1)) + rng.normal(size=(5, LENGTH))
    leaves[4] = 0.0
    return leaves


class Last:
    """Forecasts the last value, too high the longer a node's name is, and so not adding up."""

    def fit(self, X, y):
        self.last = X.assign(y=y).groupby("unique_id")["y"].last()
        return self

    update = fit

    def forecast(self, X):
        assert set(X["unique_id"]) == set(self.last.index)
        return (X["unique_id"].map(self.last) * (1 + 0.1 * X["unique_id"].str.len())).to_numpy()


def forecast_of(forecaster):
    """What is forecast of all nodes: a row for each, a column for each step."""
    rows = rows_of(history())
    forecaster.fit(rows[["unique_id", "ds"]], rows["value"].to_numpy())
    future = rows_of(np.zeros((5, HORIZON)), LENGTH)
    told = future.assign(value=forecaster.forecast(future[["unique_id", "ds"]]))
    return told.pivot(index="unique_id", columns="ds", values="value")


def adds_up(told):
    leaves = told.loc[LEAVES]
    for level in NODES:
        sums = leaves.groupby(NODES[level].to_numpy()).sum()
        np.testing.assert_allclose(told.loc[sums.index], sums)


@pytest.mark.parametrize("level", list(NODES))
@pytest.mark.parametrize("mean_of_shares", [True, False])
def test_a_level_is_handed_down_by_the_shares_of_the_history(level, mean_of_shares):
    told = forecast_of(AllocatedForecaster(Last(), NODES, level, mean_of_shares))
    adds_up(told)
    # What was trained is kept, and a node that never sold gets nothing.
    last = rows_of(history()).groupby("unique_id")["value"].last()
    trained = NODES[level].unique()
    expected = last[trained] * (1 + 0.1 * pd.Series(trained, trained).str.len())
    np.testing.assert_allclose(told.loc[trained].iloc[:, 0], expected)
    if level != "item":
        leaf, node = history()[0], history()[NODES[level] == NODES[level][0]].sum(axis=0)
        share = (leaf / node).mean() if mean_of_shares else leaf.mean() / node.mean()
        np.testing.assert_allclose(told.loc["a/1/x"], share * told.loc[NODES[level][0]])
        np.testing.assert_allclose(told.loc["b/3/y"], 0.0, atol=1e-12)


def test_leaves_of_a_node_without_a_history_share_equally():
    forecaster = AllocatedForecaster(Last(), NODES, "shop")
    rows = rows_of(np.zeros((5, LENGTH)))
    forecaster.fit(rows[["unique_id", "ds"]], rows["value"].to_numpy())
    assert forecaster.shares.tolist() == [0.5, 0.5, 1.0, 0.5, 0.5]


@pytest.fixture
def library(monkeypatch):
    """The library, under the names that a program imports."""
    core = pytest.importorskip("hierarchicalforecast.core")
    methods = pytest.importorskip("hierarchicalforecast.methods")
    found = core.HierarchicalReconciliation
    monkeypatch.setattr(_hierarchies, "HierarchicalReconciliation", found, raising=False)
    monkeypatch.setattr(_hierarchies, "MinTrace", methods.MinTrace, raising=False)
    return methods


def test_forecasts_of_all_nodes_are_reconciled(library):
    shrunk = library.MinTrace("mint_shrink")
    told = forecast_of(ReconciledForecaster(Last(), NODES, SEASON, shrunk))
    adds_up(told)
    by_size = ReconciledForecaster(Last(), NODES, SEASON, library.MinTrace("wls_struct"))
    adds_up(forecast_of(by_size))


def test_a_node_that_was_right_before_is_changed_least(library):
    past = rows_of(history()[:, -12:], LENGTH - 12).rename(columns={"value": "y"})
    rng = np.random.default_rng(1)
    off = np.where(past["unique_id"] == "total", 0.001, 0.3)
    past["told"] = past["y"] * (1 + off * rng.normal(size=len(past)))
    last = rows_of(history()).groupby("unique_id")["value"].last()["total"]
    method = library.MinTrace("mint_shrink")
    told = forecast_of(ReconciledForecaster(Last(), NODES, SEASON, method, past))
    adds_up(told)
    np.testing.assert_allclose(told.loc["total"], 1.5 * last, rtol=0.01)
    # Rows that two windows forecast count as they were forecast later.
    twice = pd.concat([past.assign(told=0.0), past])
    again = forecast_of(ReconciledForecaster(Last(), NODES, SEASON, method, twice))
    np.testing.assert_allclose(again, told)


def test_of_few_errors_nothing_is_learned(library):
    method = library.MinTrace("mint_shrink")
    past = rows_of(history()[:, -3:], LENGTH - 3).rename(columns={"value": "y"})
    few = ReconciledForecaster(Last(), NODES, SEASON, method, past.assign(told=0.0))
    by_history = ReconciledForecaster(Last(), NODES, SEASON, method)
    np.testing.assert_allclose(forecast_of(few), forecast_of(by_history))
    # Nor of a history of hardly more than a season.
    short = ReconciledForecaster(Last(), NODES, LENGTH - 3, method)
    by_size = ReconciledForecaster(Last(), NODES, SEASON, library.MinTrace("wls_struct"))
    np.testing.assert_allclose(forecast_of(short), forecast_of(by_size))
