"""Recent rows of series beside their past: level, spread, season, and errors of forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.evaluation.drift import SeriesDrift, compare_errors, compare_series

SEASON, N_OLD, N_NEW = 12, 96, 24


def series(seed, n_rows=N_OLD + N_NEW):
    rng = np.random.default_rng(seed)
    month = np.arange(n_rows)
    return 100 + 10 * np.sin(2 * np.pi * month / SEASON) + rng.normal(scale=2.0, size=n_rows)


def found(change, seeds=(0,)):
    """What moved, of series whose recent rows are changed."""
    every = {f"s{seed}": series(seed) for seed in seeds}
    old = {name: y[:N_OLD] for name, y in every.items()}
    new = {name: change(y[N_OLD:]) for name, y in every.items()}
    scale = {name: np.abs(y[SEASON:] - y[:-SEASON]).mean() for name, y in old.items()}
    return {one.name: one for one in compare_series(old, new, scale, SEASON)}


def test_what_is_as_before_does_not_move():
    assert not any(one.moved for one in found(lambda y: y, range(20)).values())


def test_a_level_moves():
    moved = found(lambda y: y + 12)
    assert [name for name, one in moved.items() if one.moved] == ["level"]
    assert moved["level"].effect > 3 and abs(moved["level"].usual) < 0.5
    assert moved["level"].worst[0][0] == "s0"


def test_a_spread_moves():
    rng = np.random.default_rng(9)
    moved = found(lambda y: y + rng.normal(scale=8.0, size=len(y)))
    assert moved["spread"].moved and moved["spread"].effect > 1.5


def test_a_season_moves():
    moved = found(lambda y: np.roll(y, 4))
    assert moved["season"].moved and not moved["level"].moved


def test_more_series_must_move_than_chance_explains():
    def some(y):
        return y + 12 if y[0] > 101 else y

    moved = found(some, range(20))["level"]
    assert moved.by_chance >= 1
    assert moved.moved == (moved.n_moved > moved.by_chance)


def test_short_series_say_nothing():
    assert compare_series({"a": np.ones(8)}, {"a": np.ones(4)}, {"a": 1.0}, SEASON) == ()


def test_errors_are_worse_beyond_chance():
    rng = np.random.default_rng(0)
    usual = pd.DataFrame({"series": np.repeat(list("abcd"), 30), "error": rng.gamma(2, 0.4, 120)})
    usual["kept"] = usual["error"] < 1.3
    same = compare_errors(usual, usual)
    assert same is not None and not same.moved and same.low < 0 < same.high
    worse = compare_errors(usual, usual.assign(error=2 * usual["error"]))
    assert worse is not None and worse.moved
    assert worse.after == pytest.approx(2 * worse.before)
    unknown = usual.assign(error=np.nan)
    assert compare_errors(usual, unknown) is None


def test_a_page_and_a_document_say_the_same():
    moved = tuple(found(lambda y: y + 12).values())
    drift = SeriesDrift("sales@1", "training rows", "recent.csv", 96, 24, 1, moved)
    assert drift.moved == ("level",) and drift.alarm
    assert "above that of the season before" in drift.summary[0]
    assert drift.summary[0] in drift.to_html()
    assert '"moved": [\n    "level"' in drift.to_json()
