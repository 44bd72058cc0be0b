"""One seed gives one leaderboard, however the trials happen to overlap."""

import numpy as np
import pandas as pd
import pytest

import trialbook as tb

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(90, 3)), columns=["a", "b", "c"])
    frame["kind"] = rng.choice(["x", "y", "z"], 90)
    noisy = frame["a"] + (frame["kind"] == "x") + rng.normal(0, 0.5, 90)
    return frame.assign(answer=np.where(noisy > 0.3, "yes", "no"))


def leaderboard(experiment):
    """What must be the same: the trials, their configurations and their scores."""
    configurations = {trial.label: trial.params for trial in experiment.trials}
    board = experiment.leaderboard
    columns = ["rank", "trial", "learner", "configuration", "score", "std", "state"]
    return board[columns].assign(params=[str(configurations[label]) for label in board["trial"]])


def folds(experiment):
    rows = pd.read_parquet(experiment.folder / "data" / "train.parquet")
    return rows[[name for name in rows.columns if name.startswith("__fold_")]].to_numpy()


def test_twelve_trials_of_all_learners_come_out_the_same(frame, tmp_path):
    boards = []
    for name in ("first", "second"):
        options = {"max_trials": 12, "folds": 2, "test_size": 0.2, "seed": 3}
        experiment = tb.classify(frame, "answer", **options, workspace=tmp_path / name)
        boards.append(leaderboard(experiment))
        assert experiment.leaderboard["learner"].nunique() >= 8
    pd.testing.assert_frame_equal(*boards, check_exact=True)
    assert len(boards[0]) == 14
    assert set(boards[0]["state"]) == {"finished"}


def test_tuning_beyond_the_portfolio_comes_out_the_same(frame, tmp_path):
    boards, origins = [], []
    for name in ("first", "second"):
        options = {"allow": ["decision_tree", "knn"], "max_trials": 16, "folds": 2}
        experiment = tb.classify(frame, "answer", **options, workspace=tmp_path / name)
        boards.append(leaderboard(experiment))
        origins = [trial.record.tags["origin"] for trial in experiment.trials]
    pd.testing.assert_frame_equal(*boards, check_exact=True)
    assert origins.count("portfolio") + origins.count("tuning") == 16
    assert origins.count("tuning") >= 8
    alone = boards[0][~boards[0]["learner"].isin(["voting", "stacking"])]
    assert alone["params"].is_unique  # no configuration is tried twice


def test_another_seed_gives_other_splits_and_the_same_seed_the_same(frame, tmp_path):
    def train(seed, name):
        options = {"allow": ["decision_tree"], "max_trials": 1, "folds": 3, "test_size": 0.2}
        return tb.classify(frame, "answer", **options, seed=seed, workspace=tmp_path / name)

    first, again, other = train(0, "a"), train(0, "b"), train(1, "c")
    assert (folds(first) == folds(again)).all()
    assert (folds(first) != folds(other)).any()
    test = [pd.read_parquet(one.folder / "data" / "test.parquet") for one in (first, again, other)]
    pd.testing.assert_frame_equal(test[0], test[1])
    assert not test[0].equals(test[2])
