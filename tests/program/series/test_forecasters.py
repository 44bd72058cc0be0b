"""Forecasters of programs, as a data scientist may read and call them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from trialbook.program.series import _forecasters
from trialbook.program.series._forecasters import (
    DecomposedForecaster,
    LogForecaster,
    Spread,
    StatisticalForecaster,
    known_errors,
    left_to_naive,
    quantiles,
    with_dates,
    with_holidays,
    with_lags,
)

SEASON = 7


def rows(n=70, start="2020-01-01", names=("a", "b")):
    days = pd.date_range(start, periods=n)
    return pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": days}) for name in names], ignore_index=True
    )


def test_earlier_values_of_columns_stay_within_their_series():
    table = rows(4).assign(visits=[1.0, 2, 3, 4, 10, 20, np.nan, 40])
    told = with_lags(table, {"visits": [1, 2]})
    assert told["visits_lag_1"].tolist() == [1, 1, 2, 3, 10, 10, 20, 20]
    assert told["visits_lag_2"].tolist() == [1, 1, 1, 2, 10, 10, 10, 20]
    # What is not known yet is as it was last.
    later = pd.concat(
        [rows(4, names="a").assign(visits=[1.0, 2, 3, 4]), rows(3, "2020-01-05", "a")]
    )
    assert with_lags(later, {"visits": [2]})["visits_lag_2"].tolist()[4:] == [3, 4, 4]


def test_parts_of_dates_are_numbers():
    told = with_dates(rows(3, "2020-12-31", "a"), ["week", "dayofweek"])
    assert told["week"].tolist() == [53, 53, 53] and told["dayofweek"].tolist() == [3, 4, 5]
    assert [dtype.kind for dtype in told.dtypes] == ["O", "M", "f", "f"]
    assert list(with_dates(rows(3), [])) == ["unique_id", "ds"]


def test_holidays_and_the_days_around_them(monkeypatch):
    monkeypatch.setattr(_forecasters, "holidays", pytest.importorskip("holidays"), raising=False)
    days = pd.DatetimeIndex(
        [
            *("2021-07-01 00:00", "2021-07-03 00:00", "2021-07-04 13:00", "2021-07-06 00:00"),
            *("2021-08-12 00:00", "2021-10-31 00:00"),
        ]
    )
    told = with_holidays(pd.DataFrame({"unique_id": "a", "ds": days}), "US").iloc[:, 2:]
    assert list(told) == [
        "holiday_US",
        "paid_time_off_US",
        "before_holiday_US",
        "after_holiday_US",
    ]
    expected = [
        [0, 0, 1, 0],  # three days before the 4th of July
        [0, 0, 3, 0],
        [1, 1, 0, 0],  # a Sunday: the Monday is off, too
        [0, 0, 0, 3],
        [0, 0, 0, 0],
        [1, 0, 0, 0],  # Halloween is no day off
    ]
    assert told.to_numpy().tolist() == expected
    # Nothing is known of such times, nor of the days between years that are not there.
    old = with_holidays(
        pd.DataFrame({"unique_id": "a", "ds": days - pd.Timedelta("100000D")}), "US"
    )
    assert old.iloc[:, 2:].to_numpy().sum() == 0
    eve = with_holidays(pd.DataFrame({"unique_id": "a", "ds": [pd.Timestamp("2021-12-30")]}), "DE")
    assert eve["before_holiday_DE"].tolist() == [2]


class Last:
    """The last value that it was told, of each series."""

    def fit(self, X, y):
        self.told, self.last = y, pd.Series(y).groupby(X["unique_id"].to_numpy()).last()
        return self

    update = fit

    def forecast(self, X):
        return X["unique_id"].map(self.last).to_numpy()


@pytest.fixture
def stl(monkeypatch):
    found = pytest.importorskip("statsmodels.tsa.seasonal").STL
    monkeypatch.setattr(_forecasters, "STL", found, raising=False)


def seasonal(n, slope=0.0):
    t = np.arange(n)
    return np.tile(10.0 * (t % SEASON == 2) + slope * t, 2)


@pytest.mark.usefixtures("stl")
def test_a_season_is_taken_and_put_back():
    whole = seasonal(90)
    keep = np.tile(np.arange(90) < 70, 2)
    X = rows(90)
    model = DecomposedForecaster(Last(), SEASON).fit(X[keep], whole[keep])
    assert np.ptp(model.forecaster.told) < 1e-6  # nothing is left but the level
    np.testing.assert_allclose(model.forecast(X[~keep]), whole[~keep], atol=1e-6)
    # What was observed since moves the season on.
    since = np.tile((np.arange(90) >= 70) & (np.arange(90) < 74), 2)
    model.update(X[since], whole[since])
    np.testing.assert_allclose(model.forecast(X[~keep & ~since]), whole[~keep & ~since], atol=1e-6)


@pytest.mark.usefixtures("stl")
def test_a_trend_goes_on_ever_less():
    whole, X = seasonal(90, slope=1.0), rows(90)
    keep = np.tile(np.arange(90) < 70, 2)
    model = DecomposedForecaster(Last(), SEASON, trend=True).fit(X[keep], whole[keep])
    told = model.forecast(X[~keep])[:20] - 10.0 * (np.arange(70, 90) % SEASON == 2)
    growth = np.diff(told)
    assert told[0] == pytest.approx(70, abs=0.5)
    assert (growth > 0).all()
    assert growth[-1] < growth[0] < 1.05


@pytest.mark.usefixtures("stl")
def test_series_of_fewer_than_two_seasons_are_left_alone():
    X, y = rows(10), np.arange(20.0)
    model = DecomposedForecaster(Last(), SEASON, trend=True).fit(X, y)
    np.testing.assert_array_equal(model.forecaster.told, y)
    later = rows(2, "2020-01-11")
    assert model.forecast(later).tolist() == [9, 9, 19, 19]


class Rate(Last):
    """The last value, and once more by how much it last changed, for each step."""

    def fit(self, X, y):
        values = pd.Series(y).groupby(X["unique_id"].to_numpy())
        self.last, self.slope = values.last(), values.apply(lambda one: one.diff().iloc[-1])
        return self

    update = fit

    def forecast(self, X):
        step = X.groupby("unique_id").cumcount() + 1
        return (X["unique_id"].map(self.last) + X["unique_id"].map(self.slope) * step).to_numpy()


def test_what_grows_by_a_rate_grows_on_by_it():
    model = LogForecaster(Rate()).fit(rows(10), np.tile(2.0 ** np.arange(10), 2))
    later = rows(3, "2020-01-11")
    np.testing.assert_allclose(model.forecast(later), [1024, 2048, 4096] * 2)
    model.update(later, np.tile([1024.0, 1024.0, 1024.0], 2))
    np.testing.assert_allclose(model.forecast(rows(1, "2020-01-14")), 1024)
    assert model.history["y"].max() == 1024
    assert len(model.history) == 26


def test_a_new_series_of_another_size_keeps_its_logarithms():
    forecaster = LogForecaster(Last())
    forecaster.fit(rows(), np.full(140, 1000.0))
    new = rows(10, names=("small", "large", "none"))
    forecaster.update(new, np.repeat([10.0, 5e6, 0.0], 10))
    told = forecaster.forecast(rows(1, "2020-03-11", ("small", "large")))
    np.testing.assert_allclose(told, [10.0, 5e6])


def test_what_has_no_logarithm_is_small_and_rates_that_run_away_end():
    y = np.tile([4.0, 0.0, -1.0, 4.0, 400.0], 2)
    model = LogForecaster(Rate()).fit(rows(5), y)
    told = model.forecast(rows(50, "2020-01-06"))
    assert told.max() == pytest.approx(400_000)
    assert np.isfinite(told).all()
    model.update(rows(1, "2020-01-06", ("a",)), np.array([0.0]))
    assert model.forecaster.last["a"] == pytest.approx(np.log(2))


class Picky:
    """A mean of what is not too large, as statsforecast takes models."""

    uses_exog, alias = False, "picky"

    def new(self):
        return Picky()

    def fit(self, y, X=None):
        if y.max() > 100:
            raise ValueError("too large")
        self.mean = y.mean()
        return self

    def predict(self, h, X=None, level=None):
        return {"mean": np.full(h, self.mean)}


def test_series_that_cannot_be_fitted_get_a_seasonal_naive_and_are_named(monkeypatch):
    models = pytest.importorskip("statsforecast.models")
    core = pytest.importorskip("statsforecast")
    monkeypatch.setattr(_forecasters, "StatsForecast", core.StatsForecast, raising=False)
    monkeypatch.setattr(_forecasters, "SeasonalNaive", models.SeasonalNaive, raising=False)
    y = np.concatenate([np.arange(70.0), 1000 + np.arange(70.0)])
    forecaster = LogForecaster(StatisticalForecaster(Picky(), "D", SEASON))
    forecaster.forecaster.fit(rows(), y)
    assert left_to_naive(forecaster) == ["b"]
    told = forecaster.forecaster.forecast(rows(SEASON, "2020-03-11"))
    np.testing.assert_allclose(told[:SEASON], 34.5)
    np.testing.assert_allclose(told[SEASON:], 1063 + np.arange(SEASON))
    assert left_to_naive(forecaster.forecaster.fit(rows(), np.tile(np.arange(70.0), 2))) == []
    assert left_to_naive(Last()) == []  # whose author says nothing of it


def test_quantiles_of_errors_of_one_sign_lie_around_the_forecast():
    told = quantiles(np.array([10.0]), np.array([2.0]), np.arange(1.0, 100.0), [0.1, 0.5, 0.9])[0]
    assert told[0] == 10
    assert told[1] < 10 < told[3]
    # Half of the median of the errors, for with either sign theirs is 0.
    assert told[2] == pytest.approx(10 + 2 * 25)


def test_quantiles_of_errors_of_both_signs_are_theirs():
    errors = np.linspace(-1, 1, 99)
    told = quantiles(np.zeros(1), np.ones(1), errors, [0.1, 0.5, 0.9])[0]
    assert told == pytest.approx([0, -0.8, 0, 0.8], abs=0.02)


def test_errors_are_normal_until_enough_were_seen(monkeypatch):
    monkeypatch.setattr(_forecasters, "norm", norm, raising=False)
    none = known_errors(np.full(5, np.nan))
    assert len(none) == 99 and none.sum() == pytest.approx(0) and np.std(none) > 0.9
    some = known_errors(np.array([5.0, np.inf, np.nan]))
    assert len(some) == 99 and (some == 5).sum() == 1
    assert some.sum() == pytest.approx(5)
    many = np.linspace(-2, 2, 120)
    np.testing.assert_array_equal(known_errors(many), many)


def test_a_spread_is_the_seasonal_change_of_a_series():
    X, days = rows(70), np.arange(70)
    y = np.concatenate([days % 7 + 0.5 * (days // 7), 10.0 * (days % 7)])
    scale = Spread(SEASON).fit(X, y).scale
    assert scale["a"] == pytest.approx(0.5)
    # From season to season the second never changes: then it is the change from row to row.
    assert scale["b"] == pytest.approx(np.abs(np.diff(y[70:])).mean())
    spread = Spread(SEASON).fit(X, y).of(rows(8, "2020-03-11"))
    np.testing.assert_allclose(spread[:8], [0.5] * 7 + [0.5 * 2**0.5])


def test_a_series_that_never_changed_has_no_spread_of_larger_ones():
    X = rows(70, names=("a", "b", "c"))
    noise = np.random.default_rng(0).normal(1000, 100, 70)
    scale = Spread(1).fit(X, np.concatenate([noise, np.full(70, 10.0), np.zeros(70)])).scale
    assert scale["b"] == pytest.approx(scale["a"] / 100, rel=0.05)
    assert 0 < scale["c"] <= scale["a"] / 1000


def test_series_of_which_none_ever_changed_have_a_thousandth_of_their_level():
    X = rows(9, names=("a", "b"))
    scale = Spread(1).fit(X, np.repeat([500.0, 0.0], 9)).scale
    assert scale.to_dict() == pytest.approx({"a": 0.5, "b": 0.001})
