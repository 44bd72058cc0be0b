"""A table, and a way to run a function of the door on it as a tiny experiment."""

import functools

import mlflow
import numpy as np
import pandas as pd
import pytest

from trialbook.compat import databricks as automl


def customers(n_rows=150):
    rng = np.random.default_rng(0)
    age = rng.normal(40, 10, n_rows)
    return pd.DataFrame(
        {
            "id": np.arange(n_rows),
            "age": np.where(np.arange(n_rows) % 10 == 0, np.nan, age),
            "city": rng.choice(["Oslo", "Rome", "Lima"], n_rows),
            "visits": rng.integers(0, 9, n_rows),
            "day": np.arange(n_rows),
            "spent": 3 * age + rng.normal(0, 1, n_rows),
            "churn": np.where(age + rng.normal(0, 2, n_rows) > 40, "yes", "no"),
        }
    )


@pytest.fixture
def table():
    return customers()


def sales(n_days=60):
    """Two shops over some days, with a week in them."""
    day = np.tile(pd.date_range("2024-01-01", periods=n_days), 2)
    shop = np.repeat(["north", "south"], n_days)
    week = np.where(day.astype("datetime64[D]").astype(int) % 7 < 2, 30.0, 20.0)
    sold = week + 5 * (shop == "south") + np.random.default_rng(0).normal(0, 1, 2 * n_days)
    return pd.DataFrame({"day": day, "shop": shop, "manager": "Ann", "sold": sold})


@pytest.fixture
def table_of_sales():
    return sales()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in; MLflow's tracking URI is put back."""
    before = mlflow.get_tracking_uri()
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    mlflow.set_tracking_uri(before)


@pytest.fixture
def one_tree(monkeypatch):
    """Let experiments try a decision tree alone, for there is no argument that asks for that."""
    from trialbook.compat.databricks import _request

    def fields(asked, dataset):
        return own(asked, dataset) | {
            "allow": ("decision_tree",),
            "max_trials": 1,
            "block": (),
            "voting": False,
            "stacking": False,
        }

    own = _request._fields
    monkeypatch.setattr(_request, "_fields", fields)


@pytest.fixture
def forecast(folder, monkeypatch):
    """Let experiments try a seasonal naive forecast alone, on two windows."""
    from trialbook.compat.databricks import _forecast_request

    def fields(asked, dataset):
        few = {"allow": ("seasonal_naive",), "max_trials": 1, "folds": 2, "voting": False}
        return own(asked, dataset) | few

    own = _forecast_request._fields
    monkeypatch.setattr(_forecast_request, "_fields", fields)
    known = {"target_col": "sold", "time_col": "day", "identity_col": "shop", "horizon": 7}
    return functools.partial(automl.forecast, **known)


@pytest.fixture
def classify(folder, one_tree):
    return functools.partial(automl.classify, target_col="churn")


@pytest.fixture
def regress(folder, one_tree):
    return functools.partial(automl.regress, target_col="spent")
