"""The job: one description, checked when it is made."""

import pytest

from trialbook.errors import OptionError
from trialbook.job import DEFAULT_TIMEOUT_S, Job, n_bytes, seconds


def job(**fields):
    return Job.from_fields({"data": "bank.csv", "target": "y", **fields})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (90, 90),
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("5 min", 300),
        ("1.5h", 5400),
        ("2d", 172800),
        ("30sec", 30),
        (" 5M ", 300),
    ],
)
def test_a_duration_is_read(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "5x", "-5m", "0", "0s", "m"])
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4GB", 4 * 2**30), ("512M", 512 * 2**20), ("1.5GiB", 3 * 2**29), (1000, 1000), ("2k", 2048)],
)
def test_an_amount_of_memory_is_read(text, expected):
    assert n_bytes(text) == expected


@pytest.mark.parametrize("text", ["much", "-1GB", "0", "4X"])
def test_what_is_not_an_amount_of_memory_is_refused(text):
    with pytest.raises(ValueError, match="memory"):
        n_bytes(text)


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
    "fields",
    [
        {"validation": "v.csv", "validation_size": 0.2},
        {"validation": "v.csv", "folds": 3},
        {"fold_columns": ("f",), "folds": 3},
        {"group_column": "g", "time_column": "t"},
        {"test": "t.csv", "test_size": 0.2},
    ],
)
def test_options_that_exclude_each_other_are_refused_by_name(fields):
    with pytest.raises(OptionError) as caught:
        job(**fields)
    assert all(field in str(caught.value) for field in fields)


def test_folds_and_a_validation_size_together_are_random_repeats():
    made = job(folds=5, validation_size=0.2)
    assert (made.folds, made.validation_size) == (5, 0.2)


@pytest.mark.parametrize("role", ["weight", "group_column", "time_column"])
def test_the_target_has_no_second_role(role):
    with pytest.raises(OptionError, match=f"{role} names the target 'y'"):
        job(**{role: "y"})


def test_the_target_cannot_be_ignored():
    with pytest.raises(OptionError, match="also in ignore"):
        job(ignore=("y",))


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


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"target_lags": "1,x"}, "lags are whole numbers from 1 on"),
        ({"target_lags": [0]}, "lags are whole numbers from 1 on"),
        ({"target_lags": [1.5]}, "lags are whole numbers from 1 on"),
        ({"rolling_window": 0}, "bad value for 'rolling_window'"),
        ({"feature_lags": "some"}, "bad value for 'feature_lags'"),
        ({"use_stl": "trend"}, "bad value for 'use_stl'"),
        ({"horizon": "long"}, "bad value for 'horizon'"),
        ({"task": "regression", "horizon": None, "use_stl": "season"}, "use_stl is an option of"),
        ({"horizon": 0}, "bad value for 'horizon'"),
        ({"season": 0}, "bad value for 'season'"),
        ({"aggregate": "median"}, "bad value for 'aggregate'"),
        ({"short_series": "guess"}, "bad value for 'short_series'"),
        ({"holidays": "Germany"}, "'Germany' is no country code of two letters"),
        ({"holidays": "XX"}, "'XX' is no country code of two letters"),
        ({"weight": "w"}, "weight has no meaning for a forecast"),
        ({"validation_size": 0.2}, "validation_size has no meaning for a forecast"),
        ({"series": ["day"]}, "series names 'day', which is also in time_column"),
        ({"series": ["y"]}, "series names 'y', which is the target"),
        ({"unknown_in_future": ["y"]}, "unknown_in_future names 'y', which is the target"),
        ({"task": "regression"}, "horizon is an option of forecasting"),
        ({"reconcile": "mint"}, "reconcile has no meaning without a hierarchy"),
        ({"hierarchy": "shop", "series": "item"}, "series are the leaves of the hierarchy"),
        ({"hierarchy": "shop", "hierarchy_level": "item"}, "'item', which is no level"),
        ({"hierarchy": ["a", "b"], "reconcile": "best"}, "bad value for 'reconcile'"),
        (
            {"hierarchy": ["a", "b"], "hierarchy_level": "a", "reconcile": "mint"},
            "mint needs all levels trained",
        ),
        (
            {"hierarchy": ["a", "b"], "hierarchy_level": "a", "reconcile": "bottom_up"},
            "bottom_up trains the leaves",
        ),
        (
            {"hierarchy": ["a", "b"], "reconcile": "average_historical_proportions"},
            "hands a level down to those below it",
        ),
    ],
)
def test_what_does_not_suit_a_forecast_is_refused(fields, cause):
    with pytest.raises(OptionError) as error:
        Job.from_fields(SERIES | fields)
    assert cause in error.value.cause


def test_a_country_that_is_none_is_answered_with_those_that_are():
    with pytest.raises(OptionError) as error:
        Job.from_fields(SERIES | {"holidays": "DD"})
    assert error.value.remedy.startswith("Known: AD, AE, AF")
    with pytest.raises(OptionError, match="Write two letters"):
        Job.from_fields(SERIES | {"holidays": "Germany"})
