"""The job: one description, checked when it is made."""

import pytest

from trialbook.errors import OptionError
from trialbook.job import DEFAULT_TIMEOUT_S, Job


def job(**fields):
    return Job.from_fields({"data": "bank.csv", "target": "y", **fields})


def test_units_are_read_in_a_job():
    made = job(timeout="5m", trial_timeout="30s", memory_limit="2GB")
    assert (made.timeout, made.trial_timeout, made.memory_limit) == (300, 30, 2 * 2**30)


def test_one_name_stands_for_a_list_of_one():
    assert job(ignore="id", allow="lightgbm").ignore == ("id",)


def test_an_unknown_option_is_answered_with_the_nearest():
    with pytest.raises(OptionError, match=r"unknown option 'metrics'.*Did you mean 'metric'"):
        job(metrics="auc")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"folds": 1}, "folds"),
        ({"folds": "many"}, "folds"),
        ({"validation_size": 1.5}, "validation_size"),
        ({"timeout": "soon"}, "timeout"),
        ({"task": "regresion"}, "task"),
        ({"seed": -1}, "seed"),
        ({"max_predict_ms": 0}, "max_predict_ms"),
        ({"max_predict_ms": "soon"}, "max_predict_ms"),
    ],
)
def test_a_wrong_value_is_refused_with_the_option_that_has_it(fields, place):
    with pytest.raises(OptionError) as caught:
        job(**fields)
    assert place in str(caught.value.place)


def test_a_missing_target_is_refused():
    with pytest.raises(OptionError, match="target"):
        Job.from_fields({"data": "bank.csv"})


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("data/bank.csv.gz", "bank"),
        ("data/parts/*", "parts"),
        ("data/parts/*.csv", "parts"),
        ("data/parts-[0-9]/part?.csv", "data"),
        ("*.csv", "experiment"),
        ("data/parts/", "parts"),
        (Job.IN_MEMORY, "experiment"),
    ],
)
def test_an_experiment_is_named_after_its_data(data, name):
    assert Job(data=data, target="y").experiment_name == name


def test_a_given_name_wins():
    assert job(name="mine").experiment_name == "mine"


def test_the_deadline_is_given_or_the_default():
    assert job(timeout="5m").deadline_s == 300
    assert job().deadline_s == DEFAULT_TIMEOUT_S


def test_a_number_of_trials_alone_needs_no_deadline():
    assert job(max_trials=12).deadline_s is None
    assert job(max_trials=12, timeout="1h").deadline_s == 3600


def test_a_job_survives_json():
    made = job(timeout="5m", ignore=("a", "b"), types={"zip": "categorical"}, voting=False)
    assert Job.model_validate_json(made.model_dump_json()) == made


def test_a_job_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        job().target = "x"


def test_orders_make_featurization_custom_and_survive_storage() -> None:
    job = Job.from_fields(
        {
            "data": "d.csv",
            "target": "y",
            "imputers": {"age": "Mean", "city": {"strategy": "constant", "fill_value": "none"}},
            "block_transformers": ["OneHotEncoder", "one_hot", "tf_idf"],
            "transformer_params": {"TfIdf": {"ngram_range": [1, 3]}},
            "language": "deu",
        }
    )
    assert job.featurization == "custom"
    assert job.block_transformers == ("one_hot", "tfidf")
    assert job.language == "de"
    assert Job.from_fields(job.told()) == job
    assert Job.from_fields({"data": "d.csv", "target": "y"}).featurization == "auto"


def test_off_is_read_from_yaml_and_takes_no_orders() -> None:
    assert Job.from_fields({"data": "d", "target": "y", "featurization": False}).featurization == (
        "off"
    )
    with pytest.raises(OptionError, match="featurization is off, so language has no place"):
        Job.from_fields({"data": "d", "target": "y", "featurization": "Off", "language": "de"})


def test_an_unknown_name_in_an_order_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError) as error:
        Job.from_fields({"data": "d", "target": "y", "imputers": {"age": "medan"}})
    assert error.value.place == "option imputers.age"
    assert error.value.remedy == "Did you mean 'median'?"


def test_tags_are_names_and_texts_that_mlflow_takes():
    job = Job.from_fields({"data": "d", "target": "y", "tags": {"team/a b.c-d": "x"}})
    assert job.tags == {"team/a b.c-d": "x"}


@pytest.mark.parametrize(
    "tags", [{"mlflow.x": "1"}, {"trialbook.x": "1"}, {"": "1"}, {"ä": "1"}, {"a": "x" * 5001}]
)
def test_other_tags_are_refused(tags):
    with pytest.raises(OptionError, match="tag"):
        Job.from_fields({"data": "d", "target": "y", "tags": tags})


SERIES = {"data": "d", "target": "y", "task": "forecasting", "time_column": "day", "horizon": 3}


def test_a_forecast_has_options_of_its_own_and_survives_being_told():
    job = Job.from_fields(
        SERIES
        | {"series": "shop", "season": "auto", "window_step": "auto", "short_series": None}
        | {"holidays": "uk", "unknown_in_future": ["visitors"], "aggregate": "sum"}
    )
    assert (job.series, job.season, job.window_step) == (("shop",), None, None)
    assert (job.short_series, job.holidays) == ("none", "GB")
    assert Job.from_fields(job.told()) == job


def test_the_leaves_of_a_hierarchy_are_the_series():
    job = Job.from_fields(SERIES | {"hierarchy": ["state", "shop"], "hierarchy_level": "state"})
    assert job.series == job.hierarchy == ("state", "shop")
    assert Job.from_fields(job.told()) == job


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("auto", ()),
        ("Auto", ()),
        (None, ()),
        (["auto"], ()),
        (3, (3,)),
        ("12, 1,2", (1, 2, 12)),
        (["1", "2,2"], (1, 2)),
        ([7, 1], (1, 7)),
    ],
)
def test_lags_are_a_list_or_left_to_the_search(given, read):
    job = Job.from_fields(SERIES | {"target_lags": given})
    assert job.target_lags == read
    assert Job.from_fields(job.told()) == job


def test_what_is_left_to_the_search_is_written_auto_or_not_at_all():
    job = Job.from_fields(
        SERIES
        | {"horizon": "auto", "rolling_window": "auto", "feature_lags": None, "use_stl": None}
    )
    assert (job.horizon, job.rolling_window) == ("auto", None)
    assert (job.feature_lags, job.use_stl) == ("none", "none")
    assert Job.from_fields(job.told()) == job
    default = Job.from_fields(SERIES)
    assert (default.target_lags, default.feature_lags, default.use_stl) == ((), "auto", "none")


def test_a_country_that_is_none_is_answered_with_those_that_are():
    with pytest.raises(OptionError) as error:
        Job.from_fields(SERIES | {"holidays": "DD"})
    assert error.value.remedy.startswith("Known: AD, AE, AF")
    with pytest.raises(OptionError, match="Write two letters"):
        Job.from_fields(SERIES | {"holidays": "Germany"})
