"""Many models from end to end: trained by state, one of which fails, resumed and asked."""

import numpy as np
import pandas as pd
import pytest

import trialbook as tb

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]


def monthly(states="abc", n_rows=48):
    """Months of two shops in each state."""
    rng, month, parts = np.random.default_rng(0), np.arange(n_rows), []
    when = pd.date_range("2021-01-01", periods=n_rows, freq="MS")
    for size, state in enumerate(states, 1):
        for shop in ("x", "y"):
            sold = size * (50 + 20 * np.sin(2 * np.pi * month / 12)) + rng.normal(size=n_rows)
            parts.append(pd.DataFrame({"month": when, "state": state, "shop": shop, "sold": sold}))
    return pd.concat(parts, ignore_index=True)


def test_a_model_of_its_own_for_every_state(folder, run):
    table = monthly()
    short = (table["state"] == "c") & (table["month"] >= "2021-03-01")  # too short for a window
    table[~short].to_csv("sales.csv", index=False)
    options = ["--target", "sold", "--time", "month", "--series", "shop", "--horizon", 6]
    options += ["--max-trials", 1, "--allow", "seasonal_naive", "--workspace", "space"]
    trained = run("forecast", "sales.csv", *options, "--partition", "state", "--json")
    assert trained.code == 0, trained.err
    parts = {one["partition"]: one for one in trained.document["parts"]}
    assert {key: one["state"] for key, one in parts.items()} == {
        "a": "finished",
        "b": "finished",
        "c": "failed",
    }
    assert "horizon" in parts["c"]["error"]
    assert parts["a"]["best"] == "seasonal_naive-1"
    many = tb.open_many("space", "sales")
    told = many.forecast()
    assert list(told)[:4] == ["state", "month", "shop", "forecast"]
    assert told.groupby("state")["shop"].nunique().to_dict() == {"a": 2, "b": 2}
    last = table.set_index(["state", "shop", "month"])["sold"]
    year = pd.DateOffset(years=1)
    expected = [last[row.state, row.shop, row.month - year] for row in told.itertuples()]
    np.testing.assert_allclose(told["forecast"], expected)
    # The best of each is in the registry, under a fixed name.
    model = tb.load_model("sales-a@champion", workspace="space")
    pd.testing.assert_frame_equal(model.forecast(), many.experiment("a").forecast())
    listed = run("many", "forecast", "sales", "--workspace", "space", "--quantiles", "0.5")
    assert "without a model: c" in listed.err
    assert listed.out.startswith("state,month,shop,forecast,0.5")


def test_what_failed_is_trained_anew_and_what_waits_is_begun(folder):
    job = tb.Job.from_fields(
        {
            "data": tb.Job.IN_MEMORY,
            "target": "sold",
            "task": "forecasting",
            "time_column": "month",
            "horizon": 6,
            "allow": ["seasonal_naive"],
            "timeout": 1,
            "workspace": "space",
            "name": "sales",
        }
    )
    many = tb.train_many(job, ["state"], data=monthly("ab"))
    assert set(many.results["state"]) == {"waiting"}
    plan = many._plan
    assert plan.job["series"] == ["shop"]  # found in the table as a whole
    plan.parts[0].state = "failed"
    plan.write(many.folder)
    many.resume(timeout=60)
    assert many.results["state"].tolist() == ["failed", "finished"]
    many.retrain_failed(timeout=60)
    assert many.results["state"].tolist() == ["finished", "finished"]
    assert many.results["version"].tolist() == [1, 1]
    told = many.forecast(2)
    assert told["state"].tolist() == ["a"] * 4 + ["b"] * 4
    assert told["shop"].tolist() == ["x", "x", "y", "y"] * 2


def test_rows_of_a_table_are_predicted_by_the_model_of_their_part(folder):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"shop": np.repeat(["x", "y"], 150), "a": rng.normal(size=300)})
    table["y"] = np.where(table["shop"] == "x", 5 * table["a"], 100 - 5 * table["a"])
    fields = {"data": tb.Job.IN_MEMORY, "target": "y", "task": "regression", "max_trials": 1}
    fields |= {"allow": ["elastic_net"], "voting": False, "stacking": False, "explain": False}
    job = tb.Job.from_fields(fields | {"workspace": "space", "name": "shops"})
    many = tb.train_many(job, "shop", data=table)
    told = many.predict(table.assign(shop=table["shop"].where(table.index < 299, "z")))
    np.testing.assert_allclose(told[:299], table["y"][:299], atol=2)
    assert told.isna().tolist()[-1]
