"""`forecast` takes the documented arguments, and what follows in notebooks works."""

import importlib.util

import mlflow
import numpy as np
import pandas as pd
import pytest

import trialbook
from trialbook.compat import databricks as automl
from trialbook.compat.databricks._forecast_request import (
    FREQUENCIES,
    ForecastArguments,
    read_forecast,
)
from trialbook.compat.databricks._forecaster import _as_written, _filled, _in_order, _with_keys
from trialbook.errors import DataError, OptionError

installed = importlib.util.find_spec("statsforecast") is not None
pytestmark = pytest.mark.skipif(not installed, reason="the extra forecast is not installed")

DEFAULTS = {
    "primary_metric": "smape",
    "country_code": "US",
    "frequency": "D",
    "horizon": 7,
    "identity_col": "shop",
    **dict.fromkeys(("data_dir", "experiment_dir", "experiment_name", "exclude_cols")),
    **dict.fromkeys(("exclude_frameworks", "feature_store_lookups", "sample_weight_col")),
    **dict.fromkeys(("output_database", "max_trials", "timeout_minutes")),
}


def request(table, **changes):
    """The job, table and guardrails of a request."""
    known = {"dataset": table, "target_col": "sold", "time_col": "day"}
    return read_forecast(ForecastArguments(**{**DEFAULTS, **known, **changes}))


def test_the_arguments_are_a_job(folder, table_of_sales):
    job, _, notes = request(table_of_sales, experiment_name="sales", country_code="de")
    assert (job.task, job.target, job.time_column) == ("forecasting", "sold", "day")
    assert (job.series, job.horizon, job.frequency) == (("shop",), 7, "D")
    assert (job.metric, job.holidays, job.name) == ("smape", "DE", "sales")
    assert (job.deadline_s, job.ignore) == (7200, ("manager",))
    assert [note.name for note in notes] == ["Other columns"]
    assert "'manager'" in notes[0].finding or "manager" in notes[0].finding
    assert request(table_of_sales, country_code="")[0].holidays is None
    # What was excluded by its name needs no alert.
    assert request(table_of_sales, exclude_cols=["manager"])[2] == ()


@pytest.mark.parametrize(("asked", "meant"), FREQUENCIES.items())
def test_every_documented_word_of_a_frequency_is_known(folder, table_of_sales, asked, meant):
    assert request(table_of_sales, frequency=asked)[0].frequency == meant


def test_of_m_the_case_tells_minutes_from_months(folder, table_of_sales):
    assert request(table_of_sales, frequency="m")[0].frequency == "min"
    assert request(table_of_sales, frequency="M")[0].frequency == "MS"
    with pytest.raises(OptionError, match="'fortnight' is no frequency"):
        request(table_of_sales, frequency="fortnight")


def test_frameworks_are_excluded_by_their_names(folder, table_of_sales):
    def blocked(*names):
        return {*request(table_of_sales, exclude_frameworks=names)[0].block}

    assert blocked("prophet") == {"prophet"}
    assert blocked("arima") == {"auto_arima", "arimax"}
    for name in ("lightgbm", "xgboost", "catboost"):
        assert blocked(name) == {f"{name}_recursive", f"{name}_direct"}
    assert {"theta", "auto_arima", "naive"} <= blocked("statsforecast")
    assert "prophet" not in blocked("deepar", "arima")
    with pytest.raises(OptionError, match="Did you mean 'prophet'"):
        blocked("profet")


def test_rows_of_one_time_become_one_by_their_mean(folder, table_of_sales):
    twice = pd.concat([table_of_sales, table_of_sales.assign(sold=0.0)], ignore_index=True)
    _, dataset, notes = request(twice)
    made = dataset.whole().sort_values(["shop", "day"])
    assert len(made) == 120
    np.testing.assert_allclose(made["sold"], table_of_sales["sold"] / 2)
    assert "240 rows of a series have the same time" in str(notes)
    # All shops as one series.
    alone = request(table_of_sales, identity_col=None)[1].whole()
    assert len(alone) == 60


