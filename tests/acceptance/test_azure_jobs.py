"""Ten jobs in the style that Azure ML publishes run as they are, once their tables are local."""

import importlib.util
import runpy
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

import trialbook as tb
from trialbook.learners import all_learners, installed

pytestmark = pytest.mark.acceptance

EXAMPLES = Path(__file__).parents[2] / "examples" / "azure"

# Keys that are noted where deep models cannot be tried.
CAN_BE_DEEP = any(
    one.extra == "deep" and "forecasting" in one.tasks and installed(one)
    for one in all_learners().values()
)
# The key that is noted where a job does not say whether it wants them.
SILENT = "training.enable_dnn_training"
DEEP = () if CAN_BE_DEEP else ("training.allowedTrainingAlgorithms", "training.enableDnnTraining")

# Job -> metric, whether it is tested, and the keys that are noted.
JOBS = {
    "bank-marketing": (
        "roc_auc",
        True,
        {
            "compute",
            "featurization.blocked_transformers",
            "log_verbosity",
        },
    ),
    "hardware-performance": (
        "normalized_root_mean_squared_error",
        True,
        {
            "compute",
            "limits.max_nodes",
            "primary_metric",
            "training.blocked_training_algorithms",
        },
    ),
    "churn-weights": (
        "average_precision_score_weighted",
        True,
        {
            "compute",
            "identity",
            "training.stack_ensemble_settings.stack_meta_learner_train_percentage",
            "training.stack_ensemble_settings.stack_meta_learner_type",
        },
    ),
    "flower-folds": ("norm_macro_recall", False, {"compute"}),
    "loans-camel-case": (
        "roc_auc",
        False,
        {
            "logVerbosity",
            "queueSettings",
            "resources",
            "training.allowedTrainingAlgorithms",
            "training.enableOnnxCompatibleModels",
        },
    ),
    "review-stars": (
        "r2",
        False,
        {
            "compute",
            "environment_variables",
            "featurization.blocked_transformers",
            "training_data.mode",
        },
    ),
    "energy-demand": ("normalized_root_mean_squared_error", False, {"compute", SILENT}),
    "bike-share": (
        "normalized_mean_absolute_error",
        True,
        {"compute", "featurization.mode", "featurization.transformer_params", "log_verbosity"},
    ),
    "daily-users": (
        "normalized_root_mean_squared_error",
        False,
        {"compute", "limits.maxNodes", "resources", *DEEP},
    ),
    "shop-orders": ("normalized_root_mean_squared_error", False, {"compute", SILENT}),
}
FORECASTS = ("energy-demand", "bike-share", "daily-users", "shop-orders")
CAN_FORECAST = importlib.util.find_spec("statsforecast") is not None


def test_every_job_of_the_examples_is_run():
    assert {path.parent.name for path in EXAMPLES.glob("*/*.yml")} == set(JOBS)


@pytest.mark.parametrize("name", JOBS)
def test_a_published_style_job_runs_as_it_is(name, run, folder, warm_workers):
    if name in FORECASTS and not CAN_FORECAST:
        pytest.skip("the extra forecast is not installed")
    metric, tested, noted = JOBS[name]
    outcome = run("run", EXAMPLES / name / "job.yml", "--max-trials", "1", "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.document
    assert document["metric"] == metric
    assert document["status"] == "finished"
    assert any(row["state"] == "finished" for row in document["leaderboard"])
    assert (document["test"] is not None) is tested
    assert {note["key"] for note in document["notes"]} == noted
    for note in document["notes"]:
        assert f"note: {note['key']}: {note['text']}\n" in outcome.err
    if name == "churn-weights":
        client = MlflowClient(tb.open("trialbook", name).tracking_uri)
        parent = client.get_run(tb.open("trialbook", name).run_id)
        assert parent.data.tags["team"] == "sales"
        assert parent.data.tags["display_name"] == "Churn with weights"
    if name == "bank-marketing":  # a table in the same form is predicted
        table = EXAMPLES / name / "test-mltable-folder"
        assert run("predict", table, "--out", "predicted.csv").code == 0
        assert len(Path("predicted.csv").read_text().splitlines()) == 61


@pytest.mark.skipif(not CAN_FORECAST, reason="the extra forecast is not installed")
def test_a_forecast_of_the_examples_tells_the_future(run, folder, warm_workers):
    job = EXAMPLES / "shop-orders" / "job.yml"
    assert run("run", job, "--max-trials", "1", "--json").code == 0
    told = tb.open("trialbook", "shop-orders").forecast()
    assert list(told)[:4] == ["date", "state", "store_id", "product_category"]
    assert len(told) == 6 * 4
    assert told["date"].dt.dayofweek.eq(6).all()


def test_a_job_may_be_converted_and_then_run_from_the_same_folder(run, folder, warm_workers):
    shutil.copytree(EXAMPLES / "flower-folds", "flowers")
    printed = run("run", "flowers/job.yml", "--dry-run").out
    Path("own.yml").write_text(printed)
    one = run("run", "own.yml", "--max-trials", "1", "--json").document
    other = run("run", "flowers/job.yml", "--max-trials", "1", "--json").document
    scores = [[row["score"] for row in each["leaderboard"]] for each in (one, other)]
    assert scores[0] == scores[1]


def test_the_tables_of_the_examples_are_those_that_their_script_makes(tmp_path):
    shutil.copy(EXAMPLES / "make_tables.py", tmp_path)
    made = runpy.run_path(str(tmp_path / "make_tables.py"))
    made["main"]()
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".jsonl")]
    assert len(files) == 15
    for file in files:
        assert file.read_text() == (EXAMPLES / file.relative_to(tmp_path)).read_text()
