"""Azure ML jobs: every documented key is honoured, noted or refused, and none silently."""

import re
from pathlib import Path

import pytest
import yaml

from trialbook.compat import azure
from trialbook.compat.azure._keys import KEYS, Fate
from trialbook.compat.azure._values import COLUMN_TYPES, LACKING, OTHER_TASKS, PRIMARY_METRICS
from trialbook.errors import DataError, OptionError
from trialbook.evaluation import metric
from trialbook.job import Job
from trialbook.learners import all_learners, find, installed

LEAST = {
    "type": "automl",
    "task": "classification",
    "target_column_name": "y",
    "primary_metric": "accuracy",
    "training_data": {"path": "./train", "type": "mltable"},
    "limits": {"timeout_minutes": 30},
}
LEAST_FORECAST = {
    **LEAST,
    "task": "forecasting",
    "primary_metric": "r2_score",
    "forecasting": {"time_column_name": "day", "forecast_horizon": 7},
    "training": {"enable_dnn_training": False},
}
PLAIN = Job(
    data="./train", target="y", task="classification", name="job", metric="accuracy", timeout=1800
)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a job that differs from the least one, from the current folder."""
    monkeypatch.chdir(tmp_path)

    def load_job(changes=None, without=(), text=None, given=None, name="job.yml", least=LEAST):
        values = {key: value for key, value in least.items() if key not in without}
        for key, value in (changes or {}).items():
            *blocks, last = key.split(".") if isinstance(key, str) else [key]
            place = values
            for block in blocks:
                place[block] = dict(place.get(block, {}))
                place = place[block]
            place[last] = value
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text or yaml.safe_dump(values, sort_keys=False))
        return azure.load_job(name, given)

    return load_job


def differing(job):
    """The fields in which a job differs from the least one."""
    return {
        name: value
        for name, value in job.model_dump(mode="json").items()
        if value != PLAIN.model_dump(mode="json")[name]
    }


def test_the_least_job(load):
    job, notes = load()
    assert job == PLAIN
    assert notes == ()


# -- every key -------------------------------------------------------------------------------

IMPUTER = [{"fields": ["a"], "parameters": {"strategy": "median"}}]

# Key -> a value, and the fields that it gives.
HONOURED = {
    "$schema": ("https://x/latest/autoMLJob.schema.json", {}),
    "type": ("automl", {}),
    "task": ("regression", {"task": "regression", "metric": "r2_score"}),
    "experiment_name": ("bank", {"name": "bank"}),
    "name": ("bank-1", {"name": "bank-1"}),
    "display_name": ("Bank", {"tags": {"display_name": "Bank"}}),
    "description": ("Who says yes", {"description": "Who says yes"}),
    "tags": ({"team": "sales", "year": 2024}, {"tags": {"team": "sales", "year": "2024"}}),
    "inputs": ({"x": {"type": "mltable", "path": "train"}}, {}),
    "outputs.best_model.type": ("mlflow_model", {}),
    "primary_metric": ("AUC_weighted", {"metric": "AUC_weighted"}),
    "target_column_name": ("z", {"target": "z"}),
    "positive_label": ("yes", {"positive_label": "yes"}),
    "weight_column_name": ("w", {"weight": "w"}),
    "training_data.path": ("t.csv", {"data": "./t.csv"}),
    "training_data.type": ("uri_file", {}),
    "validation_data.path": ("./v", {"validation": "./v"}),
    "validation_data.type": ("mltable", {}),
    "test_data.path": ("./t", {"test": "./t"}),
    "test_data.type": ("mltable", {}),
    "n_cross_validations": (5, {"folds": 5}),
    "cv_split_column_names": (["cv1", "cv2"], {"fold_columns": ["cv1", "cv2"]}),
    "validation_data_size": (0.2, {"validation_size": 0.2}),
    "test_data_size": (0.1, {"test_size": 0.1}),
    "limits.timeout_minutes": (15, {"timeout": 900.0}),
    "limits.timeout_hours": (2, {"timeout": 7200.0}),
    "limits.trial_timeout_minutes": (1.5, {"trial_timeout": 90.0}),
    "limits.max_trials": (40, {"max_trials": 40}),
    "limits.max_concurrent_trials": (5, {"max_concurrent_trials": 5}),
    "limits.max_cores_per_trial": (2, {"max_cores_per_trial": 2}),
    "limits.exit_score": (0.92, {"exit_score": 0.92}),
    "limits.enable_early_termination": (False, {"early_termination": False}),
    "training.allowed_training_algorithms": (
        ["LightGBM", "logistic_regression"],
        {"allow": ["lightgbm", "logistic_regression"]},
    ),
    "training.blocked_training_algorithms": (["XGBoostClassifier"], {"block": ["xgboost"]}),
    "training.enable_vote_ensemble": (False, {"voting": False}),
    "training.enable_stack_ensemble": ("false", {"stacking": False}),
    "training.enable_model_explainability": (False, {"explain": False}),
    "featurization.mode": ("off", {"featurization": "off"}),
    "featurization.blocked_transformers": (
        ["LabelEncoder"],
        {"block_transformers": ["codes"], "featurization": "custom"},
    ),
    "featurization.column_name_and_types": (
        {"a": "CategoricalHash", "b": "DateTime"},
        {"types": {"a": "categorical_hash", "b": "datetime"}},
    ),
    "featurization.transformer_params": (
        {"Imputer": IMPUTER},
        {"transformer_params": {"imputer": IMPUTER}, "featurization": "custom"},
    ),
    "featurization.dataset_language": ("deu", {"language": "de", "featurization": "custom"}),
    "featurization.drop_columns": (["a"], {"ignore": ["a"]}),
    "training.enable_dnn_training": ("false", {}),
}
# The same of forecasts.
FORECASTING = {
    "forecasting.time_column_name": ("t", {"time_column": "t"}),
    "forecasting.time_series_id_column_names": (["shop", "item"], {"series": ["shop", "item"]}),
    "forecasting.forecast_horizon": (24, {"horizon": 24}),
    "forecasting.frequency": ("W-MON", {"frequency": "W-MON"}),
    "forecasting.target_aggregate_function": ("Sum", {"aggregate": "sum"}),
    "forecasting.target_lags": ([1, 7], {"target_lags": [1, 7]}),
    "forecasting.feature_lags": ("none", {"feature_lags": "none"}),
    "forecasting.target_rolling_window_size": (5, {"rolling_window": 5}),
    "forecasting.seasonality": (7, {"season": 7}),
    "forecasting.use_stl": ("season_trend", {"use_stl": "season_trend"}),
    "forecasting.short_series_handling_config": ("drop", {"short_series": "drop"}),
    "forecasting.country_or_region_for_holidays": ("US", {"holidays": "US"}),
    "forecasting.cv_step_size": (3, {"window_step": 3}),
    "forecasting.features_unknown_at_forecast_time": (
        ["price"],
        {"unknown_in_future": ["price"]},
    ),
    "forecasting.hierarchy_column_names": (
        ["state", "shop"],
        {"hierarchy": ["state", "shop"], "series": ["state", "shop"]},
    ),
    "forecasting.hierarchy_training_level": ("state", {"hierarchy_level": "state"}),
}
BY_FATE = {fate: [key for key in KEYS if key.fate is fate] for fate in Fate}


def test_every_honoured_key_is_tested():
    assert {*HONOURED, *FORECASTING} == {key.path for key in BY_FATE[Fate.HONOURED]}


def changed(path, value):
    """Changes of the least job under which one key has a value."""
    changes = {path: value}
    if path == "task":
        changes["primary_metric"] = "r2_score"
    if path.endswith("_data.type"):
        changes[path.replace("type", "path")] = "train"
    return changes


@pytest.mark.parametrize("key", HONOURED)
def test_a_key_is_honoured(load, key):
    value, fields = HONOURED[key]
    without = ("limits",) if key == "limits.timeout_hours" else ()
    job, notes = load(changed(key, value), without=without)
    found = differing(job)
    if key.startswith(("validation_data.type", "test_data.type")):
        found = {}
    assert found == fields
    assert notes == ()


def with_hierarchy(least, key):
    """The least forecast under which a key has a meaning: of a level, a hierarchy."""
    if not key.endswith("training_level"):
        return least
    levels = {"hierarchy_column_names": ["state", "shop"]}
    return least | {"forecasting": least["forecasting"] | levels}


@pytest.mark.parametrize("key", FORECASTING)
def test_a_key_of_a_forecast_is_honoured(load, key):
    value, fields = FORECASTING[key]
    least = with_hierarchy(LEAST_FORECAST, key)
    job, notes = load({key: value}, least=least)
    found, plain = (one.model_dump(mode="json") for one in (job, load(least=least)[0]))
    assert {name: found[name] for name in found if found[name] != plain[name]} == fields
    assert notes == ()


@pytest.mark.parametrize("key", FORECASTING)
def test_a_key_of_a_forecast_has_no_place_in_other_jobs(load, key):
    with pytest.raises(OptionError, match=rf"{key} is for forecasting.*job\.yml, line \d+"):
        load({key: FORECASTING[key][0]})


@pytest.mark.parametrize("key", BY_FATE[Fate.NOTED], ids=lambda key: key.path)
def test_a_key_without_a_meaning_here_is_noted_with_its_place(load, key):
    job, notes = load({key.path: "true" if key.path != "enable_code_generation" else False})
    assert [note.key for note in notes] == [key.path]
    assert key.text in str(notes[0])
    assert re.fullmatch(r"job\.yml, line \d+", notes[0].place)
    assert differing(job) == {}


@pytest.mark.parametrize("key", BY_FATE[Fate.NOTED], ids=lambda key: key.path)
def test_what_is_done_here_anyway_needs_no_note(load, key):
    for value in key.done:
        assert load({key.path: value})[1] == ()


@pytest.mark.parametrize("key", BY_FATE[Fate.REFUSED], ids=lambda key: key.path)
def test_a_key_of_other_tasks_is_refused_with_its_place(load, key):
    with pytest.raises(OptionError, match=rf"{key.path} is refused.*job\.yml, line \d+"):
        load({key.path: {"a": 1}})


@pytest.mark.parametrize(
    ("key", "older"), [(key, older) for key in KEYS for older in key.older], ids=str
)
def test_older_names_mean_the_same(load, key, older):
    value = (HONOURED | FORECASTING).get(key.path, ("true", None))[0]
    own, least = key.path.split(".")[0], LEAST
    if own == "forecasting":
        others = {**LEAST_FORECAST["forecasting"]}
        others.pop(key.path.split(".")[1], None)
        least = with_hierarchy(LEAST_FORECAST | {"forecasting": others}, key.path)
    kept = own in ("type", "limits", "forecasting") and "timeout" not in key.path
    without = set() if kept else {own}
    if own == "training_data":
        without |= {"training_data"}
    changes = changed(older, value)
    if key.path.endswith(".type"):
        changes[older.rsplit(".", 1)[0] + ".path"] = "train"
    if key.path == "task":
        changes["primary_metric"] = "r2_score"
    if key.path == "limits.max_trials" and "." in older:
        without = set()
    job, notes = load(changes, without=without, least=least)
    if key.fate is Fate.NOTED:
        assert key.path.split(".")[-1].split("_")[0] in str(notes) or notes[-1].key == older
    else:
        expected = (HONOURED | FORECASTING)[key.path][1]
        found = job.model_dump(mode="json")
        assert {name: found[name] for name in expected} == expected


# -- spellings -------------------------------------------------------------------------------


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@pytest.mark.parametrize(
    "spell", [camel, str.upper, lambda name: name.replace("_", "-"), lambda name: name]
)
def test_keys_are_known_in_every_spelling(load, spell):
    changes = {}
    for path in ("n_cross_validations", "limits.max_concurrent_trials", "positive_label"):
        changes[".".join(map(spell, path.split(".")))] = HONOURED[path][0]
    changes[".".join(map(spell, ("training", "allowed_training_algorithms")))] = ["KNN"]
    values = {"target_column_name", "primary_metric", "training_data"}
    changes |= {spell(name): LEAST[name] for name in values}
    changes[spell("limits") + "." + spell("timeout_minutes")] = 30
    job, _ = load(changes, without=(*values, "limits"))
    assert (job.folds, job.positive_label, job.allow) == (5, "yes", ("knn",))
    assert job.max_concurrent_trials == 5


@pytest.mark.parametrize(
    "asked", ["light_gbm", "LightGBM", "LIGHT_GBM", "lightgbm", "LightGBMClassifier"]
)
def test_algorithms_are_known_in_every_spelling(load, asked):
    assert load({"training.allowed_training_algorithms": asked})[0].allow == ("lightgbm",)


CLASSIFIERS = (
    *("LogisticRegression", "SGD", "MultinomialNaiveBayes", "BernoulliNaiveBayes", "SVM"),
    *("LinearSVM", "KNN", "DecisionTree", "RandomForest", "ExtremeRandomTrees", "LightGBM"),
    *("GradientBoosting", "XGBoostClassifier"),
)
REGRESSORS = (
    *("ElasticNet", "GradientBoosting", "DecisionTree", "KNN", "LassoLars", "SGD"),
    *("RandomForest", "ExtremeRandomTrees", "LightGBM", "XGBoostRegressor"),
)
FORECASTERS = (
    *("Naive", "SeasonalNaive", "Average", "SeasonalAverage", "ExponentialSmoothing"),
    *("AutoArima", "Arimax", "Prophet"),
    *REGRESSORS,
)
TRANSFORMERS = (
    *("TextTargetEncoder", "OneHotEncoder", "CatTargetEncoder", "TfIdf", "WoETargetEncoder"),
    *("LabelEncoder", "WordEmbedding", "NaiveBayes", "CountVectorizer", "HashOneHotEncoder"),
)


@pytest.mark.parametrize(
    ("task", "names"),
    [("classification", CLASSIFIERS), ("regression", REGRESSORS), ("forecasting", FORECASTERS)],
)
def test_every_algorithm_of_azure_is_known(load, task, names):
    if task == "forecasting" and not all(installed(find(name, task)) for name in names):
        pytest.skip("the extra forecast is not installed")
    snake = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper() for name in names]
    for asked in (names, snake):
        job, notes = load(
            {"task": task, "training.allowed_training_algorithms": asked},
            without=("primary_metric",),
            least=LEAST_FORECAST if task == "forecasting" else LEAST,
        )
        assert len(job.allow) == len(names)
        assert [note.key for note in notes] == ["primary_metric"]


@pytest.mark.parametrize("asked", LACKING)
def test_algorithms_that_are_not_here_are_said(load, asked):
    key = "training.allowed_training_algorithms"
    job, notes = load({key: [asked, "KNN"]})
    assert job.allow == ("knn",)
    assert str(notes[0]) == f"{key}: Trialbook does not have {asked}"
    with pytest.raises(OptionError, match=f"can be tried: Trialbook does not have {asked}"):
        load({key: [asked]})
    assert load({"training.blocked_training_algorithms": [asked]})[0].block == ()


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, names in PRIMARY_METRICS.items() for name in names]
)
def test_every_primary_metric_of_azure_exists(load, task, name):
    least = LEAST_FORECAST if task == "forecasting" else LEAST
    for spelling in (name, name.upper(), camel(name)):
        job, _ = load({"task": task, "primary_metric": spelling}, least=least)
        assert metric(job.metric, task, 2).name == metric(name, task, 2).name


@pytest.mark.parametrize(
    ("task", "name"),
    [("classification", "accuracy"), ("regression", "normalized_root_mean_squared_error")],
)
def test_without_a_metric_it_is_azures_default_and_that_is_said(load, task, name):
    job, notes = load({"task": task}, without=("primary_metric",))
    assert job.metric == name
    assert str(notes[0]) == f"primary_metric: not given: {name}, as in Azure ML"
    job, notes = load({"task": task}, without=("primary_metric",), given={"metric": "auc"})
    assert (job.metric, notes) == ("auc", ())


def test_without_limits_there_is_a_deadline_and_that_is_said(load):
    job, notes = load(without=("limits",))
    assert job.deadline_s == 600
    assert "10 minutes" in str(notes[0])
    assert load(without=("limits",), given={"max_trials": 3})[1] == ()


@pytest.mark.parametrize("purpose", COLUMN_TYPES)
def test_every_purpose_of_columns_is_a_type(load, purpose):
    key = "featurization.column_name_and_types"
    assert load({key: {"a": purpose}})[0].types == {"a": COLUMN_TYPES[purpose]}
    assert load({key: {"a": purpose.lower()}})[0].types == {"a": COLUMN_TYPES[purpose]}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_every_transformer_may_be_blocked(load, name):
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    for asked in (name, snake):
        assert (
            len(load({"featurization.blocked_transformers": [asked]})[0].block_transformers) == 1
        )


def test_transformers_that_are_never_made_are_noted(load):
    job, notes = load({"featurization.blocked_transformers": ["WordEmbedding", "one_hot_encoder"]})
    assert job.block_transformers == ("word_embedding", "one_hot")
    assert [note.text for note in notes] == ["Trialbook never makes features by WordEmbedding"]


# -- values ----------------------------------------------------------------------------------


def test_folds_and_cores_may_be_left_to_trialbook(load):
    job, notes = load({"n_cross_validations": "auto", "limits.max_cores_per_trial": -1})
    assert (job.folds, job.max_cores_per_trial, notes) == (None, None, ())


def test_a_size_and_folds_are_random_repeats(load):
    job, _ = load({"n_cross_validations": 5, "validation_data_size": 0.2})
    assert (job.folds, job.validation_size) == (5, 0.2)


def test_an_exit_score_of_an_error_has_no_sign(load):
    job, _ = load(
        {
            "task": "regression",
            "primary_metric": "normalized_root_mean_squared_error",
            "limits.exit_score": 0.05,
        }
    )
    assert job.exit_score == 0.05


def test_both_names_are_kept(load):
    job, _ = load({"experiment_name": "bank", "name": "bank-7", "display_name": "B"})
    assert (job.name, job.tags) == ("bank", {"name": "bank-7", "display_name": "B"})


def test_paths_are_relative_to_the_file(load, tmp_path):
    absolute = str(tmp_path / "v.csv")
    changes = {"validation_data": {"path": absolute}, "test_data": "t/*.csv"}
    job, _ = load(changes, name="jobs/deep/job.yml")
    assert (job.data, job.validation, job.test) == (
        "jobs/deep/train",
        absolute,
        "jobs/deep/t/*.csv",
    )


def test_addresses_are_left_to_the_reader(load):
    job, _ = load({"training_data.path": "https://example.org/t.csv"})
    assert job.data == "https://example.org/t.csv"


@pytest.mark.parametrize("path", ["azureml:bank:1", "azureml://datastores/d/paths/p", "AzureML:x"])
def test_tables_of_the_cloud_are_refused_with_a_remedy(load, path):
    for changes in ({"training_data.path": path}, {"training_data": path}):
        with pytest.raises(OptionError, match=r"only Azure ML can reach .*line \d+.* Download"):
            load(changes)


def test_a_described_folder_elsewhere_is_refused_with_a_remedy(load):
    with pytest.raises(OptionError, match="Download the folder"):
        load({"training_data.path": "https://example.org/tables/train-mltable"})
    job, _ = load({"training_data": {"path": "https://example.org/train", "type": "uri_file"}})
    assert job.data == "https://example.org/train"


def test_a_value_may_be_bound_to_an_input(load):
    table = {"type": "mltable", "path": "other"}
    job, _ = load(
        {
            "inputs": {"table": table, "trials": 7},
            "training_data": "${{parent.inputs.table}}",
            "limits.max_trials": "${{inputs.trials}}",
        }
    )
    assert (job.data, job.max_trials) == ("./other", 7)


def test_an_input_without_a_value_is_refused(load):
    with pytest.raises(OptionError, match=r"bound to .* which has no value in this file"):
        load({"training_data": "${{parent.inputs.table}}"})


def test_featurization_may_be_one_word(load):
    assert load(text=yaml.safe_dump(LEAST) + "featurization: off\n")[0].featurization == "off"
    assert load({"featurization": "auto"})[0].featurization == "auto"


def test_a_key_without_a_value_is_not_there(load):
    assert load({"validation_data": None, "compute": None, "limits.max_trials": None})[0] == PLAIN


# -- what is wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limits.timeout_minuts": 5}, "unknown key 'limits.timeout_minuts' (job.yml, line 10)"),
        ({"limits.timeout_minuts": 5}, "Did you mean 'timeout_minutes'?"),
        ({"primary_metrics": "x"}, "Did you mean 'primary_metric'?"),
        ({"limit": {"max_trials": 5}}, "Did you mean 'limits'?"),
        ({"max_trials": 5}, "Write max_trials below limits."),
        ({"allowed_training_algorithms": []}, "below training."),
        ({"training.max_trials": 5}, "Write max_trials below limits."),
        ({"limitz": None}, "Did you mean 'limits'?"),
        ({"limits": 5}, "limits holds no keys"),
        ({"training_data": ["a.csv"]}, "training_data holds no keys"),
        ({"maxTrials": 1}, "Write max_trials below limits."),
        ({"limits.maxTrials": 1, "limits.max_trials": 2}, "mean the same"),
        ({"iterations": 1, "limits.max_trials": 2}, "mean the same"),
        ({"limits.timeout_hours": 1}, "mean the same"),
        ({"limits.timeout_minutes": 0}, "not above zero"),
        ({"limits.timeout_minutes": "long"}, "is no number"),
        ({"limits.timeout_minutes": float("nan")}, "is no number"),
        ({"limits.exit_score": float("inf")}, "is no number"),
        ({"limits.exit_score": 10**400}, "is no number"),
        ({"limits.max_trials": 2.5}, "is no whole number"),
        ({"limits.max_trials": 0}, "(limits.max_trials, job.yml, line "),
        ({"limits.enable_early_termination": "maybe"}, "neither true nor false"),
        ({"n_cross_validations": 1}, "(n_cross_validations, job.yml, line "),
        ({"validation_data_size": 2}, "(validation_data_size, job.yml, line "),
        ({"primary_metric": "acuracy"}, "Did you mean 'accuracy'?"),
        ({"primary_metric": "r2_score"}, "Known: accuracy"),
        ({"training_data.type": "mltabel"}, "Did you mean 'mltable'?"),
        ({"outputs.best_model.type": "custom_model"}, "mlflow_model"),
        ({"outputs.best": {}}, "Known: best_model."),
        ({"tags": {"a": [1]}}, "no single value for 'a'"),
        ({"tags": {"mlflow.x": "1"}}, "no name of a tag"),
        ({"cv_split_column_names": {"a": 1}}, "is no list of names"),
        ({"target_column_name": ["y"]}, "is no single value"),
        ({"featurization.mode": "automatic"}, "Did you mean 'auto'?"),
        ({"featurization.column_name_and_types": {"a": "number"}}, "Did you mean 'Numeric'?"),
        ({"featurization.column_name_and_types": ["a"]}, "holds no keys"),
        ({"featurization.blocked_transformers": ["TfIdff"]}, "featurization.blocked_transformers"),
        ({"featurization.dataset_language": "xyzzy"}, "(featurization.dataset_language, job.yml"),
        ({"training.allowed_training_algorithms": ["LightGMB"]}, "Did you mean 'lightgbm'?"),
        ({"training.blocked_training_algorithms": ["ElasticNet"]}, "does not do classification"),
        ({"type": "command"}, "Known: automl"),
        ({"type": "pipeline"}, "pipelines are not run"),
        ({"task": "clasification"}, "Did you mean 'classification'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_a_remedy(load, changes, message):
    with pytest.raises(OptionError, match=r"job\.yml, line \d+") as caught:
        load(changes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"validation_data.path": "v", "n_cross_validations": 3},
        {"test_data.path": "t", "test_data_size": 0.1},
        {"cv_split_column_names": ["a"], "test_data_size": 0.1},
    ],
)
def test_keys_that_exclude_each_other_are_refused_by_azures_names(load, changes):
    with pytest.raises(OptionError, match=r"cannot both be given \(job.yml, line") as caught:
        load(changes)
    assert all(key in str(caught.value) for key in changes)


@pytest.mark.parametrize("task", OTHER_TASKS)
def test_other_tasks_are_refused_and_what_is_supported_is_named(load, task):
    with pytest.raises(OptionError, match=f"is {task}, which is not supported.*Supported: class"):
        load({"task": task, "primary_metric": "accuracy"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "pipeline", "settings": {"x": 1}}, "pipelines are not run"),
        ({"sweep": {"x": 1}, "task": "image_object_detection"}, "task is image_object_detection"),
    ],
)
def test_other_kinds_of_jobs_are_refused_before_their_keys(load, changes, message):
    with pytest.raises(OptionError, match=message):
        load(changes)


@pytest.mark.parametrize("key", ["task", "training_data", "target_column_name"])
def test_a_job_needs_a_task_a_table_and_a_target(load, key):
    with pytest.raises(OptionError, match=f"the job has no {key}"):
        load(without=(key,))


def test_a_file_that_is_no_mapping_is_refused(load):
    with pytest.raises(OptionError, match="does not hold options"):
        load(text="- a\n")
    with pytest.raises(DataError, match="is there twice"):
        load(text="task: classification\ntask: regression\n")


# -- forecasts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "field", "meaning"),
    [
        ("seasonality", None, "season", 1),
        ("seasonality", "none", "season", 1),
        ("seasonality", "auto", "season", None),
        ("short_series_handling_config", None, "short_series", "none"),
        ("short_series_handling_config", "Pad", "short_series", "pad"),
        ("feature_lags", None, "feature_lags", "none"),
        ("feature_lags", "auto", "feature_lags", "auto"),
        ("use_stl", None, "use_stl", "none"),
        ("use_stl", "season", "use_stl", "season"),
        ("target_lags", 3, "target_lags", (3,)),
        ("target_lags", "auto", "target_lags", ()),
        ("target_lags", None, "target_lags", ()),
        ("target_rolling_window_size", "auto", "rolling_window", None),
        ("cv_step_size", "auto", "window_step", None),
        ("forecast_horizon", "auto", "horizon", "auto"),
        ("time_series_id_column_names", "shop", "series", ("shop",)),
        ("country_or_region_for_holidays", "us", "holidays", "US"),
    ],
)
def test_values_of_a_forecast_mean_what_azure_means(load, key, value, field, meaning):
    for spelling in (key, camel(key)):
        changes = {f"forecasting.{spelling}": value}
        without = {"forecasting"} if spelling != key and key == "forecast_horizon" else ()
        if without:
            changes["forecasting.time_column_name"] = "day"
        job, notes = load(changes, without=without, least=LEAST_FORECAST)
        assert (getattr(job, field), notes) == (meaning, ())


def test_a_forecast_without_a_horizon_is_of_one_row_and_that_is_said(load):
    job, notes = load({"forecasting": {"time_column_name": "day"}}, least=LEAST_FORECAST)
    assert job.horizon == 1
    assert [str(note) for note in notes] == [
        "forecasting.forecast_horizon: not given: 1, as in Azure ML"
    ]
    with pytest.raises(OptionError, match=r"no forecasting\.time_column_name"):
        load({"forecasting": {"forecast_horizon": 3}}, least=LEAST_FORECAST)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validation_data.path": "v"}, "windows at the ends of its series"),
        ({"validation_data_size": 0.1}, "n_cross_validations says how many windows"),
        ({"cv_split_column_names": ["a"]}, "windows at the ends of its series"),
        ({"weight_column_name": "w"}, "no weights"),
        ({"positive_label": "yes"}, "no classes"),
        ({"forecasting.forecast_horizon": "soon"}, "is no number"),
        ({"forecasting.forecast_horizon": 0}, "(forecasting.forecast_horizon, job.yml, line "),
        ({"forecasting.target_lags": [1, 2.5]}, "is no whole number"),
        ({"forecasting.use_stl": "seasonal"}, "Did you mean 'season'?"),
        ({"forecasting.target_aggregate_function": "median"}, "names 'median'"),
        ({"forecasting.time_colum_name": "t"}, "Did you mean 'time_column_name'?"),
        ({"primary_metric": "accuracy"}, "Known: normalized_root_mean_squared_error"),
        ({"training.allowed_training_algorithms": ["LogisticRegression"]}, "not do forecasting"),
    ],
)
def test_what_a_forecast_cannot_be_asked_is_said_with_its_place(load, changes, message):
    with pytest.raises(OptionError, match=r"job\.yml, line \d+") as caught:
        load(changes, least=LEAST_FORECAST)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "silent"),
    [
        ("featurization.mode", "custom", "auto"),
        ("featurization.blocked_transformers", ["LabelEncoder"], None),
        ("featurization.dataset_language", "deu", None),
        ("featurization.transformer_params", {"imputer": IMPUTER}, None),
        ("training.enable_stack_ensemble", True, False),
    ],
)
def test_keys_of_tables_that_change_nothing_in_a_forecast_are_noted(load, key, value, silent):
    job, notes = load({key: value}, least=LEAST_FORECAST)
    assert [note.key for note in notes] == [key]
    assert "no meaning for a forecast" in notes[0].text
    assert job == load(least=LEAST_FORECAST)[0]
    if silent is not None:
        assert load({key: silent}, least=LEAST_FORECAST)[1] == ()


def test_whether_deep_models_are_tried_is_for_forecasts_to_say(load):
    key = "training.enable_dnn_training"
    assert "no language model" in load({key: True})[1][0].text
    job, notes = load({key: False}, least=LEAST_FORECAST)
    deep = {one.key for one in all_learners().values() if one.extra == "deep"}
    deep = {key for key in deep if "forecasting" in find(key).tasks}
    assert set(job.block) == deep
    assert notes == ()
    # Azure ML tries none if nothing is said.
    given = {"block": ("lightgbm_recursive", "nhits")}
    silent, notes = load(without=("training",), given=given, least=LEAST_FORECAST)
    assert sorted(silent.block) == sorted({"lightgbm_recursive", *deep})
    assert [str(note) for note in notes] == [
        f"{key}: not given: false, as in Azure ML, so that no deep model is tried"
    ]
    allowed = load(
        without=("training",), given={"allow": ("nhits", "theta")}, least=LEAST_FORECAST
    )
    assert (allowed[0].allow, allowed[0].block, allowed[1]) == (("nhits", "theta"), (), ())
    assert load(without=("training",))[0].block == ()


def test_a_network_of_azure_that_cannot_be_tried_is_said(load):
    key = "training.allowed_training_algorithms"
    if not installed(find("prophet")):
        pytest.skip("the extra forecast is not installed")
    job, notes = load({key: ["TCNForecaster", "Prophet"]}, least=LEAST_FORECAST)
    known = [one for one in job.allow if one != "prophet"]
    assert known or "TCNForecaster" in notes[0].text
    assert not (known and notes)


# -- which files are Azure's -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "azures"),
    [
        ({"type": "automl"}, True),
        ({"Type": "AutoML"}, True),
        ({"type": "pipeline", "jobs": {}}, True),
        ({"$schema": "https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json"}, True),
        ({"task": "classification", "target_column_name": "y"}, True),
        ({"task": "classification", "targetColumnName": "y"}, True),
        ({"task": "classification", "label_column_name": "y"}, True),
        ({"task": "classification", "target": "y", "data": "d.csv"}, False),
        ({"data": "d.csv", "target": "y"}, False),
        ([], False),
        (None, False),
    ],
)
def test_azures_jobs_are_told_from_others(values, azures):
    assert azure.is_job(values) is azures
