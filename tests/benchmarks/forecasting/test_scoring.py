"""Scores that were worked out by hand."""

import numpy as np
import pytest

from benchmarks.forecasting.scoring import METRICS, by_series, scales, score
from benchmarks.forecasting.systems.shared import FORECAST, ID, LEVELS, TARGET, TIME, WINDOW
from benchmarks.scoring import PredictionError


@pytest.fixture
def perfect(split):
    """What came, as if it had been forecast, with an interval of one on each side."""
    rows = split.future[[WINDOW, ID, TIME]].merge(split.observed[[ID, TIME, TARGET]])
    forecasts = rows[[WINDOW, ID, TIME]].assign(**{FORECAST: rows[TARGET]})
    for place, level in enumerate(LEVELS):
        forecasts[level] = rows[TARGET] + (place - 4) / 4
    return forecasts


def test_the_scale_is_the_seasonal_naive_error_and_a_constant_series_has_none(split):
    found = scales(split.train, "MS", 3)
    # Bonn lacks its third month, so that 33 six months later has nothing to be compared with.
    assert found["Ulm / 1"] == 1.0
    assert np.isnan(found["Ulm / 2"])
    assert np.isnan(found["Bonn / 1"])


def test_gaps_are_no_rows_of_a_season(split):
    rows = split.train[split.train[ID] == "Bonn / 1"]
    assert scales(rows, "MS", 1)["Bonn / 1"] == pytest.approx((10 + 10 + 13 + 23 + 10) / 5)


def test_a_perfect_forecast_has_no_error_and_covers_all(split, perfect):
    found = score(split, perfect)
    assert tuple(found) == METRICS
    errors = ("mase", "smape", "wape", "mase_rolling")
    assert [found[name] for name in errors] == [0, 0, 0, 0]
    assert (found["coverage"], found["width"], found["windows"]) == (100, 2, 2)


def test_errors_are_averaged_over_series_that_have_a_scale(split, perfect):
    ulm = perfect[ID] == "Ulm / 1"
    first = perfect[WINDOW] == 0
    perfect.loc[ulm & first, FORECAST] += 3.0
    perfect.loc[(perfect[ID] == "Bonn / 1"), FORECAST] += 100.0
    found = score(split, perfect)
    assert found["mase"] == pytest.approx(3.0)
    assert found["mase_rolling"] == pytest.approx(1.5)
    # Ulm sells 5 and 4, Bonn 30 and 10: two thirds of the percentages are theirs.
    ours = 100 * (2 * 3 / 13 + 2 * 3 / 11) / 2
    theirs = 100 * (200 / 160 + 200 / 120) / 2
    assert found["smape"] == pytest.approx((ours + theirs) / 3)
    assert found["wape"] == pytest.approx(100 * 206 / (5 + 4 + 14 + 40))


def test_the_pinball_loss_is_that_of_the_deciles(split, perfect):
    perfect[list(LEVELS)] = np.tile(perfect[[FORECAST]].to_numpy() + 1, len(LEVELS))
    # One above all nine quantiles costs 1 - level each.
    expected = 2 * sum(1 - float(level) for level in LEVELS) / 9
    found = score(split, perfect)
    assert found["pinball"] == pytest.approx(expected)
    assert (found["coverage"], found["width"]) == (0, 0)


def test_a_system_without_quantiles_has_no_coverage(split, perfect):
    found = score(split, perfect.drop(columns=list(LEVELS)))
    assert found["mase"] == 0
    assert np.isnan([found[name] for name in ("pinball", "coverage", "width")]).all()


def test_a_window_that_was_not_forecast_is_not_in_the_rolling_score(split, perfect):
    found = score(split, perfect[perfect[WINDOW] == 0])
    assert (found["mase_rolling"], found["windows"]) == (0, 1)


def test_a_missing_forecast_of_the_first_window_is_refused(split, perfect):
    with pytest.raises(PredictionError, match="1 of 6 forecasts are missing"):
        score(split, perfect.drop(index=perfect.index[0]))
    perfect.loc[0, FORECAST] = np.inf
    with pytest.raises(PredictionError, match="1 of 6"):
        score(split, perfect)


def test_a_row_that_is_forecast_twice_is_refused(split, perfect):
    perfect.loc[1, TIME] = perfect.loc[0, TIME]
    with pytest.raises(PredictionError, match="1 rows are forecast twice"):
        score(split, perfect)


def test_rows_nobody_observed_are_not_scored(split, perfect):
    gone = (split.observed[ID] == "Ulm / 1") & (split.observed[TIME] == "2020-09-01")
    split.observed.loc[gone, TARGET] = np.nan
    perfect.loc[(perfect[ID] == "Ulm / 1") & (perfect[TIME] == "2020-09-01"), FORECAST] = np.nan
    assert score(split, perfect)["mase"] == 0


def test_series_have_equal_weight_however_long_they_are(split):
    rows = split.train.head(3).assign(**{ID: ["a", "a", "b"]})
    values = rows[TARGET].where(rows[ID] == "b", 4.0)
    assert by_series(values, rows) == (4.0 + values.iloc[-1]) / 2
