"""The vote of an experiment: a weighted mean of forecasts of many kinds."""

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.program import import_program

# Quick ones that err in different ways.
QUICK = ("average", "naive", "seasonal_naive", "theta", "exponential_smoothing", "ces")


def quarters(n_rows=56):
    """Two series with a trend, a season and noise."""
    rng, t = np.random.default_rng(1), np.arange(n_rows)
    when = pd.date_range("2005-01-01", periods=n_rows, freq="QS")
    parts = [
        pd.DataFrame({"when": when, "name": name, "y": y})
        for name, y in (
            ("a", 80 + t + 9 * (t % 4) + rng.normal(scale=6, size=n_rows)),
            ("b", 500 - 3 * t + 20 * (t % 2) + rng.normal(scale=30, size=n_rows)),
        )
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return tb.forecast(
        quarters(),
        "y",
        time="when",
        series=["name"],
        horizon=4,
        allow=QUICK,
        workspace=tmp_path_factory.mktemp("space"),
        seed=0,
        max_trials=len(QUICK) + 1,  # exponential smoothing has two
    )


def test_a_vote_is_better_than_most_of_its_members(found):
    board = found.leaderboard.set_index("learner")["score"]
    assert board["voting"] < board.drop("voting").median()


@pytest.fixture
def program(found, monkeypatch):
    vote = next(one for one in found.trials if one.learner == "voting")
    monkeypatch.chdir(vote.program.parent)
    return import_program(vote.program, "vote")


def test_half_of_the_weights_goes_to_the_best_of_each_kind(program):
    *rows, oof, where = program.load()
    weights = next(program.cross_validate(*rows, oof, where))[0][0]
    assert weights.sum() == pytest.approx(1)
    kinds = dict(zip(program.KINDS, weights, strict=True))
    assert sum(weight > 0 for weight in kinds.values()) > 2
    assert kinds["average"] == 0  # of series with a trend: far from the lowest error


def test_a_vote_is_no_worse_than_its_best_member(program):
    """Members that are wrong in the same way have nothing to add to the best of them."""
    X, y, folds, scale, oof, where = program.load()
    off = np.random.default_rng(0).normal(size=oof.shape[1:]) * scale[where.row.to_numpy(), :1]
    worse = np.linspace(1, 1.4, len(oof))[:, None, None]
    same = y[where.row.to_numpy(), None] + worse * off
    weights = next(program.cross_validate(X, y, folds, scale, same, where))[0][0]
    assert weights.tolist() == [1] + [0] * (len(oof) - 1)


def test_a_vote_is_not_led_astray_by_an_easy_window(program):
    """Who is best in a window that is easy for all may be far off where it counts."""
    X, y, folds, scale, oof, where = program.load()
    hard = (where.fold == where.fold.max()).to_numpy()
    off = np.where(hard, [[10.0], [14.0]], [[2.0], [0.1]]) * scale[where.row.to_numpy(), 0]
    off = np.vstack([off, np.tile(off[:1] * 1.5, (len(oof) - 2, 1))])
    told = y[where.row.to_numpy(), None] + off[:, :, None] * np.ones(oof.shape[2])
    results = list(program.cross_validate(X, y, folds, scale, told, where))
    score = np.mean([program.evaluate(y, valid, one, scale) for _, valid, one in results])
    alone = [
        np.mean(
            [
                program.evaluate(y, where.row[part].to_numpy(), one[part.to_numpy()], scale)
                for part in (where.fold == fold for fold in where.fold.unique())
            ]
        )
        for one in told
    ]
    assert score <= min(alone) + 1e-9
