"""Options that do not go together are refused."""

import inspect

import pytest

import trialbook as tb
from trialbook.errors import OptionError
from trialbook.job import NOT_OF_SERIES, Job

SERIES = {"data": "d", "target": "y", "task": "forecasting", "time_column": "day", "horizon": 3}


def job(**fields):
    return Job.from_fields({"data": "bank.csv", "target": "y", **fields})


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
        ({"featurization": "off"}, "featurization has no meaning for a forecast; drop it"),
        ({"featurization": "custom"}, "featurization has no meaning for a forecast; drop it"),
        ({"imputers": {"x": "mean"}}, "imputers has no meaning for a forecast; drop it"),
        ({"refit": True}, "refit has no meaning for a forecast; drop it"),
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


def test_what_a_forecast_has_by_default_may_be_said():
    defaults = {"featurization": "auto", "stacking": True, "calibrate": True, "refit": False}
    made = Job.from_fields(SERIES | defaults)
    assert Job.from_fields(made.told()) == made
    # What is switched off asks for nothing.
    Job.from_fields(SERIES | {"stacking": False, "calibrate": False, "tune_threshold": False})


def test_python_offers_whatever_a_forecast_heeds():
    offered = {*inspect.signature(tb.forecast).parameters, "task"}
    renamed = {"time_column": "time"}
    heeded = {renamed.get(one, one) for one in Job.model_fields if one not in NOT_OF_SERIES}
    assert offered == heeded | {"listeners"}
