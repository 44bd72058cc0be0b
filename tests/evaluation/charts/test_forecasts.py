"""Charts of forecasts: what they say as data, and that they can be drawn."""

import io
import json
import warnings

import numpy as np
import pytest

from trialbook.evaluation import Forecasts, Known, forecast_charts, read_charts, write_charts

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
N_TIMES, HORIZON, N_WINDOWS = 40, 4, 2
TIMES = np.datetime64("2020-01-31") + np.arange(N_TIMES)


def forecasts(n_series=1, horizon=HORIZON, times=TIMES, scale=2.0):
    """Series 0, 1, 2 … whose values are 0, 1, 2 …, forecast too high by their own number."""
    rows = [
        (name, N_TIMES - (N_WINDOWS - window) * horizon + step, window)
        for window in range(N_WINDOWS)
        for name in range(n_series)
        for step in range(horizon)
    ]
    name, place, window = np.array(rows).T
    y = place.astype(float)
    point = y + name
    off = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    prediction = np.column_stack([point, point[:, None] + off])
    names = np.array([f"s{i:02d}" for i in range(n_series)])
    found = Forecasts(
        names[name], times[place], window, y, prediction, np.full(len(y), scale), LEVELS
    )
    every = np.tile(np.arange(N_TIMES), n_series)
    known = Known(np.repeat(names, N_TIMES), times[every], every.astype(float))
    return found, known


def data_of(*args, **options):
    made = forecast_charts(*forecasts(*args, **options), "sales")
    return {name: chart.data for name, chart in made.items()}


def test_one_series_has_all_charts_but_that_of_series():
    data = data_of(1)
    assert list(data) == [
        "forecast_horizon",
        "residuals",
        "predicted_vs_true",
        "error_by_step",
        "coverage",
    ]
    assert data_of(1, scale=np.nan).keys() == data.keys() - {"error_by_step"}


def test_forecasts_are_drawn_among_what_is_known_before_them():
    (one,) = data_of(1)["forecast_horizon"]["series"]
    assert one["error"] == 0.0
    assert [window["forecast"] for window in one["windows"]] == [
        [32.0, 33.0, 34.0, 35.0],
        [36.0, 37.0, 38.0, 39.0],
    ]
    assert one["windows"][0]["low"][0] == 31.0
    assert one["windows"][0]["times"][0] == "2020-03-03"
    assert one["actual"][0] == 32 - 3 * HORIZON  # three horizons before the first window
    assert one["times"][-1] == one["windows"][-1]["times"][-1]
    hours = np.datetime64("2020-01-01T00", "h") + np.arange(N_TIMES)
    (one,) = data_of(1, times=hours)["forecast_horizon"]["series"]
    assert one["times"][-1] == "2020-01-02T15:00:00"


@pytest.mark.parametrize(
    ("n_series", "drawn"),
    [
        (3, {"s00": "", "s01": "", "s02": ""}),
        (21, {"s20": "worst", "s10": "median", "s00": "best"}),
    ],
)
def test_of_many_series_the_worst_median_and_best_are_drawn(n_series, drawn):
    chart = data_of(n_series)["forecast_horizon"]
    assert chart["n_series"] == n_series
    assert {one["name"]: one["role"] for one in chart["series"]} == drawn


def test_errors_are_by_step_of_the_horizon_and_in_units_of_the_scale():
    chart = data_of(3)["error_by_step"]
    assert chart["steps"] == [1, 2, 3, 4]
    assert chart["mean"] == [0.5] * 4  # 0, 1 and 2 by a scale of 2
    assert chart["median"] == [0.5] * 4
    assert chart["low"] == [0.125] * 4  # a quarter of the way through 0, 0, 0.5, 0.5, 1, 1
    assert chart["bias"] == [0.5] * 4
    assert chart["rows"] == [3 * N_WINDOWS] * 4


def test_the_worst_series_are_told_by_name():
    chart = data_of(25)["error_by_series"]
    assert chart["names"][:2] == ["s24", "s23"]
    assert chart["errors"][0] == 12.0
    assert len(chart["names"]) == 20 < chart["n_series"] == 25
    assert chart["rows"][0] == N_WINDOWS * HORIZON
    assert sum(chart["histogram"]["bin_counts"]) == 25


def test_coverage_compares_what_is_promised_with_what_is_kept():
    chart = data_of(2)["coverage"]
    # series 0 is always its own median; series 1 is always at its lowest quantile
    assert chart["below"] == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert chart["intervals"] == [0.4, 0.8]
    assert chart["kept"] == [0.5, 1.0]
    assert [one["rows"] for one in chart["windows"]] == [8, 8]


def test_forecasts_that_are_not_finite_have_no_charts():
    found, known = forecasts(2)
    found.prediction[0, 0] = np.inf
    assert forecast_charts(found, known, "sales") == {}


@pytest.mark.parametrize(("n_series", "horizon"), [(1, 4), (1, 1), (2, 4), (25, 4), (4, 1)])
def test_every_chart_can_be_drawn_and_read_again(tmp_path, n_series, horizon):
    made = forecast_charts(*forecasts(n_series, horizon), "sales")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for chart in made.values():
            stream = io.BytesIO()
            chart.figure.savefig(stream, format="png", dpi=60)
            assert stream.getvalue().startswith(b"\x89PNG")
    write_charts(made, tmp_path, pictures=())
    again = read_charts(tmp_path)
    assert {name: chart.data for name, chart in again.items()} == {
        name: json.loads(json.dumps(chart.data)) for name, chart in made.items()
    }


def test_the_panel_of_a_series_says_which_one_it_is():
    figure = forecast_charts(*forecasts(21), "sales")["forecast_horizon"].figure
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "s20 (worst of 21 series)",
        "s10 (median of 21 series)",
        "s00 (best of 21 series)",
    ]
    assert figure.axes[0].get_title(loc="right") == "MASE 10"
