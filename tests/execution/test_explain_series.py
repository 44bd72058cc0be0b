"""Forecasts are explained by their stored model, and by windows that it is fitted for anew."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.evaluation.explanations import FILE, FOLDER
from trialbook.execution import PROGRAM, Explained, Request, explain_forecasts
from trialbook.execution._explain import run_explain
from trialbook.execution._explain_series import AS_BEFORE
from trialbook.execution._work import run_trial
from trialbook.experiment._design import make_design
from trialbook.job import Job
from trialbook.learners import find
from trialbook.program import Code

HORIZON = 6


def monthly(n_rows=72):
    """Months of two shops, which sell the less the dearer they are; nobody cares for the noise."""
    tables = []
    for size, shop in enumerate(("north", "south"), 1):
        rng = np.random.default_rng(size)
        month = np.arange(n_rows)
        price = rng.choice([1.0, 2.0, 3.0], n_rows)
        sold = size * (50 + month + 20 * np.sin(2 * np.pi * month / 12) - 10 * price)
        when = pd.date_range("2018-01-01", periods=n_rows, freq="MS")
        columns = {"month": when, "shop": shop, "sold": sold, "price": price}
        # Columns may be called as anything.
        tables.append(pd.DataFrame(columns).assign(step=rng.normal(size=n_rows)))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("explained"), folds=2)


def trained(root, **windows):
    """A trial of a linear model on lags, as the engine trains it."""
    pytest.importorskip("mlforecast")
    fields = {"target": "sold", "task": "forecasting", "time_column": "month", "series": ("shop",)}
    job = Job.from_fields(fields | {"horizon": HORIZON, "data": Job.IN_MEMORY, **windows})
    prepared = prepare(job, frame=monthly())
    prepared.train.to_parquet(root / "train.parquet", index=False)
    (root / "schema.json").write_text(json.dumps(prepared.schema.to_dict()), "utf-8")
    task, learner = make_design(job, prepared).task, find("linear_recursive", "forecasting")
    code = learner.code({"alpha": 1.0, "difference": "step"}, task.table())
    text = task.program(
        task.frame(Code('Path("../../train.parquet")')), code, title="", summary=""
    )
    folder = root / "linear-1"
    (folder / "program").mkdir(parents=True)
    (folder / PROGRAM).write_text(text, "utf-8")
    payload = {"schema": str(root / "schema.json"), "learner": learner.key, "metadata": {}}
    run_trial(Request(1, "trial", str(folder), payload), lambda *_, **__: None)
    train, test = root / "train.parquet", root / "test.parquet"
    return Explained(folder, prepared.schema, train, test, "linear-1", "mase")


def test_what_moves_forecasts_and_what_windows_lose_without_a_covariate(trial):
    found = explain_forecasts(trial, timeout=None)
    assert len(found.rows) == 2 * HORIZON
    table = found.table()
    columns = list(table.columns[5:])
    np.testing.assert_allclose(table["base"] + table[columns].sum(axis=1), table["prediction"])
    lost = {columns[0]: value for columns, value in found.permutation.iloc[:, :2].to_numpy()}
    assert lost["price"] > 0.3 and abs(lost["step"]) < 0.1
    assert found.held == "all windows" and found.metric == "mase"
    assert "as they were in the last ones" in found.notes[0]
    first = found.row(0)
    assert first.attrs["prediction"] == pytest.approx(table["prediction"][0])
    assert found.title(0) == "north, 2024-01-01"


def test_windows_may_overlap(tmp_path):
    found = explain_forecasts(trained(tmp_path, folds=3, window_step=2), timeout=None)
    lost = {columns[0]: value for columns, value in found.permutation.iloc[:, :2].to_numpy()}
    assert lost["price"] > 0.1 > abs(lost["step"])
    assert found.held == "all windows" and found.notes == [AS_BEFORE]


def test_rows_of_the_future_are_explained_as_they_are(trial):
    from trialbook.models import ForecastModel

    model = ForecastModel(trial.name, trial.folder / "model", trial.schema)
    future = monthly(72 + HORIZON).groupby("shop").tail(HORIZON).drop(columns="sold")
    found = explain_forecasts(trial, model.asked(future), row=7, timeout=None)
    told = model.forecast(future=future)
    np.testing.assert_allclose(found.table()["prediction"], told["forecast"])
    assert found.rows.loc[7, "price"] == future["price"].iloc[7]
    assert found.notes == []


def test_the_run_keeps_pictures_and_data(trial):
    payload = {
        "schema": str(trial.train.parent / "schema.json"),
        "train": str(trial.train),
        "test": str(trial.test),
        "name": trial.name,
        "metric": trial.metric,
        "seed": 0,
    }
    run_explain(Request(1, "explain", str(trial.folder), payload), lambda *_, **__: None)
    kept = trial.folder / FOLDER
    document = json.loads((kept / FILE).read_text("utf-8"))
    assert document["task"] == "forecasting" and set(document["base"]) == {"north", "south"}
    assert document["permutation"][0]["columns"] == ["price"]
    apart = document["decomposition"][0]
    assert list(apart["parts"]) == ["trend", "season", "rest"] and apart["n_known"] == 72
    for name in ("importance", "beeswarm", "waterfall", "horizon", "decomposition", "permutation"):
        assert (kept / f"{name}.png").stat().st_size > 5000
    assert {"unique_id", "ds"} <= set(pd.read_parquet(kept / "values.parquet"))
