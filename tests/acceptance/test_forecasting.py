"""Forecasting from end to end: trained, asked for the future, registered, from both doors."""

import json

import numpy as np
import pandas as pd
import pytest

import trialbook as tb

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]

HORIZON = 6
# Learners that take no time to fit.
QUICK = ("seasonal_naive", "theta", "exponential_smoothing")
# What a forecast does not do; the rest of the commands it does.
REFUSED = (
    ("features",),
    ("explain",),
    ("errors",),
    ("fairness", "--by", "shop"),
    ("card", "-o", "card.html"),
    ("learning-curve",),
    ("test", "later.csv"),
    ("export", "--to", "onnx"),
    ("export", "--to", "zip"),
    ("serve", "--port", "0"),
    ("drift", "--data", "later.csv"),
    ("retrain", "sales", "--data", "later.csv"),
)


def monthly(n_rows=72):
    """Months of two shops, with a trend and a season."""
    rng = np.random.default_rng(0)
    month, tables = np.arange(n_rows), []
    for size, shop in enumerate(("north", "south"), 1):
        sold = size * (50 + month + 20 * np.sin(2 * np.pi * month / 12)) + rng.normal(size=n_rows)
        when = pd.date_range("2018-01-01", periods=n_rows, freq="MS")
        tables.append(pd.DataFrame({"month": when, "shop": shop, "sold": sold.round(2)}))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def space(tmp_path_factory, warm_workers):
    return tmp_path_factory.mktemp("forecast") / "space"


@pytest.fixture(scope="module")
def experiment(space):
    return tb.forecast(
        monthly(),
        "sold",
        time="month",
        series=["shop"],
        horizon=HORIZON,
        test_size=0.1,
        allow=QUICK,
        max_trials=3,
        workspace=space,
        name="shops",
    )


def test_a_season_and_a_trend_are_found(experiment):
    assert experiment.task == "forecasting"
    assert experiment.metric == "mase"
    board = experiment.leaderboard
    assert set(board["learner"]) == {*QUICK, "voting"}
    assert set(board["state"]) == {"finished"}
    scores = board.set_index("learner")["score"]
    assert experiment.best.score < 0.5 * scores["seasonal_naive"]
    assert experiment.best.metrics["test_score"] < 0.5


def test_the_future_of_all_series(experiment, space):
    told = experiment.forecast()
    assert list(told) == ["month", "shop", "forecast", *(f"0.{k}" for k in range(1, 10))]
    # The test rows are not trained on, so that the future begins with them.
    assert told.groupby("shop")["month"].min().unique() == [pd.Timestamp("2023-07-01")]
    actual = monthly().merge(told, on=["month", "shop"])
    assert len(actual) == 2 * HORIZON
    assert (np.abs(actual["sold"] - actual["forecast"]) / actual["sold"]).mean() < 0.05
    for asked in (experiment.best.forecast(), tb.load_model("best", workspace=space).forecast()):
        pd.testing.assert_frame_equal(asked, told)
    with pytest.raises(tb.OptionError, match="it forecasts series"):
        experiment.predict(monthly())


def test_a_registered_model_forecasts(experiment, space, folder, run):
    experiment.register("sales", aliases=["champion"])
    model = tb.load_model("sales@champion", workspace=space)
    later = model.rolling(monthly(), step=3)
    assert later["origin"].nunique() == 2
    assert (np.abs(later["actual"] - later["forecast"]) / later["actual"]).mean() < 0.05
    assert model.forecast(3, context=monthly())["month"].min() == pd.Timestamp("2024-01-01")
    listed = run("models", "--workspace", space, "--json").document
    assert "sales" in json.dumps(listed)


def test_what_a_forecast_does_not_do_is_refused_in_one_sentence(experiment, space, folder, run):
    if "sales" not in {one.name for one in tb.registered_models(space)}:
        experiment.register("sales")
    monthly().to_csv("later.csv", index=False)
    for arguments in REFUSED:
        outcome = run(*arguments, "--workspace", space)
        assert outcome.code == 2, (arguments, outcome)
        assert "it forecasts series" in outcome.error, (arguments, outcome.error)


def test_the_command_trains_the_same(experiment, space, folder, run):
    monthly().to_csv("shops.csv", index=False)
    options = ["--target", "sold", "--series", "shop", "--horizon", HORIZON, "--max-trials", 2]
    options += ["--test-size", 0.1, "--allow", ",".join(QUICK[:2]), "--workspace", space]
    outcome = run("forecast", "shops.csv", "--time", "month", *options, "--json")
    assert outcome.code == 0, outcome.err
    scores = {one["trial"]: one["score"] for one in outcome.document["leaderboard"]}
    board = experiment.leaderboard.set_index("learner")["score"]
    assert scores["seasonal_naive-1"] in board.tolist()
    other = run("train", "shops.csv", "--task", "forecasting", "--time-column", "month", *options)
    assert other.code == 0, other.err
    assert "seasonal_naive" in other.out
