"""`classify` and `regress` take the documented arguments and give the documented summary."""

import inspect
import json

import mlflow
import numpy as np
import pandas as pd
import pytest

import trialbook
from trialbook.compat import databricks as automl
from trialbook.errors import DataError, OptionError

COMMON = {
    "data_dir": None,
    "experiment_dir": None,
    "experiment_name": None,
    "exclude_cols": None,
    "exclude_frameworks": None,
    "feature_store_lookups": None,
    "imputers": None,
    "time_col": None,
    "split_col": None,
    "sample_weight_col": None,
    "max_trials": None,
    "timeout_minutes": None,
}
# As the reference of Databricks' API has them; the last two of a forecast are Trialbook's own.
CLASSIFY = {**COMMON, "primary_metric": "f1", "pos_label": None}
REGRESS = {**COMMON, "primary_metric": "r2"}
FORECAST = {
    "primary_metric": "smape",
    "country_code": "US",
    "frequency": "D",
    "horizon": 1,
    "data_dir": None,
    "experiment_dir": None,
    "experiment_name": None,
    "exclude_frameworks": None,
    "feature_store_lookups": None,
    "identity_col": None,
    "sample_weight_col": None,
    "output_database": None,
    "timeout_minutes": None,
    "exclude_cols": None,
    "max_trials": None,
}


@pytest.mark.parametrize(
    ("name", "documented"),
    [("classify", CLASSIFY), ("regress", REGRESS), ("forecast", FORECAST)],
)
def test_the_arguments_are_the_documented_ones_with_their_defaults(name, documented):
    parameters = inspect.signature(getattr(automl, name)).parameters.values()
    first, target, *others = [one for one in parameters if one.name != "primary_metric"]
    assert (first.name, first.kind) == ("dataset", first.POSITIONAL_OR_KEYWORD)
    assert target.name == "target_col" and target.default is target.empty
    assert all(one.kind is one.KEYWORD_ONLY for one in (target, *others))
    found = {one.name: one.default for one in parameters if one not in (first, target)}
    assert found.pop("time_col", None) in (None, inspect.Parameter.empty)
    documented = {key: value for key, value in documented.items() if key != "time_col"}
    assert found == documented


def test_a_classification_is_summed_up_as_documented(classify, table):
    summary = classify(table, pos_label="yes")
    best = summary.best_trial
    assert summary.trials[0] is best
    assert summary.experiment.name.startswith("churn_dataset-")
    assert summary.output_table_name is None
    assert "val_f1_score" in summary.metric_distribution
    assert {"val_f1_score", "val_log_loss", "training_roc_auc", "test_f1_score"} <= {*best.metrics}
    assert best.evaluation_metric_score == pytest.approx(best.metrics["val_f1_score"])
    assert best.params["max_depth"] == "10"
    assert "Decision tree" in best.model_description
    assert "OrdinalEncoder" in best.preprocessors
    assert best.duration.endswith(" seconds")
    rows = table.drop(columns="churn")
    assert (best.load_model().predict(rows) == table["churn"]).mean() > 0.8
    for text in (repr(summary), summary._repr_html_()):
        assert "Decision tree" in text and summary.experiment.name in text


def test_the_next_cells_of_a_notebook_find_the_run_and_the_model(classify, table):
    best = classify(table).best_trial
    run = mlflow.get_run(best.mlflow_run_id)
    assert run.data.metrics["val_f1_score"] == best.metrics["val_f1_score"]
    rows = table.drop(columns="churn").head()
    predicted = [
        mlflow.pyfunc.load_model(address).predict(rows).tolist()
        for address in (best.model_path, f"runs:/{best.mlflow_run_id}/model")
    ]
    assert predicted == [best.load_model().predict(rows).tolist()] * 2


def test_a_regression_has_errors_under_both_their_names(regress, table):
    best = regress(table, exclude_cols=["churn"]).best_trial
    assert best.metrics["val_rmse"] ** 2 == pytest.approx(best.metrics["val_mse"])
    assert best.metrics["val_mse"] == best.metrics["val_mean_squared_error"]
    assert best.evaluation_metric_score == pytest.approx(best.metrics["val_r2_score"])
    assert best.load_model().predict(table.drop(columns=["spent", "churn"])).shape == (150,)


