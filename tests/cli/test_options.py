"""The options of `train` are the fields of the job."""

import click
import pytest

from trialbook.cli._app import app
from trialbook.cli._options import METAVARS, SECTIONS, flag, job_from_options
from trialbook.errors import OptionError
from trialbook.job import NOT_OF_SERIES, Job

OPTIONS = {parameter.name: parameter for parameter in app.commands["train"].params}


@pytest.mark.parametrize("field", [field for field in Job.model_fields if field != "data"])
def test_every_field_of_the_job_is_an_option_with_the_fields_help(field):
    option = OPTIONS[field]
    assert flag(field) in option.opts
    assert str(Job.model_fields[field].description).lower() in option.help.lower()
    assert option.required == Job.model_fields[field].is_required()


def test_only_fields_of_the_job_have_headings_and_metavars():
    assert set(SECTIONS) | set(METAVARS) <= set(Job.model_fields)


def test_options_stand_in_the_order_of_the_fields():
    fields = [name for name in OPTIONS if name in Job.model_fields]
    assert fields == list(Job.model_fields)


def test_help_lists_every_option_under_a_heading():
    command = app.commands["train"]
    text = command.get_help(click.Context(command, info_name="trialbook train"))
    assert all(f"{heading}:" in text for heading in SECTIONS.values())
    assert all(flag(field) in text for field in Job.model_fields if field != "data")


def test_forecast_offers_whatever_a_forecast_heeds():
    offered = {one.name: one for one in app.commands["forecast"].params}
    fields = {one for one in offered if one in Job.model_fields} - {"data"}
    assert fields == {*Job.model_fields} - {"data", "task", *NOT_OF_SERIES}
    assert offered["explain"].secondary_opts == ["--no-explain"]


def test_names_are_given_with_commas_or_one_by_one():
    job = job_from_options("d.csv", {"target": "y", "ignore": ("a, b", "c")})
    assert job.ignore == ("a", "b", "c")


def test_types_are_pairs_and_the_column_may_hold_an_equals_sign():
    job = job_from_options("d.csv", {"target": "y", "types": ("zip=categorical", "a=b=text")})
    assert job.types == {"zip": "categorical", "a=b": "text"}


def test_the_value_of_a_tag_may_hold_an_equals_sign_or_nothing():
    job = job_from_options("d.csv", {"target": "y", "tags": ("a=b=c", "d=")})
    assert job.tags == {"a": "b=c", "d": ""}
    with pytest.raises(OptionError, match="not of the form name=value"):
        job_from_options("d.csv", {"target": "y", "tags": ("a",)})


@pytest.mark.parametrize("text", ["zip", "=text", "zip="])
def test_what_is_not_a_pair_is_refused(text):
    with pytest.raises(OptionError, match="not of the form column=type"):
        job_from_options("d.csv", {"target": "y", "types": (text,)})


def test_what_is_not_given_is_left_to_the_job():
    options = dict.fromkeys((field for field in Job.model_fields if field != "data"), None)
    job = job_from_options("d.csv", {**options, "target": "y", "ignore": ()})
    assert job == Job(data="d.csv", target="y")
    assert job.model_fields_set == {"data", "target"}


def test_lags_are_written_in_one_list_or_several_options():
    given = {"target": "y", "task": "forecasting", "time_column": "day", "horizon": "auto"}
    for lags in (("1,2,12",), ("1", "2,12")):
        job = job_from_options("d.csv", given | {"target_lags": lags, "rolling_window": "6"})
        assert (job.horizon, job.target_lags, job.rolling_window) == ("auto", (1, 2, 12), 6)
    assert job_from_options("d.csv", given | {"target_lags": ("auto",)}).target_lags == ()
    assert job_from_options("d.csv", given | {"horizon": "14"}).horizon == 14


def test_imputers_are_a_strategy_or_a_constant_by_column():
    given = {"target": "y", "imputers": ("age=median", "city=constant:not known", "a=b=mean")}
    job = job_from_options("d.csv", given)
    assert job.told()["imputers"] == {
        "age": "median",
        "city": {"strategy": "constant", "fill_value": "not known"},
        "a=b": "mean",
    }


def test_parameters_of_transformers_are_values_for_columns_or_json():
    texts = (
        "tfidf.max_features=500@title,body",
        "tfidf.ngram_range=[1, 3]",
        '{"HashOneHotEncoder": {"number_of_bits": 3}}',
    )
    told = job_from_options("d.csv", {"target": "y", "transformer_params": texts}).told()
    assert told["transformer_params"] == {
        "tfidf": [
            {"fields": ["title", "body"], "parameters": {"max_features": 500}},
            {"fields": [], "parameters": {"ngram_range": [1, 3]}},
        ],
        "hash_one_hot": [{"fields": [], "parameters": {"number_of_bits": 3}}],
    }


@pytest.mark.parametrize("text", ["tfidf", "tfidf=3", "tfidf.max_features=", '{"tfidf": '])
def test_parameters_that_cannot_be_read_are_refused(text):
    with pytest.raises(OptionError, match="transformer-params"):
        job_from_options("d.csv", {"target": "y", "transformer_params": (text,)})
