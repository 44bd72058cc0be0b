"""What moves forecasts: effects add up to them, whatever kind of forecaster tells them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.evaluation.explanations.forecasts import (
    About,
    components,
    decompose,
    effects_of,
    taken,
)
from trialbook.program.series import _forecasters

SEASON, HORIZON = 4, 6
OWN, BEFORE, DATE = "(own past)", "(season before)", "(date)"


@pytest.fixture(autouse=True)
def libraries(monkeypatch):
    """What programs import, where their classes look for it."""
    mlforecast = pytest.importorskip("mlforecast")
    statsforecast = pytest.importorskip("statsforecast")
    from statsforecast.models import SeasonalNaive
    from utilsforecast.processing import make_future_dataframe

    for name, one in {
        "MLForecast": mlforecast.MLForecast,
        "StatsForecast": statsforecast.StatsForecast,
        "SeasonalNaive": SeasonalNaive,
        "make_future_dataframe": make_future_dataframe,
    }.items():
        monkeypatch.setattr(_forecasters, name, one, raising=False)


def quarters(n_rows, begin=0):
    """Rows of two series with a season, a trend and a price."""
    tables = []
    for size, name in enumerate(("a", "b"), 1):
        rng = np.random.default_rng(size)
        step = np.arange(begin + n_rows)
        price = rng.choice([1.0, 2.0, 3.0], len(step))
        y = size * (50 + step + 9 * (step % SEASON)) - 4 * price + rng.normal(size=len(step))
        when = pd.date_range("2000-01-01", periods=len(step), freq="QS")
        table = {"unique_id": name, "ds": when, "price": price, "y": y}
        tables.append(pd.DataFrame(table).iloc[begin:])
    return pd.concat(tables, ignore_index=True)


def about(known):
    by_series = known.groupby("unique_id")
    return About(SEASON, ("price",), (), by_series["y"].mean(), by_series[["price"]].mean())


@pytest.fixture
def known():
    return quarters(40)


@pytest.fixture
def ahead():
    return quarters(HORIZON, begin=40).drop(columns="y")


def on_lags(known, regressor, difference=True, direct=None, lagged=None):
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    transforms = [*([Differences([SEASON])] if difference else []), LocalStandardScaler()]
    forecaster = _forecasters.RecursiveForecaster(
        regressor,
        "QS",
        SEASON,
        ["price"],
        direct=direct,
        lagged=lagged,
        lags=[1, 2, SEASON],
        date_features=["quarter"],
        target_transforms=transforms,
    )
    return forecaster.fit(known.drop(columns="y"), known["y"].to_numpy())


def regressors():
    from lightgbm import LGBMRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    trees = {"n_estimators": 30, "min_child_samples": 3, "verbose": -1, "n_jobs": 1}
    linear = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), Ridge())
    return {"trees": LGBMRegressor(**trees), "linear": linear}


@pytest.mark.parametrize("kind", ["trees", "linear"])
@pytest.mark.parametrize("difference", [True, False])
@pytest.mark.parametrize("direct", [None, HORIZON])
def test_values_of_lags_add_up_to_the_forecast(known, ahead, kind, difference, direct):
    forecaster = on_lags(known, regressors()[kind], difference, direct)
    found = effects_of(forecaster, ahead, about(known))
    told = forecaster.forecast(ahead)
    np.testing.assert_allclose(about(known).base(ahead) + found.values.sum(axis=1), told)
    assert found.methods[0].startswith("exact SHAP values")
    assert found.groups["lag1"] == OWN and found.groups[f"lag{SEASON}"] == BEFORE
    assert found.groups["quarter"] == DATE and found.groups["price"] == "price"
    # Prices are worth -4 each, whatever else there is: dear rows are told to be less.
    effect = found.values["price"].groupby(ahead["price"]).mean()
    assert effect[1.0] > effect[3.0]
    # What was a season before is most of a forecast of differences.
    assert ((BEFORE if difference else OWN) in found.values) is True


@pytest.mark.parametrize("lagged", [None, {"price": [1, SEASON]}])
@pytest.mark.parametrize("counts", [(HORIZON, 2), (2, HORIZON), (0, HORIZON)])
def test_each_series_is_explained_by_its_own_covariates(known, ahead, counts, lagged):
    forecaster = on_lags(known, regressors()["linear"], lagged=lagged)
    step, count = ahead.groupby("unique_id").cumcount(), dict(zip("ab", counts, strict=True))
    asked = ahead[step < ahead["unique_id"].map(count)].reset_index(drop=True)
    found = effects_of(forecaster, asked, about(known))
    whole = effects_of(forecaster, ahead, about(known)).values
    expected = ahead[["unique_id", "ds"]].join(whole).merge(asked[["unique_id", "ds"]])
    for name in ("price", "lag1"):
        np.testing.assert_allclose(found.values[name], expected[name])
    told = about(known).base(asked) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, forecaster.forecast(asked))


def test_a_covariate_of_a_sum_counts_from_its_mean(known, ahead):
    class StatisticalForecaster:
        columns = ("unique_id", "ds", "price")

        def forecast(self, X):
            return 100.0 - 4.0 * X["price"].to_numpy()

    found = effects_of(StatisticalForecaster(), ahead, about(known))
    usual = ahead["unique_id"].map(known.groupby("unique_id")["price"].mean())
    np.testing.assert_allclose(found.values["price"], -4.0 * (ahead["price"] - usual))
    told = about(known).base(ahead) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, 100.0 - 4.0 * ahead["price"])


def test_a_vote_has_the_weighted_effects_of_its_members(known, ahead):
    one, other = (on_lags(known, regressors()[kind]) for kind in ("trees", "linear"))
    vote = _forecasters.WeightedForecaster({"a": one, "b": other}, {"a": 0.75, "b": 0.25})
    found = effects_of(vote, ahead, about(known))
    parts = [effects_of(each, ahead, about(known)).values["lag1"] for each in (one, other)]
    np.testing.assert_allclose(found.values["lag1"], 0.75 * parts[0] + 0.25 * parts[1])
    told = about(known).base(ahead) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, vote.forecast(ahead))
    assert taken(vote) == ["price"]


@pytest.mark.parametrize("trend", [False, True])
def test_what_stl_takes_counts_as_season_or_trend(known, ahead, trend, monkeypatch):
    from statsmodels.tsa.seasonal import STL

    monkeypatch.setattr(_forecasters, "STL", STL, raising=False)
    alone = on_lags(known, regressors()["linear"], difference=False)
    forecaster = _forecasters.DecomposedForecaster(alone, SEASON, trend=trend)
    forecaster.fit(known.drop(columns="y"), known["y"].to_numpy())
    found = effects_of(forecaster, ahead, about(known))
    told = about(known).base(ahead) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, forecaster.forecast(ahead))
    assert ("(trend)" in found.values) is trend
    assert np.ptp(found.values["(trend)" if trend else BEFORE]) > 15
    assert taken(forecaster) == ["price"]


def test_holidays_are_told_apart(monkeypatch):
    holidays = pytest.importorskip("holidays")
    monkeypatch.setattr(_forecasters, "holidays", holidays, raising=False)
    days = pd.date_range("2022-01-01", "2023-12-31")
    closed = pd.to_datetime([*holidays.country_holidays("DE", years=[2022, 2023])])
    y = 100.0 - 60.0 * days.isin(closed)
    known = pd.DataFrame({"unique_id": "a", "ds": days, "price": 1.0, "y": y})
    ahead = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=3)})
    columns = [f"{name}_DE" for name in ("holiday", "paid_time_off")]
    inner = _forecasters.RecursiveForecaster(regressors()["linear"], "D", 7, columns, lags=[1])
    forecaster = _forecasters.HolidayForecaster(inner, "DE")
    forecaster.fit(known[["unique_id", "ds"]], known["y"].to_numpy())
    found = effects_of(forecaster, ahead, about(known))
    told = about(known).base(ahead) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, forecaster.forecast(ahead))
    of_holidays = [name for name, group in found.groups.items() if group == "(holidays)"]
    assert {*of_holidays} == {*columns}
    assert found.values[of_holidays].sum(axis=1)[0] < -40


def test_effects_on_logarithms_add_up_to_the_forecast(known, ahead):
    alone = on_lags(known, regressors()["linear"], difference=False)
    forecaster = _forecasters.LogForecaster(alone)
    forecaster.fit(known.drop(columns="y"), known["y"].to_numpy())
    found = effects_of(forecaster, ahead, about(known))
    told = about(known).base(ahead) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, forecaster.forecast(ahead))
    assert found.methods == ("exact SHAP values: Ridge",)
    effect = found.values["price"].groupby(ahead["price"]).mean()
    assert effect[1.0] > effect[3.0]


def test_prophet_says_itself_what_it_adds_up(known, ahead, monkeypatch):
    prophet = pytest.importorskip("prophet")
    import logging

    monkeypatch.setattr(_forecasters, "Prophet", prophet.Prophet, raising=False)
    monkeypatch.setattr(_forecasters, "logging", logging, raising=False)
    forecaster = _forecasters.ProphetForecaster(
        SEASON, ["price"], seasonality_mode="multiplicative"
    ).fit(known.drop(columns="y"), known["y"].to_numpy())
    found = effects_of(forecaster, ahead, about(known))
    told = about(known).base(ahead) + found.values.sum(axis=1)
    np.testing.assert_allclose(told, forecaster.forecast(ahead))
    assert set(found.groups.values()) == {"(trend)", BEFORE, "price"}


def test_a_series_is_taken_apart_with_its_forecast(known, ahead):
    past = known[known["unique_id"] == "a"]
    told = ahead[ahead["unique_id"] == "a"].assign(y=90.0)
    parts = decompose("a", past, told, SEASON)
    assert list(parts.parts) == ["trend", "season", "rest"] and parts.n_known == 40
    np.testing.assert_allclose(sum(parts.parts.values()), parts.values)
    assert np.ptp(parts.parts["season"][:40]) > 20
    without = decompose("a", past, told, 1)
    assert list(without.parts) == ["trend", "rest"]
    assert len(parts.last(10).values) == 10 + HORIZON


def test_the_parts_of_models_of_each_series(known, ahead):
    from statsforecast.models import MSTL, AutoETS

    for model, names in (
        (MSTL(SEASON, trend_forecaster=AutoETS(model="ZZN")), {"trend", "season of 4", "rest"}),
        (AutoETS(SEASON, model="AAA"), {"level", "slope", "season"}),
    ):
        forecaster = _forecasters.StatisticalForecaster(model, "QS", SEASON)
        forecaster.fit(known.drop(columns="y"), known["y"].to_numpy())
        told = ahead.assign(y=forecaster.forecast(ahead))
        mine = [table[table["unique_id"] == "b"] for table in (known, told, ahead)]
        found = components(forecaster, "b", *mine)
        assert set(found.parts) == names
        assert all(len(part) == 40 + HORIZON for part in found.parts.values())
        if "trend" in names:
            np.testing.assert_allclose(
                found.parts["trend"][40:] + found.parts["season of 4"][40:], mine[1]["y"]
            )