def test_with_more_classes_the_average_is_weighted_as_in_mlflow(classify, table):
    table["churn"] = np.where(table["age"] > 50, "maybe", table["churn"])
    best = classify(table).best_trial
    run = mlflow.get_run(best.mlflow_run_id).data.metrics
    assert best.evaluation_metric_score == run["validation_f1_score_weighted"]
    assert best.metrics["val_f1_score"] == run["validation_f1_score_weighted"]


def experiment_of(summary, workspace="trialbook"):
    return trialbook.open(workspace, summary.experiment.name)


def fold(experiment):
    return pd.read_parquet(experiment.folder / "data" / "train.parquet")


def test_rows_are_split_60_20_20_by_default(classify, table):
    found = experiment_of(classify(table))
    assert fold(found)["__fold_0"].value_counts().to_dict() == {1: 90, 0: 30}
    assert len(pd.read_parquet(found.folder / "data" / "test.parquet")) == 30


@pytest.mark.parametrize("kind", ["number", "date as text", "time"])
def test_a_time_column_splits_by_time(classify, table, kind):
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["day"], unit="D")
    given = {"number": table["day"], "date as text": day.dt.strftime("%Y-%m-%d"), "time": day}
    shuffled = table.assign(day=given[kind], order=table["day"]).sample(frac=1, random_state=1)
    found = experiment_of(classify(shuffled, time_col="day", exclude_cols=["order", "id"]))
    test = pd.read_parquet(found.folder / "data" / "test.parquet")
    data = fold(found)
    latest = [data.loc[data["__fold_0"] == 1, "day"], data.loc[data["__fold_0"] == 0, "day"]]
    assert [len(latest[0]), len(latest[1]), len(test)] == [90, 30, 30]
    assert latest[0].max() < latest[1].min() and latest[1].max() < test["day"].min()


def test_a_time_column_that_holds_no_times_is_refused(classify, table):
    with pytest.raises(DataError, match="'city' holds"):
        classify(table, time_col="city")


def test_a_split_column_says_who_trains_and_other_rows_are_left_out_with_an_alert(classify, table):
    table["part"] = np.resize(["train", "train", "train", "validate", "test", "later"], 150)
    summary = classify(table, split_col="part")
    assert "25 rows of 150 are of no split" in "".join(summary.alerts)
    assert "25 rows of 150" in repr(summary) and "25 rows of 150" in summary._repr_html_()
    found = experiment_of(summary)
    assert fold(found)["__fold_0"].value_counts().to_dict() == {1: 75, 0: 25}
    assert len(pd.read_parquet(found.folder / "data" / "test.parquet")) == 25
    assert "part" not in found.schema.names
    alert = next(one for one in found.guardrails if one.name == "Rows of no split")
    assert alert.verdict == "alerted" and "25 rows of 150" in alert.finding
    assert alert.rows[:2] == (6, 12)


def test_a_split_column_needs_rows_to_train_and_to_validate(classify, table):
    table["part"] = "train"
    with pytest.raises(DataError, match="no row 'validate'"):
        classify(table, split_col="part")


def test_excluded_columns_are_not_asked_for_at_prediction(classify, table):
    summary = classify(table, exclude_cols=["city", "spent"])
    rows = table.drop(columns=["city", "spent", "churn"])
    assert len(summary.best_trial.load_model().predict(rows)) == len(table)


def test_a_weight_of_a_class_reaches_the_training(classify, table):
    table["weight"] = np.where(table["churn"] == "yes", 5.0, 1.0)
    found = experiment_of(classify(table, sample_weight_col="weight"))
    assert found.schema.weight == "weight"
    assert "WEIGHT" in found.best.program.read_text("utf-8")


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.arange(150.0), "different weights"),
        (np.full(150, 10_001.0), "10,001"),
        (np.full(150, -1.0), "-1"),
        (np.full(150, "heavy"), "heavy"),
    ],
)
def test_weights_that_are_not_as_documented_are_refused(classify, table, weights, words):
    with pytest.raises(DataError, match=words):
        classify(table.assign(weight=weights), sample_weight_col="weight")


def test_a_regression_has_a_weight_for_each_row(regress, table):
    found = experiment_of(regress(table.assign(w=np.arange(150.0)), sample_weight_col="w"))
    assert found.schema.weight == "w"


