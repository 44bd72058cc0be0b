"""The examples of forecasts run as they stand, on small tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import trialbook as tb

# Generous, for a machine that does other work: each search ends with its few trials.
pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

EXAMPLES = Path(__file__).parents[2] / "examples" / "forecasting"


def said_by(name, folder):
    options = ("--workspace", folder / "W", "--max-trials", "8", "--timeout", "5m")
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["W"]
    return done.stdout


def test_power_is_forecast_with_its_weather_and_lags_that_were_asked_for(tmp_path):
    out = said_by("energy_demand", tmp_path)
    assert "1. 432 hours to learn from, 48 to test" in out
    found = re.findall(r"\d\. (free|told): \S+, MASE (\S+) in the windows and (\S+) in the", out)
    assert [name for name, *_ in found] == ["free", "told"]
    for name, mase, _ in found:
        board = tb.open(tmp_path / "W", name).leaderboard.set_index("learner")["score"]
        assert float(mase) < 0.85 * board["seasonal_naive"]


def test_bicycles_are_forecast_day_after_day(tmp_path):
    out = said_by("bike_share", tmp_path)
    rolled = re.search(r"2\. ([\d,]+) forecasts of (\d+) later days: MASE (\S+),", out)
    n_days = int(rolled[2])
    # From each of the days two weeks, or as many days as are left.
    assert int(rolled[1]) == sum(min(14, n_days - day) for day in range(n_days))
    assert float(rolled[3]) < 2


def test_users_are_forecast_after_a_gap_and_further_than_was_asked(tmp_path):
    out = said_by("daily_users", tmp_path)
    told, not_told = re.search(
        r"off by (\S+) % if told of the gap, by (\S+) % if not", out
    ).groups()
    assert float(told) < 5
    assert float(told) <= float(not_told) + 1
    assert float(re.search(r"horizon at once: off by (\S+) %", out)[1]) < 10


def test_sales_add_up_from_level_to_level(tmp_path):
    out = said_by("shop_orders", tmp_path)
    levels = re.findall(r"^   (\w+) +(\d\.\d+)$", out, re.MULTILINE)
    assert [name for name, _ in levels] == ["total", "state", "store_id", "product_category"]
    assert float(re.search(r"sum of the states', to (\S+):", out)[1]) < 1e-6
