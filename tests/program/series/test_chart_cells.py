"""The cells of a forecasting notebook that draw: they run for one series and for many."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from trialbook.program.series._chart_cells import ERRORS, FORECASTS, PARTS

HORIZON, LEVELS = 4, [0.1, 0.5, 0.9]


@pytest.fixture
def run():
    """Run the cells as a notebook does, and answer with what they define."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    def run_cells(n_series, right=False, season=4):
        n_rows = 20
        X = pd.DataFrame(
            {
                "unique_id": np.repeat([f"series {i}" for i in range(n_series)], n_rows),
                "ds": np.tile(pd.date_range("2020", periods=n_rows, freq="D"), n_series),
            }
        )
        y = np.tile(np.arange(n_rows, dtype=float), n_series)
        off = np.repeat(np.arange(n_series), n_rows) * (not right)  # the last one is the worst
        place = np.arange(len(X)) % n_rows
        results = []
        for start in (12, 16):
            rows = np.flatnonzero((place >= start) & (place < start + HORIZON))
            point = y[rows] + off[rows]
            results.append((None, rows, np.column_stack([point, point - 1, point, point + 1])))
        space = {"__name__": "__main__", "np": np, "pd": pd, "X": X, "y": y, "results": results}
        space |= {
            "HORIZON": HORIZON,
            "LEVELS": LEVELS,
            "TARGET": "y",
            "scale": np.ones((len(X), 3)),
            "SEASON": season,
        }
        exec(compile(f"{FORECASTS}\n\n{ERRORS}\n\n{PARTS}", "cell", "exec"), space)
        return space

    yield run_cells
    plt.close("all")


def test_one_series_is_drawn_with_all_windows(run):
    space = run(1)
    assert list(space["shown"].index) == ["series 0"]
    assert len(space["axes"][0, 0].get_lines()) == 1 + 2  # what is known, and two windows
    assert space["kept"].get_lines()[1].get_ydata().tolist() == [0, 1, 1]


def test_the_first_series_is_taken_apart_if_its_season_was_seen_twice(run):
    parts = run(1)["parts"]
    assert len(parts.seasonal) == 20
    np.testing.assert_allclose(parts.trend + parts.seasonal + parts.resid, np.arange(20.0))
    assert "parts" not in run(1, season=1)
    assert "parts" not in run(1, season=11)


def test_of_many_series_the_worst_the_median_and_the_best_are_drawn(run):
    space = run(30)
    assert list(space["shown"].index) == ["series 29", "series 14", "series 0"]
    assert len(space["worst"].patches) == 20
    assert space["steps"].get_lines()[0].get_xdata().tolist() == [1, 2, 3, 4]


def test_forecasts_without_error_are_drawn(run):
    assert run(2, right=True)["most"] == 1.0
