"""Guardrails of series: each with series that pass it and some that do not."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import (
    SERIES_COLUMN,
    TIME_COLUMN,
    LookBack,
    SeriesSpec,
    constant,
    fits,
    gaps,
    intermittent,
    known_of_future,
    leaks,
    left_out,
    look_back,
    missing_covariates,
    past_only,
)

ORIGIN = np.arange(60)


def spec(**more):
    return SeriesSpec("day", ("shop",), "D", 7, 5, **more)


def table(**columns):
    """Two series of thirty days."""
    days = pd.date_range("2020-01-01", periods=30)
    draw = np.random.default_rng(0)
    rows = {
        SERIES_COLUMN: np.repeat(["a", "b"], 30),
        TIME_COLUMN: np.tile(days.to_numpy(), 2),
        "y": draw.normal(10, 1, 60),
    }
    return pd.DataFrame(rows | columns)


def test_gaps():
    whole = gaps(np.arange(60), ORIGIN, "D")
    assert (whole.verdict, whole.rows) == ("passed", ())
    source = np.arange(60)
    source[[10, 11, 40]] = -1
    few = gaps(source, ORIGIN, "D")
    assert (few.verdict, few.rows) == ("fixed", (10, 40))
    assert "3 of 60 steps of D" in few.finding
    source[12:30] = -1
    many = gaps(source, ORIGIN, "D")
    assert many.verdict == "alerted"
    assert "coarser" in many.action


def test_constant_series():
    first = np.array([0, 30])
    assert constant(table(), "y", first).verdict == "passed"
    found = constant(table(y=[3.0] * 30 + list(range(30))), "y", first)
    assert (found.verdict, found.columns, found.rows) == ("alerted", ("y",), (1,))
    assert "1 of 2 series" in found.finding
    assert "'a'" in found.finding


def test_intermittent_series():
    first = np.array([0, 30])
    assert intermittent(table(), "y", first).verdict == "passed"
    y = table()["y"].to_numpy().copy()
    y[30:50:2] = 0
    found = intermittent(table(y=y), "y", first)
    assert (found.verdict, found.rows) == ("alerted", (31,))
    assert "'b'" in found.finding


def test_zeros_of_a_series_that_is_sometimes_negative_are_no_demand_that_failed_to_come():
    y = np.where(np.arange(60) % 2 == 0, 0.0, np.where(np.arange(60) % 4 == 1, -1.0, 1.0))
    assert intermittent(table(y=y), "y", np.array([0, 30])).verdict == "passed"


def test_columns_unknown_in_the_future():
    assert past_only(spec()).verdict == "passed"
    found = past_only(spec(past_only=("visitors",)))
    assert (found.verdict, found.columns) == ("passed", ("visitors",))
    assert "a horizon before" in found.action


@pytest.mark.parametrize(
    ("back", "finding"),
    [
        (LookBack(), "left to the search"),
        (LookBack(lags=(1, 7)), "lags 1, 7 as asked"),
        (LookBack((1, 7), 14), "lags 1, 7 and a window of 14 rows as asked"),
        (
            LookBack(found_lags=2, found_window=5),
            "lags up to 2 and a window of 5 rows by partial autocorrelation, to be tried",
        ),
        (
            LookBack(lags=(1,), found_lags=2, found_window=5),
            "lags 1 as asked; a window of 5 rows by partial autocorrelation, to be tried",
        ),
    ],
)
def test_how_far_is_looked_back(back, finding):
    assert look_back(spec(look_back=back)).finding == finding


def test_columns_that_are_no_covariates():
    assert left_out([]).verdict == "passed"
    found = left_out([("note", "text, no covariate"), ("id", "identifier")])
    assert (found.verdict, found.columns) == ("fixed", ("note", "id"))
    assert "'note' (text, no covariate)" in found.finding


def test_missing_covariates():
    missing = pd.DataFrame({"price": [False] * 60, "open": [True] * 3 + [False] * 57})
    assert missing_covariates(missing[["price"]]).verdict == "passed"
    found = missing_covariates(missing)
    assert (found.verdict, found.columns) == ("fixed", ("open",))
    assert "'open' 5.0%" in found.finding


def test_covariates_that_end_before_the_target():
    missing = pd.DataFrame(
        {"price": np.zeros(60, dtype=bool), "visitors": np.zeros(60, dtype=bool)}
    )
    assert known_of_future(table(), missing, spec(), ORIGIN).verdict == "passed"
    missing.loc[[28, 29], "visitors"] = True
    found = known_of_future(table(), missing, spec(), ORIGIN)
    assert (found.verdict, found.columns, found.rows) == ("alerted", ("visitors",), (29, 30))
    assert "unknown_in_future" in found.action


def test_covariates_that_are_missing_everywhere_alike_do_not_end_early():
    missing = pd.DataFrame({"price": np.arange(60) % 3 == 0})
    assert known_of_future(table(), missing, spec(), ORIGIN).verdict == "passed"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (0, "of its own row"),
        (1, "1 row ahead"),
        (5, "5 rows ahead"),
        (-2, "2 rows before"),
    ],
)
def test_a_covariate_that_is_the_target(step, told):
    rows = table()
    shifted = rows.groupby(SERIES_COLUMN)["y"].shift(-step)
    rows = rows.assign(x=3 * shifted + 1, price=np.random.default_rng(1).normal(size=60))
    found = leaks(rows, "y", spec(covariates=("price", "x")))
    assert (found.verdict, found.columns) == ("alerted", ("x",))
    assert told in found.finding


def test_other_covariates_and_what_is_known_when_a_forecast_is_made_are_no_leak():
    rows = table()
    before = rows.groupby(SERIES_COLUMN)["y"].shift(5).fillna(10.0)
    rows = rows.assign(x=before, trend=np.arange(60.0))
    assert leaks(rows, "y", spec(covariates=("x", "trend"))).verdict == "passed"


def test_a_trend_beside_another_is_no_leak():
    rows = table(y=np.arange(60.0) * 2).assign(trend=np.arange(60.0))
    assert leaks(rows, "y", spec(covariates=("trend",))).verdict == "passed"


def test_lags_that_do_not_fit_into_memory():
    assert fits(1_000, spec(), 2**30).verdict == "passed"
    found = fits(10_000_000, spec(), 2**30)
    assert found.verdict == "alerted"
    assert "11.9 GiB" in found.finding
    assert "coarser" in found.action
