"""Forecasters as models: packaged, asked for the future, and refusing what is none."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from holidays import country_holidays
from tests.forecasters import future_of, monthly, trained, visited

from trialbook.data import prepare
from trialbook.errors import DataError, OptionError
from trialbook.job import Job
from trialbook.models._series_model import SeriesModel, times_of

# Run where trialbook is not to be found: the next rows, and rows of a table.
LOAD = """
import json, sys


class NoTrialbook:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "trialbook":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, NoTrialbook())
import mlflow.pyfunc
import pandas as pd

model = mlflow.pyfunc.load_model(sys.argv[1])
future = pd.read_csv(sys.argv[2])
told = [model.predict(future)]
if "next" in sys.argv:
    told.append(model.predict(future.head(0), params={"horizon": 5, "quantiles": [0.05, 0.95]}))
assert not any(name.split(".")[0] == "trialbook" for name in sys.modules)
print(json.dumps([one.to_json(date_format="iso") for one in told]))
"""


@pytest.fixture(scope="module")
def naive(tmp_path_factory):
    """A seasonal naive forecaster of two shops, which must say what was a year before."""
    return trained(tmp_path_factory.mktemp("naive"), monthly())


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    """A forecaster by lags and the price."""
    root = tmp_path_factory.mktemp("priced")
    table = monthly(price=True)[["month", "shop", "sold", "price"]]
    params = {"n_estimators": 20, "min_child_samples": 5, "difference": "step"}
    return trained(root, table, "lightgbm_recursive", params)


def test_fitted_values_are_one_step_ahead(naive, priced):
    table = monthly(price=True).sort_values(["shop", "month"], ignore_index=True)
    told = naive.fitted()
    assert list(told) == ["month", "shop", "actual", "fitted"]
    np.testing.assert_allclose(told["fitted"], told.groupby("shop")["actual"].shift(12))
    told = priced.fitted()
    np.testing.assert_allclose(told["actual"], table["sold"])
    error = (told["fitted"] - told["actual"]).abs()
    assert told["fitted"].isna().tolist() == (told.groupby("shop").cumcount() == 0).tolist()
    assert error.mean() < 0.5 * table.groupby("shop")["sold"].diff().abs().mean()


def festive(n_rows=780):
    """Days of a shop that is closed on holidays, with a season of a week."""
    days = pd.date_range("2022-01-01", periods=n_rows)
    closed = days.isin(pd.DatetimeIndex(list(country_holidays("US", years=range(2022, 2026)))))
    sold = 100 + 50.0 * (days.dayofweek == 5) + np.random.default_rng(0).normal(size=n_rows)
    return pd.DataFrame({"month": days, "shop": "north", "sold": np.where(closed, 0.0, sold)})


@pytest.fixture(scope="module")
def open_days(tmp_path_factory):
    """A forecaster that is told of holidays, and spared the week; its next day but six is one."""
    root = tmp_path_factory.mktemp("festive")
    params = {"alpha": 1.0, "difference": "none"}
    options = {"holidays": "US", "use_stl": "season", "horizon": 7}
    return trained(root, festive(718), "linear_recursive", params, **options)


def test_holidays_are_known_of_every_row(open_days):
    told = open_days.forecast()  # 2023-12-20 and later
    assert told["month"].iloc[5] == pd.Timestamp("2023-12-25")
    assert told["forecast"].iloc[5] < 40 < told["forecast"].iloc[[0, 1, 2, 6]].min()
    two = open_days.forecast(future=told[["month", "shop"]].iloc[[0, 5]])
    assert two["forecast"].iloc[1] == pytest.approx(told["forecast"].iloc[5])
    later = open_days.forecast(context=festive(725))
    assert later["month"].iloc[5] == pd.Timestamp("2024-01-01")
    assert later["forecast"].iloc[5] < 0.7 * later["forecast"].median()


def test_fitted_values_know_of_holidays_and_of_what_stl_took(open_days, past):
    told = open_days.fitted()
    np.testing.assert_allclose(told["actual"], festive(718)["sold"])
    error = (told["fitted"] - told["actual"]).abs()
    assert error.mean() < 15
    assert error.mean() < 0.5 * told["actual"].diff().abs().mean()
    for one in past:
        found = one.fitted()
        assert len(found) == 2 * 72


def test_a_model_without_fitted_values_says_so(naive):
    class Unknown:
        pass

    model = copy.deepcopy(naive)
    model.model.forecaster.forecaster = Unknown()
    with pytest.raises(OptionError, match="Unknown tells nothing of the rows"):
        model.fitted()


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """Forecasters of sales by visits: one that uses them, and one that does not."""
    options = {"unknown_in_future": ("visits",)}
    params = {"alpha": 1.0, "difference": "none"}
    return [
        trained(
            tmp_path_factory.mktemp(name),
            visited(),
            "linear_recursive",
            params | {"column_lags": name == "told"},
            **options,
        )
        for name in ("told", "untold")
    ]


def test_the_next_rows_of_all_series(naive):
    told = naive.forecast()
    assert list(told) == ["month", "shop", "forecast", *(f"0.{k}" for k in range(1, 10))]
    assert told["shop"].tolist() == ["north"] * 6 + ["south"] * 6
    assert told["month"].tolist()[:6] == pd.date_range("2024-01", periods=6, freq="MS").tolist()
    before = monthly().set_index(["shop", "month"])["sold"]
    year = pd.DateOffset(years=1)
    expected = [before[shop, month - year] for month, shop in zip(told["month"], told["shop"])]
    np.testing.assert_allclose(told["forecast"], expected)
    assert (np.diff(told.iloc[:, 3:].to_numpy(), axis=1) >= 0).all()


def test_rows_of_a_table_in_its_order_and_beyond_the_horizon(naive):
    table = future_of(30).sample(frac=1, random_state=0)
    told = naive.forecast(future=table)
    assert told["month"].tolist() == table["month"].tolist()
    assert told["shop"].tolist() == table["shop"].tolist()
    wide = told.pivot(index="month", columns="shop", values="forecast")
    np.testing.assert_allclose(wide.iloc[:12], wide.iloc[12:24])  # a naive forecast goes round
    spread = told.set_index(["shop", "month"])["0.9"] - told.set_index(["shop", "month"])["0.1"]
    assert spread["north"].max() > 1.5 * spread["north"].min()
    longer = naive.forecast(30)
    pd.testing.assert_frame_equal(
        longer, told.sort_values(["shop", "month"], ignore_index=True), check_dtype=False
    )


def test_one_series_alone_and_steps_that_nobody_asks_for(naive):
    whole = naive.forecast()
    one = future_of(6, shops=("south",)).iloc[[0, 1, 5]]
    told = naive.forecast(future=one)
    expected = whole[whole["shop"] == "south"].iloc[[0, 1, 5]].reset_index(drop=True)
    pd.testing.assert_frame_equal(told, expected)


def test_rows_that_are_asked_have_their_place_in_the_table(priced):
    table = future_of(3).assign(price=np.arange(6.0)).iloc[[5, 0, 2, 3]].reset_index(drop=True)
    asked = priced.asked(table)
    assert asked.index.tolist() == [1, -1, 2, 3, -2, 0]
    assert asked.loc[table.index, "unique_id"].tolist() == table["shop"].tolist()
    assert asked.loc[table.index, "ds"].tolist() == table["month"].tolist()
    assert asked.loc[table.index, "price"].tolist() == table["price"].tolist()


def test_quantiles_as_asked(naive):
    told = naive.forecast(quantiles=[0.5, 0.05])
    assert list(told)[3:] == ["0.5", "0.05"]
    assert (told["0.05"] < told["0.5"]).all()
    assert list(naive.forecast(quantiles=[]))[-1] == "forecast"


def test_times_are_read_as_they_were_written_in_training(tmp_path):
    table = monthly(48)
    table["month"] = table["month"].dt.strftime("%d.%m.%Y")
    model = trained(tmp_path, table)
    future = future_of(6, "2022-01-01").assign(month=lambda t: t["month"].dt.strftime("%d.%m.%Y"))
    told = model.forecast(future=future)
    assert told["month"].tolist() == model.forecast()["month"].tolist()
    assert told["month"].iloc[1] == pd.Timestamp("2022-02-01")


def test_a_forecast_depends_on_categories_and_years(tmp_path):
    table = monthly(60, ("north",)).drop(columns=["shop", "number"])
    table["month"] = range(1950, 2010)
    table["mood"] = np.random.default_rng(0).choice(["bad", "good"], 60)
    table["sold"] = 10 + 100.0 * (table["mood"] == "good")
    params = {"n_estimators": 20, "min_child_samples": 5, "difference": "none"}
    model = trained(tmp_path, table, "lightgbm_recursive", params, series=(), horizon=3)
    future = pd.DataFrame({"month": [2010, 2011, 2012], "mood": ["good", "bad", "bad"]})
    told = model.forecast(future=future)
    assert told["month"].dt.year.tolist() == [2010, 2011, 2012]
    other = model.forecast(future=future.assign(mood=["bad", "good", "bad"]))
    assert told["forecast"].iloc[0] > other["forecast"].iloc[0]
    loaded = mlflow.pyfunc.load_model(str(model.folder))
    # MLflow's signature asks for times.
    times = future.assign(month=told["month"])
    pd.testing.assert_frame_equal(loaded.predict(times), told)


def test_numbers_that_tell_series_apart_stay_numbers(tmp_path):
    model = trained(tmp_path, monthly(48), series=("number", "shop"))
    told = model.forecast()
    assert told["number"].tolist() == [1] * 6 + [2] * 6
    joined = monthly(54).merge(told, on=["month", "shop", "number"])
    assert len(joined) == 12


def test_a_slash_in_a_name_parts_nothing(tmp_path):
    table = monthly(48).assign(shop=lambda t: t["shop"].replace({"north": "a/b", "south": "a\\"}))
    model = trained(tmp_path, table, series=("shop", "number"))
    told = model.forecast()
    assert told["shop"].tolist() == ["a/b"] * 6 + ["a\\"] * 6
    assert told["number"].tolist() == [1] * 6 + [2] * 6
    again = model.forecast(future=told[["month", "shop", "number"]])
    assert again["forecast"].tolist() == told["forecast"].tolist()


def test_a_table_of_one_series(tmp_path):
    model = trained(tmp_path, monthly(48, ("north",)).drop(columns=["shop", "number"]), series=())
    told = model.forecast()
    assert list(told)[:2] == ["month", "forecast"]
    assert model.forecast(future=told[["month"]])["forecast"].tolist() == told["forecast"].tolist()


def test_what_was_observed_since_is_known(naive):
    later = monthly(78)
    told = naive.forecast(context=later)
    assert told["month"].min() == pd.Timestamp("2024-07-01")
    fresh = later.set_index(["shop", "month"])["sold"]["north"]
    after = naive.forecast(future=future_of(6, "2024-07-01"), context=later)
    pd.testing.assert_frame_equal(after, told, check_dtype=False)
    far = naive.forecast(12, context=later)
    ahead = far[(far["shop"] == "north") & (far["month"] == "2025-03-01")]["forecast"]
    assert ahead.iloc[0] == pytest.approx(fresh["2024-03-01"])
    # The model itself stays as it was.
    assert naive.forecast()["month"].min() == pd.Timestamp("2024-01-01")


def test_a_hole_in_the_context_is_filled_as_in_training(naive):
    later = monthly(78)
    holed = later[later["month"] != "2024-03-01"]
    filled = later.copy()
    filled.loc[filled["month"] == "2024-03-01", "sold"] = filled.loc[
        filled["month"] == "2024-02-01", "sold"
    ].to_numpy()
    pd.testing.assert_frame_equal(naive.forecast(context=holed), naive.forecast(context=filled))


def test_rows_after_the_last_target_of_a_series_were_not_observed(naive):
    later = monthly(78)
    planned = later.copy()
    planned.loc[(planned["month"] >= "2024-03-01") & (planned["shop"] == "south"), "sold"] = None
    planned.loc[(planned["month"] == "2024-04-01") & (planned["shop"] == "north"), "sold"] = None
    observed = naive.observed(planned)
    assert observed.groupby("unique_id").size().to_dict() == {"north": 6, "south": 2}
    assert observed["given"].tolist() == [True] * 3 + [False] + [True] * 4
    told = naive.forecast(1, context=planned)
    assert told["month"].tolist() == list(pd.to_datetime(["2024-07-01", "2024-03-01"]))
    with pytest.raises(DataError, match="no row follows the end of its series"):
        naive.forecast(context=later.assign(sold=later["sold"].where(later["month"] < "2024")))
    with pytest.raises(ValueError, match="no row follows the end of its series"):
        naive.model.aware_of(future_of().assign(sold=np.nan))


def daily(n_rows=730):
    """Days of two shops, with a price and a mood; three rows of each are one time."""
    rng, tables = np.random.default_rng(0), []
    for shop in ("north", "south"):
        when = np.repeat(pd.date_range("2018-01-01", "2020-06-30"), 3)
        table = pd.DataFrame({"month": when, "shop": shop, "sold": rng.normal(50, 9, len(when))})
        table["price"] = rng.choice([1.0, 2.0, 3.0], len(when))
        table["mood"] = rng.choice(["bad", "good", "fine", None], len(when))
        table.loc[rng.random(len(when)) < 0.5, "sold"] = None
        tables.append(table.head(3 * n_rows))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module", params=["MS", "2W", "D"])
def summed(request, tmp_path_factory):
    """A forecaster of the sums of months or of weeks, or of the means of days."""
    options = {"frequency": request.param, "aggregate": "sum"}
    if request.param == "D":
        del options["aggregate"]
    options |= {"horizon": 3, "season": 1}
    root = tmp_path_factory.mktemp(f"summed_{request.param}")
    return trained(root, daily(), **options), options


def test_rows_that_were_observed_are_put_together_as_in_training(summed):
    model, options = summed
    whole = daily(912)  # to the end of June
    job = {"data": Job.IN_MEMORY, "target": "sold", "task": "forecasting", "series": ("shop",)}
    expected = prepare(Job.from_fields(job | {"time_column": "month"} | options), frame=whole)
    columns = ["unique_id", "ds", "price", "mood", "sold"]
    late = expected.train["ds"] > expected.train["unique_id"].map(model.model.ends["ds"])
    after = expected.train.loc[late, columns].reset_index(drop=True)
    found = model.observed(whole)
    pd.testing.assert_frame_equal(found[columns], after, check_dtype=False)
    rolled = model.rolling(whole, step=3)
    assert np.isfinite(rolled["forecast"]).all()
    assert rolled["actual"].iloc[0] == found.loc[found["given"], "sold"].iloc[0]


def test_a_loaded_model_puts_rows_together_by_itself(summed, tmp_path):
    model, _ = summed
    context = daily(912)
    context.to_parquet(tmp_path / "future.parquet")
    script = LOAD.split("told =", maxsplit=1)[0].replace("read_csv", "read_parquet") + (
        "known = model.unwrap_python_model().aware_of(future)\n"
        'assert not any(name.split(".")[0] == "trialbook" for name in sys.modules)\n'
        "print(known.ends.to_json())"
    )
    command = [sys.executable, "-c", script, str(model.folder), str(tmp_path / "future.parquet")]
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = model.model.aware_of(context).ends
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(expected.to_json())


def test_columns_that_nobody_knows_ahead_are_asked_of_the_past_alone(past):
    told, untold = past
    actual = 100 + 20 * visited().groupby("shop")["visits"].tail(6).to_numpy()
    forecast, other = told.forecast()["forecast"], untold.forecast()["forecast"]
    assert np.abs(forecast - actual).mean() < 5 < np.abs(other - actual).mean()
    pd.testing.assert_series_equal(
        told.forecast(future=future_of())["forecast"], forecast, check_names=False
    )
    later = visited(75)
    later.loc[later["month"] >= "2024-01-01", "visits"] = 5.0
    after = told.forecast(9, context=later).groupby("shop")["forecast"].nth([3, 4, 5, 8])
    np.testing.assert_allclose(after, 200, atol=6)  # the last ones are beyond the horizon
    with pytest.raises(DataError, match="lacks column 'visits'"):
        told.forecast(context=later.drop(columns="visits"))
    assert len(untold.forecast(context=later.drop(columns="visits"))) == 12
    assert "visits" in told.schema.names
    assert "visits" not in untold.schema.names
    assert told.rolling(visited(80), step=2)["origin"].nunique() == 4


def test_rolling_through_rows(naive):
    later = monthly(80)
    told = naive.rolling(later, step=2)
    ends = pd.to_datetime(["2023-12-01", "2024-02-01", "2024-04-01", "2024-06-01"])
    assert told["origin"].unique().tolist() == ends.tolist()
    assert told.groupby("origin").size().tolist() == [12, 12, 8, 4]
    actual = later.set_index(["shop", "month"])["sold"]
    keys = list(zip(told["shop"], told["month"]))
    assert told["actual"].tolist() == [actual[key] for key in keys]
    first = told[told["origin"] == ends[0]].reset_index(drop=True)
    assert first["forecast"].tolist() == naive.forecast()["forecast"].tolist()
    known = later[later["month"] <= ends[2]]
    third = told[told["origin"] == ends[2]].reset_index(drop=True)
    assert third["forecast"].tolist() == pytest.approx(
        naive.forecast(4, context=known)["forecast"].tolist()
    )


def test_rolling_needs_rows_after_the_end(naive):
    with pytest.raises(DataError, match="no row follows the end of its series"):
        naive.rolling(monthly())
    with pytest.raises(OptionError, match="a step of 0 rows"):
        naive.rolling(monthly(80), step=0)


def test_a_forecast_depends_on_covariates(priced):
    with pytest.raises(DataError, match="depends on what is known of the future: price"):
        priced.forecast()
    low, high = (priced.forecast(future=future_of().assign(price=p)) for p in (1.0, 3.0))
    assert (low["forecast"] > high["forecast"]).mean() > 0.8
    one = future_of(4, shops=("south",)).assign(price=1.0)
    expected = low[low["shop"] == "south"].head(4)["forecast"].tolist()
    assert priced.forecast(future=one)["forecast"].tolist() == pytest.approx(expected)


def test_a_model_of_lags_takes_note_of_what_was_observed(priced):
    later = monthly(75, price=True)[["month", "shop", "sold", "price"]]
    asked = future_of(6, "2024-04-01").assign(price=2.0)
    told = priced.forecast(future=asked, context=later)
    assert np.isfinite(told["forecast"]).all()
    higher = later.assign(sold=later["sold"] + 100 * (later["month"] >= "2024-01-01"))
    raised = priced.forecast(future=asked, context=higher)
    assert (raised["forecast"] > told["forecast"]).mean() > 0.8


def test_a_new_series_is_forecast_from_its_past(naive, priced):
    west = monthly(60, ("west",)).assign(sold=lambda rows: 10 * rows["sold"])
    told = naive.forecast(context=west)
    assert told["shop"].unique().tolist() == ["north", "south", "west"]
    new = told[told["shop"] == "west"]
    assert new["month"].tolist() == list(pd.date_range("2023-01-01", periods=6, freq="MS"))
    np.testing.assert_allclose(new["forecast"], west["sold"].iloc[48:54])
    known = told[told["shop"] != "west"].reset_index(drop=True)
    pd.testing.assert_frame_equal(known, naive.forecast())
    # Its intervals are as wide as its own changes are large.
    width = told["0.9"] - told["0.1"]
    assert width[new.index].iloc[0] > 5 * width[known.index].iloc[0]
    # With the past of another series it has the forecasts of that one.
    table = monthly(price=True)[["month", "shop", "sold", "price"]]
    twin = table[table["shop"] == "north"].assign(shop="twin")
    asked = future_of(shops=("twin", "north")).assign(price=2.0)
    told = priced.forecast(future=asked, context=twin).drop(columns=["month", "shop"])
    np.testing.assert_allclose(told.iloc[:6], told.iloc[6:])


def test_a_new_series_may_lack_rows_but_ends_of_others_stay(naive):
    west = monthly(60, ("west",)).drop(index=[0, 7, 8])
    told = naive.forecast(3, context=pd.concat([west, monthly(74, ("north",))]))
    assert told.groupby("shop")["month"].min().dt.strftime("%Y-%m").to_dict() == {
        "north": "2024-03",
        "south": "2024-01",
        "west": "2023-01",
    }
    np.testing.assert_allclose(told["forecast"].tail(3), west["sold"].iloc[45:48])


def test_a_new_series_brings_what_stays_the_same_in_it(tmp_path):
    table = pd.concat([monthly(), monthly(shops=("east",)).assign(number=3)])
    params = {"alpha": 1.0, "difference": "none"}
    model = trained(tmp_path, table, "linear_recursive", params)
    assert model.series.static == ("number",)
    twin = table[table["shop"] == "north"].assign(shop="twin")
    told = model.forecast(context=twin).set_index("shop")["forecast"]
    np.testing.assert_allclose(told["twin"], told["north"])
    with pytest.raises(DataError, match="nothing tells of 'number' of the series 'twin'"):
        model.forecast(context=twin.drop(columns="number"))


def test_a_new_series_may_be_long_and_begin_without_a_target(naive):
    long = monthly(1300, ("west",)).assign(
        month=pd.date_range("1915-09-01", periods=1300, freq="MS")
    )
    told = naive.forecast(2, context=long)
    np.testing.assert_allclose(told["forecast"].tail(2), long["sold"].iloc[1288:1290])
    empty = monthly(60, ("west",)).assign(sold=lambda rows: rows["sold"].where(rows.index >= 50))
    _, observed = naive.aware_of(empty, new=True)
    assert len(observed) == 10
    assert observed["ds"].min() == pd.Timestamp("2022-03-01")


def test_a_slip_in_a_time_of_a_new_series_makes_no_million_rows(naive):
    west = monthly(60, ("west",)).reset_index(drop=True)
    west.loc[0, "month"] = pd.Timestamp("1700-01-01")
    with pytest.raises(DataError, match=r"'west' is new, and has 60 of the many steps from 1700"):
        naive.forecast(context=west)
    same = monthly(4, ("west",)).assign(month=pd.Timestamp("2023-01-01"))
    with pytest.raises(DataError, match=r"'west' is new, and its target at 1 times tells too"):
        naive.forecast(context=same)


def test_numbers_of_series_stay_whole(tmp_path):
    table = monthly(48).assign(shop=lambda rows: rows["number"]).drop(columns="number")
    model = trained(tmp_path, table)
    new = monthly(48, ("west",)).drop(columns="number").assign(shop=3.0)
    told = model.forecast(1, context=new)
    assert told["shop"].tolist() == [1, 2, 3]
    assert told["shop"].dtype == "int64"


def test_models_that_were_stored_earlier_know_no_new_series(naive, monkeypatch):
    kept, old = SeriesModel.problems_of, type(naive.model)
    monkeypatch.setattr(
        old, "problems_of", lambda self, table, *, future=True: kept(self, table, future=future)
    )
    monkeypatch.delattr(old, "knowing")
    monkeypatch.setattr(old, "takes_new_series", False)
    assert naive.forecast(future=future_of())["forecast"].notna().all()
    assert naive.forecast(1, context=monthly(75))["month"].min() == pd.Timestamp("2024-04-01")
    with pytest.raises(DataError, match="'west' was not trained on"):
        naive.forecast(context=monthly(60, ("west",)))


def test_what_rolls_knows_no_new_series(naive):
    with pytest.raises(DataError, match=r"'west' was not trained on \(option context, row 1\)"):
        naive.rolling(monthly(80, ("west",)))


def test_a_series_that_was_dropped_as_too_short_is_refused_without_rows_of_its_past(tmp_path):
    table = pd.concat([monthly(shops=("north",)), monthly(9, shops=("late",))])
    model = trained(tmp_path, table)
    assert model.forecast()["shop"].unique().tolist() == ["north"]
    cause = (
        r"the series 'late' was not trained on \(option future, row 7\)\. Train anew with its rows"
    )
    asked = future_of(shops=("north", "late"))
    with pytest.raises(DataError, match=cause):
        model.forecast(future=asked)
    told = model.forecast(2, context=asked.assign(sold=1.0))
    assert told.loc[told["shop"] == "late", "forecast"].tolist() == [1.0, 1.0]


def changed(table, row, column, value):
    table = table.reset_index(drop=True)
    table[column] = table[column].astype(object)
    table.loc[row, column] = value
    return table


def priced_future(**columns):
    return future_of().reset_index(drop=True).assign(**{"price": 2.0, **columns})


WRONG = {
    "unknown series": (
        lambda: {"future": changed(priced_future(), 3, "shop", "west")},
        r"the series 'west' was not trained on \(option future, row 4\)\. Train anew",
    ),
    "missing series": (
        lambda: {"future": changed(priced_future(), 3, "shop", None)},
        r"the series '' was not trained on \(option future, row 4\)",
    ),
    "before the end": (
        lambda: {"future": changed(priced_future(), 0, "month", pd.Timestamp("2023-12-01"))},
        r"2023-12-01 00:00:00 is not after the end of its series, 2023-12-01 .* row 1\)",
    ),
    "off the grid": (
        lambda: {"future": changed(priced_future(), 2, "month", pd.Timestamp("2024-03-05"))},
        r"2024-03-05 00:00:00 is between the steps of MS .* row 3\)\. Give times",
    ),
    "gap": (
        lambda: {"future": future_of(3, "2024-04-01").assign(price=2.0)},
        r"the series 'north' ends at 2023-12-01 .* of the 3 rows from there .* as context",
    ),
    "far away": (
        lambda: {"future": changed(priced_future(), 5, "month", pd.Timestamp("2200-06-01"))},
        r"2200-06-01 00:00:00 is more than 1,000 rows after the end .* Check the time",
    ),
    "lacking covariate": (
        lambda: {"future": priced_future().drop(columns="price")},
        r"the table lacks column 'price'",
    ),
    "lacking time": (
        lambda: {"future": priced_future().drop(columns="month")},
        r"the table lacks column 'month'",
    ),
    "lacking series": (
        lambda: {"future": priced_future().rename(columns={"shop": "shops"})},
        r"the table lacks column 'shop'\. Did you mean 'shops'",
    ),
    "missing covariate": (
        lambda: {"future": changed(priced_future(), 4, "price", None)},
        r"'price' is missing, and the forecast depends on it \(option future, row 5\)\. Fill",
    ),
    "all covariates missing": (
        lambda: {"future": priced_future(price=None)},
        r"'price' is missing, and the forecast depends on it \(option future, row 1\)",
    ),
    "text for a covariate": (
        lambda: {"future": changed(priced_future(), 1, "price", "cheap")},
        r"'price' holds 'cheap' where a number is expected \(row 2\)",
    ),
    "text for a time": (
        lambda: {"future": changed(priced_future(), 1, "month", "soon")},
        r"'month' holds 'soon' where a date .* is expected \(row 2\)",
    ),
    "missing time": (
        lambda: {"future": changed(priced_future(), 1, "month", None)},
        r"'month' is missing, or no time \(option future, row 2\)",
    ),
    "two rows of one time": (
        lambda: {"future": changed(priced_future(), 1, "month", pd.Timestamp("2024-01-01"))},
        r"the series 'north' has two rows at 2024-01-01 .* row 2\)\. Give each time once",
    ),
    "no rows": (
        lambda: {"future": priced_future().head(0)},
        r"the table has column names but no rows",
    ),
    "no future": (
        lambda: {},
        r"depends on what is known of the future: price \(option future\)\. Give a table",
    ),
    "horizon of nothing": (lambda: {"horizon": 0}, r"'0' is no number of rows .* from 1 to 1,000"),
    "half a row": (lambda: {"horizon": 2.5}, r"'2.5' is no number of rows to forecast"),
    "endless": (lambda: {"horizon": 10**9}, r"'1000000000' is no number of rows to forecast"),
    "horizon and rows": (
        lambda: {"horizon": 3, "future": priced_future()},
        r"say themselves how far they reach \(option horizon\)\. Drop the horizon or the rows",
    ),
    "no level": (
        lambda: {"future": priced_future(), "quantiles": [0.5, 1.0]},
        r"'1.0' is no level of a quantile.* \(option quantiles\)\. Give levels between 0 and 1",
    ),
    "no number": (
        lambda: {"future": priced_future(), "quantiles": ["median"]},
        r"'median' is no level of a quantile",
    ),
    "a level twice": (
        lambda: {"future": priced_future(), "quantiles": [0.5, 0.5]},
        r"'0.5' is no level of a quantile, or is there twice",
    ),
    "context without target": (
        lambda: {"future": priced_future(), "context": priced_future()},
        r"the table lacks the target column 'sold'",
    ),
    "context of the past": (
        lambda: {"future": priced_future(), "context": monthly(price=True)},
        r"no row follows the end of its series \(option context\)",
    ),
    "context of a new series of few rows": (
        lambda: {"future": priced_future(), "context": monthly(3, ("west",), price=True)},
        r"'west' is new, and its target at 3 times tells too little .* \(option context, row 1\)",
    ),
    "context of a new series without a price": (
        lambda: {
            "future": priced_future(),
            "context": monthly(9, ("west",), price=True).assign(price=np.nan),
        },
        r"nothing tells of 'price' of the series 'west', which is new \(option context, row 1\)",
    ),
    "context between the steps": (
        lambda: {
            "future": priced_future(),
            "context": changed(
                monthly(73, ("north",), price=True), 72, "month", pd.Timestamp("2024-01-09")
            ),
        },
        r"2024-01-09 00:00:00 is between the steps of MS .* \(option context, row 73\)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_forecast_is_said_in_one_sentence(priced, case):
    options, message = WRONG[case]
    with pytest.raises((DataError, OptionError), match=message) as caught:
        priced.forecast(**options())
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_it_loads_and_forecasts_without_trialbook(priced, naive, tmp_path):
    future = priced_future()
    future.to_csv(tmp_path / "future.csv", index=False)
    environment = {**os.environ, "PYTHONPATH": ""}
    for model, further in ((naive, ["next"]), (priced, [])):
        asked = [str(model.folder), str(tmp_path / "future.csv"), *further]
        command = [sys.executable, "-c", LOAD, *asked]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=200, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        answer, *following = map(json.loads, json.loads(done.stdout.splitlines()[-1]))
        expected = model.forecast(future=future)
        assert list(answer) == list(expected)
        told = pd.DataFrame(answer)
        np.testing.assert_allclose(told["forecast"], expected["forecast"])
        np.testing.assert_allclose(told["0.1"], expected["0.1"])
        assert told["month"].str[:10].tolist()[:2] == ["2024-01-01", "2024-02-01"]
        for one in following:
            assert list(one) == ["month", "shop", "forecast", "0.05", "0.95"]
            assert len(one["month"]) == 10


def test_a_loaded_model_knows_holidays_by_itself(open_days, tmp_path):
    future = open_days.forecast()[["month", "shop"]]
    future.to_csv(tmp_path / "future.csv", index=False)
    script = LOAD.replace("pd.read_csv(sys.argv[2])", "pd.read_csv(sys.argv[2], parse_dates=[0])")
    command = [sys.executable, "-c", script, str(open_days.folder), str(tmp_path / "future.csv")]
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    (answer,) = map(json.loads, json.loads(done.stdout.splitlines()[-1]))
    np.testing.assert_allclose(list(answer["forecast"].values()), open_days.forecast()["forecast"])
    lines = (open_days.folder / "requirements.txt").read_text("utf-8").split()
    assert any(line.startswith("holidays==") for line in lines)


def test_mlflow_knows_what_it_takes_and_gives(priced, naive):
    info = mlflow.models.get_model_info(str(priced.folder))
    assert info.signature.inputs.input_names() == ["month", "shop", "price"]
    assert info.signature.outputs.input_names()[:3] == ["month", "shop", "forecast"]
    defaults = {one.name: one.default for one in info.signature.params.params}
    assert defaults["horizon"] == 6
    assert defaults["quantiles"] == pytest.approx(np.arange(1, 10) / 10)
    assert len(mlflow.pyfunc.load_model(str(priced.folder)).input_example) == 3
    loaded = mlflow.pyfunc.load_model(str(naive.folder))
    example = loaded.input_example
    assert loaded.predict(example)["forecast"].notna().all()
    with pytest.raises(ValueError, match=r"'west' was not trained on \(row 1\)"):
        loaded.predict(example.assign(shop="west"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"horizon": 0}, "'0' is no number of rows to forecast"),
        ({"horizon": 10**6}, "Give a whole number from 1 to 1,000"),
        ({"quantiles": [0.5, 1.0]}, "'1.0' is no level of a quantile"),
    ],
)
def test_mlflow_is_told_what_is_no_horizon_and_no_quantile(naive, params, message):
    loaded = mlflow.pyfunc.load_model(str(naive.folder))
    with pytest.raises(ValueError, match=message):
        loaded.predict(future_of().head(0), params=params)


def test_times_end_somewhere(naive):
    model = copy.deepcopy(naive)
    model.model.spec["frequency"] = "YS"
    with pytest.raises(OptionError, match="900 rows reach beyond the year 2262"):
        model.forecast(900)
    with pytest.raises(ValueError, match="900 rows reach beyond the year 2262"):
        model.model.predict(None, pd.DataFrame(), {"horizon": 900})


def test_mlflow_is_told_that_a_forecast_needs_rows(priced):
    loaded = mlflow.pyfunc.load_model(str(priced.folder))
    with pytest.raises(ValueError, match="depends on what is known of the future: price"):
        loaded.predict(priced_future().head(0))


def test_each_wrong_row_is_told_with_its_column(priced):
    far = priced.model.problems_of(priced_future(shop=-1e300))
    assert far[0].cause == "the series '-1e+300' was not trained on"
    asked = priced_future(price=[2.0, None, 2.0, np.inf] + [2.0] * 8)
    found = priced.model.problems_of(asked)
    assert [(one.row, one.column) for one in found] == [(1, "price"), (3, "price")]
    west = asked.assign(shop=["west", "north"] + ["south"] * 10)
    found = priced.model.problems_of(west)
    assert [(one.row, one.column) for one in found] == [(0, "shop")]
    early = asked.assign(month=asked["month"] - pd.DateOffset(years=3))
    found = priced.model.problems_of(early)
    assert [(one.row, one.column) for one in found] == [(row, "month") for row in range(12)]


class Flat:
    """Forecasts nothing but the number of a row."""

    def predict(self, X, levels=None):
        return pd.DataFrame({"forecast": np.arange(len(X), dtype=float)})


def test_rows_of_many_series_are_made_at_once():
    """The ends differ, and there are many: no loop over series would be done so soon."""
    n = 3000
    names = [f"s{k:05}" for k in range(n)]
    ends = pd.DataFrame(
        {"ds": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) % 5, "D"), "y": 1.0},
        index=pd.Index(names, name="unique_id"),
    )
    spec = {"time": "day", "ids": ["id"], "target": "y", "frequency": "D", "horizon": 28}
    spec |= {"covariates": [], "static": [], "aggregate": None}
    model = SeriesModel(Flat(), spec, ends, pd.DataFrame({"id": names}, index=ends.index))
    began = time.perf_counter()
    told = model.predict(None, pd.DataFrame(), {"horizon": 28, "quantiles": []})
    print(f"{time.perf_counter() - began:.2f} s for {len(told):,} rows")
    assert told["forecast"].tolist() == list(range(28 * n))
    assert told["day"].iloc[28 * 4] == pd.Timestamp("2024-01-06")
    again = model.answer(told[["id", "day"]], [])
    pd.testing.assert_frame_equal(
        again[["id", "day", "forecast"]], told[["id", "day", "forecast"]]
    )


@pytest.mark.parametrize(
    ("frequency", "ends", "steps"),
    [
        ("2D", ["2024-01-01", "2024-01-02"], ["2024-01-05", "2024-01-05"]),
        ("W-SUN", ["2024-01-07", "2024-01-14"], ["2024-01-21", "2024-01-20"]),
        ("ME", ["2024-01-31", "2024-02-29"], ["2024-03-31", "2024-03-31"]),
        ("B", ["2024-01-05", "2024-01-04"], ["2024-01-08", "2024-01-06"]),
        ("15min", ["2024-01-01 00:00", "2024-01-01 00:15"], ["2024-01-01 00:30"] * 2),
        ("QS-JAN", ["2023-10-01", "2024-01-01"], ["2024-04-01", "2024-03-01"]),
    ],
)
def test_steps_are_counted_from_the_end_of_each_series(frequency, ends, steps):
    index = pd.Index(["a", "b"], name="unique_id")
    table = pd.DataFrame({"ds": pd.to_datetime(ends), "y": 1.0}, index=index)
    spec = {"time": "t", "ids": ["id"], "frequency": frequency, "horizon": 1, "covariates": []}
    model = SeriesModel(Flat(), spec, table, pd.DataFrame({"id": ["a", "b"]}, index=index))
    rows = pd.DataFrame({"unique_id": ["a", "b"], "ds": pd.to_datetime(steps)})
    grids = [pd.date_range(end, rows["ds"].max(), freq=frequency) for end in table["ds"]]
    expected = [
        grid.get_loc(when) if when in grid else 0
        for grid, when in zip(grids, rows["ds"], strict=True)
    ]
    assert model.steps_of(rows).tolist() == expected


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        (None, ["2024-04-01", "2024-07-01"]),
        ("quarter", ["2024Q2", "Q3 2024"]),
        ("%Y%m", [202404, 202407.0]),
        ("%d.%m.%Y", ["01.04.2024", "2024-07-01"]),
        ("%Y-%m-%dT%H:%M:%S%z", ["2024-04-01T02:00:00+02:00", "2024-07-01T00:00:00Z"]),
    ],
)
def test_times_and_categories_are_read_as_in_training(form, cells):
    index = pd.Index(["all"], name="unique_id")
    ends = pd.DataFrame({"ds": [pd.Timestamp("2024-01-01")], "mood": 1.0}, index=index)
    spec = {"time": "t", "ids": [], "frequency": "QS-JAN", "horizon": 2, "covariates": ["mood"]}
    spec |= {"target": "y", "static": [], "codes": {"mood": ["bad", "good"]}, "time_form": form}
    model = SeriesModel(Flat(), spec, ends, pd.DataFrame(index=index))
    table = pd.DataFrame({"t": cells, "mood": ["bad", "never seen"]})
    assert model.problems_of(table) == []
    rows = model.rows_of(table)
    assert rows["ds"].tolist() == [pd.Timestamp("2024-04-01"), pd.Timestamp("2024-07-01")]
    assert rows["mood"].tolist() == [0.0, -1.0]


def test_weeks_are_read_by_their_mondays():
    found = times_of(pd.Series(["2024-W01", "2024-W40", None]), "week")
    assert found.tolist()[:2] == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-09-30")]
    assert pd.isna(found.iloc[2])


def test_rows_that_go_on_at_different_times(priced):
    """What one series lacks at its end is forecast too, and the others are not in its way."""
    later = monthly(75, price=True)[["month", "shop", "sold", "price"]]
    context = later[later["shop"] == "north"]
    asked = pd.concat([future_of(3, "2024-04-01", ("north",)), future_of(6, shops=("south",))])
    told = priced.forecast(future=asked.assign(price=2.0), context=context)
    assert len(told) == 9
    alone = priced.forecast(future=future_of(6, shops=("south",)).assign(price=2.0))
    assert told["forecast"].tail(6).tolist() == pytest.approx(alone["forecast"].tolist())