def test_rows_finer_than_the_frequency_are_put_together_by_their_mean(folder, table_of_sales):
    assert request(table_of_sales)[0].aggregate is None
    assert request(table_of_sales, frequency="W")[0].aggregate == "mean"
    hours = table_of_sales.assign(day=table_of_sales["day"] + pd.Timedelta("5h"))
    assert request(hours)[0].aggregate is None
    assert request(pd.concat([table_of_sales, hours]))[0].aggregate == "mean"
    # Weeks of Mondays are weeks, whatever day these end on.
    mondays = table_of_sales[table_of_sales["day"].dt.dayofweek == 0]
    assert request(mondays, frequency="W")[0].aggregate is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target_col": "sald"}, "Did you mean 'sold'"),
        ({"time_col": "dya"}, "argument time_col.*'day'"),
        ({"identity_col": ["shp"]}, "argument identity_col.*'shop'"),
        ({"exclude_cols": ["shop"]}, "identity_col cannot be excluded"),
        ({"exclude_cols": ["managr"]}, "argument exclude_cols.*'manager'"),
        ({"output_database": "no/such"}, "no name of a database"),
        ({"timeout_minutes": 0}, "timeout_minutes=0"),
        ({"horizon": 0}, "horizon"),
        ({"country_code": "XX"}, "holidays"),
        ({"dataset": "default.nothing"}, "neither a table nor a file"),
    ],
)
def test_what_cannot_be_is_refused_in_words_of_the_argument(
    folder, table_of_sales, changes, words
):
    with pytest.raises((OptionError, DataError), match=words):
        request(changes.pop("dataset", table_of_sales), **changes)


def test_weights_of_series_are_checked_and_said_not_to_be_used(folder, table_of_sales):
    weighted = table_of_sales.assign(w=np.where(table_of_sales["shop"] == "north", 1.0, 3.0))
    with pytest.warns(UserWarning, match="all series count alike"):
        job, _, notes = request(weighted, sample_weight_col="w")
    assert "w" in job.ignore and "w" not in str(notes[0].columns)
    with pytest.raises(DataError, match="different weights"):
        request(table_of_sales.assign(w=np.arange(120.0)), sample_weight_col="w")
    with pytest.raises(DataError, match="numbers from 0 to 10,000"):
        request(table_of_sales.assign(w=-1.0), sample_weight_col="w")


@pytest.mark.timeout(600)
def test_a_forecast_is_summed_up_and_asked_as_its_notebooks_do(forecast, table_of_sales):
    summary = forecast(table_of_sales, output_database="default")
    best = summary.best_trial
    assert {"val_smape", "val_mse", "val_rmse", "val_mae", "val_mape", "val_mdape"} <= {
        *best.metrics
    }
    assert best.evaluation_metric_score == pytest.approx(best.metrics["val_smape"])
    assert "val_smape" in summary.metric_distribution
    assert "Other columns" in "".join(summary.alerts)

    model = mlflow.pyfunc.load_model(f"runs:/{best.mlflow_run_id}/model")
    model = model._model_impl.python_model
    told = model.predict_timeseries(include_history=False)
    assert list(told) == ["ds", "shop", "yhat", "yhat_lower", "yhat_upper"]
    assert len(told) == 14 and told["ds"].min() == pd.Timestamp("2024-03-01")
    assert (told["yhat_lower"] <= told["yhat_upper"]).all()
    assert len(model.predict_timeseries(horizon=3, include_history=False)) == 6

    loaded = best.load_model()
    future = loaded.make_future_dataframe(include_history=False)
    assert list(future) == ["day", "shop"]
    np.testing.assert_allclose(loaded.predict(future)["forecast"], told["yhat"])
    pd.testing.assert_frame_equal(loaded.predict_timeseries(include_history=False), told)
    assert loaded.metadata.signature is not None

    database, name = summary.output_table_name.split(".")
    assert database == "default"
    kept = trialbook.tables.read(name)
    np.testing.assert_allclose(kept["yhat"], told["yhat"])


@pytest.mark.timeout(600)
def test_history_is_what_the_model_says_of_its_training_rows(forecast, table_of_sales):
    summary = forecast(table_of_sales)
    assert summary.output_table_name is None
    model = summary.best_trial.load_model()
    told = model.predict_timeseries()
    assert len(told) == 134
    # Rows of the past that are asked for are told once, and as well as without them.
    asked = model.make_future_dataframe()
    pd.testing.assert_frame_equal(model.predict_timeseries(df=asked), told)
    asked = asked[asked["shop"] == "north"].iloc[50:63].sample(frac=1, random_state=0)
    some = model.predict_timeseries(include_history=False, df=asked)
    mine = told[told["shop"] == "north"].iloc[50:63].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, mine)
    before = asked.assign(day=pd.Timestamp("2001-01-01"))[:1]
    assert model.predict_timeseries(include_history=False, df=before)["yhat"].isna().all()
    with pytest.raises(ValueError, match=r"lacks 'shop'. Give the columns day, shop"):
        model.predict_timeseries(df=asked[["day"]])
    with pytest.raises(ValueError, match=r"'east' was not trained on \(row 2\)"):
        model.predict_timeseries(df=pd.concat([asked[:1], asked[:1].assign(shop="east")]))
    north = told[told["shop"] == "north"].set_index("ds")["yhat"]
    sold = table_of_sales[table_of_sales["shop"] == "north"].set_index("day")["sold"]
    np.testing.assert_allclose(north.iloc[7:60], sold.iloc[:53])


