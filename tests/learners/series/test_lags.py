"""What learners of lags are told: as asked, as suggested, or as usual."""

from dataclasses import replace

import pytest

from trialbook.data import LookBack
from trialbook.learners import all_learners, find
from trialbook.learners.series._lags import LagLearner
from trialbook.tasks import SeriesTable

TABLE = SeriesTable(
    n_rows=400,
    n_folds=2,
    n_series=2,
    shortest=200,
    longest=200,
    span=14,
    season=7,
    horizon=14,
    frequency="D",
    covariates=(),
    static=(),
    metric="mase",
    n_jobs=1,
)
LEARNERS = [key for key, one in all_learners().items() if isinstance(one, LagLearner)]


def written(table, key="linear_recursive", **params):
    return str(find(key, "forecasting").code({"difference": "none", **params}, table).forecaster)


def names(table, key="linear_recursive"):
    return {start.name for start in find(key, "forecasting").starts(table)}


def test_left_to_the_search_they_are_seasons_and_what_is_next():
    text = written(TABLE)
    assert "lags=[1, 2, 3, 4, 5, 6, 7, 14, 21]" in text
    assert "{1: [RollingMean(7, min_samples=1), ExponentiallyWeightedMean(0.3)]}" in text
    assert "lagged" not in text
    assert names(TABLE) == {"season", "none", "step"}
    assert set(find("linear_recursive").space(TABLE)) == {"difference", "alpha"}


@pytest.mark.parametrize(
    ("frequency", "season", "longer"), [("h", 24, 168), ("D", 7, 364), ("B", 5, 260)]
)
def test_a_longer_season_is_told_where_it_was_seen_twice(frequency, season, longer):
    table = replace(TABLE, frequency=frequency, season=season, longest=2 * longer + 28)
    assert f", {longer}]" in written(table)
    assert f", {longer}]" not in written(replace(table, longest=2 * longer + 27))
    assert f", {longer}]" not in written(replace(table, season=longer, longest=longer + 1))


@pytest.mark.parametrize("key", LEARNERS)
def test_what_was_asked_binds_every_learner(key):
    table = replace(TABLE, look_back=LookBack((1, 2, 12), 5, found_lags=3, found_window=4))
    learner = find(key, "forecasting")
    assert "lags" not in learner.space(table)
    for start in learner.starts(table):
        text = str(learner.code(start.params, table).forecaster)
        assert "lags=[1, 2, 12]" in text
        for kind in ("RollingMax", "RollingMean", "RollingMin"):
            assert f"{kind}(5, min_samples=1)" in text


@pytest.mark.parametrize(
    ("back", "lags", "windows"),
    [
        (LookBack(found_lags=3, found_window=4), "lags=[1, 2, 3]", 3),
        (LookBack(found_lags=3), "lags=[1, 2, 3]", 1),
        (LookBack(found_window=4), "lags=[1, 2, 3, 4, 5, 6, 7, 14, 21]", 3),
        (LookBack(lags=(2,), found_lags=3, found_window=4), "lags=[2]", 3),
        (LookBack(window=5, found_lags=3, found_window=4), "lags=[1, 2, 3]", 3),
    ],
)
def test_what_is_suggested_is_one_more_configuration(back, lags, windows):
    table = replace(TABLE, look_back=back)
    assert names(table) == {"season", "none", "step", "season_found"}
    text = written(table, lags="found")
    assert lags in text
    assert text.count("Rolling") == windows
    assert lags in text
    usual = written(table, lags="usual")
    assert ("lags=[2]" if back.lags else "lags=[1, 2, 3, 4, 5, 6, 7, 14, 21]") in usual


@pytest.mark.parametrize(
    ("columns", "lagged"),
    [
        ({"past_only": ("visits",)}, "dict.fromkeys(PAST_ONLY, [HORIZON, HORIZON + SEASON])"),
        ({"covariates": ("price",)}, "dict.fromkeys(COVARIATES, [1, SEASON])"),
        (
            {"past_only": ("visits",), "covariates": ("price",), "season": 1},
            "dict.fromkeys(PAST_ONLY, [HORIZON]) | dict.fromkeys(COVARIATES, [1])",
        ),
    ],
)
def test_earlier_values_of_columns_are_tried_unless_they_were_refused(columns, lagged):
    table = replace(TABLE, **columns)
    assert f"lagged={lagged}" in written(table, column_lags=True)
    assert "lagged" not in written(table)
    assert any(name.endswith("_columns") for name in names(table))
    none = replace(table, look_back=LookBack(columns=False))
    assert "column_lags" not in find("linear_recursive").space(none)
    assert not any(name.endswith("_columns") for name in names(none))


def test_holidays_are_covariates_of_their_own():
    table = replace(TABLE, holidays="US", covariates=("price",), look_back=LookBack(stl="season"))
    text = written(table)
    assert text.startswith("HolidayForecaster(")
    assert '"US"' in text
    assert '[*COVARIATES, "holiday_US", "paid_time_off_US"' in " ".join(text.split())
    arimax = find("arimax", "forecasting")
    alone = replace(TABLE, holidays="US")
    assert not arimax.starts(TABLE)
    code = str(arimax.code(arimax.starts(alone)[0].params, alone).forecaster)
    assert 'covariates=[*COVARIATES, "holiday_US"]' in code
    assert "Holiday" not in str(find("theta", "forecasting").code({}, alone).forecaster)


@pytest.mark.parametrize(("stl", "trend"), [("season", False), ("season_trend", True)])
def test_stl_takes_the_place_of_seasonal_differences(stl, trend):
    table = replace(TABLE, look_back=LookBack(stl=stl))
    text = written(table)
    assert text.startswith("DecomposedForecaster(")
    assert ("trend=True" in text) == trend
    assert names(table) == {"step", "none"}
