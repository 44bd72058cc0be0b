"""Forecasting from end to end: trained, asked for the future, registered, from both doors."""

import json

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.experiment import state

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]

HORIZON = 6
# Learners that take no time to fit.
QUICK = ("seasonal_naive", "theta", "exponential_smoothing")
# What a forecast does not do; the rest of the commands it does.
REFUSED = (
    ("features",),
    ("fairness", "--by", "shop"),
    ("learning-curve",),
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


def test_forecasts_are_written_as_tables(experiment, space, folder, run):
    told = experiment.forecast(3, quantiles=[0.1, 0.9])
    options = ["--workspace", space, "--quantiles", "0.1,0.9"]
    written = run("predict", "-o", "next.csv", "--horizon", 3, *options)
    assert written.code == 0, written.err
    assert "6 forecasts in next.csv" in written.err
    table = pd.read_csv("next.csv")
    assert list(table) == ["month", "shop", "forecast", "0.1", "0.9"]
    assert table["month"].tolist() == told["month"].dt.strftime("%Y-%m-%d").tolist()
    np.testing.assert_allclose(table["forecast"], told["forecast"])
    # The rows of a table, by a model's name; the horizon is theirs.
    table[["shop", "month"]].to_csv("future.csv", index=False)
    rows = run("predict", "best", "future.csv", *options, "--json")
    assert [one["forecast"] for one in rows.document] == pytest.approx(table["forecast"].tolist())
    run("predict", "future.csv", "-o", "rows.parquet", *options)
    assert pd.read_parquet("rows.parquet")["month"].tolist() == told["month"].tolist()
    monthly().to_csv("later.csv", index=False)
    after = run("predict", experiment.best.label, "--context", "later.csv", *options)
    assert after.out.splitlines()[1].startswith("2024-01-01,north,")


def test_what_a_model_says_of_its_training_rows(experiment, space, folder, run):
    naive = next(one for one in experiment.trials if one.learner == "seasonal_naive")
    written = run("predict", naive.label, "--fitted", "-o", "fitted.csv", "--workspace", space)
    assert written.code == 0, written.err
    told = pd.read_csv("fitted.csv")
    assert list(told) == ["month", "shop", "actual", "fitted"]
    assert len(told) == 2 * (72 - HORIZON)
    before = told.groupby("shop")["actual"].shift(12)
    np.testing.assert_allclose(told["fitted"], before)
    vote = experiment.fitted()
    late = vote[vote["fitted"].notna()]
    assert len(late) >= len(told) - 2 * 12  # a vote knows what all its members know
    assert (np.abs(late["actual"] - late["fitted"]) / late["actual"]).mean() < 0.05


def test_rows_that_came_are_forecast_as_time_went_on(experiment, space, folder, run, refuse):
    monthly().to_csv("later.csv", index=False)
    asked = ("predict", "best", "later.csv", "--rolling", 2, "--workspace", space)
    written = run(*asked, "-o", "rolling.csv", "--json")
    assert written.code == 0, written.err
    table = pd.read_csv("rolling.csv")
    assert table.groupby("shop")["origin"].nunique().tolist() == [3, 3]
    metrics = pd.DataFrame(written.document["series"]).set_index("series")
    assert set(metrics.index) == {"all", "north", "south"}
    assert metrics["rows"].to_dict() == {"all": 24, "north": 12, "south": 12}
    error = (table["actual"] - table["forecast"]).abs()
    assert metrics["mean_absolute_error"]["all"] == pytest.approx(error.mean())
    by_shop = error.groupby(table["shop"]).mean()
    assert metrics["mean_absolute_error"]["south"] == pytest.approx(by_shop["south"])
    steps = pd.DataFrame(written.document["steps"])
    assert steps["rows"].tolist() == [24, 6, 6, 4, 4, 2, 2]
    shown = run(*asked, "-o", "rolling.csv")
    assert "mase" in shown.err
    assert "north" in shown.err
    refuse(run("predict", "best", "--rolling", 2, "--workspace", space), "--rolling needs rows")
    refuse(run(*asked, "--horizon", 2), "--horizon has no meaning here")
    tested = run("test", "later.csv", "--workspace", space, "--json").document["metrics"]
    assert tested["mase"] == pytest.approx(experiment.backtest(monthly()).overall["mase"])


def test_forecasts_are_explained(experiment, space, folder, run):
    asked = ("explain", "best", "--row", 7, "-o", "why", "--workspace", space, "--json")
    outcome = run(*asked)
    assert outcome.code == 0, outcome.err
    told = experiment.forecast()
    of_row = outcome.document["row"]
    assert of_row["prediction"] == pytest.approx(told["forecast"][7])
    moved = sum(one["value"] for one in of_row["values"])
    assert of_row["base"] + moved == pytest.approx(of_row["prediction"])
    assert {one["series"] for one in outcome.document["decomposition"]} == {"north", "south"}
    for name in ("horizon", "decomposition"):
        assert (folder / "why" / f"{name}.png").stat().st_size > 5000
    kept = json.loads((experiment.best.folder / "explanation/explanation.json").read_text("utf-8"))
    assert kept["importance"] == outcome.document["importance"]
    assert "(own past)" in run("explain", "best", "--workspace", space).out


def test_a_forecaster_is_judged_on_its_windows(experiment, space, folder, run):
    outcome = run("errors", "best", "--by", "shop,(step)", "--workspace", space, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.document["measure"] == "mean absolute scaled error"
    assert outcome.document["map"]["columns"] == ["shop", "(step)"]
    made = run("card", "-o", "card.html", "--fairness-by", "shop", "--workspace", space, "--json")
    assert made.code == 0, made.err
    parts = ("How good it is", "Errors by series and step", "What it looks at", "Data")
    assert {*parts} <= {*made.document["parts"]}
    text = (experiment.best.folder / "card/card.md").read_text("utf-8")
    assert "| MASE |" in text and "seasonal naive" in text and "### By shop" in text
    assert "12 test rows" in text
    page = (folder / "card.html").read_text("utf-8")
    assert page.count("data:image/png;base64") > 5


def test_rows_that_came_are_watched(experiment, space, folder, run):
    rows = monthly()
    rows.to_csv("later.csv", index=False)
    usual = run("drift", "best", "--data", "later.csv", "--workspace", space, "--json")
    assert usual.code == 0, usual.err
    assert usual.document["alarm"] is False
    late = rows["month"] >= "2023-07-01"
    rows.loc[late, "sold"] += 60
    rows.to_csv("moved.csv", index=False)
    asked = ("drift", "best", "--data", "moved.csv", "--html", "drift.html", "--workspace", space)
    found = run(*asked, "--json").document
    assert found["moved"] == ["level", "errors"]
    assert found["errors"]["after"] > 2 * found["errors"]["before"]
    assert "forecasts of recent rows are worse" in found["summary"][0].lower()
    assert "Drift of a model" in (folder / "drift.html").read_text("utf-8")


def test_a_challenger_is_trained_on_more_rows_and_promoted(experiment, space, folder, run):
    experiment.register("shops", aliases=["champion"])
    longer = monthly(72 + HORIZON)
    longer.to_csv("longer.csv", index=False)
    outcome = run("retrain", "shops", "--data", "longer.csv", "--workspace", space, "--json")
    assert outcome.code == 0, outcome.err
    difference = outcome.document["difference"]
    assert difference["n_rows"] == 2 * HORIZON  # the latest window, which neither was trained on
    assert difference["metric"] == "mase"
    kept, _ = state.read_inputs(tb.open(space, "shops-retrain").folder)  # as resume reads them
    assert kept.stacking
    ends = tb.load_model("shops@challenger", workspace=space).forecast()["month"].min()
    assert ends == pd.Timestamp("2024-01-01")
    monthly(72).to_csv("older.csv", index=False)
    refused = run("promote", "shops", "--data", "older.csv", "--workspace", space)
    assert "no row follows" in refused.error
    promoted = run("promote", "shops", "--data", "longer.csv", "--workspace", space, "--json")
    assert promoted.document["difference"]["n_rows"] == 2 * HORIZON
    again = run("retrain", "shops@1", "--data", "train.csv", "--workspace", space)
    assert again.code == 2


def test_series_that_nobody_named_are_found_and_stay_as_they_are(space, folder, run):
    monthly().to_csv("unnamed.csv", index=False)
    options = ["--target", "sold", "--time", "month", "--horizon", HORIZON, "--max-trials", 1]
    options += ["--allow", ",".join(QUICK[:2]), "--workspace", space]
    first = run("forecast", "unnamed.csv", *options, "--json")
    assert first.code == 0, first.err
    again = tb.resume(space, "unnamed", max_trials=2)
    assert again.schema.series.ids == ("shop",)
    (note,) = [one for one in again.guardrails if one.name == "Series"]
    assert (note.verdict, note.columns) == ("fixed", ("shop",))
    told = again.forecast()
    assert list(told)[:3] == ["month", "shop", "forecast"]
    assert told["shop"].unique().tolist() == ["north", "south"]
    future = told[["month", "shop"]].sample(frac=1, random_state=0)
    asked = again.forecast(future=future).sort_values(["shop", "month"], ignore_index=True)
    pd.testing.assert_frame_equal(asked, told)
    again.register("unnamed")
    monthly(72 + HORIZON).to_csv("longer.csv", index=False)
    done = run("retrain", "unnamed", "--data", "longer.csv", "--workspace", space, "--json")
    assert done.code == 0, done.err
    made = tb.open(space, "unnamed-retrain")
    assert state.read_inputs(made.folder)[0].series == ("shop",)
    assert made.schema.series.ids == ("shop",)


def test_many_rows_are_forecast_in_batches(experiment, space, folder, run):
    told = experiment.forecast()
    told[["month", "shop"]].assign(note=range(12)).to_parquet("future.parquet")
    options = ["--workspace", space, "--name", "shops", "-o", "out.parquet", "--keep", "note"]
    done = run("predict", "future.parquet", *options, "--rows-per-batch", 6, "--json")
    assert done.document["n_rows"] == 12
    made = pd.read_parquet("out.parquet")
    assert list(made)[:4] == ["note", "month", "shop", "forecast"]
    assert made["forecast"].tolist() == told["forecast"].tolist()


def test_it_is_exported_but_not_as_onnx(experiment, space, folder, run, refuse):
    where = ("--workspace", space, "--name", "shops")
    done = run("export", "--to", "zip", "-o", "shops.zip", *where)
    assert done.code == 0, done.err
    again = tb.load_model("shops.zip", trust=True)
    assert again.forecast()["forecast"].tolist() == experiment.forecast()["forecast"].tolist()
    onnx = run("export", "--to", "onnx", *where)
    assert onnx.code == 2
    assert "a forecast cannot be written as ONNX: it keeps the past of every series" in onnx.error


def test_options_without_meaning_are_refused(experiment, space, folder, run, refuse):
    pd.DataFrame({"month": ["2023-07-01"], "shop": "east"}).to_csv("future.csv", index=False)
    for options, message in (
        (["--proba"], "--proba has no meaning here"),
        (["--workers", 2], "it is for rows of the future in a table"),
        (["--quantiles", "2"], "'2' is no level of a quantile"),
        (["--horizon", 5000], "'5000' is no number of rows to forecast"),
    ):
        refuse(run("predict", *options, "--workspace", space), message)
    refuse(
        run("predict", "future.csv", "--workspace", space), "'east' was not trained on", "row 1"
    )


def test_an_edited_notebook_is_run_again(experiment, space, folder):
    trial = next(one for one in experiment.trials if one.learner == "seasonal_naive")
    text = trial.program.read_text("utf-8")
    edited = folder / "trial.py"
    edited.write_text(text.replace("SEASON = 12", "SEASON = 1"), "utf-8")
    made = tb.rerun(edited, workspace=space, name="shops")
    assert made.state == "finished"
    assert made.score > 1.5 * trial.score
    last = made.forecast().groupby("shop")["forecast"].nunique()
    assert last.tolist() == [1, 1]  # without a season it is the last value


def test_more_time_carries_on_and_a_seed_gives_the_same(experiment, space, tmp_path):
    options = {"time": "month", "series": ["shop"], "horizon": HORIZON, "test_size": 0.1}
    options |= {"allow": QUICK, "workspace": tmp_path / "other", "name": "shops"}
    first = tb.forecast(monthly(), "sold", max_trials=1, voting=False, **options)
    assert len(first.trials) == 1
    again = tb.resume(tmp_path / "other", max_trials=3)
    board = again.leaderboard.set_index("learner")["score"]
    assert set(board.index) == set(QUICK)
    same = experiment.leaderboard.set_index("learner")["score"]
    assert board.to_dict() == same[list(board.index)].to_dict()
    assert again.best.metrics["test_score"] == pytest.approx(
        again.best.metrics["test_mase"], rel=1e-9
    )


def test_a_series_without_a_model_is_named_and_a_new_one_forecast(tmp_path, folder, run):
    rows = monthly()
    short = rows[rows["shop"] == "north"].tail(6).assign(shop="west")
    exp = tb.forecast(
        pd.concat([rows, short]),
        "sold",
        time="month",
        series=["shop"],
        horizon=2,
        allow=["exponential_smoothing"],
        max_trials=1,
        workspace=tmp_path / "space",
        name="short",
    )
    (trial,) = exp.trials
    assert trial.note == "seasonal naive for 'west', 1 of 3 series"
    assert f"* {trial.label}: {trial.note}\n" in exp.report.read_text("utf-8")
    new = rows[rows["shop"] == "south"].assign(shop="new")
    new.to_csv(folder / "new.csv", index=False)
    told = run("predict", "best", "--context", "new.csv", "--workspace", tmp_path / "space")
    assert told.out.count(",new,") == 2


def test_lags_a_window_and_a_horizon_may_be_left_open_or_given(space, folder, run, refuse):
    monthly(90).assign(visitors=range(180)).to_csv("shops.csv", index=False)
    options = ["--target", "sold", "--time", "month", "--series", "shop", "--horizon", "auto"]
    options += ["--unknown-in-future", "visitors", "--allow", "linear_recursive"]
    outcome = run("forecast", "shops.csv", *options, "--dry-run", "--json", "--workspace", space)
    assert outcome.code == 0, outcome.err
    named = " ".join(step["label"] for step in outcome.document["plan"])
    assert "linear_recursive" in named
    given = ["--target-lags", "1,12", "--rolling-window", 6, "--feature-lags", "none"]
    given += ["--use-stl", "season", "--max-trials", 1, "--workspace", space, "--name", "asked"]
    outcome = run("forecast", "shops.csv", *options, *given)
    assert outcome.code == 0, outcome.err
    assert "2 series of months (MS), horizon 12 (auto), season 12" in outcome.out + outcome.err
    trials = tb.open(space, "asked").trials
    (trial,) = (one for one in trials if one.learner == "linear_recursive")
    text = trial.program.read_text("utf-8")
    assert "lags=[1, 12]" in text
    assert "RollingMin(6, min_samples=1)" in text
    assert "DecomposedForecaster(" in text
    assert len(trial.forecast()) == 24
    refuse(run("forecast", "shops.csv", *options, "--target-lags", "0"), "lags are whole numbers")


def test_the_command_trains_the_same(experiment, space, folder, run):
    monthly().to_csv("shops.csv", index=False)
    options = ["--target", "sold", "--series", "shop", "--horizon", HORIZON, "--max-trials", 2]
    options += ["--test-size", 0.1, "--allow", ",".join(QUICK[:2]), "--workspace", space]
    outcome = run("forecast", "shops.csv", "--time", "month", *options, "--json")
    assert outcome.code == 0, outcome.err
    scores = {one["trial"]: one["score"] for one in outcome.document["leaderboard"]}
    board = experiment.leaderboard.set_index("learner")["score"]
    assert scores["seasonal_naive-1"] in board.tolist()
    named = ["train", "shops.csv", "--task", "forecasting", "--time-column", "month"]
    other = run(*named, *options, "--dry-run", "--json").document
    assert [step["label"].split("-")[0] for step in other["plan"]] == [*QUICK[:2], "voting"]
    assert other["job"]["time_column"] == "month"
    checked = run("guardrails", *named[1:], *options[:6], "--json").document
    found = {one["name"]: one["verdict"] for one in checked["guardrails"]}
    assert (found["Duplicated times"], found["Windows"]) == ("passed", "fixed")