@pytest.mark.timeout(600)
def test_features_that_are_looked_up_are_known_of_the_future(forecast, table_of_sales):
    days = pd.date_range("2024-01-01", periods=64)
    weekend = pd.DataFrame({"day": days, "weekend": (days.dayofweek > 4).astype(int)})
    trialbook.tables.upload(weekend, "weekends")
    lookups = [{"table_name": "default.weekends", "lookup_key": "day"}]
    arguments = {"feature_store_lookups": lookups, "output_database": "default"}
    summary = forecast(table_of_sales, **arguments)
    found = trialbook.open("trialbook", summary.experiment.name)
    assert found.schema.series.covariates == ("weekend",)
    # The table ends three days before the horizon does.
    assert "6 rows of the forecast have no features" in "".join(summary.alerts)
    assert len(trialbook.tables.read(summary.output_table_name.split(".")[1])) == 14
    with pytest.raises(DataError, match="neither a table nor a file"):
        automl.forecast(
            table_of_sales,
            target_col="sold",
            time_col="day",
            feature_store_lookups=[{"table_name": "default.nothing", "lookup_key": "day"}],
        )


@pytest.mark.timeout(600)
def test_features_are_looked_up_by_keys_and_times_as_the_dataset_has_them(
    forecast, table_of_sales
):
    cities = {"north": "Oslo", "south": "Rome"}
    table = table_of_sales.assign(
        city=table_of_sales["shop"].map(cities),
        day=table_of_sales["day"].dt.strftime("%d/%m/%Y"),
    ).sample(frac=1, random_state=0)
    days = pd.date_range("2024-01-01", periods=63)
    weather = pd.concat(
        [
            pd.DataFrame({"day": days.strftime("%d/%m/%Y"), "city": city})
            for city in ["Oslo", "Rome"]
        ]
    ).assign(rain=np.arange(126) % 11 * 1.0)
    trialbook.tables.upload(weather, "weather")
    lookups = [{"table_name": "default.weather", "lookup_key": ["city", "day"]}]
    arguments = {"feature_store_lookups": lookups, "output_database": "default"}
    summary = forecast(table, **arguments, exclude_cols=["manager"])
    assert "8 rows of the forecast have no features" in "".join(summary.alerts)
    assert len(trialbook.tables.read(summary.output_table_name.split(".")[1])) == 14


def filled(table, form):
    """What `_filled` makes of a day to come without a feature, after these rows."""
    spec = {"time": "day", "time_form": form, "ids": [], "covariates": ["price"]}
    future = pd.DataFrame({"day": ["later"], "price": [np.nan]})
    return _filled(future, _in_order(table, spec), spec)[0]["price"].tolist()


def test_the_last_features_are_those_of_the_last_time_and_not_of_the_last_text():
    days = ["29/01/2024", "31/01/2024", "01/02/2024"]
    table = pd.DataFrame({"day": days, "price": [1.0, 2.0, 3.0]})
    assert filled(table, "%d/%m/%Y") == [3.0]


def test_years_to_come_are_numbers_where_those_of_the_dataset_are():
    rows = pd.DataFrame({"year": [2001, 2002], "city": ["Oslo", "Rome"]})
    spec = {"time": "year", "time_form": "%Y", "ids": []}
    future = pd.DataFrame({"year": pd.to_datetime(["2003-01-01", "2004-01-01"])})
    written = _as_written(future, rows, spec)
    assert written["year"].tolist() == [2003, 2004]
    lookup = {"table_name": "t", "lookup_key": ["city", "year"]}
    assert _with_keys(written, rows, lookup, [])["city"].tolist() == ["Rome", "Rome"]


@pytest.mark.timeout(600)
def test_a_forecast_that_cannot_be_kept_does_not_lose_the_experiment(
    forecast, table_of_sales, monkeypatch
):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("trialbook.compat.databricks._forecaster.upload", full)
    summary = forecast(table_of_sales, output_database="default")
    assert summary.output_table_name is None
    assert "could not be kept: no space left on device" in "".join(summary.alerts)
    assert summary.best_trial.model_path
