"""Which trials an ensemble can afford as members."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from trialbook.evaluation import metric
from trialbook.execution import OOF, Message
from trialbook.execution._oof import write_oof
from trialbook.experiment import _finish
from trialbook.experiment._finish import MEMBERS_SHARE, Finish
from trialbook.search import Cost, Ledger
from trialbook.search._ledger import ENSEMBLES_S, LEAST_SHARE, MARGIN, STORE_S, STORING

Y = np.tile([0.0, 1.0, 2.0, 3.0], 25)
# Errors of a kind that cancel each other out, so that a vote of all is the best.
ERRORS = {"quick-1": (0.5, 0.0), "quick-2": (-0.5, 0.0), "large-3": (0.0, 0.4)}


@pytest.fixture
def finish(tmp_path, monkeypatch):
    """The end of an experiment of three trials, one of which is large."""
    monkeypatch.setattr(_finish, "ranked", lambda trials, metric: trials)

    def make(*, left_s=None, max_predict_ms=None, large_s=100.0, row_ms=1.0):
        records = []
        for label, (shift, wave) in ERRORS.items():
            folder = tmp_path / label
            folder.mkdir(exist_ok=True)
            (folder / OOF).parent.mkdir(exist_ok=True)
            write_oof(folder / OOF, [np.arange(100)], [Y + shift + wave * np.sin(np.arange(100))])
            store_s = large_s if label == "large-3" else STORE_S
            record = SimpleNamespace(
                label=label,
                learner=label.split("-")[0],
                finished=True,
                partial=False,
                refitted=False,
                tags={},
                folder=folder,
                metrics={"store_s": store_s, "predict_row_ms": row_ms, "predict_ms": 1.0},
            )
            records.append(record)
        ledger = Ledger(left_s)
        ledger.ending_s = 0.0
        engine = SimpleNamespace(
            ledger=ledger,
            metric=metric("rmse", "regression", 0),
            tracker=SimpleNamespace(trials=lambda: records),
            loss=lambda score: score,
            cost=lambda learner, loss, measured: Cost(loss, **measured),
        )
        prepared = SimpleNamespace(
            schema=SimpleNamespace(target="y", classes=[], positive=None, series=None),
            train=pd.DataFrame({"y": Y}),
            truth=np.asarray(Y, dtype=float),
            folds=SimpleNamespace(matrix=np.zeros((100, 5))),
        )
        job = SimpleNamespace(max_predict_ms=max_predict_ms, refit=False)
        return Finish(engine, job, prepared)

    return make


def voters(finish):
    return [record.label for record in finish._members()["voting"]]


def test_without_limits_all_may_be_members(finish):
    assert set(voters(finish())) == set(ERRORS)


def test_of_forecasts_the_best_of_each_learner_alone_votes(finish):
    ending = finish()
    ending.prepared.schema.series = SimpleNamespace()
    assert set(voters(ending)) == {"quick-1", "large-3"}


def test_with_time_enough_all_may_be_members(finish):
    assert set(voters(finish(left_s=3600.0))) == set(ERRORS)


def test_what_cannot_be_stored_in_the_time_that_is_left_is_no_member(finish):
    ending = finish(left_s=20.0)
    assert set(voters(ending)) == {"quick-1", "quick-2"}


def test_members_are_within_the_time_together(finish):
    # Two thirds of what members may take: one fits, two do not.
    large_s = STORE_S + (20.0 - ENSEMBLES_S) / MARGIN * 2 / 3 / STORING
    ending = finish(left_s=20.0, large_s=large_s)
    for record in ending.engine.tracker.trials():
        record.metrics["store_s"] = large_s
    assert len(voters(ending)) == 1


def test_a_limit_for_one_row_holds_for_all_members_together(finish):
    assert len(voters(finish(max_predict_ms=3.0 / MEMBERS_SHARE))) == 3
    assert len(voters(finish(max_predict_ms=2.5 / MEMBERS_SHARE))) == 2
    assert voters(finish(max_predict_ms=0.5 / MEMBERS_SHARE)) == []


def why_not(finish, kind):
    members = finish._members()[kind]
    assert len(members) < 2
    return finish._why_not(kind, members)


@pytest.mark.parametrize(
    ("kind", "near"), [("voting", ""), ("stacking", " within 5 % of the best one")]
)
def test_it_says_what_kept_an_ensemble_from_a_second_model(finish, kind, near):
    within = "with which an ensemble predicts one row within 0.5 ms"
    said = f"there is no second model{near} {within}"
    assert why_not(finish(max_predict_ms=0.5), kind) == said
    assert why_not(finish(max_predict_ms=0.5, left_s=3600.0), kind) == said
    # Not the speed of predictions, which has no limit here.
    ending = finish(left_s=20.0)
    for record in ending.engine.tracker.trials():
        record.metrics["store_s"] = 100.0
    in_time = "that an ensemble could be built of in the time that was left"
    assert why_not(ending, kind) == f"there is no second model{near} {in_time}"
    alone = finish()
    del alone.engine.tracker.trials()[1:]
    assert why_not(alone, kind) == f"there is no second model{near}"


def test_with_little_time_small_members_are_tried_all_the_same(finish):
    assert LEAST_SHARE * 2.0 > (2.0 - ENSEMBLES_S) / MARGIN
    assert set(voters(finish(left_s=2.0))) == {"quick-1", "quick-2"}


def test_the_winners_further_charts_are_drawn_and_they_alone_are_sent(finish, tmp_path):
    end, asked, published = finish(), [], []

    def answer(request):
        asked.append((request.kind, request.folder))
        return Message(request.id, "done", {"drawn": ["lift"]})

    end.engine.run_request = answer
    end.engine.tracker.publish = lambda *sent: published.append(sent)
    end._draw(SimpleNamespace(folder=tmp_path, run_id="run-1"))
    assert asked == [("draw", str(tmp_path))]
    assert published == [("run-1", "charts")]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (None, "no model predicts one row within 0.5 ms; the quickest, a-1, takes 2 ms; to refit"),
        (object(), "no model forecasts one series within 0.5 ms; the quickest, a-1, takes 2 ms"),
    ],
)
def test_a_forecast_is_not_told_to_refit(finish, series, said):
    end, heard = finish(max_predict_ms=0.5), []
    end.prepared.schema.series = series
    end.engine.emit = heard.append
    end._warn_if_slow(SimpleNamespace(label="a-1", metrics={"predict_row_ms": 2.0}))
    (warned,) = heard
    assert warned.message.startswith(said)
    assert warned.message.endswith("faster") == (series is None)


def test_a_limit_of_forecasts_is_for_one_series(finish):
    end = finish(max_predict_ms=0.5)
    end.prepared.schema.series = object()
    assert "an ensemble forecasts one series within 0.5 ms" in why_not(end, "voting")
