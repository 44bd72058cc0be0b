"""Trials that are not worth all of their folds."""

import pytest

import trialbook as tb
from trialbook.experiment import _engine
from trialbook.search import Search

pytestmark = pytest.mark.acceptance


def test_a_trial_that_gains_nothing_on_its_first_fold_is_stopped_and_stays_so(
    warm_workers, make_customers, tmp_path, monkeypatch
):
    monkeypatch.setattr(_engine, "RACE_MIN_S", 0.0)
    # After three results, nothing gains any more.
    monkeypatch.setattr(Search, "may_gain", lambda search, learner, part: len(search._losses) < 3)
    told = []
    experiment = tb.classify(
        make_customers(400),
        "churn",
        name="race",
        allow=["lightgbm", "extra_trees", "random_forest", "xgboost"],
        max_trials=6,
        timeout="10m",
        folds=5,
        max_concurrent_trials=1,
        workspace=tmp_path / "W",
        listeners=[told.append],
    )
    stopped = [one for one in told if isinstance(one, tb.events.TrialStopped)]
    assert len(stopped) >= 2
    assert "stopped after fold 1 of 5" in stopped[0].reason
    board = experiment.leaderboard
    out = board[board["state"] == "stopped"]
    assert sorted(out["trial"]) == sorted(one.label for one in stopped)
    assert out["rank"].isna().all()
    assert board["learner"].isin(["voting", "stacking"]).sum() == 2
    trial = next(one for one in experiment.trials if one.label == stopped[0].label)
    assert trial.metrics["score_fold_0"] == pytest.approx(stopped[0].score)
    assert trial.program.is_file()

    again = tb.resume(tmp_path / "W", max_trials=7, listeners=[told.append])
    labels = list(again.leaderboard["trial"])
    assert len(labels) == len(set(labels))
    assert set(out["trial"]) <= set(again.leaderboard.query("state == 'stopped'")["trial"])