def test_an_imputed_column_is_taken_as_what_its_cells_are(classify, table):
    table["when"] = np.resize(["2024-01-01", "2024-02-01", None], 150)
    imputers = {
        "age": "median",
        "when": {"strategy": "constant", "fill_value": "never"},
    }
    found = experiment_of(classify(table, imputers=imputers))
    kinds = {column.name: column.semantic.value for column in found.schema.columns}
    assert kinds["when"] == "categorical"
    assert kinds["age"] == "numeric"
    assert '"never"' in found.best.program.read_text("utf-8")


def test_frameworks_are_excluded_with_all_their_algorithms(folder, table, monkeypatch):
    from trialbook.compat.databricks._request import Arguments, read_request

    def blocked(*frameworks):
        fields = {**CLASSIFY, "exclude_frameworks": frameworks}
        arguments = Arguments(task="classification", dataset=table, target_col="churn", **fields)
        return {*read_request(arguments)[0].block}

    assert blocked("lightgbm", "xgboost") == {"lightgbm", "xgboost"}
    assert {"decision_tree", "logistic_regression", "mlp"} <= blocked("sklearn")
    assert "lightgbm" not in blocked("sklearn")
    with pytest.raises(OptionError, match="Did you mean 'sklearn'"):
        blocked("scikit-learn")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target_col": "churned"}, "Did you mean 'churn'"),
        ({"exclude_cols": ["churn"]}, "target_col cannot be excluded"),
        ({"time_col": "day", "exclude_cols": "day"}, "time_col cannot be excluded"),
        ({"time_col": "day", "split_col": "city"}, "cannot both be given"),
        ({"exclude_cols": ["cty"]}, "argument exclude_cols.*'city'"),
        ({"imputers": {"agee": "mean"}}, "argument imputers.*'age'"),
        ({"primary_metric": "f2"}, "unknown metric 'f2'"),
        ({"timeout_minutes": 0}, "timeout_minutes=0"),
        ({"pos_label": "maybe"}, "no class"),
        ({"dataset": "default.nothing"}, "neither a table nor a file 'default.nothing'"),
    ],
)
def test_what_cannot_be_is_refused_in_words_of_the_argument(folder, table, arguments, words):
    with pytest.raises((OptionError, DataError), match=words):
        automl.classify(**{"dataset": table, "target_col": "churn"} | arguments)
    assert not (folder / "trialbook").exists()


def test_what_has_no_meaning_here_is_said(classify, table):
    with pytest.warns(UserWarning, match="data_dir is not used"):
        classify(table, data_dir="dbfs:/tmp")


def test_experiments_are_kept_where_and_under_the_name_that_was_asked_for(classify, table, folder):
    summary = classify(table, experiment_dir=folder / "mine", experiment_name="churn 2")
    assert summary.experiment.name == "churn 2"
    assert len(experiment_of(summary, folder / "mine").trials) == 1


def test_a_table_of_the_catalogue_is_found_by_the_last_part_of_its_name(classify, table):
    trialbook.tables.upload(table, "customers")
    summary = classify("main.default.customers")
    assert summary.experiment.name.startswith("churn_customers-")


def test_a_notebook_is_imported_and_runs_from_its_new_place(classify, table, folder):
    best = classify(table).best_trial
    result = automl.import_notebook(best.artifact_uri, "work/mine")
    assert result.path == str(folder / "work" / "mine.ipynb")
    assert result.url == f"file://{result.path}"
    notebook = json.loads((folder / "work" / "mine.ipynb").read_text("utf-8"))
    code = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names = {"__name__": "__main__"}
    for cell in code:
        if "ConfusionMatrixDisplay" not in "".join(cell):
            exec("".join(cell), names)
    assert names["evaluate"](names["y"], *names["results"][0][1:]) == pytest.approx(
        best.evaluation_metric_score, abs=1e-9
    )
    with pytest.raises(OptionError, match="overwrite=True"):
        automl.import_notebook(best.artifact_uri, result.path)
    again = f"runs:/{best.mlflow_run_id}/program/trial.ipynb"
    assert automl.import_notebook(again, result.path, overwrite=True) == result


def test_an_address_without_a_notebook_is_refused(classify, folder):
    with pytest.raises(DataError, match="no notebook"):
        automl.import_notebook(str(folder / "nothing.ipynb"), "copy")
    assert not (folder / "copy.ipynb").exists()
